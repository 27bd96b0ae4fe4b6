"""The long connection of Feishu: events come in frames, and each is acknowledged once what it brought is kept.

The frames are those of lark_oapi. Its own client is not used: it lives on a module-wide event loop that cannot be
stopped, runs one handler at a time in between its pings, logs the ticket of the connection, has no timeout when it asks
for the address, and stays deaf for good once a reconnection is refused.
https://open.feishu.cn/document/server-side-sdk/python--sdk/handle-events
"""

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import httpx
import structlog
from pydantic import BaseModel, ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from connectors.chat.feishu_api import App, Network
from connectors.chat.feishu_content import Json, mapping, parsed
from connectors.chat.feishu_sdk import Frame, Sdk
from connectors.chat.port import ChatUnavailable, NotAccepted

log = structlog.get_logger()

Handler = Callable[[Json], Awaitable[Json | None]]
"""Takes an event, and gives what a callback answers; ``NotAccepted`` when the platform should send it again."""

_PING, _DATA = 0, 1
_WRONG_APP = frozenset({403, 514, 1000040344, 1000040345})
_TOO_MANY = 1000040350
_BUSY = frozenset({1, 1000040343})
_AT_ONCE = 32
_MOST_PARTS = 256
_OPEN_SECONDS = 10
_LONGEST_PAUSE = 30.0
_SHORT_LIFE = 10.0


class _Pace(BaseModel):
    """What the platform tells about the connection, in seconds."""

    PingInterval: float = 120
    ReconnectNonce: float = 30


class _Address(BaseModel):
    URL: str
    ClientConfig: _Pace | None = None


class _Given(BaseModel):
    code: int
    msg: str = ""
    data: _Address | None = None


@dataclass
class Parts:
    """Events that came in several frames, until the last is there; the oldest of those that never end are dropped."""

    most: int = 64
    _held: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def joined(self, message_id: str, total: int, number: int, payload: bytes) -> bytes | None:
        """The whole event; None while parts of it are missing."""
        if total <= 1:
            return payload
        if total > _MOST_PARTS or not 0 <= number < total:
            return None
        held = self._held.setdefault(message_id, {})
        held[number] = payload
        if len(held) < total:
            while len(self._held) > self.most:
                self._held.pop(next(iter(self._held)))
            return None
        del self._held[message_id]
        return b"".join(held[one] for one in range(total))


