"""Checks of named hosts from here: does one answer HTTP, what does its name resolve to, is its certificate good."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import httpx
from pydantic import BaseModel, Field

from connectors.configuration import HomePath
from connectors.tools.api import trusted
from connectors.tools.port import BadArguments, Result, Tools
from connectors.tools.questions import Asked, Question, Questions

Resolve = Callable[[str], Awaitable[Sequence[str]]]
Certificate = Callable[[str, int, str, ssl.SSLContext], Awaitable[bytes]]
_SHOWN_HEADERS = ("content-type", "location", "server", "retry-after", "via", "x-request-id", "age", "cache-control")
_LONGEST_BODY = 100_000


class Settings(BaseModel):
    """What may be checked."""

    hosts: tuple[str, ...] = ()
    """Hosts that may be checked, with ``*`` for any letters: ``status.example.com``, ``*.shop.example.com``."""

    internal: bool = False
    """Whether these hosts may lie on internal addresses (10.0.0.0/8 …). Loopback and link-local never may."""

    ports: tuple[int, ...] = (80, 443)
    """Ports that may be connected to."""

    ca_file: HomePath | None = None
    """Certificates (PEM) to trust instead of the system's."""

    timeout_seconds: float = Field(default=10, gt=0)
    """How long one check may take."""


class Http(Asked):
    """Ask a web address once (GET; redirects are told, not followed): status, time taken, the page's beginning."""

    url: str = Field(max_length=2000)
    """The whole address, such as https://shop.example.com/healthz."""

    contains: str = Field(default="", max_length=200)
    """Words that the page should have in it."""


class Dns(Asked):
    """The addresses that a name resolves to from here."""

    host: str = Field(max_length=253)
    """The name, such as shop.example.com."""


class Tls(Asked):
    """The certificate of a host: whether it is trusted and for that name, until when, by whom."""

    host: str = Field(max_length=253)
    """The name, such as shop.example.com."""

    port: int = Field(default=443, ge=1, le=65535)
    """The port."""


async def _resolved(host: str) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _shown(address: str, port: int, host: str, trust: ssl.SSLContext) -> bytes:
    """The certificate (DER) that is shown at an address for a host."""
    _, writer = await asyncio.open_connection(address, port, ssl=trust, server_hostname=host)
    try:
        encrypted: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return encrypted.getpeercert(binary_form=True) or b""
    finally:
        writer.close()


@dataclass(frozen=True)
class Network:
    """What the checks need of the world: addresses of a name, a way out, certificates, and seconds since 1970."""

    resolve: Resolve = _resolved
    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time
    certificate: Certificate = _shown


REAL = Network()


