"""Getting events and interactions to the app: three seconds to answer, three more tries, by the clock of the fake.

Events are sent again when they are not acknowledged (docs.slack.dev/apis/events-api); interactions never are.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connectors.chat.fakes.slack_json import Json

Kind = Literal["events_api", "interactive", "slash_commands"]
State = Literal["held", "sent", "waiting", "acknowledged", "lost"]


@dataclass
class Answered:
    """How the app answered an interaction. Not ``ok``: the person sees that the app did not respond."""

    ok: bool
    payload: Json
    reason: str = ""


@dataclass(eq=False)
class Delivery:
    """One payload on its way; ``attempts`` says how each try ended."""

    kind: Kind
    payload: Json
    state: State = "held"
    attempt: int = 0
    reason: str = ""
    deadline: float = 0.0
    sent_at: float = 0.0
    seconds: float = 0.0
    repeats: bool = False
    answer: Json = field(default_factory=dict)
    attempts: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Line(Protocol):
    """A way to the app."""

    @property
    def open(self) -> bool:
        """Whether anybody is at the other end."""

    async def send(self, delivery: Delivery) -> None:
        """Put it on the wire; the answer is reported to the deliveries."""

    def forget(self, delivery: Delivery) -> None:
        """Its time is over; an answer that still comes counts for nothing."""


class Deliveries:
    """Every delivery, and when each is tried again."""

    def __init__(self, clock: Callable[[], float], retry_seconds: tuple[float, ...], answer_seconds: float) -> None:
        self.clock = clock
        self.retry_seconds, self.answer_seconds = retry_seconds, answer_seconds
        self.lines: list[Line] = []
        self.all: deque[Delivery] = deque(maxlen=5_000)
        self._open: list[Delivery] = []
        self._waiting: list[Delivery] = []
        self._held: list[Delivery] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def deliver(self, kind: Kind, payload: Json) -> Delivery:
        """Send; it comes back when it is on the wire."""
        return await self._begin(Delivery(kind, payload))

    async def repeat(self, sent: Delivery, attempt: int) -> Delivery:
        """Send the same payload once more, marked as that try."""
        reason = "timeout" if attempt else ""
        return await self._begin(Delivery(sent.kind, sent.payload, attempt=attempt, reason=reason, repeats=True))

    async def _begin(self, delivery: Delivery) -> Delivery:
        self.all.append(delivery)
        if self._held is not None and delivery.kind == "events_api":
            self._held.append(delivery)
        else:
            await self._send(delivery)
        return delivery

    async def ask(self, kind: Kind, payload: Json) -> Answered:
        """Send an interaction and wait for the answer, or until its time is over."""
        delivery = await self.deliver(kind, payload)
        await delivery.over.wait()
        return Answered(delivery.state == "acknowledged", delivery.answer, delivery.reason)

    def hold(self) -> None:
        """Keep events back."""
        self._held = []

    async def release(self, *, reverse: bool) -> None:
        """Let the events go that were kept back."""
        held, self._held = self._held or [], None
        for delivery in reversed(held) if reverse else held:
            await self._send(delivery)

    async def settled(self, seconds: float) -> None:
        """Nothing is on the wire any more; what waits for its next try does not count."""
        async with asyncio.timeout(seconds):
            await self._idle.wait()

    async def _send(self, delivery: Delivery) -> None:
        now = self.clock()
        delivery.state, delivery.sent_at, delivery.deadline = "sent", now, now + self.answer_seconds
        self._open.append(delivery)
        self._idle.clear()
        line = next((one for one in self.lines if one.open), None)
        if line is None:
            self.failed(delivery, "connection_failed")
            return
        await line.send(delivery)

    def answered(self, delivery: Delivery, answer: Json) -> None:
        """The app has acknowledged it, in time."""
        if delivery.state == "sent":
            delivery.state, delivery.answer = "acknowledged", answer
            delivery.seconds = self.clock() - delivery.sent_at
            self._close(delivery, "acknowledged")
            delivery.over.set()

    def failed(self, delivery: Delivery, reason: str) -> None:
        """The app has not acknowledged it; it is tried again when there are tries left."""
        if delivery.state != "sent":
            return
        self._close(delivery, reason)
        delivery.reason = reason
        tries = self.retry_seconds if delivery.kind == "events_api" else ()
        if delivery.attempt >= len(tries):
            delivery.state = "lost"
            delivery.over.set()
            return
        delivery.state, delivery.deadline = "waiting", self.clock() + tries[delivery.attempt]
        delivery.attempt += 1
        self._waiting.append(delivery)

    def _close(self, delivery: Delivery, how: str) -> None:
        delivery.attempts.append(how)
        self._open.remove(delivery)
        if not self._open:
            self._idle.set()

    async def pump(self) -> None:
        """Do what is due by the clock: give up on answers that are late, and make the next tries."""
        now = self.clock()
        for delivery in [one for one in self._open if one.deadline <= now]:
            for line in self.lines:
                line.forget(delivery)
            self.failed(delivery, "timeout")
        due = [one for one in self._waiting if one.deadline <= now]
        self._waiting = [one for one in self._waiting if one not in due]
        for delivery in due:
            await self._send(delivery)
