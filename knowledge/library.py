"""The library: the only door to what the assistant knows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.embedding.port import Embedding
from connectors.rerank.port import Reranker
from connectors.vectors.port import Hit as Found
from connectors.vectors.port import VectorStore, Where
from knowledge import points, ranking
from knowledge.annex import Annex
from knowledge.chunk import Chunk, Hit, Outline, Section, StoredDocument, sections
from knowledge.glossary import Glossary, read_glossary
from knowledge.index import ALIAS, Facts, Index
from knowledge.passages import Passage, Size, merged
from knowledge.reranking import SecondOpinion
from knowledge.searching import EVERY_LEG, Legs, Searching

__all__ = ["ALIAS", "Chunk", "Facts", "Hit", "Legs", "Library", "Outline", "Passage", "StoredDocument"]

_LONGEST_QUERY = 4000
_ALL = 1_000_000


class Library:
    """Adds, removes and finds documents.

    Vectors of two embeddings never meet: each has a collection of its own. What is added goes into the one of the
    present embedding; what is searched is the one that was last complete. Nobody is shown, or counted for, a document
    that their ``groups`` may not read: the store itself leaves it out.
    """

    def __init__(
        self,
        embedding: Embedding,
        vectors: VectorStore,
        glossary: Glossary | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._vectors = vectors
        self._second_opinion = SecondOpinion(reranker)
        self._index = Index(embedding, vectors, glossary or read_glossary())
        self.collection = self._index.collection

    async def search(
        self,
        queries: Sequence[str],
        groups: Sequence[str] = (),
        limit: int = 8,
        where: Mapping[str, Sequence[str]] | None = None,
        legs: Legs = EVERY_LEG,
    ) -> list[Hit]:
        """Chunks for any of the queries, best first, each once. ``where`` filters labels inside the store.

        Raises EmbeddingUnavailable, unless ``legs`` leaves meaning out, and VectorStoreUnavailable. An index that was
        never completed holds nothing; one of another embedding is searched by words alone.
        """
        asked = list(dict.fromkeys(query.strip()[:_LONGEST_QUERY] for query in queries if query.strip()))
        served = await self.served()
        if not asked or limit < 1 or not served:
            return []
        if served != self.collection:
            legs = replace(legs, meaning=False)
        condition = points.readable(groups, where, level="chunk")
        searching = Searching(self._vectors, served, condition, legs, limit)
        ranked = await searching.ranked(await self._index.encoder.forms(asked, legs))
        latest = points.newest([found.payload for found in searching.found.values()])
        scores = {id: s for id, s in ranked.items() if points.current(searching.found[id].payload, latest)}
        if legs.rerank:
            scores = await self._second_opinion.on(asked[0], scores, searching.found)
        near = {id: searching.similarity.get(id, 0.0) if legs.meaning else None for id in scores}
        best = ranking.ordered(scores, limit)
        return [points.hit(searching.found[id], scores[id], near[id]) for id in best]

    async def passages(self, hits: Sequence[Hit], groups: Sequence[str], room: int, size: Size) -> list[Passage]:
        """The hits small to large: where enough of a section or document was found, the whole of it.

        No passage that was widened has more than ``room`` tokens by ``size``.
        """
        several = [one.chunk.document_id for one in hits]
        several = list(dict.fromkeys(id for id in several if several.count(id) > 1))
        parents = {id: await self._sections(id, groups) for id in several}
        return merged(hits, parents, room, size)

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        """A document by its id; None when there is none, or none for these groups."""
        stored = await self._current(points.readable(groups, level="chunk", document=document_id))
        if not stored:
            return None
        hits = [points.hit(one, 0) for one in stored]
        chunks = tuple(sorted((one.chunk for one in hits), key=lambda chunk: chunk.position))
        own, source = points.readers(stored[0].payload)
        return StoredDocument(document_id, hits[0].title, hits[0].link, hits[0].labels, chunks, own, source)

    async def documents(
        self, groups: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None
    ) -> list[Outline]:
        """Every document that these groups may read, by title. ``where`` filters labels inside the store."""
        stored = await self._current(points.readable(groups, where, level="document"))
        return sorted((points.outline(one.payload) for one in stored), key=lambda one: (one.title, one.id))

    async def add(self, documents: Sequence[StoredDocument], now: datetime) -> None:
        """Store documents, each in place of its former version.

        A search that sees both versions shows the new one only. Safe to repeat.
        """
        await self._index.add(documents, now)

    async def remove(self, document_ids: Sequence[str]) -> None:
        """Forget documents; ids that are not there do no harm."""
        await self._index.remove(document_ids)

    async def held(self, source: str) -> dict[str, tuple[str, ...]]:
        """Every document of a source, whoever may read it: its id, and the groups that its source is for.

        For ingest alone: nobody who asks may be shown any of it.
        """
        return await self._index.held(source)

    async def finish(self, now: datetime, *, complete: bool = True) -> None:
        """Close an ingest: build the store's index structures, note the time and, once complete, search this index.

        The index that was searched before is deleted.
        """
        await self._index.finish(now, complete=complete)

    async def served(self) -> str:
        """The collection that searches read; empty when none was completed."""
        return await self._index.served()

    async def written(self) -> int:
        """How many chunks the collection of the present embedding holds, complete or not."""
        return await self._index.written()

    async def facts(self) -> Facts:
        """What there is, whoever may read it. Never starts the embedding. Raises VectorStoreUnavailable."""
        return await self._index.facts()

    def annex(self, kind: str) -> Annex:
        """Short texts of a kind that are no documents, such as the tables of a database; no search here meets them."""
        return self._index.annex(kind)

    async def _sections(self, document_id: str, groups: Sequence[str]) -> list[Section]:
        found = await self.document(document_id, groups)
        return list(sections(found.chunks)) if found else []

    async def _current(self, where: Where) -> list[Found]:
        served = await self.served()
        if not served:
            return []
        stored = await self._vectors.fetch(served, where, _ALL)
        latest = points.newest([one.payload for one in stored])
        return [one for one in stored if points.current(one.payload, latest)]
