"""How a fake Feishu gets events to the app: once, and after 15 s, 5 min, 1 h and 6 h again, until acknowledged."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json, compact

OK = 200


@dataclass
class Delivery:
    """One event on its way. ``code`` and ``answer`` are those of the last acknowledgement."""

    body: Json
    callback: bool
    delivery_id: str
    attempt: int = 0
    sent_at: float = 0.0
    acknowledged_at: float | None = None
    code: int = 0
    answer: bytes = b""
    carried: bool = False
    """Whether anybody was there to take the last attempt."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def event_id(self) -> str:
        return str(self.body["header"]["event_id"])

    @property
    def event_type(self) -> str:
        return str(self.body["header"]["event_type"])

    def payload(self) -> bytes:
        return compact(self.body).encode()


Carry = Callable[[Delivery], Awaitable[bool]]
"""Takes a delivery on its way, and says whether anybody is there; the acknowledgement comes by ``acknowledged``."""


class Deliveries:
    """What has been sent, and what is to be sent again. The ways of carrying are set by whoever opens them."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.log: deque[Delivery] = deque(maxlen=platform.limits.kept)
        self.waiting: dict[str, Delivery] = {}
        """What has been sent and not been acknowledged, by its id."""
        self.held: list[Delivery] | None = None
        self.ways: dict[str, Carry] = {}

    async def send(self, body: Json, *, callback: bool = False) -> Delivery | None:
        """Send an event, when the app has subscribed to it."""
        console = self._platform.console
        if not callback and body["header"]["event_type"] not in console.events:
            return None
        delivery = Delivery(body, callback, self._platform.company.new_id(""))
        self.log.append(delivery)
        if self.held is not None and not callback:
            self.held.append(delivery)
        else:
            await self.attempt(delivery)
        return delivery

    async def attempt(self, delivery: Delivery) -> None:
        """Send it, once more perhaps; what nobody takes waits for its next turn."""
        console = self._platform.console
        delivery.attempt += 1
        self.waiting[delivery.delivery_id] = delivery
        delivery.sent_at = self._platform.clock.now()
        carry = self.ways.get(console.callbacks if delivery.callback else console.delivery)
        delivery.carried = carry is not None and await carry(delivery)

    def acknowledged(self, delivery: Delivery, code: int, answer: bytes = b"") -> None:
        """Take an acknowledgement; one that comes too late counts as none."""
        delivery.code, delivery.answer = code, answer
        now = self._platform.clock.now()
        if code == OK and now - delivery.sent_at <= self._platform.limits.ack_seconds:
            delivery.acknowledged_at = now
            self.waiting.pop(delivery.delivery_id, None)
        delivery.answered.set()

    async def again(self) -> int:
        """Send what is due for another time, and give up what has had its last; how many were sent."""
        count, waits = 0, (*self._platform.limits.redeliver_after, self._platform.limits.ack_seconds)
        for delivery in list(self.waiting.values()):
            # A callback has one chance.
            waited = waits[-1] * 2 if delivery.callback else waits[delivery.attempt - 1]
            if self._platform.clock.now() - delivery.sent_at < waited:
                continue
            if delivery.callback or delivery.attempt == len(waits):
                del self.waiting[delivery.delivery_id]
                continue
            delivery.answered.clear()
            await self.attempt(delivery)
            count += 1
        return count

    async def release(self, *, backwards: bool = False) -> None:
        """Send what was held back."""
        held, self.held = self.held or [], None
        for delivery in reversed(held) if backwards else held:
            await self.attempt(delivery)


def answer_of(delivery: Delivery) -> Json | None:
    """The JSON object that came with an acknowledgement; None when it is none."""
    try:
        body = json.loads(delivery.answer or b"{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
