"""An HTTP API that is only read: one call, with a deadline and a ceiling, that fails in plain words."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import httpx
from pydantic import BaseModel, Field, JsonValue, SecretStr, TypeAdapter, ValidationError, field_validator

from connectors.configuration import HomePath
from connectors.tools.port import BadArguments, ToolUnavailable

T = TypeVar("T")
Query = Mapping[str, str | Sequence[str]]
_PASSING = {408, 425}
_ADVICE = {401: "check the credentials", 403: "check what these credentials may read", 404: "check url"}


class Access(BaseModel):
    """Where an API is and how to be let in; every setting of a vendor behind an API."""

    scheme: ClassVar[str] = "Bearer "
    """What stands before the token."""

    fixed_headers: ClassVar[Mapping[str, str]] = {}
    """Headers that every call to this API has, such as its version."""

    url: str
    """The API's address, such as ``https://prometheus.example.com``."""

    token: SecretStr | None = None
    """What is sent as ``Authorization: Bearer …``."""

    user: str = ""
    """The name for basic authentication."""

    password: SecretStr | None = None
    """The password for basic authentication."""

    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Further headers, such as a tenant's."""

    ca_file: HomePath | None = None
    """Certificates (PEM) to trust instead of the system's."""

    timeout_seconds: float = Field(default=15, gt=0)
    """How long one answer may take."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Answers above this size are not read, in bytes."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = httpx.URL(url)
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ValueError("write the whole address, with http:// or https://")
        if parts.userinfo:
            raise ValueError("keep credentials out of the address: use user and password, or token")
        return url.rstrip("/")


@dataclass(frozen=True)
class Outside:
    """What a vendor needs of the world: a way out (None: the real one), and seconds since 1970."""

    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time


REAL = Outside()


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    status: int
    raw: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are none become U+FFFD."""
        return self.raw.decode(errors="replace")

    def of(self, shape: type[T], name: str) -> T:
        """The body, checked against a type. Raises ToolUnavailable when it is no such thing."""
        try:
            return TypeAdapter(shape).validate_json(self.raw)
        except ValidationError as mistakes:
            if self.raw.lstrip()[:1] == b"<":
                raise ToolUnavailable(f"{name} sent a web page instead of data: check url and credentials.") from None
            first = mistakes.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"][:6])
            raise ToolUnavailable(f"{name} sent a damaged answer: {place or 'body'}: {first['msg'][:200]}") from None