class Checks:
    """Every check resolves the name itself, looks at the addresses, and connects to the one that it has looked at."""

    def __init__(self, settings: Settings, network: Network) -> None:
        self._settings = settings
        self._network = network

    async def http(self, asked: Http) -> Result:
        """Status and timing; that nothing answers is a result."""
        url = _address(asked.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        exact = f"GET {url}"
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                addresses = await self._allowed(url.host, port)
                return await self._asked(url, addresses[0], asked.contains)
        except TimeoutError:
            return Result(
                f"{url}: no answer within {self._settings.timeout_seconds:g} s.", exact, str(url), failed=True
            )
        except (httpx.HTTPError, OSError) as broken:
            reason = str(broken) or type(broken).__name__
            return Result(f"{url}: no answer ({reason[:300]}).", exact, str(url), failed=True)

    async def dns(self, asked: Dns) -> Result:
        """Addresses; that there are none is a result."""
        self._named(asked.host)
        exact = f"resolve {asked.host}"
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                addresses = await self._network.resolve(asked.host)
        except TimeoutError:
            return Result(f"{asked.host}: no answer of the resolver in time.", exact, failed=True)
        except OSError as missing:
            return Result(f"{asked.host} does not resolve: {missing.strerror or missing}.", exact, failed=True)
        return Result(f"{asked.host} resolves to {', '.join(addresses)}.", exact)

    async def tls(self, asked: Tls) -> Result:
        """The certificate and what is wrong with it; that nothing answers is a result."""
        exact = f"TLS {asked.host}:{asked.port}"
        trust = trusted(self._settings.ca_file)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                (address, *_) = await self._allowed(asked.host, asked.port)
                try:
                    der, wrong = await self._network.certificate(address, asked.port, asked.host, trust), ""
                except ssl.SSLCertVerificationError as untrusted:
                    # Read again without checking, only to say what is in it; nothing is sent over this connection.
                    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
                    der = await self._network.certificate(address, asked.port, asked.host, trust)
                    wrong = untrusted.verify_message
        except TimeoutError:
            return Result(f"{asked.host}:{asked.port}: no answer in time.", exact, failed=True)
        except OSError as broken:
            return Result(f"{asked.host}:{asked.port}: no TLS ({str(broken)[:300]}).", exact, failed=True)
        return Result(_told(asked.host, der, wrong, self._network.clock()), exact, failed=bool(wrong))

    async def _asked(self, url: httpx.URL, address: str, contains: str) -> Result:
        request_headers = {"Host": url.netloc.decode("ascii"), "User-Agent": "nightshift-check"}
        # To the address that was looked at: a name that resolves differently a moment later changes nothing.
        pinned = url.copy_with(host=address)
        began = self._network.clock()
        async with (
            httpx.AsyncClient(
                transport=self._network.transport,
                timeout=self._settings.timeout_seconds,
                verify=trusted(self._settings.ca_file),
                trust_env=False,
            ) as client,
            client.stream(
                "GET", pinned, headers=request_headers, extensions={"sni_hostname": url.host}, follow_redirects=False
            ) as response,
        ):
            first = self._network.clock() - began
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) >= _LONGEST_BODY:
                    break
        text = bytes(body[:_LONGEST_BODY]).decode(errors="replace")
        lines = [f"{url}: {response.status_code} {response.reason_phrase} from {address}, {first * 1000:.0f} ms"]
        lines += [f"{name}: {response.headers[name][:300]}" for name in _SHOWN_HEADERS if name in response.headers]
        if contains:
            lines.append(f"{contains!r} is {'in' if contains in text else 'NOT in'} the page.")
        lines.append(" ".join(text.split())[:500])
        return Result("\n".join(line for line in lines if line), f"GET {url}", str(url), truncated=len(text) > 500)

    def _named(self, host: str) -> None:
        name = host.casefold().rstrip(".")
        if not any(fnmatchcase(name, allowed.casefold()) for allowed in self._settings.hosts):
            raise BadArguments(
                f"{host} is not a host that may be checked: {', '.join(self._settings.hosts) or 'none'}."
            )

    async def _allowed(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host. Raises BadArguments when one of them may not be connected to."""
        self._named(host)
        if port not in self._settings.ports:
            raise BadArguments(f"Port {port} may not be checked: {', '.join(map(str, self._settings.ports))}.")
        addresses = await self._network.resolve(host)
        for address in addresses:
            if not _reachable(address, internal=self._settings.internal):
                raise BadArguments(f"{host} resolves to the internal address {address}, which is not asked.")
        if not addresses:
            raise OSError(f"{host} has no address")
        return addresses


def _reachable(address: str, *, internal: bool) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in IPv6 clothes goes where the IPv4 address goes.
        found = found.ipv4_mapped or found.sixtofour or found
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved:
        return False
    return found.is_global or internal


def _address(written: str) -> httpx.URL:
    try:
        url = httpx.URL(written)
    except httpx.InvalidURL as damaged:
        raise BadArguments(f"{written[:100]!r} is no address: {damaged}") from damaged
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise BadArguments("Give a whole address with http:// or https://, without a password in it.")
    return url


def _told(host: str, der: bytes, wrong: str, now: float) -> str:
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(der)
    ends = certificate.not_valid_after_utc
    left = (ends - dt.datetime.fromtimestamp(now, dt.UTC)).days
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = ", ".join(map(str, names.get_values_for_type(x509.DNSName)[:20]))
    except x509.ExtensionNotFound:
        hosts = "no names"
    return "\n".join(
        [
            f"{host}: {f'NOT trusted: {wrong}' if wrong else 'trusted'}",
            f"valid from {certificate.not_valid_before_utc:%Y-%m-%d} to {ends:%Y-%m-%d %H:%M} UTC ({left} days left)",
            f"for {hosts}",
            f"by {certificate.issuer.rfc4514_string()}",
        ]
    )


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Tools]:
    """The checks; nothing is asked before the first call."""
    checks = Checks(settings, network)
    questions: list[Question[Any]] = [
        Question("check_http", "Does a web address answer", "network", Http, checks.http),
        Question("check_dns", "What does a name resolve to", "network", Dns, checks.dns),
        Question("check_tls", "Is a certificate good", "network", Tls, checks.tls),
    ]
    yield Questions(*questions)
