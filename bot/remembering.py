"""Incidents that people have judged are remembered: each becomes a document, which later ones like it find."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot.announcing import Announcer
from bot.incident import Diagnosis, Incident
from bot.rules.conversations import EVERYWHERE, Conversations
from bot.rules.incident_readers import narrowed
from bot.steps.commemorate import Page, commemorate, document_id
from connectors.embedding.port import EmbeddingUnavailable
from connectors.state.incident_port import StoredIncident
from connectors.state.port import StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import Library, StoredDocument

log = structlog.get_logger()

SECONDS = 60.0
ROLE, LEASE_SECONDS = "remembering", 180.0
MOST = 200
"""How many incidents are looked at, those opened last."""


@dataclass
class Remembering:
    """Looks every minute at incidents that are over. Doing it again changes nothing; a later word takes the place."""

    announcer: Announcer
    library: Library
    conversations: Conversations
    now: Callable[[], datetime]
    _done: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.sweep()
            except (StateUnavailable, VectorStoreUnavailable, EmbeddingUnavailable) as down:
                log.warning("remembering put off", reason=str(down))
            await asyncio.sleep(SECONDS)

    async def sweep(self) -> None:
        """One look. Raises StateUnavailable, VectorStoreUnavailable and EmbeddingUnavailable."""
        state = self.announcer.state
        if not await state.lead(ROLE, LEASE_SECONDS):
            return
        over = await state.incidents(status="resolved", limit=MOST)
        self._done = {one.id: self._done[one.id] for one in over if one.id in self._done}
        for one in over:
            if self._done.get(one.id) != one.version:
                await self.remember(one)
                self._done[one.id] = one.version

    async def remember(self, stored: StoredIncident) -> None:
        """Bring the document of an incident up to date with what people said last."""
        word = next(iter(await self.announcer.state.judgements(stored.id)), None)
        if word is None:
            return
        incident = Incident.model_validate_json(stored.body)
        run = await self.announcer.latest(stored.id)
        found = Diagnosis.model_validate_json(run.body) if run else None
        readers = await self._readers(stored.id, found)
        if found:
            found = narrowed(found, await self._closed(found, readers), incident.language)
        page = Page(self.announcer.link(stored.id), readers)
        made = commemorate(incident, found, word, await self.announcer.name(word.author), page)
        known = await self.library.document(document_id(stored.id), readers)
        if made is None:
            await self.library.remove([document_id(stored.id)])
        elif known is None or known.labels.get("digest") != made.labels["digest"]:
            await self._add(made)

    async def _add(self, made: StoredDocument) -> None:
        await self.library.add([made], self.now())
        if not await self.library.served():
            # Nothing was ever read in: then this is the whole library.
            await self.library.finish(self.now())

    async def _readers(self, incident_id: str, found: Diagnosis | None) -> tuple[str, ...]:
        """The groups of the channels that show it; where one is for everybody there, everybody.

        What was shown nowhere is for those who may read what the diagnosis has read.
        """
        places = await self.announcer.state.publications(incident_id)
        rules = [self.conversations.get(one.conversation) or self.conversations.get(EVERYWHERE) for one in places]
        groups = [one.readers if one else () for one in rules] or [found.trouble.groups if found else ()]
        return tuple(sorted({group for of in groups for group in of})) if all(groups) else ()

    async def _closed(self, found: Diagnosis, readers: tuple[str, ...]) -> set[str]:
        """Evidence out of pages that one of the readers' groups may not read by itself."""
        alone: list[tuple[str, ...]] = [(group,) for group in readers] or [()]
        pages = [one for one in found.evidence if one.document_id]
        return {
            one.id for one in pages for groups in alone if await self.library.document(one.document_id, groups) is None
        }
