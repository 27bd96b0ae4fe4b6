"""The index: the collection that documents are written to, and the alias under which a complete one is searched."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.embedding.port import Embedding
from connectors.vectors.port import Payload, Point, VectorStore, Where
from knowledge import centring, points
from knowledge.annex import Annex
from knowledge.chunk import FORM, StoredDocument, passage
from knowledge.encoding import Encoder
from knowledge.glossary import Glossary

ALIAS = "library"
"""The name under which the collection that is searched is known to the store."""

_PREFIX = "chunks-"
_ALL = 1_000_000
_EMPTY = "The library is empty: run `python -m ingest PATH`."
_OLD = (
    "The index was built with another embedding model or version and is searched by words alone: "
    "run `python -m ingest --all`."
)


@dataclass(frozen=True)
class Facts:
    """The state of what is searched, for the doctor. ``advice`` says what to do about it; empty when all is well."""

    collection: str
    embedding: str
    pages: int
    chunks: int
    ingested_at: str
    advice: str


class Index:
    """Writes for one embedding: vectors of two never meet, as each has a collection of its own."""

    def __init__(self, embedding: Embedding, vectors: VectorStore, glossary: Glossary) -> None:
        self.collection = collection_name(embedding)
        self.encoder = Encoder(embedding, glossary, self._centred)
        self._embedding = embedding
        self._vectors = vectors
        self._means: centring.Means | None = None

    async def add(self, documents: Sequence[StoredDocument], now: datetime) -> None:
        """Store documents, each in place of its former version: the new points are written before the old ones go.

        Not so where fewer people may read the new version, or it has no text: then the old one goes first, and also
        from what is searched while this index is built.
        """
        await self._close([one for one in documents if one.readers or one.source_readers or not one.chunks])
        passages = [passage(document, chunk) for document in documents for chunk in document.chunks]
        vectors = iter(await self.encoder.passages(passages))
        await self._vectors.ensure(self.collection, points.layout(self._embedding.dimension))
        made: list[Point] = []
        for document in documents:
            made += points.points(document, [next(vectors) for _ in document.chunks], now.isoformat())
        if made:
            await self._vectors.upsert(self.collection, made)
        marks = {document.id: points.mark(document, now.isoformat()) for document in documents}
        former = Where(any_of={"document": list(marks)}, none_of={"edition": list(marks.values())})
        await self._vectors.delete(self.collection, former)

    async def remove(self, document_ids: Sequence[str]) -> None:
        """Forget documents; also in what is searched while this index is built: what is withdrawn is gone at once."""
        for collection in await self._in_use():
            await self._vectors.delete(collection, _of(document_ids))

    async def held(self, source: str) -> dict[str, tuple[str, ...]]:
        """The documents of a source by id, and whom that source is for; in what is written and in what is searched."""
        of_source = Where(any_of={"level": ["document"], points.label_key("source"): [source]})
        found = [
            one.payload for name in await self._in_use() for one in await self._vectors.fetch(name, of_source, _ALL)
        ]
        return {str(one["document"]): points.readers(one)[1] for one in found}

    async def finish(self, now: datetime, *, complete: bool) -> None:
        """Build the store's structures, note the time and, once complete, let searches read this index alone."""
        if not await self._exists(self.collection):
            return
        await self._vectors.settle(self.collection)
        about = {"level": "about", "ingested_at": now.isoformat(), "embedding": self._embedding.identity}
        means = await self._centred()
        await self._vectors.upsert(self.collection, [Point(points.ABOUT, {}, {}, {**about, "means": means.packed()})])
        if complete:
            if await self.served() != self.collection:
                await self._vectors.point_alias(ALIAS, self.collection)
            await self._drop_former()

    async def served(self) -> str:
        """The collection that searches read; empty when none was completed."""
        return (await self._vectors.aliases()).get(ALIAS, "")

    async def written(self) -> int:
        """How many chunks this index holds, complete or not."""
        return await self._count(self.collection, "chunk") if await self._exists(self.collection) else 0

    async def facts(self) -> Facts:
        """The state of what is searched; never starts the embedding."""
        served = await self.served()
        if not served:
            return Facts("", self._embedding.identity, 0, 0, "", _EMPTY)
        pages, chunks = await self._count(served, "document"), await self._count(served, "chunk")
        about = await self._about(served)
        advice = "" if chunks else _EMPTY
        if served != self.collection:
            advice = _OLD
        return Facts(served, str(about.get("embedding", "")), pages, chunks, str(about.get("ingested_at", "")), advice)

    def annex(self, kind: str) -> Annex:
        """Short texts of a kind under the same embedding; nothing is read or written yet."""
        name = f"{kind}-{self.collection.removeprefix(_PREFIX)}"
        return Annex(kind, name, self.encoder, self._vectors, self._embedding.dimension)

    async def _close(self, documents: Sequence[StoredDocument]) -> None:
        """Take out what people could read who may not read these versions."""
        known = {one.id: one for one in documents}
        for collection in await self._in_use() if known else ():
            shown = await self._vectors.fetch(collection, _of(known, "document"), len(known))
            wider = [id for one in shown if points.closes(known[id := str(one.payload["document"])], one.payload)]
            if wider:
                await self._vectors.delete(collection, _of(wider))

    async def _in_use(self) -> set[str]:
        """The collections that are there of the two that matter: the one that is written and the one searched."""
        return {self.collection, await self.served()} & set(await self._vectors.collections())

    async def _drop_former(self) -> None:
        """Also what a crash between the switch and the deletion left behind."""
        named = (await self._vectors.aliases()).values()
        for collection in await self._vectors.collections():
            if collection.startswith(_PREFIX) and collection not in named:
                await self._vectors.drop(collection)

    async def _centred(self) -> centring.Means:
        if self._means is None:
            kept = (await self._about(self.collection)).get("means") if await self._exists(self.collection) else None
            self._means = centring.unpacked(str(kept)) if kept else await centring.measure(self._embedding)
        return self._means

    async def _about(self, collection: str) -> Payload:
        found = await self._vectors.fetch(collection, Where(any_of={"level": ["about"]}), 1)
        return found[0].payload if found else {}

    async def _count(self, collection: str, level: str) -> int:
        return await self._vectors.count(collection, Where(any_of={"level": [level]}))

    async def _exists(self, collection: str) -> bool:
        return collection in await self._vectors.collections()


def _of(document_ids: Iterable[str], *levels: str) -> Where:
    """Points of these documents, on all levels or on some."""
    return Where(any_of={"document": list(document_ids), **({"level": levels} if levels else {})})


def collection_name(embedding: Embedding) -> str:
    """Names everything that must be equal for two vectors to be comparable."""
    parts = "|".join([embedding.identity, str(embedding.dimension), FORM, centring.digest()])
    model = re.sub(r"[^a-z0-9]+", "-", embedding.identity.lower()).strip("-")[:40]
    return f"{_PREFIX}{model}-{hashlib.sha256(parts.encode()).hexdigest()[:10]}"
