"""One search: what is looked up for each query, and how the lists become one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.embedding.port import Vector
from connectors.vectors.port import Hit as Found
from connectors.vectors.port import Search, Sparse, VectorStore, Where
from knowledge import lexical, ranking
from knowledge.language import Language
from knowledge.points import MEANING, SENTENCES, WORDS, labels

# For pages in the query's language words say as much as meaning, and more; from the other language only names and what
# the glossary knows can match, so that what did not match says little. An identifier is the same in both.
_WORDS_WEIGHT, _FOREIGN_WORDS_WEIGHT, _IDENTIFIER_WEIGHT = 1.5, 0.35, 1.0
_VARIANT_WEIGHT = 0.5
# Fusion scales a list by its spread, so that how deep it goes is part of the result.
_DEPTH = 50
# Sentences are compared for twice as many chunks as are kept: a chunk may be nearer by one sentence than as a whole.
_CANDIDATES = 100


@dataclass(frozen=True)
class Legs:
    """What a search goes by; each can be left out."""

    meaning: bool = True
    sentences: bool = True
    words: bool = True
    variants: bool = True
    rerank: bool = True


EVERY_LEG = Legs()


@dataclass(frozen=True)
class Form:
    """A query as it is looked up: by its meaning, by a variant's in the other language, and by its words."""

    text: str
    language: Language
    words: Sparse
    vector: Vector | None = None
    variant: Vector | None = None


@dataclass(frozen=True)
class Nearness:
    """Chunks near in meaning: how near as a whole (cosine), and how near their best sentence."""

    whole: Mapping[str, float] = field(default_factory=dict)
    sentence: Mapping[str, float] = field(default_factory=dict)

    def scores(self) -> dict[str, float]:
        """Both counting the same; the best ``_DEPTH``."""
        floor = min(self.sentence.values(), default=0.0)
        both = {id: score + self.sentence.get(id, floor) for id, score in self.whole.items()}
        return {id: both[id] for id in ranking.ordered(both, _DEPTH)}


@dataclass
class Searching:
    """The searches of one question in one collection; ``found`` collects all that came, by id."""

    store: VectorStore
    collection: str
    where: Where
    legs: Legs
    depth: int
    found: dict[str, Found] = field(default_factory=dict)
    similarity: dict[str, float] = field(default_factory=dict)

    async def ranked(self, forms: Sequence[Form]) -> dict[str, float]:
        """Scores by id for any of the queries."""
        return ranking.merged(await asyncio.gather(*map(self._fused, forms)))

    async def _fused(self, form: Form) -> dict[str, float]:
        near, words, variant = await asyncio.gather(
            self._near(form.vector), self._by_words(form.words), self._near(form.variant)
        )
        for id, cosine in near.whole.items():
            self.similarity[id] = max(cosine, self.similarity.get(id, 0.0))
        lists = [(ranking.alike, near.scores()), (self._of_variant(form), variant.scores())]
        return ranking.weighted([*lists, (self._of_words(form), words)])

    def _of_words(self, form: Form) -> ranking.Weight:
        foreign = _IDENTIFIER_WEIGHT if lexical.has_identifier(form.text) else _FOREIGN_WORDS_WEIGHT
        return lambda id: _WORDS_WEIGHT if self._shares_language(form, id) else foreign

    def _of_variant(self, form: Form) -> ranking.Weight:
        return lambda id: 0.0 if self._shares_language(form, id) else _VARIANT_WEIGHT

    def _shares_language(self, form: Form, id: str) -> bool:
        return labels(self.found[id].payload).get("language") == form.language

    async def _near(self, vector: Vector | None) -> Nearness:
        if vector is None:
            return Nearness()
        many = max(_CANDIDATES, self.depth)
        whole = await self._search(Search({MEANING: vector}, {}, self.where, many, many))
        if not self.legs.sentences or not whole:
            return Nearness(whole)
        # These are few and known to be readable.
        among = Where(ids=list(whole))
        closer = Search({}, {}, among, many, many, parts={SENTENCES: vector}, payload=False)
        return Nearness(whole, await self._search(closer))

    async def _by_words(self, words: Sparse) -> dict[str, float]:
        if not self.legs.words or not words.indices:
            return {}
        many = max(_DEPTH, self.depth)
        return await self._search(Search({}, {WORDS: words}, self.where, many, many))

    async def _search(self, search: Search) -> dict[str, float]:
        hits = await self.store.search(self.collection, search)
        if search.payload:
            self.found.update((hit.id, hit) for hit in hits)
        return {hit.id: hit.score for hit in hits}
