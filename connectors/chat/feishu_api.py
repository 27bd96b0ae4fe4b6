"""The open platform of Feishu and Lark over HTTP: a token that stays valid, waits as told, refusals by kind.

https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue, SecretStr
from pydantic_core import from_json

from connectors.chat.port import CannotFetch, ChatUnavailable

Json = Mapping[str, JsonValue]

_ATTEMPTS = 4
_LONGEST_PAUSE = 8.0
_LONGEST_REFUSAL = 20_000
# A file may take so many times as long as a word.
_FILE_TIMES = 6
_EXPIRED = frozenset({99991661, 99991663, 99991664, 99991665, 99991668})
_CREDENTIALS = frozenset({10003, 10012, 10014, 99991543, 99991662})
_NO_SCOPE = frozenset({99991672, 99991679, 230027})
# The last one says that somebody is pressing a button of the card just now.
_BUSY = frozenset({99991400, 230020, 11232, 200810})
# A token is renewed this long before its end: the platform hands out a new one in its last half hour.
_EARLY_SECONDS = 300


class Refusal(Exception):
    """The platform refuses a call for what it says; ``code`` is the platform's."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code} {said}".strip())
        self.code = code


class NoScope(ChatUnavailable):
    """The app lacks a scope; the message says which, and where to add it."""


@dataclass(frozen=True)
class Network:
    """What the adapter needs of the world: a way out (None: the real one), seconds since 1970, and waiting."""

    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL = Network()


@dataclass(frozen=True)
class App:
    """The app that acts: where its platform is, and how it signs in."""

    url: str
    app_id: str
    secret: SecretStr
    timeout_seconds: float = 10
    longest_wait_seconds: float = 60

    @property
    def console(self) -> str:
        """The page of the app in the developer console."""
        return f"{self.url}/app/{self.app_id}"


