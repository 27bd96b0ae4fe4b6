"""The vector-store seam: points with dense and sparse vectors, found by fused search. Knows nothing of chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Payload: TypeAlias = Mapping[str, str | int | float | bool | list[str]]


@dataclass(frozen=True)
class Sparse:
    """A sparse vector: ``indices`` are unsigned 32-bit and unique, ``values`` their weights."""

    indices: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True)
class Point:
    """One stored point; ``id`` is a UUID string, ``dense`` and ``sparse`` by vector name."""

    id: str
    dense: Mapping[str, Sequence[float]]
    sparse: Mapping[str, Sparse]
    payload: Payload


@dataclass(frozen=True)
class Layout:
    """What a collection holds: dimensions by dense vector name (cosine), names of sparse vectors (IDF in the store).

    ``keywords`` are the payload keys that a ``Where`` names: they get an index. Filtering by others works, slower.
    """

    dense: Mapping[str, int]
    sparse: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Where:
    """A conjunction: each ``any_of`` key must hold one of its values; no point matching ``none_of`` comes back."""

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    none_of: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """One fused query: each given vector is a leg of ``prefetch`` points, fused by distribution-based scores.

    A single leg keeps its own scores: the cosine, or the sparse vectors' product. An empty sparse vector is no leg.
    """

    dense: Mapping[str, Sequence[float]]
    sparse: Mapping[str, Sparse]
    where: Where = field(default_factory=Where)
    limit: int = 10
    prefetch: int = 50


@dataclass(frozen=True)
class Hit:
    """A found point and its score; higher is better, comparable only within one search."""

    id: str
    score: float
    payload: Payload


class VectorStoreUnavailable(Exception):
    """The store cannot be reached or opened, or refuses what it was given; the message says how to mend it."""


class VectorStore(Protocol):
    """One store of named collections; the same calls on an embedded folder and on a server."""

    async def ensure(self, collection: str, layout: Layout) -> None:
        """Create the collection when it does not exist; VectorStoreUnavailable when it is there for other vectors."""

    async def collections(self) -> tuple[str, ...]:
        """The names of all collections."""

    async def drop(self, collection: str) -> None:
        """Delete a collection and all in it; nothing happens when there is none."""

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store the points, replacing those with the same id. Once it returns they are there after a crash."""

    async def delete(self, collection: str, where: Where) -> None:
        """Delete every point that matches."""

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """At most ``limit`` hits, best first."""

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """Points that match, in the order of their ids; their score is 0."""

    async def count(self, collection: str, where: Where) -> int:
        """How many points match."""

    async def settle(self, collection: str) -> None:
        """Build what a large upsert left unbuilt (index structures); searches work before and after."""
