"""A chat that keeps what was posted, and can refuse like a platform: the twin of every pushed-to platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel

from connectors.chat.port import Card, Delivery, Undeliverable


class Settings(BaseModel):
    """What the platform accepts."""

    longest_card: int = 12_000
    """Characters of a card that go out as one native card."""
    longest_text: int = 40_000
    """Characters that go out as plain text; what is longer is refused on every rung."""


@dataclass
class MemoryChat:
    """Posts by question, so that the same card for the same question arrives once."""

    settings: Settings
    name: str = "memory"
    posted: dict[str, tuple[str, Card]] = field(default_factory=dict)

    async def post(self, thread_id: str, card: Card) -> Delivery:
        length = len(card.text)
        if length > self.settings.longest_text:
            raise Undeliverable(f"{length} characters; at most {self.settings.longest_text} are accepted")
        self.posted.setdefault(card.question_id, (thread_id, card))
        rung = "card" if length <= self.settings.longest_card else "text"
        return Delivery(channel=self.name, rung=rung, message_id=f"{thread_id}/{card.question_id}")


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryChat]:
    """Open an empty chat."""
    yield MemoryChat(settings)
