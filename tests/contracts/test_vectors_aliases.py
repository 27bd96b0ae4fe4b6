"""Aliases: another name for a collection, switched in one go, on every store and after a crash."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.vectors.port import VectorStore, VectorStoreUnavailable, Where
from tests.contracts.vector_stores import ALL, LAYOUT, POINTS, SEARCH, connected, id_of, numbers, point


async def test_an_alias_stands_for_its_collection_in_every_call(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    await filled.ensure("library", LAYOUT)
    await filled.upsert("library", [point(6, [0.0, 1.0, 0.0, 0.0], {}, {"service": "new"})])
    await filled.delete("library", Where({"service": ["checkout"]}))
    await filled.settle("library")

    assert await filled.count("library", ALL) == await filled.count("runbooks", ALL) == 4
    assert numbers(await filled.fetch("library", ALL)) == [2, 4, 5, 6]
    assert sorted(numbers(await filled.search("library", SEARCH))) == [2, 4, 5, 6]
    assert await filled.layout("library") == await filled.layout("runbooks")
    assert [one.id async for page in filled.export("library") for one in page] == [id_of(n) for n in (2, 4, 5, 6)]
    assert (await filled.collections(), dict(await filled.aliases())) == (("runbooks",), {"library": "runbooks"})


async def test_an_alias_is_switched_to_another_collection(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    for collection, expected in (("runbooks", 5), ("runbooks-2", 0), ("runbooks", 5)):
        await filled.point_alias("library", collection)

        assert await filled.count("library", ALL) == expected
        assert await filled.aliases() == {"library": collection}


async def test_searches_never_miss_while_an_alias_is_switched(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    await filled.upsert("runbooks-2", POINTS[:4])
    await filled.point_alias("library", "runbooks")

    async def switch() -> None:
        for turn in range(20):
            await filled.point_alias("library", ("runbooks-2", "runbooks")[turn % 2])

    counts = await asyncio.gather(switch(), *(filled.count("library", ALL) for _ in range(60)))

    assert set(counts[1:]) <= {4, 5}


async def test_an_alias_of_an_alias_names_the_collection(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    await filled.point_alias("second", "library")

    assert await filled.aliases() == {"library": "runbooks", "second": "runbooks"}


@pytest.mark.parametrize("name", ["runbooks", "library"])
async def test_a_collection_in_use_under_an_alias_is_not_dropped(filled: VectorStore, name: str) -> None:
    await filled.point_alias("library", "runbooks")

    with pytest.raises(VectorStoreUnavailable, match="in use as library"):
        await filled.drop(name)
    assert await filled.count("library", ALL) == 5


async def test_a_dropped_alias_leaves_the_collection(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    for _ in range(2):
        await filled.drop_alias("library")

    assert (await filled.aliases(), await filled.count("runbooks", ALL)) == ({}, 5)
    with pytest.raises(VectorStoreUnavailable, match="library"):
        await filled.count("library", ALL)


@pytest.mark.parametrize(
    ("alias", "collection", "said"),
    [
        pytest.param("library", "nowhere", "nowhere", id="no-such-collection"),
        pytest.param("runbooks", "runbooks", "has that name", id="its-own-name"),
        pytest.param("runbooks-2", "runbooks", "has that name", id="the-name-of-another"),
    ],
)
async def test_an_alias_that_cannot_be_is_refused(filled: VectorStore, alias: str, collection: str, said: str) -> None:
    await filled.ensure("runbooks-2", LAYOUT)

    with pytest.raises(VectorStoreUnavailable, match=said):
        await filled.point_alias(alias, collection)
    assert await filled.aliases() == {}


# What only a folder on disk can promise.


async def test_an_alias_is_found_after_reopening(tmp_path: Path) -> None:
    for expected in ({}, {"library": "runbooks"}):
        async with AsyncExitStack() as stack:
            store = await connected(stack, "edge", {}, tmp_path)
            await store.ensure("runbooks", LAYOUT)
            assert await store.aliases() == expected
            await store.point_alias("library", "runbooks")


SWITCHER = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.contracts.vector_stores import LAYOUT, POINTS, connected

rename = Path.rename

def pause(written, target):
    if written.name.startswith(".aliases") and sys.argv[2] == "before":
        print("paused", flush=True), sys.stdin.read()
    rename(written, target)
    if written.name.startswith(".aliases"):
        print("paused", flush=True), sys.stdin.read()

async def main():
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, Path(sys.argv[1]))
        await store.ensure("runbooks-2", LAYOUT)
        Path.rename = pause
        await store.point_alias("library", "runbooks-2")

asyncio.run(main())
"""


def killed_while_switching(folder: Path, moment: str) -> None:
    program = [sys.executable, "-c", SWITCHER, str(folder), moment]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "paused\n"
        process.kill()


@pytest.mark.parametrize(("moment", "named"), [("before", "runbooks"), ("after", "runbooks-2")])
async def test_a_switch_killed_half_way_leaves_the_old_or_the_new(moment: str, named: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)
        await store.point_alias("library", "runbooks")
    killed_while_switching(tmp_path, moment)

    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert await store.aliases() == {"library": named}
        assert await store.collections() == ("runbooks", "runbooks-2")


async def test_a_damaged_file_of_aliases_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / ".aliases.json").write_text("[")
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="delete that folder"):
            await store.aliases()
