"""One HTTP call that changes something, and exactly what is known of it when its answer does not come."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from connectors.remediation.port import RemediationUnavailable, Uncertain

CONNECT_SECONDS = 10.0
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
# Before the first byte of the request is out; whatever else breaks may have been heard.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@dataclass(frozen=True)
class Outside:
    """What an executor needs of the world: a way out (None: the real one)."""

    transport: httpx.AsyncBaseTransport | None = None


REAL = Outside()


@dataclass(frozen=True)
class Answer:
    """One answer; ``raw`` is its beginning when it was not ``whole``."""

    status: int
    raw: bytes
    whole: bool = True

    @property
    def json(self) -> JsonValue:
        """The body as JSON; None when it is none."""
        try:
            return _JSON.validate_json(self.raw) if self.whole else None
        except ValidationError:
            return None

    @property
    def text(self) -> str:
        """The beginning of the body in one line, for people."""
        words = "".join(sign if sign.isprintable() else " " for sign in self.raw[:8000].decode(errors="replace"))
        return " ".join(words.split())[:1000]


@dataclass(frozen=True)
class Body:
    """What is sent: JSON, a form's fields, or bytes; at most one of them."""

    json: JsonValue = None
    form: Mapping[str, str] | None = None
    raw: bytes | None = None


NO_BODY = Body()


@dataclass(frozen=True)
class Line:
    """One system. Redirects are never followed, and nothing goes to another host, so credentials stay where they are.

    ``secrets`` are taken out of what it says.
    """

    name: str
    url: str
    http: httpx.AsyncClient
    secrets: Sequence[str]
    max_bytes: int

    async def send(
        self, method: str, path: str, seconds: float, headers: Mapping[str, str], body: Body = NO_BODY
    ) -> Answer:
        """The answer, whatever its status. ``path`` is encoded, with its query.

        Raises RemediationUnavailable when it was not sent, Uncertain when it was and no whole answer came.
        """
        request = self._request(method, path, seconds, headers, body)
        try:
            async with asyncio.timeout(seconds + CONNECT_SECONDS):
                return await self._received(request)
        except _UNSENT as broken:
            said = self.hushed(" ".join(str(broken).split())[:200] or type(broken).__name__)
            raise RemediationUnavailable(
                f"{self.name} cannot be reached ({said}), and nothing was sent: check url {self.url} and the network."
            ) from broken
        except (TimeoutError, httpx.ReadTimeout):
            raise Uncertain(f"{self.name} got {method} {path} and did not answer within {seconds:g} s.") from None
        except httpx.HTTPError as broken:
            said = self.hushed(" ".join(str(broken).split())[:200] or type(broken).__name__)
            raise Uncertain(f"{self.name} got {method} {path}, and its answer was lost ({said}).") from broken

    def _request(self, method: str, path: str, seconds: float, headers: Mapping[str, str], body: Body) -> httpx.Request:
        try:
            request = self.http.build_request(
                method,
                self.url + path,
                headers={**headers, "Accept-Encoding": "identity"},
                json=body.json,
                data=body.form,
                content=body.raw,
                timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            )
        except (httpx.InvalidURL, ValueError, TypeError) as wrong:
            raise RemediationUnavailable(f"{path} cannot be asked of {self.name}: {wrong}") from wrong
        home = httpx.URL(self.url)
        if (request.url.scheme, request.url.netloc) != (home.scheme, home.netloc):
            raise RemediationUnavailable(f"{path} leads away from {self.url}; nothing was sent.")
        return request

    async def _received(self, request: httpx.Request) -> Answer:
        response = await self.http.send(request, stream=True)
        try:
            raw = bytearray()
            async for part in response.aiter_bytes():
                raw += part
                if len(raw) > self.max_bytes:
                    return Answer(response.status_code, bytes(raw[: self.max_bytes]), whole=False)
        finally:
            await response.aclose()
        return Answer(response.status_code, bytes(raw))

    def hushed(self, text: str) -> str:
        """The text without the credentials, in case that the system repeats what it was sent."""
        for secret in self.secrets:
            text = text.replace(secret, "…") if secret else text
        return text


class Access(BaseModel):
    """How a line is opened."""

    url: str
    headers: Mapping[str, str] = {}
    user: str = ""
    password: str = ""
    secrets: tuple[str, ...] = ()
    max_bytes: int = 2_000_000


@asynccontextmanager
async def open_line(
    name: str,
    access: Access,
    outside: Outside,
    trust: ssl.SSLContext | None = None,
    token: Callable[[], str] | None = None,
) -> AsyncIterator[Line]:
    """A line that is closed at the end; nothing is asked yet. ``token`` is asked before every call."""
    auth: httpx.Auth | None = _Bearer(token) if token else None
    if access.password:
        auth = httpx.BasicAuth(access.user, access.password)
    async with httpx.AsyncClient(
        transport=outside.transport,
        headers={"User-Agent": "nightshift", **access.headers},
        auth=auth,
        follow_redirects=False,
        # A connection that was kept may be closed at the other end: a call on it would be doubtful without need.
        limits=httpx.Limits(max_keepalive_connections=0),
        verify=trust or (trusted(None, name) if access.url.startswith("https") else False),
    ) as http:
        yield Line(name, access.url, http, access.secrets, access.max_bytes)


def trusted(ca_file: Path | None, name: str) -> ssl.SSLContext:
    """Whom to believe: the certificates in a file, or the system's. Raises RemediationUnavailable."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as unreadable:
        raise RemediationUnavailable(
            f"Cannot read certificates from {ca_file}: {unreadable}; check ca_file of {name}."
        ) from unreadable


class _Bearer(httpx.Auth):
    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if token := self._token():
            if not token.isascii():
                raise RemediationUnavailable("The token holds other signs than ASCII, and so is none; set it anew.")
            request.headers["Authorization"] = f"Bearer {token}"
        yield request
