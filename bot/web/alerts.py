"""Where monitoring systems post their alerts: what they send is kept before it is acknowledged."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.requests import ClientDisconnect

from bot import metrics
from bot.assistant import Assistant
from bot.guards.alerts import admit
from bot.guards.redaction import redact
from bot.rules.reports import heard
from bot.settings import Web
from bot.web.boundary import RETRY_SECONDS
from bot.web.callers import caller
from bot.web.login import Login, Visitor
from connectors.alerts.port import Call, Received, Receiver, Refused
from connectors.state.incident_port import AlertLog, RefusedCall
from connectors.state.port import StateUnavailable

log = structlog.get_logger()

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
MOST_BYTES_AT_ONCE = 64 * 1024 * 1024
"""How much of the bodies of calls that are being read may be in memory together."""
BODY_SECONDS = 30.0
"""How long a body may take to come."""
_AGAIN = {"Retry-After": str(RETRY_SECONDS)}


@dataclass
class _Room:
    """The memory that bodies take, together: nobody needs a password to begin sending one."""

    taken: int = 0


@dataclass(frozen=True)
class AlertDoor:
    """Reads a call within its bounds, lets its receiver say what it means, and keeps that."""

    receivers: Mapping[str, Receiver]
    log: AlertLog
    web: Web
    now: Callable[[], datetime]
    _room: _Room = field(default_factory=_Room)

    async def take(self, vendor: str, request: Request) -> Response:
        """The response to a call. What it brought is kept by then, or it says that it was not."""
        receiver = self.receivers.get(vendor)
        if receiver is None:
            message = f"Nothing is set up at this address: add {vendor[:60]!r} to ports.alerts, or correct the address."
            return _refusal(404, message)
        try:
            return await self._taken(receiver, request)
        except StateUnavailable as down:
            log.warning("alerts not taken", receiver=vendor, reason=str(down))
            return _refusal(503, "The database cannot be used right now and nothing was kept; send it again.")
        except ClientDisconnect:
            return _refusal(422, "The caller went away before the body had come.")
        except TimeoutError:
            return _refusal(503, f"The body did not come within {BODY_SECONDS:.0f} seconds; send it again.")

    async def _taken(self, receiver: Receiver, request: Request) -> Response:
        held = 0
        try:
            body = bytearray()
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    if len(body) + len(part) > receiver.max_bytes:
                        most = receiver.max_bytes
                        return _refusal(413, f"The body has more than {most} bytes: send fewer alerts at once.")
                    if self._room.taken + len(part) > MOST_BYTES_AT_ONCE:
                        return _refusal(503, "Too much is being sent at once; send it again.")
                    self._room.taken += len(part)
                    held += len(part)
                    body += part
            return await self._answered(receiver, self._call(request, bytes(body)))
        finally:
            self._room.taken -= held

    async def _answered(self, receiver: Receiver, call: Call) -> Response:
        try:
            received = await receiver.receive(call)
        except Refused as refused:
            metrics.REFUSED_CALLS.labels(receiver.name, str(refused.status)).inc()
            if refused.keep:
                where, at = call.path.removeprefix("/alerts/"), call.received_at
                await self.log.refuse(RefusedCall(where, at, refused.status, refused.message, call.body))
            log.warning("alerts refused", receiver=receiver.name, status=refused.status, reason=refused.message)
            return _refusal(refused.status, refused.message)
        if received.alerts:
            await self.log.hear([heard(admit(one), call.received_at) for one in received.alerts])
        self._told(receiver, received)
        reply = received.reply
        return Response(reply.body, reply.status, media_type=reply.media_type)

    def _call(self, request: Request, body: bytes) -> Call:
        return Call(
            method=request.method,
            headers={key.lower(): value for key, value in request.headers.items()},
            path=request.url.path,
            query=request.url.query,
            body=body,
            client=caller(request, self.web.proxy.addresses),
            received_at=self.now(),
        )

    def _told(self, receiver: Receiver, received: Received) -> None:
        metrics.ALERTS.labels(receiver.name).inc(len(received.alerts))
        for notice in received.notices:
            log.info("notice", receiver=receiver.name, about=notice.kind, says=notice.text)


def build_alerts(assistant: Assistant, web: Web, now: Callable[[], datetime]) -> APIRouter:
    """The addresses that monitoring systems post to. Each call shows who sends it; no browser has a part in it."""
    router = APIRouter(include_in_schema=False)
    door = AlertDoor(assistant.receivers, assistant.state, web, now)

    @router.api_route("/alerts/{vendor}", methods=METHODS)
    @router.api_route("/alerts/{vendor}/{rest:path}", methods=METHODS)
    async def called(vendor: str, request: Request) -> Response:
        return await door.take(vendor, request)

    return router


def add_refused(router: APIRouter, assistant: Assistant, login: Login) -> None:
    """The route that shows calls that were not taken, the latest first, without the secrets in them."""

    @router.get("/api/alerts/refused")
    async def refused(
        who: Annotated[Visitor, Depends(login.visitor)], limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[dict[str, object]]:
        return [shown(one) for one in await assistant.state.refused(limit)]


def shown(call: RefusedCall) -> dict[str, object]:
    """A refused call as JSON, without the secrets in its body."""
    return {
        "receiver": call.receiver,
        "received_at": call.received_at.isoformat(),
        "status": call.status,
        "message": call.message,
        "body": redact(call.body.decode(errors="replace")).text,
    }


def _refusal(status: int, message: str) -> Response:
    headers = _AGAIN if status == 503 else {}
    body = json.dumps({"error": message}, ensure_ascii=False)
    return Response(body, status, {**headers, "Cache-Control": "no-store"}, media_type="application/json")
