"""Wakes those who follow a question's progress in this process; others notice by looking again."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Pulses:
    """One event per followed question, replaced at every beat so that no follower can miss one."""

    _events: dict[str, asyncio.Event] = field(default_factory=dict)

    def listen(self, question_id: str) -> asyncio.Event:
        """The event that the next beat sets. Take it before reading, so that nothing falls in between."""
        return self._events.setdefault(question_id, asyncio.Event())

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
