"""What a backup keeps, and what a restore brings back."""

import asyncio
import math
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.vectors.port import EVERYTHING, Point, Search, Sparse, VectorStore, Where
from knowledge.backup import BadBackup, Restored, back_up, read_header, restore
from tests.unit.knowledge.backups import LAYOUT, NOW, POINTS, connected, fill, point, saved


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        yield await connected(stack, "memory", tmp_path)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
@pytest.mark.parametrize(("first", "second"), [("memory", "edge"), ("edge", "server"), ("server", "memory")])
async def test_what_one_store_held_another_finds(first: str, second: str, tmp_path: Path) -> None:
    by_words = Search({"text": [0.5, 0.9, 0.1]}, {"words": Sparse([7], [1.0])}, limit=5, prefetch=600)
    each = Where(ids=[one.id for one in POINTS])
    by_parts = Search({}, {}, each, limit=5, parts={"sentences": [-1.0, 0.1]})
    async with AsyncExitStack() as stack:
        old, new = await connected(stack, first, tmp_path / "a"), await connected(stack, second, tmp_path / "b")
        await fill(old, "chunks", POINTS)
        await back_up(old, "chunks", {}, tmp_path / "backup.zip", "model-1", NOW)

        restored = await restore(new, tmp_path / "backup.zip", "library")

        assert (restored.collection, restored.former, restored.header.points) == ("chunks", "", 600)
        assert await new.fetch("library", EVERYTHING) == await old.fetch("chunks", EVERYTHING)
        for place, collection in ((old, "chunks"), (new, "library")):
            assert len(await place.search(collection, by_words)) == 5
            hits = await place.search(collection, by_parts)
            assert [hit.score for hit in hits] == pytest.approx([1 / math.hypot(1, 0.1)] * 5, abs=1e-3)
        assert replace(await new.layout("library"), keywords=LAYOUT.keywords) == LAYOUT


async def test_every_point_comes_back_as_it_was(store: VectorStore, tmp_path: Path) -> None:
    await restore(store, await saved(store, tmp_path / "backup.zip"), "library")

    found = [one async for page in store.export("library") for one in page]

    assert [(one.id, one.payload, one.sparse) for one in found] == [(one.id, one.payload, one.sparse) for one in POINTS]
    assert found[0].dense["text"] == pytest.approx([0.6, 0.8, 0.0], abs=1e-7)
    assert [one.parts for one in found] == [one.parts for one in POINTS]
    assert await store.layout("library") == replace(LAYOUT, keywords=("label.kind", "service"))


async def test_a_backup_says_what_it_holds(store: VectorStore, tmp_path: Path) -> None:
    found = await read_header(await saved(store, tmp_path / "backup.zip"))

    assert (found.version, found.collection, found.embedding) == (1, "chunks", "model-1")
    assert (found.layout.dense, found.points, found.made_at) == ({"text": 3}, 600, NOW)


async def test_other_files_are_handed_over_before_the_switch(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")
    seen: list[Restored] = []

    assert await restore(store, source, "library", seen.append) == seen[0]
    assert (seen[0].extra, seen[0].collection, seen[0].former) == ({"ingest.sqlite": b"\0notes"}, "chunks", "others")


async def test_what_is_there_is_never_written_over(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")
    names = [(await restore(store, source, "library")).collection for _ in range(3)]

    assert names == ["chunks", "chunks-restored-1", "chunks-restored-2"]
    assert await store.aliases() == {"library": "chunks-restored-2"}


async def test_a_restored_collection_is_backed_up_under_its_first_name(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")
    await fill(store, "chunks", [])
    await restore(store, source, "library")
    await back_up(store, "library", {}, source, "model-1", NOW)

    assert (await restore(store, source, "library")).collection == "chunks-restored-2"


async def test_only_its_owner_can_read_a_backup(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")

    assert oct(source.stat().st_mode & 0o777) == "0o600"


async def test_its_digests_are_those_of_sha256sum(store: VectorStore, tmp_path: Path) -> None:
    with zipfile.ZipFile(await saved(store, tmp_path / "backup.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")

    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert (await (await asyncio.create_subprocess_exec(*command, cwd=tmp_path / "unpacked")).wait()) == 0


def contents(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir()}


@pytest.mark.parametrize(
    ("points", "extra", "said"),
    [
        pytest.param([point(1, {"n": math.nan})], {}, "point 1 .* not finite", id="payload-nan"),
        pytest.param([point(1, {"text": "\ud800"})], {}, "point 1 ", id="no-utf-8"),
        pytest.param(
            [Point(point(1).id, {"text": [1e300, 0, 0]}, {}, {})], {}, "point 1 .* not finite", id="no-float32"
        ),
        pytest.param([Point("one", {}, {}, {})], {}, "point 1 ", id="no-uuid"),
        pytest.param([], {"../x": b""}, "cannot be kept", id="extra-elsewhere"),
    ],
)
async def test_what_could_not_be_restored_is_not_backed_up(
    points: list[Point], extra: dict[str, bytes], said: str, store: VectorStore, tmp_path: Path
) -> None:
    await fill(store, "chunks", points)
    (tmp_path / "backup.zip").write_text("the backup of yesterday")

    with pytest.raises(BadBackup, match=said):
        await back_up(store, "chunks", extra, tmp_path / "backup.zip", "model-1", NOW)
    assert contents(tmp_path) == {"backup.zip": "the backup of yesterday"}


@pytest.mark.parametrize("target", ["", "nowhere/backup.zip"], ids=["a-folder", "in-no-folder"])
async def test_a_target_that_cannot_be_written_is_named(target: str, store: VectorStore, tmp_path: Path) -> None:
    await fill(store, "chunks", [])

    with pytest.raises(BadBackup, match=r"name a file|Name a file"):
        await back_up(store, "chunks", {}, tmp_path / target, "model-1", NOW)
