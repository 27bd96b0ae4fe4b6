"""Libraries to back up, and their backups."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from connectors.vectors.port import Layout, Payload, Point, Sparse, VectorStore
from knowledge.backup import back_up

LAYOUT = Layout({"text": 3}, ("words",), ("service", "label.kind"), parts={"sentences": 2})
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PAYLOAD: Payload = {"text": "磁盘满了\n\u2028`df`", "tags": ["a", "b"], "n": 3, "ratio": 0.5, "open": True}


def point(number: int, payload: Payload | None = None) -> Point:
    words = Sparse([7, 4_294_967_295], [0.5, float(number)])
    parts = {"sentences": [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]][: 1 + number % 3]}
    return Point(str(uuid.UUID(int=number)), {"text": [0.6, 0.8, 0.0]}, {"words": words}, payload or PAYLOAD, parts)


POINTS = [*map(point, range(1, 600)), Point(str(uuid.UUID(int=600)), {}, {}, {"kind": "about"})]


async def connected(stack: AsyncExitStack, vendor: str, folder: Path) -> VectorStore:
    table: Mapping[str, object] = {"location": ":memory:"} if vendor == "server" else {}
    store: VectorStore = await stack.enter_async_context(load("vectors", vendor, table, Roots(folder, folder)))
    return store


async def fill(store: VectorStore, collection: str, points: Sequence[Point]) -> None:
    await store.ensure(collection, LAYOUT)
    await store.upsert(collection, points)


async def saved(store: VectorStore, target: Path, points: Sequence[Point] = POINTS) -> Path:
    """A backup of a library, which is then another one under the same alias."""
    await fill(store, "chunks", points)
    await store.point_alias("library", "chunks")
    await back_up(store, "library", {"ingest.sqlite": b"\0notes"}, target, "model-1", NOW)
    await fill(store, "others", [point(1_000)])
    await store.point_alias("library", "others")
    await store.drop("chunks")
    return target


async def unchanged(store: VectorStore) -> bool:
    return (await store.collections(), dict(await store.aliases())) == (("others",), {"library": "others"})
