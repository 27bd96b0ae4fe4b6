"""Wakes those who follow a question's progress in this process; others notice by looking again."""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary


@dataclass
class Pulses:
    """One event per followed question, replaced at every beat so that no follower can miss one.

    Followers hold the events, so that a question nobody follows any more leaves nothing behind.
    """

    _events: WeakValueDictionary[str, asyncio.Event] = field(default_factory=WeakValueDictionary)

    def listen(self, question_id: str) -> asyncio.Event:
        """The event that the next beat sets. Take it before reading, so that nothing falls in between."""
        return self._events.setdefault(question_id, asyncio.Event())

    def __len__(self) -> int:
        """How many questions are followed."""
        return len(self._events)

    def beat(self, question_id: str) -> None:
        """Wake everybody who listens."""
        if event := self._events.pop(question_id, None):
            event.set()


async def heard(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
