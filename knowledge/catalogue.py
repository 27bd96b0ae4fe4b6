"""The catalogue: what a reader may see of the library, as a list, and the gaps in it, found once for each reader."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from knowledge.chunk import Outline, StoredDocument
from knowledge.gaps import KINDS, Gap, gaps_of_labels, gaps_of_texts
from knowledge.library import Library
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import Taxonomy, read_taxonomy

_KEPT = 16

_Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Order:
    """By what a catalogue is ordered and judged; a page is stale when its date is older than ``stale_days``."""

    services: ServiceGraph = field(default_factory=ServiceGraph)
    taxonomy: Taxonomy = field(default_factory=read_taxonomy)
    stale_days: int = 365


@dataclass(frozen=True)
class Gaps:
    """The gaps, most pressing kind first; not ``complete`` while texts are still being compared."""

    found: tuple[Gap, ...]
    complete: bool


class Catalogue:
    """Lists documents and finds gaps for readers of some groups, who learn of nothing that they may not read.

    Texts are compared in a thread, one comparison at a time, and once for each set of groups until the next ingest.
    """

    def __init__(self, library: Library, order: Order) -> None:
        self._library = library
        self.order = order
        self._compared: OrderedDict[_Key, asyncio.Task[list[Gap]]] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def outlines(self, groups: Sequence[str]) -> list[Outline]:
        """Every document that these groups may read, by title. Raises VectorStoreUnavailable."""
        return await self._library.documents(groups)

    async def ingested_at(self) -> str:
        """When the library was last brought up to date; empty when it never was. Raises VectorStoreUnavailable."""
        return (await self._library.facts()).ingested_at

    async def gaps(self, groups: Sequence[str], now: datetime, patience_seconds: float | None = None) -> Gaps:
        """The gaps in what these groups may read. Raises VectorStoreUnavailable.

        After ``patience_seconds`` those that labels tell come alone; the comparison of texts goes on for the next call.
        """
        outlines = await self.outlines(groups)
        # In a thread: ten thousand titles take most of a second.
        order = self.order
        told = await asyncio.to_thread(gaps_of_labels, outlines, order.services, now.date(), order.stale_days)
        comparing = self._comparing((await self.ingested_at(), tuple(sorted(set(groups)))))
        done, _ = await asyncio.wait([comparing], timeout=patience_seconds)
        # Between two ingests a document may go, or be closed to these readers, before its comparison is repeated.
        visible = {one.id for one in outlines}
        read = [gap for gap in comparing.result() if _within(gap, visible)] if done else []
        return Gaps(tuple(sorted([*told, *read], key=lambda gap: KINDS.index(gap.kind))), complete=bool(done))

    def _comparing(self, key: _Key) -> "asyncio.Task[list[Gap]]":
        task = self._compared.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._compared[key] = asyncio.create_task(self._compare(key[1]))
        self._compared.move_to_end(key)
        # A task that is still at work must be held by somebody, or it may end in the middle.
        for old in [old for old, one in self._compared.items() if one.done()][: max(0, len(self._compared) - _KEPT)]:
            del self._compared[old]
        return task

    async def _compare(self, groups: Sequence[str]) -> list[Gap]:
        async with self._one_at_a_time:
            listed = [await self._library.document(one.id, groups) for one in await self.outlines(groups)]
            documents: list[StoredDocument] = [one for one in listed if one]
            return await asyncio.to_thread(gaps_of_texts, documents, self.order.services)


def _within(gap: Gap, visible: set[str]) -> bool:
    return all(place.document_id in visible for place in gap.places)
