"""An annex of the library: short texts of one kind in a collection of their own, beside the documents."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.vectors.port import Layout, Point, Search, VectorStore, Where
from knowledge import lexical, ranking
from knowledge.encoding import Encoder
from knowledge.searching import EVERY_LEG

_MEANING, _WORDS = "text", "words"
_ALL = 100_000


@dataclass(frozen=True)
class Near:
    """How near a text is: by meaning and words together (comparable within one search), and its cosine alone."""

    score: float
    similarity: float


class Annex:
    """Texts by name, in views: whoever searches one meets nothing of another.

    No search of documents meets them, and no ingest removes them. The texts themselves are not kept, only what they
    are found by, so that the store holds nothing that somebody could read in it.
    """

    def __init__(self, kind: str, collection: str, encoder: Encoder, vectors: VectorStore, dimension: int) -> None:
        """``collection`` is of one embedding and version; former ones begin with the same ``kind``."""
        self.collection = collection
        self._kind = kind
        self._encoder = encoder
        self._vectors = vectors
        self._layout = Layout({_MEANING: dimension}, (_WORDS,), ("view",))

    async def keep(self, view: str, texts: Mapping[str, str]) -> int:
        """Make these the texts of a view; how many had to be written, as the others had not changed.

        Raises EmbeddingUnavailable and VectorStoreUnavailable.
        """
        await self._vectors.ensure(self.collection, self._layout)
        held = {
            str(one.payload["name"]): (one.id, one.payload["digest"])
            for one in await self._vectors.fetch(self.collection, _of(view), _ALL)
        }
        fresh = {name: text for name, text in texts.items() if name not in held or held[name][1] != _digest(text)}
        if gone := [id for name, (id, _) in held.items() if name not in texts]:
            await self._vectors.delete(self.collection, Where(ids=gone))
        if fresh:
            made = await self._encoder.passages(list(fresh.values()))
            points = [
                Point(
                    str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._kind}\n{view}\n{name}")),
                    {_MEANING: vector.whole},
                    {_WORDS: lexical.document_vector(text)},
                    {"view": view, "name": name, "digest": _digest(text)},
                )
                for (name, text), vector in zip(fresh.items(), made, strict=True)
            ]
            await self._vectors.upsert(self.collection, points)
            await self._drop_former()
        return len(fresh)

    async def near(self, view: str, query: str) -> dict[str, Near]:
        """Every text of a view, by name. Raises EmbeddingUnavailable and VectorStoreUnavailable."""
        where, many = _of(view), await self._vectors.count(self.collection, _of(view))
        if not many:
            return {}
        [form] = await self._encoder.forms([query], EVERY_LEG)
        vector = form.vector or ()
        by_meaning = await self._found(Search({_MEANING: vector}, {}, where, many, many)) if vector else {}
        by_words = await self._found(Search({}, {_WORDS: form.words}, where, many, many)) if form.words.indices else {}
        scores = ranking.weighted([(ranking.alike, by_meaning), (ranking.alike, by_words)])
        return {name: Near(score, by_meaning.get(name, 0.0)) for name, score in scores.items()}

    async def _found(self, search: Search) -> dict[str, float]:
        return {str(hit.payload["name"]): hit.score for hit in await self._vectors.search(self.collection, search)}

    async def _drop_former(self) -> None:
        """Collections of this kind that another embedding wrote."""
        for collection in await self._vectors.collections():
            if collection.startswith(f"{self._kind}-") and collection != self.collection:
                await self._vectors.drop(collection)


def _of(view: str) -> Where:
    return Where(any_of={"view": [view]})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
