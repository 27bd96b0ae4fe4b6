"""The message that shows how far an answer is: brought up to date as fast as its platform allows, and no faster."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from connectors.chat.port import Chat, Progress, Recipient
from connectors.state.port import Frame, State, StateUnavailable

PATIENCE_SECONDS = 3.0
_NOTHING = Progress(doing="")


@dataclass
class Living:
    """Follows the frames of one question and shows the latest of them in its message."""

    chat: Chat
    to: Recipient
    message_id: str
    shown: Progress = field(default_factory=lambda: _NOTHING)
    latest: Progress = field(default_factory=lambda: _NOTHING)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, frame: Frame) -> None:
        """Take in a frame."""
        data = json.loads(frame.data) if frame.kind != "card" else {}
        text = str(data.get("text", ""))
        if frame.kind == "status":
            self.latest = Progress(doing=text, draft=self.latest.draft)
        elif frame.kind == "append":
            self.latest = Progress(doing=self.latest.doing, draft=self.latest.draft + text)
        elif frame.kind == "replace":
            self.latest = Progress(doing=self.latest.doing, draft=text)
        self._changed.set()

    async def show(self) -> None:
        """Update the message until cancelled, never sooner after the last time than the platform allows."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.latest != self.shown:
                self.shown = self.latest
                async with self.sending:
                    await self.chat.update(self.to, self.message_id, self.shown)
                await asyncio.sleep(self.chat.seconds_between_updates)


@asynccontextmanager
async def living(state: State, question_id: str, message: Living | None) -> AsyncIterator[None]:
    """Keep a message up to date while the answer is made; it is left alone when this ends.

    What is on its way by then is waited for: a platform may carry it out although we hang up, and behind the answer.
    """
    if message is None:
        yield
        return

    async def follow() -> None:
        # Progress that cannot be read is progress not shown; the answer does not depend on it.
        with suppress(StateUnavailable):
            async for frame in state.follow(question_id, 0):
                message.take(frame)

    tasks = [asyncio.create_task(follow()), asyncio.create_task(message.show())]
    try:
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await message.sending.acquire()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
