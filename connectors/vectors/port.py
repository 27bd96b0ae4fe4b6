"""The vector-store seam: points with several kinds of vectors, found by fused search. Knows nothing of chunks."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
    """One stored point; ``id`` is a UUID string, its vectors are by name.

    Under a name of ``parts`` it has several dense vectors, at least one. A name that it has no vector for is left out.
    """

    id: str
    dense: Mapping[str, Sequence[float]]
    sparse: Mapping[str, Sparse]
    payload: Payload
    parts: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """What a collection holds: dimensions by dense vector name (cosine), names of sparse vectors (IDF in the store).

    ``keywords`` are the payload keys that a ``Where`` names: they get an index. Filtering by others works, slower.
    ``parts`` are the dimensions of each of a point's parts, by name; a store may keep them in 16 bits per number. No
    two vectors share a name.
    """

    dense: Mapping[str, int]
    sparse: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """A conjunction: each ``any_of`` key must hold one of its values; no point matching ``none_of`` comes back.

    A key whose payload is a list holds each of its members. An ``any_of`` key without values is held by no point. With
    ``ids``, only these points count.
    """

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    none_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ids: Sequence[str] | None = None


EVERYTHING = Where()
"""The condition that every point meets."""


@dataclass(frozen=True)
class Search:
    """One fused query: each given vector is a leg of ``prefetch`` points, fused by distribution-based scores.

    A single leg keeps its own scores: the cosine, or the sparse vectors' product. An empty sparse vector is no leg.

    With ``parts``, and no other vector, the points that ``where`` names by their ids are scored: each by the greatest
    cosine of one of its parts to this vector, which is MaxSim with one query vector (Khattab and Zaharia 2020, ColBERT,
    https://arxiv.org/abs/2004.12832). A point without parts under that name does not come back.

    Without ``payload`` hits come with an empty one, which is cheaper. Raises ValueError for parts under two names,
    beside another vector, or of points that are not named: looking through all parts of all points takes too long.
    """

    dense: Mapping[str, Sequence[float]]
    sparse: Mapping[str, Sparse]
    where: Where = field(default_factory=Where)
    limit: int = 10
    prefetch: int = 50
    parts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    payload: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError; see the class."""
        if len(self.parts) > 1:
            raise ValueError(f"a search can go by the parts of one name, not by those of {', '.join(self.parts)}")
        if self.parts and (self.dense or self.sparse or self.where.ids is None):
            raise ValueError("a search by parts goes by them alone, and names the points to score by their ids")


@dataclass(frozen=True)
class Hit:
    """A found point and its score; higher is better, comparable only within one search."""

    id: str
    score: float
    payload: Payload


class VectorStoreUnavailable(Exception):
    """The store cannot be reached or opened, or refuses what it was given; the message says how to mend it."""


class VectorStore(Protocol):
    """One store of named collections; the same calls on an embedded folder and on a server.

    An alias is a second name of a collection: every call that takes a collection takes an alias of it as well.
    """

    async def ensure(self, collection: str, layout: Layout) -> None:
        """Create the collection when it does not exist; VectorStoreUnavailable when it is there for other vectors."""

    async def collections(self) -> tuple[str, ...]:
        """The names of all collections, without aliases."""

    async def layout(self, collection: str) -> Layout:
        """What a collection holds, its names in alphabetical order. ``keywords`` are those that have an index."""

    async def drop(self, collection: str) -> None:
        """Delete a collection and all in it; nothing happens when there is none.

        Raises VectorStoreUnavailable for a collection that an alias names.
        """

    async def point_alias(self, alias: str, collection: str) -> None:
        """Make an alias name this collection from now on, in one step: a crash leaves the old one or the new one.

        Raises VectorStoreUnavailable when there is no such collection, or when a collection has the alias's name.
        """

    async def drop_alias(self, alias: str) -> None:
        """Forget an alias; the collection stays. Nothing happens when there is none."""

    async def aliases(self) -> Mapping[str, str]:
        """Collections by alias."""

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Store the points, replacing those with the same id. Once it returns they are there after a crash."""

    async def delete(self, collection: str, where: Where) -> None:
        """Delete every point that matches."""

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """At most ``limit`` hits, best first."""

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """Points that match, in the order of their ids; their score is 0."""

    def export(self, collection: str, where: Where = EVERYTHING, batch: int = 256) -> AsyncIterator[list[Point]]:
        """Whole points that match, ``batch`` at a time and in the order of their ids.

        It goes on while others write: a point that is written or deleted meanwhile may be in it or not. An alias that
        is switched meanwhile changes nothing. A store may have brought dense vectors to unit length.
        """

    async def count(self, collection: str, where: Where) -> int:
        """How many points match."""

    async def settle(self, collection: str) -> None:
        """Build what a large upsert left unbuilt (index structures); searches work before and after."""