class Api:
    """One API. It never follows a redirect, so that credentials stay where they belong."""

    def __init__(self, name: str, access: Access, outside: Outside, http: httpx.AsyncClient) -> None:
        self.name = name
        self._access = access
        self._clock = outside.clock
        self._http = http

    @property
    def timeout_seconds(self) -> float:
        """How long one answer may take."""
        return self._access.timeout_seconds

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    async def get(self, path: str, query: Query | None = None, *understood: int, **headers: str) -> Answer:
        """What lies at a path, with a status below 300 or among ``understood``; see ``_accepted`` for the rest."""
        request = self._http.build_request("GET", self._access.url + path, params=query, headers=headers)
        return self._accepted(await self._sent(request), request, understood)

    async def post(self, path: str, body: Mapping[str, JsonValue], *understood: int) -> Answer:
        """The same for a question that is sent as JSON."""
        request = self._http.build_request("POST", self._access.url + path, json=body)
        return self._accepted(await self._sent(request), request, understood)

    async def _sent(self, request: httpx.Request) -> Answer:
        seconds = self._access.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._received(request)
        except TimeoutError:
            raise ToolUnavailable(f"{self.name} did not answer within {seconds:g} s.", passing=True) from None
        except httpx.HTTPError as broken:
            reason = " ".join(str(broken).split())[:200] or type(broken).__name__
            raise ToolUnavailable(
                f"{self.name} cannot be reached ({reason}): check url {self._access.url} and the network.",
                passing=isinstance(broken, httpx.TransportError),
            ) from broken

    async def _received(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            raw = bytearray()
            async for part in response.aiter_bytes():
                raw += part
                if len(raw) > self._access.max_bytes:
                    raise BadArguments(
                        f"{self.name} answers more than {self._access.max_bytes / 1e6:g} MB; ask for less."
                    )
        finally:
            await response.aclose()
        return Answer(response.status_code, bytes(raw))

    def _accepted(self, answer: Answer, request: httpx.Request, understood: tuple[int, ...]) -> Answer:
        """Raises BadArguments for 400 and 422 (the question), ToolUnavailable for any other refusal."""
        status = answer.status
        if status < 300 or status in understood:
            return answer
        words = self._hushed(_said(answer), request)
        if status in (400, 422):
            raise BadArguments(f"{self.name} does not accept this: {words}")
        if status < 400:
            raise ToolUnavailable(f"{self.name} sends calls elsewhere ({status}): set url to the API's own address.")
        # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 as well as 429.
        busy = status == 429 or (status == 403 and "rate limit" in words.casefold())
        advice = "asked too often, ask again later" if busy else _ADVICE.get(status, "")
        raise ToolUnavailable(
            f"{self.name} answers {status}{': ' + advice if advice else ''}. {words}".strip(),
            passing=busy or status in _PASSING or status >= 500,
        )

    def _hushed(self, text: str, request: httpx.Request) -> str:
        """The text without the credentials, in case that the API repeats what it was sent."""
        sent = [request.headers.get("Authorization", "").rpartition(" ")[2]]
        known = (self._access.token, self._access.password, *self._access.headers.values())
        for secret in [*sent, *(one.get_secret_value() for one in known if one)]:
            text = text.replace(secret, "…") if secret else text
        return text


@asynccontextmanager
async def open_api(
    name: str,
    access: Access,
    outside: Outside,
    trust: ssl.SSLContext | None = None,
    token: Callable[[], str] | None = None,
) -> AsyncIterator[Api]:
    """An API with connections of its own, closed at the end. Raises ToolUnavailable for unreadable certificates.

    ``token`` is asked before every call, for one that changes.
    """
    headers = {key: value.get_secret_value() for key, value in access.headers.items()}
    if access.token:
        headers["Authorization"] = access.scheme + access.token.get_secret_value()
    async with httpx.AsyncClient(
        transport=outside.transport,
        timeout=access.timeout_seconds,
        headers={"User-Agent": "nightshift", **access.fixed_headers, **headers},
        auth=_auth(access, token),
        # Reading the system's certificates takes a tenth of a second.
        verify=trust or (trusted(access.ca_file) if access.url.startswith("https") else False),
    ) as http:
        yield Api(name, access, outside, http)


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Whom to believe: the certificates in a file, or the system's. Raises ToolUnavailable."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as unreadable:
        raise ToolUnavailable(f"Cannot read certificates from {ca_file}: {unreadable}; check ca_file.") from unreadable


def _auth(access: Access, token: Callable[[], str] | None) -> httpx.Auth | None:
    if token is not None:
        return _Bearer(token)
    return httpx.BasicAuth(access.user, access.password.get_secret_value()) if access.password else None


class _Bearer(httpx.Auth):
    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if token := self._token():
            request.headers["Authorization"] = f"Bearer {token}"
        yield request


def _said(answer: Answer) -> str:
    """The API's own words on what is wrong, at most 300 characters of them."""
    try:
        body = TypeAdapter(dict[str, JsonValue]).validate_json(answer.raw)
    except ValidationError:
        return "" if answer.raw.lstrip()[:1] == b"<" else " ".join(answer.text[:2000].split())[:300]
    said = next((body[key] for key in ("error", "message", "reason", "errorMessages") if body.get(key)), "")
    found: list[JsonValue] = [said]
    if isinstance(said, dict):
        causes = said.get("root_cause")
        first = causes[0] if isinstance(causes, list) and causes else said
        found = [first.get("reason") or first.get("message"), said.get("errors")] if isinstance(first, dict) else []
    words = (str(word) for one in found if one for word in (one if isinstance(one, list) else [one]))
    return " ".join("; ".join(words).split())[:300]
