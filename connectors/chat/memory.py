"""A chat that keeps what was posted, and can refuse like a platform: the twin of every pushed-to platform."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel

from connectors.chat.card_port import Card
from connectors.chat.port import (
    CannotFetch,
    ChatUnavailable,
    Delivery,
    Inbox,
    Progress,
    Recipient,
    Undeliverable,
    WebReply,
    WebRequest,
)


class Settings(BaseModel):
    """What the platform accepts."""

    longest_card: int = 12_000
    """Characters of a card that go out as one native card."""
    longest_text: int = 40_000
    """Characters that go out as plain text; what is longer is refused on every rung."""


@dataclass
class MemoryChat:
    """Posts by question, so that the same card for the same question arrives once. ``files`` can be fetched.

    ``messages`` are the cards as they are seen now, by the id of their message; those ``closed`` no longer change.
    """

    settings: Settings
    name: str = "memory"
    seconds_between_updates: float = 0.0
    inbox: Inbox | None = None
    posted: dict[str, tuple[str, Card]] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    shown: list[tuple[str, Progress]] = field(default_factory=list)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    messages: dict[str, Card] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    away: str = ""
    """Why nothing can be posted for now."""

    async def listen(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def receive(self, request: WebRequest) -> WebReply:
        return WebReply(status=HTTPStatus.NOT_FOUND)

    async def begin(self, to: Recipient, question_id: str, text: str) -> str:
        self.begun.setdefault(question_id, text)
        return f"{to.thread_id.rstrip('/')}/{question_id}"

    async def update(self, to: Recipient, message_id: str, progress: Progress) -> None:
        self.shown.append((message_id, progress))

    async def post(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str = "") -> Delivery:
        receipt = self._taken(card, f"{to.thread_id.rstrip('/')}/{card.question_id}")
        self.posted.setdefault(card.question_id, (to.thread_id, card))
        self.messages.setdefault(receipt.message_id, card)
        return receipt

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        anew = f"{self.thread_of(to, message_id)}/anew"
        receipt = self._taken(card, anew if message_id in self.closed else message_id)
        self.messages[receipt.message_id] = card
        return receipt

    def _taken(self, card: Card, message_id: str) -> Delivery:
        if self.away:
            raise ChatUnavailable(self.away)
        length = len(card.text)
        if length > self.settings.longest_text:
            raise Undeliverable(f"{length} characters; at most {self.settings.longest_text} are accepted")
        rung: Literal["card", "text"] = "card" if length <= self.settings.longest_card else "text"
        return Delivery(channel=self.name, rung=rung, message_id=message_id)

    def opening(self, conversation: str) -> Recipient:
        if not conversation.strip() or "/" in conversation:
            raise ValueError(f"{conversation!r} is no conversation")
        return Recipient(thread_id=f"{conversation}/", author="")

    def thread_of(self, to: Recipient, message_id: str) -> str:
        return message_id if to.thread_id.endswith("/") else to.thread_id

    async def send_file(self, to: Recipient, name: str, content: bytes) -> None:
        self.sent.append((to.thread_id, name, content))

    async def fetch(self, reference: str, most: int) -> bytes:
        content = self.files.get(reference)
        if content is None:
            raise CannotFetch("It is no longer there.")
        if len(content) > most:
            raise CannotFetch(f"It has {len(content):,} bytes; {most:,} are accepted.")
        return content


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryChat]:
    """Open an empty chat."""
    yield MemoryChat(settings)
