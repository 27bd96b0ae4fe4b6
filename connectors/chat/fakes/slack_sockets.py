"""Events and interactions over the websockets of Socket Mode."""

import json
from itertools import count

from aiohttp import WSMsgType, web
from pydantic import JsonValue

from connectors.chat.fakes.slack_app import App
from connectors.chat.fakes.slack_delivery import Deliveries, Delivery
from connectors.chat.fakes.slack_json import Json, mapping, text

_HEARTBEAT_SECONDS = 10.0
_MOST_SOCKETS = 10


class Sockets:
    """Socket Mode (docs.slack.dev/apis/events-api/using-socket-mode): any connection gets any envelope, in turn."""

    def __init__(self, app: App, deliveries: Deliveries) -> None:
        self._app = app
        self._deliveries = deliveries
        self._numbers = count(1)
        self._tickets: set[str] = set()
        self._open: list[tuple[web.WebSocketResponse, web.Request]] = []
        self._sent: dict[str, Delivery] = {}

    @property
    def open(self) -> bool:
        return bool(self._open)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    def ticket(self) -> str:
        """Lets one socket in."""
        ticket = f"ticket-{next(self._numbers)}"
        self._tickets.add(ticket)
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, from hello to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401, text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS)
        await socket.prepare(request)
        if len(self._open) >= _MOST_SOCKETS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        self._open.append((socket, request))
        try:
            await socket.send_json(self._hello())
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(frame.data)
        except ConnectionError:
            pass  # it was cut
        finally:
            self._open = [one for one in self._open if one[0] is not socket]
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello", "num_connections": len(self._open), "connection_info": {"app_id": self._app.id},
            "debug_info": {"host": "applink-fake", "started": "2026-01-01 00:00:00.000", "build_number": 1,
                           "approximate_connection_time": 18_060},
        }  # fmt: skip

    def _acknowledge(self, words: str) -> None:
        try:
            said: JsonValue = json.loads(words)
        except ValueError:
            return
        delivery = self._sent.pop(text(mapping(said).get("envelope_id")), None)
        if delivery:
            self._deliveries.answered(delivery, mapping(mapping(said).get("payload")))

    async def send(self, delivery: Delivery) -> None:
        number = next(self._numbers)
        envelope: Json = {
            "envelope_id": f"00000000-0000-4000-8000-{number:012d}", "type": delivery.kind,
            "payload": delivery.payload, "accepts_response_payload": delivery.kind != "events_api",
        }  # fmt: skip
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.reason if delivery.attempt else ""}
        self._sent[text(envelope["envelope_id"])] = delivery
        socket, _ = self._open[number % len(self._open)]
        try:
            await socket.send_json(envelope)
        except ConnectionError:
            self.forget(delivery)
            self._deliveries.failed(delivery, "connection_failed")

    def forget(self, delivery: Delivery) -> None:
        for name in [name for name, one in self._sent.items() if one is delivery]:
            del self._sent[name]

    async def refresh(self, reason: str) -> None:
        """Tell every connection that it ends: a warning comes before, with any other reason it is closed."""
        for socket, _ in list(self._open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake"}})
            if reason != "warning":
                await socket.close()

    def cut(self) -> None:
        """Break every connection without a word."""
        for _, request in list(self._open):
            if request.transport:
                request.transport.abort()

    async def close(self) -> None:
        """End every connection in order."""
        for socket, _ in list(self._open):
            await socket.close()
