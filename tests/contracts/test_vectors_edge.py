"""The embedded store: what only a folder on disk, shared by processes that crash, can promise."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.vectors.port import VectorStoreUnavailable
from tests.contracts.vector_stores import EACH, LAYOUT, POINTS, SEARCH, connected, numbers


async def test_points_are_found_after_reopening(tmp_path: Path) -> None:
    for expected in (0, 5):
        async with AsyncExitStack() as stack:
            store = await connected(stack, "edge", {}, tmp_path)
            await store.ensure("runbooks", LAYOUT)
            assert await store.count("runbooks", EACH) == expected
            await store.upsert("runbooks", POINTS)


async def test_the_next_in_line_takes_over_when_the_owner_closes(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as first:
            owner = await connected(first, "edge", {}, tmp_path)
            await owner.ensure("runbooks", LAYOUT)
            heir = await connected(stack, "edge", {}, tmp_path)
            await heir.upsert("runbooks", POINTS)
            assert (owner.owner, heir.owner) == (True, False)  # type: ignore[attr-defined] # the edge store's own

        assert await heir.count("runbooks", EACH) == 5
        assert heir.owner  # type: ignore[attr-defined] # the edge store's own


OWNER = """
import asyncio, signal, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.contracts.vector_stores import LAYOUT, POINTS, connected

async def main():
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, Path(sys.argv[1]))
        await store.ensure("runbooks", LAYOUT)
        await store.upsert("runbooks", POINTS)
        print("stored", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the folder open and stored the points."""
    program = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        yield process
        process.kill()


async def test_another_process_is_reached(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert numbers(await store.search("runbooks", SEARCH)) == [1, 3, 2, 5, 4]
        assert not store.owner  # type: ignore[attr-defined] # the edge store's own


async def test_what_a_killed_process_acknowledged_is_found(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    owner.send_signal(signal.SIGKILL)
    owner.wait()

    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert numbers(await store.search("runbooks", SEARCH)) == [1, 3, 2, 5, 4]


async def test_calls_under_way_survive_the_owners_death(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        assert await store.count("runbooks", EACH) == 5
        calls = [asyncio.ensure_future(store.count("runbooks", EACH)) for _ in range(30)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        owner.send_signal(signal.SIGKILL)

        assert await asyncio.gather(*calls, store.count("runbooks", EACH)) == [5] * 31


async def test_a_stopped_owner_is_named(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    owner.send_signal(signal.SIGSTOP)
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {"timeout_seconds": 0.2}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match=f"Process {owner.pid} .* does not answer"):
            await store.count("runbooks", EACH)


async def test_a_folder_too_deep_for_a_socket_is_shared_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    async with AsyncExitStack() as stack:
        first = await connected(stack, "edge", {}, deep)
        await first.ensure("runbooks", LAYOUT)
        second = await connected(stack, "edge", {}, deep)

        assert await second.collections() == ("runbooks",)


async def test_a_half_made_collection_is_made_anew(tmp_path: Path) -> None:
    for name in ("runbooks", ".unfinished-runbooks"):
        (tmp_path / "index" / name / "wal").mkdir(parents=True)
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        assert await store.collections() == ()

        await store.ensure("runbooks", LAYOUT)

        assert await store.collections() == ("runbooks",)


async def test_a_broken_shard_says_what_to_do(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)
    for file in (tmp_path / "index" / "runbooks").rglob("segment.json"):
        file.write_text("{")
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="delete that folder"):
            await store.count("runbooks", EACH)


async def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {"spare_megabytes": 1 << 40}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="free some space"):
            await store.ensure("runbooks", LAYOUT)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("in the way")

    with pytest.raises(VectorStoreUnavailable, match="Make it writable"):
        async with AsyncExitStack() as stack:
            await connected(stack, "edge", {}, tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "", ".hidden", "a/b", "a\x00"])
async def test_a_collections_name_stays_inside_the_folder(name: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)

        with pytest.raises(VectorStoreUnavailable, match="cannot name a collection"):
            await store.ensure(name, LAYOUT)
        with pytest.raises(VectorStoreUnavailable, match="cannot name a collection"):
            await store.point_alias(name, "runbooks")


async def test_only_this_user_can_connect(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.collections()

        modes = [oct((tmp_path / "index" / name).stat().st_mode & 0o777) for name in ("", "owner.sock", "owner.lock")]

        assert modes == ["0o700", "0o600", "0o600"]
