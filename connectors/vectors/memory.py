"""Vectors in a dictionary: exact search with the semantics of Qdrant, for tests and small demonstrations."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from operator import mul

from pydantic import BaseModel

from connectors.vectors.fitting import check_points, check_same, check_search
from connectors.vectors.names import check_alias, check_unnamed, path_of
from connectors.vectors.port import EVERYTHING, Hit, Layout, Point, Search, Sparse, VectorStoreUnavailable, Where


class Settings(BaseModel):
    """There is nothing to set."""


@dataclass
class _Collection:
    layout: Layout
    points: dict[str, Point] = field(default_factory=dict)

    def matching(self, where: Where) -> list[Point]:
        for key in (*where.any_of, *where.none_of):
            path_of(key)
        named = self.points.keys() if where.ids is None else self.points.keys() & set(where.ids)
        return [self.points[id_] for id_ in sorted(named) if matches(self.points[id_].payload, where)]


class MemoryVectors:
    """The vector store in memory; it ends with the process."""

    def __init__(self) -> None:
        """No collections yet."""
        self._collections: dict[str, _Collection] = {}
        self._aliases: dict[str, str] = {}

    async def ensure(self, collection: str, layout: Layout) -> None:
        """See the port."""
        name = self._aliases.get(collection, collection)
        found = self._collections.setdefault(name, _Collection(layout))
        check_same(collection, found.layout, layout)
        found.layout = replace(found.layout, keywords=(*found.layout.keywords, *layout.keywords))

    async def collections(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(self._collections))

    async def layout(self, collection: str) -> Layout:
        """See the port."""
        found = self._collection(collection).layout
        return replace(found, sparse=tuple(sorted(found.sparse)), keywords=tuple(sorted(set(found.keywords))))

    async def drop(self, collection: str) -> None:
        """See the port."""
        name = self._aliases.get(collection, collection)
        check_unnamed(name, self._aliases)
        self._collections.pop(name, None)

    async def point_alias(self, alias: str, collection: str) -> None:
        """See the port."""
        name = self._aliases.get(collection, collection)
        self._collection(name)
        check_alias(alias, self._collections)
        self._aliases[alias] = name

    async def drop_alias(self, alias: str) -> None:
        """See the port."""
        self._aliases.pop(alias, None)

    async def aliases(self) -> Mapping[str, str]:
        """See the port."""
        return dict(self._aliases)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        found = self._collection(collection)
        check_points(found.layout, points)
        found.points.update((point.id, point) for point in points)

    async def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        found = self._collection(collection)
        for point in found.matching(where):
            del found.points[point.id]

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        found = self._collection(collection)
        check_search(found.layout, search)
        candidates = found.matching(search.where)
        if search.parts:
            [(name, query)] = search.parts.items()
            return self._hits(found, search, part_scores(query, name, candidates))
        stored = list(found.points.values())
        legs = [dense_scores(query, name, candidates) for name, query in search.dense.items()]
        legs += [sparse_scores(one, name, candidates, stored) for name, one in search.sparse.items() if one.indices]
        depth = max(search.prefetch, search.limit)
        fused = fuse([_best(leg, depth) for leg in legs]) if len(legs) > 1 else dict(*legs)
        return self._hits(found, search, fused)

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """See the port."""
        return [Hit(point.id, 0.0, point.payload) for point in self._collection(collection).matching(where)[:limit]]

    async def export(self, collection: str, where: Where = EVERYTHING, batch: int = 256) -> AsyncIterator[list[Point]]:
        """See the port."""
        points = self._collection(collection).matching(where)
        for start in range(0, len(points), batch):
            yield points[start : start + batch]

    async def count(self, collection: str, where: Where) -> int:
        """See the port."""
        return len(self._collection(collection).matching(where))

    async def settle(self, collection: str) -> None:
        """See the port; nothing is left unbuilt here."""
        self._collection(collection)

    @staticmethod
    def _hits(found: _Collection, search: Search, scores: Mapping[str, float]) -> list[Hit]:
        best = _best(scores, search.limit)
        return [Hit(id_, score, found.points[id_].payload if search.payload else {}) for id_, score in best.items()]

    def _collection(self, name: str) -> _Collection:
        try:
            return self._collections[self._aliases.get(name, name)]
        except KeyError:
            raise VectorStoreUnavailable(f"There is no collection {name!r}; run `python -m ingest` first.") from None


def matches(payload: Mapping[str, object], where: Where) -> bool:
    """Whether a payload meets the conditions on payloads; a list meets one when any of its members does."""

    def holds(key: str, wanted: Sequence[str]) -> bool:
        value = payload.get(key)
        members = value if isinstance(value, list) else [value]
        return any(member in wanted for member in members)

    return all(holds(*condition) for condition in where.any_of.items()) and not any(
        holds(*condition) for condition in where.none_of.items()
    )


def dense_scores(query: Sequence[float], name: str, points: Sequence[Point]) -> dict[str, float]:
    """Cosine similarity by id; 0 with a vector of zeros."""
    return {point.id: _cosine(query, point.dense[name]) for point in points if name in point.dense}


def part_scores(query: Sequence[float], name: str, points: Sequence[Point]) -> dict[str, float]:
    """The greatest cosine similarity of a point's parts, by id."""
    return {
        point.id: max(_cosine(query, part) for part in point.parts[name]) for point in points if name in point.parts
    }


def sparse_scores(query: Sparse, name: str, points: Sequence[Point], stored: Sequence[Point]) -> dict[str, float]:
    """Dot product by id, of those that share an index, each index weighted by its rarity among all stored points.

    The weight is Qdrant's IDF modifier: https://qdrant.tech/documentation/concepts/indexing/#idf-modifier
    """
    corpus = [set(point.sparse[name].indices) for point in stored if name in point.sparse]
    weights: dict[int, float] = {}
    for index, value in zip(query.indices, query.values, strict=True):
        holders = sum(index in indices for indices in corpus)
        weights[index] = value * math.log((len(corpus) - holders + 0.5) / (holders + 0.5) + 1)
    scores = {}
    for point in points:
        if vector := point.sparse.get(name):
            pairs = [(i, v) for i, v in zip(vector.indices, vector.values, strict=True) if i in weights]
            if pairs:
                scores[point.id] = sum(weights[index] * value for index, value in pairs)
    return scores


def fuse(legs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Distribution-based score fusion: each leg scaled so that mean ± 3 standard deviations are 0 and 1, then summed.

    https://qdrant.tech/documentation/concepts/hybrid-queries/ (DBSF); a leg whose scores
    are all equal, or that has one hit only, counts 0.5.
    """
    fused: dict[str, float] = {}
    for leg in legs:
        mean = sum(leg.values()) / len(leg) if leg else 0.0
        variance = sum((score - mean) ** 2 for score in leg.values()) / (len(leg) - 1) if len(leg) > 1 else 0.0
        spread = 6 * math.sqrt(variance)
        for id_, score in leg.items():
            fused[id_] = fused.get(id_, 0.0) + ((score - mean) / spread + 0.5 if spread else 0.5)
    return fused


def _best(scores: Mapping[str, float], limit: int) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit])


def _cosine(query: Sequence[float], vector: Sequence[float]) -> float:
    norms = math.hypot(*query) * math.hypot(*vector)
    return sum(map(mul, query, vector)) / norms if norms else 0.0


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryVectors]:
    """An empty store."""
    yield MemoryVectors()