@dataclass
class LongConnection:
    """One connection, taken up again whenever it is lost, until ``run`` is cancelled."""

    app: App
    network: Network
    http: httpx.AsyncClient
    sdk: Sdk
    handler: Handler
    _pace: _Pace = field(default_factory=_Pace, init=False)
    _heard: float = field(default=0.0, init=False)

    async def open(self) -> ClientConnection:
        """Connect. Raises ``ChatUnavailable`` with what to do."""
        try:
            address = await self.address()
            return await connect(address, open_timeout=_OPEN_SECONDS, max_size=2**24, user_agent_header="nightshift")
        except (httpx.RequestError, OSError, WebSocketException, TimeoutError, ValueError) as broken:
            why = f"({type(broken).__name__}); check the network."
            # The address, which may be in the error, holds a ticket: it is for no log.
            raise ChatUnavailable(f"The long connection to {self.app.url} cannot be opened {why}") from None

    async def address(self) -> str:
        """Where to connect, once. Raises ``ChatUnavailable`` with what to do, or the client's ``RequestError``."""
        app = {"AppID": self.app.app_id, "AppSecret": self.app.secret.get_secret_value()}
        answer = await self.http.post("/callback/ws/endpoint", json=app, headers={"locale": "en"})
        try:
            given = _Given.model_validate_json(answer.content)
        except ValidationError:
            raise ChatUnavailable(f"{self.app.url} answers {answer.status_code}, not where to connect.") from None
        if given.code in _WRONG_APP:
            advice = "check app_id and app_secret"
        elif given.code == _TOO_MANY:
            advice = "the app has as many connections as it may: stop other processes that use it"
        elif given.code in _BUSY:
            advice = "it is busy, try again"
        else:
            advice = "choose the long connection under Events & Callbacks"
        if given.code != 0 or given.data is None:
            raise ChatUnavailable(f"Feishu opens no connection ({given.code} {given.msg[:200]}): {advice}.")
        self._pace = given.data.ClientConfig or self._pace
        return given.data.URL

    async def run(self, connection: ClientConnection) -> None:
        """Serve a connection, and the ones after it."""
        tries = 0
        while True:
            begun = time.monotonic()
            await self._serve(connection)
            # What is closed as soon as it is open counts as refused, or this would be a race.
            tries = tries + 1 if time.monotonic() - begun < _SHORT_LIFE else 0
            while True:
                await self.network.sleep(self._pause(tries))
                try:
                    connection = await self.open()
                except ChatUnavailable as refused:
                    tries += 1
                    log.warning("feishu cannot reconnect", reason=str(refused), tries=tries)
                else:
                    break

    def _pause(self, tries: int) -> float:
        """At first a moment of chance, so that a fleet does not come back at once; then longer and longer."""
        chance = random.random()  # noqa: S311  # nothing secret
        if not tries:
            return chance * min(self._pace.ReconnectNonce, 3.0)
        return min(2.0 ** min(tries, 6), _LONGEST_PAUSE) * (0.5 + chance / 2)

    async def _serve(self, connection: ClientConnection) -> None:
        self._heard = time.monotonic()
        service = parse_qs(urlsplit(str(connection.request.path if connection.request else "")).query).get("service_id")
        ping = Frame(_PING, int(service[0]) if service and service[0].isdecimal() else 0, {"type": "ping"})
        parts, slots = Parts(), asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks, connection:
                tasks.create_task(self._keep_alive(connection, ping))
                async for raw in connection:
                    self._heard = time.monotonic()
                    frame = self._whole(raw, parts)
                    if frame:
                        await slots.acquire()
                        tasks.create_task(self._handle(connection, frame, slots))
                raise ConnectionResetError("closed by the platform")
        except* (WebSocketException, OSError) as lost:
            log.info("feishu connection lost", reason=[type(one).__name__ for one in lost.exceptions])

    async def _keep_alive(self, connection: ClientConnection, ping: Frame) -> None:
        while True:
            await connection.send(self.sdk.write(ping))
            interval = max(self._pace.PingInterval, 1.0)
            await asyncio.sleep(interval)
            if time.monotonic() - self._heard > 2 * interval + _OPEN_SECONDS:
                raise ConnectionResetError("silent")

    def _whole(self, raw: str | bytes, parts: Parts) -> Frame | None:
        """An event that is complete; None for everything else."""
        try:
            frame = self.sdk.read(raw if isinstance(raw, bytes) else raw.encode())
            total, number = int(frame.headers.get("sum", "1")), int(frame.headers.get("seq", "0"))
        except ValueError:
            log.warning("feishu frame damaged")
            return None
        if frame.method == _PING:
            self._paced(frame)
            return None
        if frame.method != _DATA or frame.headers.get("type") != "event":
            return None
        payload = parts.joined(frame.headers.get("message_id", ""), total, number, frame.payload)
        return None if payload is None else replace(frame, payload=payload)

    def _paced(self, pong: Frame) -> None:
        with contextlib.suppress(ValidationError):
            if pong.payload:
                self._pace = _Pace.model_validate_json(pong.payload)

    async def _handle(self, connection: ClientConnection, frame: Frame, slots: asyncio.Semaphore) -> None:
        begun = time.monotonic()
        said: dict[str, object] = {"code": 200}
        try:
            answer = await self.handler(mapping(parsed(frame.payload.decode("utf-8", "replace"))))
            if answer is not None:
                said["data"] = base64.b64encode(json.dumps(answer, ensure_ascii=False).encode()).decode()
        except NotAccepted as failed:
            log.warning("feishu event not accepted", reason=str(failed))
            said = {"code": 500}
        finally:
            slots.release()
        took = {"biz_rt": str(int((time.monotonic() - begun) * 1000))}
        answered = replace(frame, headers=frame.headers | took, payload=json.dumps(said).encode())
        await connection.send(self.sdk.write(answered))
