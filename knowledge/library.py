"""The library: the only door to what the assistant knows."""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.embedding.port import Embedding, Vector
from connectors.vectors.port import Hit as Found
from connectors.vectors.port import Layout, Payload, Point, Search, VectorStore, Where
from knowledge import centring, lexical, ranking
from knowledge.chunk import (
    FORM,
    Chunk,
    Hit,
    StoredDocument,
    chunk_id,
    edition,
    hit,
    label_key,
    lexical_text,
    newest,
    passage,
    payload,
)

__all__ = ["Chunk", "Facts", "Hit", "Library", "StoredDocument"]

_DENSE, _SPARSE = "text", "words"
_KEYWORDS = ("kind", "document", "edition", "opens", *(label_key(name) for name in ("source", "language", "service")))
_PREFIX = "chunks-"
_ABOUT = chunk_id("", -1)
_LEXICAL_WEIGHT, _IDENTIFIER_WEIGHT = 0.35, 1.0
_LONGEST_QUERY = 4000
# Fusion scales a list by its spread, so that how deep it goes is part of the result.
_DEPTH = 50


@dataclass(frozen=True)
class Facts:
    """The state of the library, for the doctor. ``advice`` says what to do about it; empty when all is well."""

    collection: str
    embedding: str
    pages: int
    chunks: int
    ingested_at: str
    advice: str


class Library:
    """Adds, removes and finds documents. Vectors of two embeddings never meet: each has a collection of its own."""

    def __init__(self, embedding: Embedding, vectors: VectorStore) -> None:
        self._embedding = embedding
        self._vectors = vectors
        self.collection = collection_name(embedding)
        self._means: centring.Means | None = None
        self._exists = False

    async def search(
        self,
        queries: Sequence[str],
        limit: int = 8,
        where: Mapping[str, Sequence[str]] | None = None,
        *,
        by_words_alone: bool = False,
    ) -> list[Hit]:
        """Chunks for any of the queries, best first, each once. ``where`` filters labels inside the store.

        Raises EmbeddingUnavailable, but not ``by_words_alone``, and VectorStoreUnavailable. An index that was never
        built holds nothing.
        """
        asked = list(dict.fromkeys(query.strip()[:_LONGEST_QUERY] for query in queries if query.strip()))
        if not asked or limit < 1 or not await self._there():
            return []
        condition = Where(any_of={label_key(name): values for name, values in (where or {}).items()})
        vectors: list[Vector | None] = [None] * len(asked) if by_words_alone else [*await self._asked(asked)]
        depth = max(_DEPTH, limit)
        both = await asyncio.gather(
            *(self._legs(query, vector, condition, depth) for query, vector in zip(asked, vectors, strict=True))
        )
        found = {one.id: one.payload for hits in both for one in (*hits[0], *hits[1])}
        near = [_scores(hits) for hits, _ in both]
        lists = [_fused(query, *hits) for query, hits in zip(asked, both, strict=True)]
        latest = newest(list(found.values()))
        scores = {id: score for id, score in ranking.merged(lists).items() if _current(found[id], latest)}
        nearness = {id: None if by_words_alone else max(leg.get(id, 0.0) for leg in near) for id in scores}
        return [hit(id, scores[id], found[id], nearness[id]) for id in ranking.ordered(scores, limit)]

    async def document(self, document_id: str) -> StoredDocument | None:
        """A document by its id, or None."""
        if not await self._there():
            return None
        points = await self._vectors.fetch(self.collection, Where(any_of={"document": [document_id]}))
        latest = newest([point.payload for point in points])
        hits = [hit(point.id, 0, point.payload) for point in points if _current(point.payload, latest)]
        if not hits:
            return None
        chunks = tuple(sorted((one.chunk for one in hits), key=lambda chunk: chunk.position))
        return StoredDocument(document_id, hits[0].title, hits[0].link, hits[0].labels, chunks)

    async def add(self, documents: Sequence[StoredDocument], now: datetime) -> None:
        """Store documents, each in place of its former version.

        New chunks are written before old ones go, and a search that sees both shows the new ones only. Safe to repeat.
        """
        chunks = [(document, chunk) for document in documents for chunk in document.chunks]
        means = await self._centred()
        passages = [passage(document, chunk) for document, chunk in chunks]
        vectors = await self._embedding.embed(passages, "passage") if passages else []
        marks = {document.id: edition(document, now.isoformat()) for document in documents}
        points = [
            _point(document, chunk, means.centre(text, vector, "passage"), marks[document.id])
            for (document, chunk), text, vector in zip(chunks, passages, vectors, strict=True)
        ]
        await self._ensure()
        if points:
            await self._vectors.upsert(self.collection, points)
        former = Where(any_of={"document": list(marks)}, none_of={"edition": list(marks.values())})
        await self._vectors.delete(self.collection, former)

    async def remove(self, document_ids: Sequence[str]) -> None:
        """Forget documents; ids that are not there do no harm."""
        if document_ids and await self._there():
            await self._vectors.delete(self.collection, Where(any_of={"document": list(document_ids)}))

    async def finish(self, now: datetime) -> None:
        """Close an ingest: build the store's index structures and note the time."""
        if not await self._there():
            return
        await self._vectors.settle(self.collection)
        about = {"kind": "about", "ingested_at": now.isoformat(), "embedding": self._embedding.identity}
        if self._means is None:
            about |= {key: str(value) for key, value in (await self._about()).items() if key == "means"}
        else:
            about["means"] = self._means.packed()
        await self._vectors.upsert(self.collection, [Point(_ABOUT, {}, {}, about)])

    async def facts(self) -> Facts:
        """What there is. Never starts the embedding. Raises VectorStoreUnavailable."""
        there = await self._there()
        pages = await self._count("opens", "document") if there else 0
        chunks = await self._count("kind", "chunk") if there else 0
        about = await self._about() if there else {}
        others = [name for name in await self._vectors.collections() if _is_ours(name) and name != self.collection]
        advice = "" if chunks else "The library is empty: run `python -m ingest PATH`."
        if not chunks and others:
            advice = "The index was built with another embedding model or version: run `python -m ingest PATH` again."
        ingested_at = str(about.get("ingested_at", ""))
        return Facts(self.collection, self._embedding.identity, pages, chunks, ingested_at, advice)

    async def _asked(self, queries: list[str]) -> list[Vector]:
        means = await self._centred()
        vectors = await self._embedding.embed(queries, "query")
        return [means.centre(query, vector, "query") for query, vector in zip(queries, vectors, strict=True)]

    async def _legs(
        self, query: str, vector: Vector | None, where: Where, depth: int
    ) -> tuple[list[Found], list[Found]]:
        near: list[Found] = []
        if vector is not None:
            near = await self._vectors.search(self.collection, Search({_DENSE: vector}, {}, where, depth, depth))
        words = lexical.query_vector(query)
        if not words.indices:
            return near, []
        return near, await self._vectors.search(self.collection, Search({}, {_SPARSE: words}, where, depth, depth))

    async def _centred(self) -> centring.Means:
        if self._means is None:
            kept = (await self._about()).get("means") if await self._there() else None
            self._means = centring.unpacked(str(kept)) if kept else await centring.measure(self._embedding)
        return self._means

    async def _about(self) -> Payload:
        found = await self._vectors.fetch(self.collection, Where(any_of={"kind": ["about"]}), 1)
        return found[0].payload if found else {}

    async def _count(self, key: str, value: str) -> int:
        return await self._vectors.count(self.collection, Where(any_of={key: [value]}))

    async def _there(self) -> bool:
        self._exists = self._exists or self.collection in await self._vectors.collections()
        return self._exists

    async def _ensure(self) -> None:
        if not await self._there():
            await self._vectors.ensure(
                self.collection, Layout({_DENSE: self._embedding.dimension}, (_SPARSE,), _KEYWORDS)
            )
            self._exists = True


