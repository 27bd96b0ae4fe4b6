"""What fits: vectors into a collection's layout, a collection to what is asked of it, and points into one call."""

from collections.abc import Iterator, Sequence

from connectors.vectors.port import Layout, Point, Search, VectorStoreUnavailable

_POINTS_PER_CALL = 256
# A number takes up to 24 bytes of JSON, and a Qdrant server refuses bodies of more than 32 MB:
# https://qdrant.tech/documentation/guides/configuration/#configuration-options (max_request_size_mb)
_NUMBERS_PER_CALL = 1_000_000


def batches(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The points in order, as many at a time as one call may carry; a larger one goes alone."""
    batch: list[Point] = []
    size = 0
    for point in points:
        more = _size(point)
        if batch and (len(batch) == _POINTS_PER_CALL or size + more > _NUMBERS_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += more
    if batch:
        yield batch


def check_points(layout: Layout, points: Sequence[Point]) -> None:
    """Raises VectorStoreUnavailable for a name that the layout does not have, and for other dimensions than its own."""
    wrong: set[str] = set()
    for point in points:
        wrong.update(name for name, vector in point.dense.items() if layout.dense.get(name) != len(vector))
        wrong.update(name for name in point.sparse if name not in layout.sparse)
        wrong.update(name for name, parts in point.parts.items() if {layout.parts.get(name)} != set(map(len, parts)))
    _refuse(wrong)


def check_search(layout: Layout, search: Search) -> None:
    """Raises VectorStoreUnavailable for a name that the layout does not have, and for other dimensions than its own."""
    wrong = {name for name, vector in search.dense.items() if layout.dense.get(name) != len(vector)}
    wrong.update(name for name in search.sparse if name not in layout.sparse)
    wrong.update(name for name, vector in search.parts.items() if layout.parts.get(name) != len(vector))
    _refuse(wrong)


def check_same(collection: str, existing: Layout, asked: Layout) -> None:
    """Raises VectorStoreUnavailable when a collection was made for other vectors than are asked for."""
    if _vectors(existing) != _vectors(asked):
        raise VectorStoreUnavailable(
            f"Collection {collection!r} was made for other vectors; drop it and run `python -m ingest` again."
        )


def _vectors(layout: Layout) -> tuple[dict[str, int], set[str], dict[str, int]]:
    return dict(layout.dense), set(layout.sparse), dict(layout.parts)


def _size(point: Point) -> int:
    parts = sum(len(vector) for vectors in point.parts.values() for vector in vectors)
    return parts + sum(map(len, point.dense.values())) + sum(2 * len(one.indices) for one in point.sparse.values())


def _refuse(wrong: set[str]) -> None:
    if wrong:
        raise VectorStoreUnavailable(f"These vectors do not fit the collection's layout: {', '.join(sorted(wrong))}.")
