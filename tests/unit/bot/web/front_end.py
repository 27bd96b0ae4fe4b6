"""The web front end on memory twins, and browsers to ask it with."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from bot.assistant import Assistant
from bot.settings import Web
from bot.web.router import build_router
from connectors.chat.card_port import Citation
from connectors.state.port import State
from connectors.tools.port import ChangeLog
from knowledge.library import Hit, StoredDocument

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUESTION = {"text": "why is checkout slow?", "event_id": "3f0c9a52-9d5e-4a57-8f0d-5b2f3c1e7a10"}
CITATION = Citation(
    number=1,
    document_id="runbooks/checkout.md",
    chunk_id="c2",
    title="Checkout",
    heading="First aid",
    quote="Roll back first.",
    link="https://wiki.example.com/checkout",
)


@dataclass
class Shelf:
    """A library with what a test puts on it."""

    documents: dict[str, StoredDocument] = field(default_factory=dict)

    async def search(
        self,
        queries: Sequence[str],
        groups: Sequence[str] = (),
        limit: int = 8,
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Hit]:
        return []

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        return self.documents.get(document_id)


@dataclass
class Site:
    """The front end under test: its state, its shelf, and a clock that a test may turn."""

    state: State
    shelf: Shelf
    opened: AsyncExitStack
    time: datetime = NOON
    changes: ChangeLog | None = None

    async def browser(self, web: Web | None = None, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A browser with an empty cookie jar; browsers with equal settings talk to the same state."""
        app = FastAPI()
        assistant = Assistant(self.state, self.shelf, changes=self.changes)
        app.include_router(build_router(assistant, web or Web(), lambda: self.time))
        transport = httpx.ASGITransport(app, client=(address, 50000))
        return await self.opened.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8080")
        )