def collection_name(embedding: Embedding) -> str:
    """Names everything that must be equal for two vectors to be comparable."""
    parts = "|".join([embedding.identity, str(embedding.dimension), FORM, centring.digest()])
    model = re.sub(r"[^a-z0-9]+", "-", embedding.identity.lower()).strip("-")[:40]
    return f"{_PREFIX}{model}-{hashlib.sha256(parts.encode()).hexdigest()[:10]}"


def _is_ours(collection: str) -> bool:
    return collection.startswith(_PREFIX)


def _point(document: StoredDocument, chunk: Chunk, vector: Vector, mark: str) -> Point:
    sparse = lexical.document_vector(lexical_text(document, chunk))
    return Point(chunk.id, {_DENSE: vector}, {_SPARSE: sparse}, payload(document, chunk, mark))


def _scores(hits: Sequence[Found]) -> dict[str, float]:
    return {one.id: one.score for one in hits}


def _fused(query: str, near: list[Found], exact: list[Found]) -> dict[str, float]:
    weight = _IDENTIFIER_WEIGHT if lexical.has_identifier(query) else _LEXICAL_WEIGHT
    return ranking.weighted([(1.0, _scores(near)), (weight, _scores(exact))])


def _current(stored: Payload, latest: Mapping[str, str]) -> bool:
    return stored["edition"] == latest[str(stored["document"])]
