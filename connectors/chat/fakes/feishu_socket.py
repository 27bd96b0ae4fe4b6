"""The long connection of a fake Feishu: an endpoint that hands out addresses, and websockets with frames."""

import base64
import binascii
import json
import random
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from connectors.chat.fakes.feishu_deliveries import Deliveries, Delivery
from connectors.chat.fakes.feishu_frames import CONTROL, DATA, Frame, decode, split
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json, compact

_SERVICE = 33_554_678


@dataclass
class LongConnections:
    """Every open connection. Each event goes to one of them, at random but the same in every run."""

    platform: Platform
    deliveries: Deliveries
    ping_seconds: int = 120
    reconnect_seconds: int = 1
    refusing: bool = False
    pings: int = 0
    open: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  # nothing secret

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/callback/ws/endpoint", self._endpoint)
        app.router.add_get("/ws/v2", self._connect)
        self.deliveries.ways["socket"] = self.carry

    def _settings(self) -> Json:
        return {
            "ReconnectCount": -1,
            "ReconnectInterval": self.reconnect_seconds,
            "ReconnectNonce": 0,
            "PingInterval": self.ping_seconds,
        }

    async def _endpoint(self, request: web.Request) -> web.Response:
        body, console = await request.json(), self.platform.console
        if self.refusing:
            return web.json_response({"code": 1, "msg": "system busy"})
        if (body.get("AppID"), body.get("AppSecret")) != (console.app_id, console.app_secret):
            return web.json_response({"code": 1000040345, "msg": "app_id or app_secret is invalid"})
        if len(self.open) >= self.platform.limits.connections:
            return web.json_response({"code": 1000040350, "msg": "the number of connections exceeded the limit"})
        ticket = self.platform.company.new_id("", 32)
        self.tickets.add(ticket)
        query = f"device_id={ticket[:16]}&service_id={_SERVICE}&access_key=x&ticket={ticket}"
        address = f"ws://{request.host}/ws/v2?{query}"
        return web.json_response({"code": 0, "msg": "", "data": {"URL": address, "ClientConfig": self._settings()}})

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            headers = {"handshake-status": "403", "handshake-msg": "ticket is invalid"}
            return web.Response(status=403, headers=headers)
        self.tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.open[ticket] = socket
        try:
            async for message in socket:
                if message.type == WSMsgType.BINARY:
                    await self._take(socket, message.data)
        finally:
            self.open.pop(ticket, None)
        return socket

    async def _take(self, socket: web.WebSocketResponse, raw: bytes) -> None:
        frame = decode(raw)
        if frame.method == CONTROL and frame.headers.get("type") == "ping":
            self.pings += 1
            pong = Frame(CONTROL, frame.service, {"type": "pong"}, compact(self._settings()).encode())
            await socket.send_bytes(pong.encode())
        elif frame.method == DATA:
            delivery = self.deliveries.waiting.get(frame.headers.get("message_id", ""))
            code, answer = _acknowledgement(frame.payload)
            if delivery is not None:
                self.deliveries.acknowledged(delivery, code, answer)

    async def carry(self, delivery: Delivery) -> bool:
        """Put an event on one connection, in as many frames as it takes; False when there is none."""
        alive = [one for one in self.open.values() if not one.closed]
        if not alive:
            return False
        headers = {"type": "event", "message_id": delivery.delivery_id, "trace_id": delivery.event_id}
        whole = Frame(DATA, _SERVICE, headers, delivery.payload())
        socket = self.chance.choice(alive)
        try:
            for frame in split(whole, self.platform.limits.frame_bytes):
                await socket.send_bytes(frame.encode())
        except ConnectionError:
            return False
        return True

    async def cut(self) -> int:
        """Close every connection; how many there were."""
        sockets = list(self.open.values())
        for socket in sockets:
            await socket.close(code=1001, message=b"going away")
        return len(sockets)


def _acknowledgement(payload: bytes) -> tuple[int, bytes]:
    """The code of an acknowledgement and what came with it; code 0 when it cannot be read."""
    try:
        body = json.loads(payload)
        data = body.get("data")
        return int(body["code"]), base64.b64decode(data) if data else b""
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return 0, b""
