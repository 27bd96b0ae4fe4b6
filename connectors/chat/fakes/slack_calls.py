"""Events and interactions as signed HTTP calls."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession
from pydantic import JsonValue

from connectors.chat.fakes.slack_app import App
from connectors.chat.fakes.slack_delivery import Deliveries, Delivery
from connectors.chat.fakes.slack_json import Json, mapping

Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]


@dataclass
class Addresses:
    """Where an app wants to be called."""

    events: str
    interactivity: str
    commands: str


class Calls:
    """Signed HTTP calls (docs.slack.dev/authentication/verifying-requests-from-slack)."""

    def __init__(self, app: App, deliveries: Deliveries) -> None:
        self._app = app
        self._deliveries = deliveries
        self._tasks: dict[Delivery, asyncio.Task[None]] = {}
        self.addresses: Addresses | None = None
        self.post: Post | None = None
        self.session: ClientSession | None = None

    @property
    def open(self) -> bool:
        return self.addresses is not None

    async def send(self, delivery: Delivery) -> None:
        self._tasks[delivery] = asyncio.create_task(self._call(delivery))

    def forget(self, delivery: Delivery) -> None:
        task = self._tasks.pop(delivery, None)
        if task:
            task.cancel()

    async def close(self) -> None:
        for delivery in list(self._tasks):
            self.forget(delivery)
        if self.session:
            await self.session.close()

    async def verify(self, url: str) -> None:
        """The handshake before a URL is taken: it must send the challenge back."""
        challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
        body = {"token": self._app.verification, "challenge": challenge, "type": "url_verification"}
        status, answer = await self._posted(url, "application/json", json.dumps(body).encode(), {})
        said = answer.decode("utf-8", "replace")
        if status != 200 or challenge not in said:
            raise ValueError(f"the URL did not answer the challenge: {status} {said[:200]}")

    async def _call(self, delivery: Delivery) -> None:
        if self.addresses is None:
            return
        url, media_type, body = self._written(delivery, self.addresses)
        headers = {}
        if delivery.attempt:
            reason = delivery.reason if delivery.reason == "connection_failed" else f"http_{delivery.reason}"
            headers = {"X-Slack-Retry-Num": str(delivery.attempt), "X-Slack-Retry-Reason": reason}
        try:
            status, answer = await self._posted(url, media_type, body, headers)
        except (ClientError, OSError):
            self._deliveries.failed(delivery, "connection_failed")
            return
        finally:
            self._tasks.pop(delivery, None)
        if 200 <= status < 300:
            self._deliveries.answered(delivery, _answer(answer))
        else:
            self._deliveries.failed(delivery, "error")

    def _written(self, delivery: Delivery, addresses: Addresses) -> tuple[str, str, bytes]:
        form = "application/x-www-form-urlencoded"
        if delivery.kind == "events_api":
            return addresses.events, "application/json", json.dumps(delivery.payload).encode()
        if delivery.kind == "slash_commands":
            return addresses.commands, form, urlencode(delivery.payload).encode()
        return addresses.interactivity, form, urlencode({"payload": json.dumps(delivery.payload)}).encode()

    async def _posted(self, url: str, media_type: str, body: bytes, more: dict[str, str]) -> tuple[int, bytes]:
        stamp = str(int(self._deliveries.clock()))
        headers = {
            "Content-Type": media_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": self.signature(stamp, body),
            **more,
        }
        if self.post:
            return await self.post(url, headers, body)
        self.session = self.session or ClientSession()
        async with self.session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            return response.status, await response.read()

    def signature(self, stamp: str, body: bytes) -> str:
        """The signature of a body that is sent at that time."""
        signed = f"v0:{stamp}:".encode() + body
        return "v0=" + hmac.new(self._app.signing_secret.encode(), signed, hashlib.sha256).hexdigest()


def _answer(body: bytes) -> Json:
    try:
        said: JsonValue = json.loads(body) if body else {}
    except ValueError:
        return {"text": body.decode("utf-8", "replace")}
    return mapping(said)