@dataclass
class FeishuApi:
    """Calls the platform as the app. Safe to share; every call has a timeout and a bounded number of attempts."""

    app: App
    network: Network
    http: httpx.AsyncClient
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def call(self, method: str, path: str, body: Json | None = None, *, patient: bool = True) -> Json:
        """What an answer holds under ``data``, or all of it where the platform has no such member.

        Raises ``Refusal``, or ``ChatUnavailable`` when no other content would go better. Who is not patient gets the
        refusal of a call too many at once.
        """
        return await self._answered(lambda: self.http.build_request(method, path, json=body), patient=patient)

    async def upload(self, path: str, fields: Mapping[str, str], name: str, content: bytes) -> Json:
        """Send a file; the member of the form that holds it has the name of the last part of the path."""
        part = path.rstrip("/").rsplit("/", 1)[-1].removesuffix("s")

        form, files = dict(fields), {part: (name, content)}

        def request() -> httpx.Request:
            return self.http.build_request("POST", path, data=form, files=files)

        return await self._answered(request, patient=True, times=_FILE_TIMES)

    async def download(self, path: str, most: int) -> bytes:
        """A file of at most so many bytes. Raises ``CannotFetch``."""
        why = ""
        for _ in range(2):
            try:
                async with asyncio.timeout(_FILE_TIMES * self.app.timeout_seconds):
                    status, raw = await self._streamed(path, most)
            except (httpx.RequestError, TimeoutError, ChatUnavailable) as broken:
                raise CannotFetch(f"Feishu does not hand it out ({type(broken).__name__} {broken}).") from broken
            if status < 300:
                return raw
            code, said = _refused(raw)
            why = f"{code or status} {said}".strip()
            if code not in _EXPIRED:
                break
            self._until = 0.0
        raise CannotFetch(f"Feishu does not hand it out ({why}).")

    async def _streamed(self, path: str, most: int) -> tuple[int, bytes]:
        request = self.http.build_request("GET", path, headers=await self._signed())
        response = await self.http.send(request, stream=True)
        try:
            raw = bytearray()
            async for part in response.aiter_bytes():
                raw += part
                if response.status_code >= 300 and len(raw) > _LONGEST_REFUSAL:
                    break
                if response.status_code < 300 and len(raw) > most:
                    raise CannotFetch(f"It is larger than {most:,} bytes.")
        finally:
            await response.aclose()
        return response.status_code, bytes(raw)

    async def _answered(self, request: Callable[[], httpx.Request], *, patient: bool, times: int = 1) -> Json:
        left, tries, renewed = self.app.longest_wait_seconds if patient else 0.0, 0, False
        while True:
            pause, tries = min(0.5 * 2**tries, _LONGEST_PAUSE), tries + 1
            trouble: ChatUnavailable | Refusal
            try:
                answer = await self._sent(request(), await self._signed(), times)
            except (httpx.RequestError, TimeoutError) as broken:
                trouble = self._unreachable(f"{type(broken).__name__} {broken}".strip())
                if tries >= _ATTEMPTS:
                    raise trouble from broken
            else:
                code, said = _refused(answer.content)
                if code in _EXPIRED and not renewed:
                    self._until, renewed = 0.0, True
                    continue
                if not _again(answer, code):
                    return self._accepted(answer, code, said)
                trouble, pause = self._busy(answer, code, said, patient=patient), _told(answer, pause)
            if pause > left:
                raise trouble
            left -= pause
            await self.network.sleep(pause)

    async def _sent(self, request: httpx.Request, headers: Mapping[str, str], times: int = 1) -> httpx.Response:
        request.headers.update(headers)
        async with asyncio.timeout(times * self.app.timeout_seconds):
            return await self.http.send(request)

    def _accepted(self, answer: httpx.Response, code: int, said: str) -> Json:
        if code == 0 and answer.status_code < 300:
            body = _object(answer.content)
            data = body.get("data")
            return data if isinstance(data, dict) else body
        if code in _NO_SCOPE:
            raise NoScope(f"Feishu refuses ({code} {said}): add the scope at {self.app.console}/auth, then publish.")
        if code in _CREDENTIALS or code in _EXPIRED:
            raise ChatUnavailable(f"Feishu refuses ({code} {said}): check app_id and app_secret at {self.app.console}.")
        raise Refusal(code or answer.status_code, said)

    def _busy(self, answer: httpx.Response, code: int, said: str, *, patient: bool) -> ChatUnavailable | Refusal:
        if not patient:
            return Refusal(code or answer.status_code, said)
        return ChatUnavailable(f"Feishu takes no more calls for now ({code or answer.status_code} {said}).")

    def _unreachable(self, why: str) -> ChatUnavailable:
        return ChatUnavailable(f"{self.app.url} does not answer ({why}); check domain and network.")

    async def _signed(self) -> Mapping[str, str]:
        """A token lasts two hours; see …/authentication-management/access-token/tenant_access_token_internal."""
        async with self._renewing:
            if self.network.clock() >= self._until:
                await self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        app = {"app_id": self.app.app_id, "app_secret": self.app.secret.get_secret_value()}
        request = self.http.build_request("POST", "/open-apis/auth/v3/tenant_access_token/internal", json=app)
        given = _object((await self._sent(request, {})).content)
        token, expire, code = given.get("tenant_access_token"), given.get("expire"), given.get("code")
        if code in _BUSY or code is None:
            # The call that needs the token comes back to it.
            raise httpx.ReadError(f"no token for now ({code})", request=request)
        if code != 0 or not isinstance(token, str) or not isinstance(expire, int):
            raise ChatUnavailable(
                f"Feishu gives no token ({code} {_short(given.get('msg'))}): check app_id and app_secret under "
                f"Credentials & Basic Info at {self.app.console}, and that the app is enabled."
            )
        self._token, self._until = token, self.network.clock() + max(expire - _EARLY_SECONDS, 1)


@asynccontextmanager
async def open_api(app: App, network: Network = REAL) -> AsyncIterator[FeishuApi]:
    """The platform with connections of its own, closed at the end. No redirect is ever followed with the token."""
    limits = httpx.Limits(max_connections=50)
    timeout = httpx.Timeout(app.timeout_seconds)
    transport, headers = network.transport, {"User-Agent": "nightshift"}
    async with httpx.AsyncClient(
        base_url=app.url, transport=transport, timeout=timeout, limits=limits, headers=headers
    ) as http:
        yield FeishuApi(app, network, http)


def _again(answer: httpx.Response, code: int) -> bool:
    return code in _BUSY or answer.status_code == 429 or answer.status_code >= 500


def _told(answer: httpx.Response, otherwise: float) -> float:
    """Seconds that the platform says to wait; its gateway tells them in a header of its own."""
    for name in ("x-ogw-ratelimit-reset", "retry-after"):
        told = answer.headers.get(name, "")
        if told.replace(".", "", 1).isdecimal() and len(told) < 10:
            return float(told)
    return otherwise


def _refused(raw: bytes) -> tuple[int, str]:
    body = _object(raw)
    code = body.get("code")
    return code if isinstance(code, int) else 0, _short(body.get("msg"))


def _short(said: JsonValue) -> str:
    return " ".join(said.split())[:300] if isinstance(said, str) else ""


def _object(raw: bytes) -> Json:
    try:
        body: JsonValue = from_json(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
