"""Vector stores to try, opened by name, and the points that they are given."""

import math
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from connectors.vectors.port import Hit, Layout, Payload, Point, Search, Sparse, VectorStore, Where

LAYOUT = Layout(dense={"text": 4, "english": 2}, sparse=("words",), keywords=("service", "tags"))
ALL = Where()


def id_of(number: int) -> str:
    return str(uuid.UUID(int=number))


def numbers(hits: list[Hit]) -> list[int]:
    return [uuid.UUID(hit.id).int for hit in hits]


def point(number: int, dense: list[float], words: dict[int, float], payload: Payload | None = None) -> Point:
    sparse = Sparse(list(words), list(words.values()))
    return Point(id_of(number), {"text": dense, "english": dense[:2]}, {"words": sparse}, payload or {})


POINTS = [
    point(
        1,
        [1.0, 0.1, 0.0, 0.0],
        {7: 1.0, 9: 0.5},
        {"service": "checkout", "tags": ["disk", "urgent"], "groups": ["sre"]},
    ),
    point(2, [0.9, 0.4, 0.1, 0.0], {7: 0.3}, {"service": "search", "tags": ["disk"], "groups": ["web", "payments"]}),
    point(
        3,
        [0.2, 1.0, 0.0, 0.3],
        {9: 2.0, 11: 1.0},
        {"service": "checkout", "tags": ["memory"], "groups": ["web", "dba"]},
    ),
    point(4, [0.0, 0.3, 1.0, 0.2], {4_294_967_295: 1.5}, {"service": "登录", "tags": []}),
    point(5, [0.1, 0.0, 0.2, 1.0], {11: 0.7, 7: 0.1}, {"tags": "urgent", "pages": 3, "ratio": 0.5, "open": True}),
]


SEARCH = Search(
    dense={"text": [1.0, 0.2, 0.1, 0.0], "english": [0.5, 1.0]}, sparse={"words": Sparse([7, 11], [1.0, 0.4])}
)


def named(*numbers: int) -> Where:
    return Where(ids=[id_of(number) for number in numbers])


EACH = named(*range(1, 400))


def unit(vector: Sequence[float]) -> list[float]:
    return [value / math.hypot(*vector) for value in vector]


async def connected(stack: AsyncExitStack, vendor: str, table: Mapping[str, object], folder: Path) -> VectorStore:
    roots = Roots(home=folder, models=folder)
    store: VectorStore = await stack.enter_async_context(load("vectors", vendor, table, roots))
    return store


async def cleared(store: VectorStore) -> None:
    for alias in ("library", "second"):
        await store.drop_alias(alias)
    for collection in ("runbooks", "runbooks-2"):
        await store.drop(collection)
