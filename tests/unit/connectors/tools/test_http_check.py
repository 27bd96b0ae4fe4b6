"""Checks of hosts: only those that are named, never an internal address, whatever a name resolves to."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from connectors.configuration import Roots, validate
from connectors.load import vendor
from connectors.tools.http_check import Certificate, Network
from connectors.tools.port import BadArguments, Result
from tests.unit.connectors.tools.certificates import self_signed

PUBLIC = "93.184.216.34"
NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


async def nobody(*_: object) -> bytes:
    raise ConnectionRefusedError(111, "connection refused")


async def check(
    name: str,
    arguments: dict[str, JsonValue],
    *addresses: str,
    answer: Any = None,
    certificate: Certificate = nobody,
    **table: Any,
) -> tuple[Result, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(200, text="all good")

    async def resolve(host: str) -> Sequence[str]:
        return addresses or (PUBLIC,)

    found = vendor("tools", "http_check")
    settings = validate(found.Settings, {"hosts": ["*.example.com"], **table}, Roots(Path(), Path()), "http_check")
    network = Network(resolve, httpx.MockTransport(respond), NOW.timestamp, certificate)
    async with found.connect(settings, network) as tools:  # type: ignore[call-arg]  # tests bring the network
        return await tools.call(name, arguments), asked


async def http(url: str, *addresses: str, **more: Any) -> tuple[Result, list[httpx.Request]]:
    return await check("check_http", {"url": url}, *addresses, **more)


async def test_it_connects_to_the_address_that_was_looked_at() -> None:
    found, (request,) = await http("https://shop.example.com/healthz?x=1")

    assert str(request.url) == f"https://{PUBLIC}/healthz?x=1"
    assert request.headers["host"] == "shop.example.com"
    assert request.extensions["sni_hostname"] == "shop.example.com"
    assert found.text.startswith(f"https://shop.example.com/healthz?x=1: 200 OK from {PUBLIC}")


INTERNAL = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 "
    "::1 fe80::1%eth0 fc00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: fd00:ec2::254"
)


@pytest.mark.parametrize("address", INTERNAL.split())
async def test_an_internal_address_is_never_asked(address: str) -> None:
    with pytest.raises(BadArguments, match="internal address"):
        await http("http://shop.example.com/", PUBLIC, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:169.254.169.254"])
async def test_loopback_and_metadata_stay_closed_where_internal_hosts_are_allowed(address: str) -> None:
    with pytest.raises(BadArguments, match="internal address"):
        await http("http://shop.example.com/", address, internal=True)


async def test_internal_hosts_can_be_allowed() -> None:
    found, _ = await http("http://shop.example.com/", "10.1.2.3", internal=True)

    assert "200 OK" in found.text


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com/",
        "https://example.com.evil.com/",
        "https://evil.com/?x=shop.example.com",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://[::1]/",
        "http://localhost/",
    ],
)
async def test_other_hosts_are_refused(url: str) -> None:
    with pytest.raises(BadArguments, match="not a host that may be checked"):
        await http(url)


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.example.com/", "shop.example.com", "https://a:b@shop.example.com/", "file:///etc/passwd", "http://"],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(BadArguments, match=r"whole address|no address"):
        await http(url)


async def test_other_ports_are_refused() -> None:
    with pytest.raises(BadArguments, match="Port 6379"):
        await http("http://shop.example.com:6379/")


async def test_a_redirect_is_told_and_not_followed() -> None:
    moved = httpx.Response(302, headers={"location": "http://169.254.169.254/"})
    found, asked = await http("https://shop.example.com/", answer=moved)

    assert len(asked) == 1
    assert "location: http://169.254.169.254/" in found.text


@pytest.mark.parametrize("words", ["all good", "all bad"])
async def test_words_that_should_be_there(words: str) -> None:
    found, _ = await check("check_http", {"url": "https://shop.example.com/", "contains": words})

    assert ("NOT in the page" in found.text) is (words == "all bad")


async def test_that_nobody_answers_is_a_result() -> None:
    found, _ = await http("https://shop.example.com/", answer=httpx.ConnectError("connection refused"))

    assert found.failed
    assert "no answer (connection refused)" in found.text


async def test_a_name_and_its_addresses() -> None:
    found, _ = await check("check_dns", {"host": "shop.example.com"}, PUBLIC, "2606:2800::1")

    assert found.text == f"shop.example.com resolves to {PUBLIC}, 2606:2800::1."


@asynccontextmanager
async def serving(pem: Path) -> AsyncIterator[Certificate]:
    """A server with a certificate, and how to see it: whatever the address, this one is asked."""

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(pem)
    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=shown)
    port = server.sockets[0].getsockname()[1]

    async def certificate(address: str, _: int, host: str, trust: ssl.SSLContext) -> bytes:
        assert address == PUBLIC
        return await Network().certificate("127.0.0.1", port, host, trust)

    async with server:
        yield certificate


async def test_a_certificate_that_is_trusted_says_until_when(tmp_path: Path) -> None:
    pem = self_signed(tmp_path, "shop.example.com", days=30)
    async with serving(pem) as certificate:
        found, _ = await check(
            "check_tls", {"host": "shop.example.com"}, certificate=certificate, ca_file=str(pem.absolute())
        )

    assert not found.failed
    assert found.text.startswith("shop.example.com: trusted\nvalid from ")
    assert "for shop.example.com\n" in found.text


@pytest.mark.parametrize(
    ("name", "days", "trusted", "said"),
    [
        pytest.param("shop.example.com", 30, False, "self-signed", id="nobody-vouches"),
        pytest.param("other.example.com", 30, True, "Hostname mismatch", id="other-name"),
        pytest.param("shop.example.com", -1, True, "expired", id="expired"),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_told(
    name: str, days: int, *, trusted: bool, said: str, tmp_path: Path
) -> None:
    pem = self_signed(tmp_path, name, days)
    table = {"ca_file": str(pem.absolute())} if trusted else {}
    async with serving(pem) as certificate:
        found, _ = await check("check_tls", {"host": "shop.example.com"}, certificate=certificate, **table)

    assert found.failed
    assert found.text.startswith("shop.example.com: NOT trusted:")
    assert said in found.text
    assert f"for {name}" in found.text


async def test_that_nobody_shows_a_certificate_is_a_result() -> None:
    found, _ = await check("check_tls", {"host": "shop.example.com"})

    assert found.failed
    assert "no TLS" in found.text
