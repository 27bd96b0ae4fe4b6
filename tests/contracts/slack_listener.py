"""The app's end of Slack's calls, as plain as can be, and a clock that stands still."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.port import WebReply, WebRequest


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Listener:
    """Keeps what comes and answers with ``reply``; None: not at all, until somebody gives up."""

    def __init__(self) -> None:
        self.requests: list[WebRequest] = []
        self.bodies: list[dict[str, Any]] = []
        self.reply: WebReply = WebReply()

    async def receive(self, request: WebRequest) -> WebReply:
        body = read(request)
        if body.get("type") == "url_verification":
            return WebReply(body=body["challenge"].encode())
        self.requests.append(request)
        self.bodies.append(body)
        return self.reply

    @property
    def events(self) -> list[dict[str, Any]]:
        return [one["event"] for one in self.bodies if one.get("type") == "event_callback"]

    def kinds(self) -> list[str]:
        return [".".join(one for one in (event["type"], event.get("subtype")) if one) for event in self.events]


def read(request: WebRequest) -> dict[str, Any]:
    if request.headers["content-type"] == "application/json":
        return dict(json.loads(request.body))
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    return dict(json.loads(form["payload"])) if "payload" in form else form


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[FakeSlack, Listener, Clock]]:
    """A workspace whose app is the listener, without any network."""
    clock, listener = Clock(), Listener()
    slack = FakeSlack(clock, pump_seconds=None)
    await slack.subscribe_calls(listener.receive)
    yield slack, listener, clock
    await slack.stop()
