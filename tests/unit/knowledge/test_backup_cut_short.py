"""What is left when a restore is called off, fails half way or is killed."""

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.vectors.port import EVERYTHING, Point, VectorStore, VectorStoreUnavailable
from knowledge.backup import Restored, discard_unfinished, restore
from tests.unit.knowledge.backups import POINTS, connected, fill, point, saved, unchanged


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        yield await connected(stack, "memory", tmp_path)


async def test_a_refusal_to_adopt_calls_the_restore_off(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")

    def refuse(_: Restored) -> None:
        raise PermissionError("not this one")

    with pytest.raises(PermissionError):
        await restore(store, source, "library", refuse)
    assert await unchanged(store)


async def test_a_store_that_fails_half_way_keeps_the_old_library(
    store: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await saved(store, tmp_path / "backup.zip")
    whole = store.upsert

    async def upsert(collection: str, points: Sequence[Point]) -> None:
        if await store.count(collection, EVERYTHING):
            raise VectorStoreUnavailable("free some space")
        await whole(collection, points)

    async def delete(*_: object) -> None:
        raise VectorStoreUnavailable("free some space")

    monkeypatch.setattr(store, "upsert", upsert)
    monkeypatch.setattr(store, "delete", delete)

    with pytest.raises(VectorStoreUnavailable, match="free some space"):
        await restore(store, source, "library")
    assert await unchanged(store)


KILLED = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from knowledge.backup import restore
from tests.unit.knowledge.backups import connected

def pause():
    print("paused", flush=True)
    sys.stdin.read()

async def main():
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", Path(sys.argv[1]))
        if sys.argv[2] == "filling":
            store.settle = lambda _: pause()
        await restore(store, Path(sys.argv[1]) / "backup.zip", "library", lambda _: pause())

asyncio.run(main())
"""


def killed(folder: Path, moment: str) -> None:
    program = [sys.executable, "-c", KILLED, str(folder), moment]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "paused\n"
        process.kill()


@pytest.mark.parametrize("moment", ["filling", "switching"])
async def test_a_restore_that_is_killed_leaves_the_old_library(moment: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        source = await saved(await connected(stack, "edge", tmp_path), tmp_path / "backup.zip")
    killed(tmp_path, moment)

    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", tmp_path)
        assert [one.id for one in await store.fetch("library", EVERYTHING)] == [point(1_000).id]
        assert (await store.aliases())["library"] == "others"
        assert await store.collections() == ("chunks", "others")

        restored = await restore(store, source, "library")

        assert (restored.collection, await store.count("library", EVERYTHING)) == ("chunks", 600)
        assert (await store.collections(), await store.aliases()) == (("chunks", "others"), {"library": "chunks"})


async def test_what_a_killed_restore_left_is_taken_away(store: VectorStore, tmp_path: Path) -> None:
    await saved(store, tmp_path / "backup.zip")
    await fill(store, "chunks", POINTS)
    await store.point_alias("restore-unfinished", "chunks")
    for _ in range(2):
        await discard_unfinished(store)

        assert await unchanged(store)


async def test_a_finished_restore_is_not_taken_away(store: VectorStore, tmp_path: Path) -> None:
    await restore(store, await saved(store, tmp_path / "backup.zip"), "library")
    await store.point_alias("restore-unfinished", "chunks")
    await discard_unfinished(store)

    assert (await store.count("library", EVERYTHING), await store.aliases()) == (600, {"library": "chunks"})
