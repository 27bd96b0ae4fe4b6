"""What a backup keeps, what a restore refuses, and what is left when either is cut short."""

import asyncio
import base64
import hashlib
import json
import math
import struct
import subprocess
import sys
import uuid
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.configuration import Roots
from connectors.load import load
from connectors.vectors.port import (
    EVERYTHING,
    Layout,
    Payload,
    Point,
    Search,
    Sparse,
    VectorStore,
    VectorStoreUnavailable,
    Where,
)
from knowledge.backup import BadBackup, Restored, back_up, discard_unfinished, read_header, restore

LAYOUT = Layout({"text": 3}, ("words",), ("service", "label.kind"), parts={"sentences": 2})
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PAYLOAD: Payload = {"text": "磁盘满了\n\u2028`df`", "tags": ["a", "b"], "n": 3, "ratio": 0.5, "open": True}

Rows: TypeAlias = list[dict[str, object]]


def point(number: int, payload: Payload | None = None) -> Point:
    words = Sparse([7, 4_294_967_295], [0.5, float(number)])
    parts = {"sentences": [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]][: 1 + number % 3]}
    return Point(str(uuid.UUID(int=number)), {"text": [0.6, 0.8, 0.0]}, {"words": words}, payload or PAYLOAD, parts)


POINTS = [*map(point, range(1, 600)), Point(str(uuid.UUID(int=600)), {}, {}, {"kind": "about"})]


async def connected(stack: AsyncExitStack, vendor: str, folder: Path) -> VectorStore:
    table: Mapping[str, object] = {"location": ":memory:"} if vendor == "server" else {}
    store: VectorStore = await stack.enter_async_context(load("vectors", vendor, table, Roots(folder, folder)))
    return store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        yield await connected(stack, "memory", tmp_path)


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


def repacked(file: Path, change: Callable[[dict[str, bytes]], object], *, sums: bool = True) -> Path:
    """The same backup with its members changed, and their digests made to fit."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members.pop("SHA256SUMS")
    before = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    change(members)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()} if sums else before
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    return file


def rewritten(change: Callable[[Rows], object]) -> Callable[[dict[str, bytes]], object]:
    def rewrite(members: dict[str, bytes]) -> None:
        rows: Rows = [json.loads(line) for line in members["points.jsonl"].splitlines()]
        change(rows)
        members["points.jsonl"] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    return rewrite


def header(**changes: object) -> Callable[[dict[str, bytes]], object]:
    return lambda members: members.update(
        {"header.json": json.dumps(json.loads(members["header.json"]) | changes).encode()}
    )


def packed(values: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def dense(*values: float) -> Callable[[Rows], object]:
    return lambda rows: rows[300].update(dense={"text": packed(values)})


def parts(*vectors: Sequence[float]) -> Callable[[Rows], object]:
    return lambda rows: rows[300].update(parts={"sentences": list(map(packed, vectors))})


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(header(version=2), "newer Nightshift", id="newer"),
        pytest.param(header(format="another"), "no backup of Nightshift's", id="foreign"),
        pytest.param(header(points=599), "has 600 points", id="fewer-points-promised"),
        pytest.param(header(points=601), "has 600 points", id="more-points-promised"),
        pytest.param(header(collection="../chunks"), "header says", id="collection-elsewhere"),
        pytest.param(header(made_at="yesterday"), "header says", id="no-time"),
        pytest.param(header(layout={"dense": {"../x": 3}}), "header says", id="vector-elsewhere"),
        pytest.param(header(layout={"dense": {"text": 1 << 40}}), "header says", id="vector-without-end"),
        pytest.param(header(layout={"dense": {}, "keywords": ["a/b"]}), "header says", id="key-elsewhere"),
        pytest.param(header(layout={"dense": {}, "parts": {"a/b": 3}}), "header says", id="parts-elsewhere"),
        pytest.param(header(layout={"dense": {}, "parts": {"text": 0}}), "header says", id="parts-of-nothing"),
        pytest.param(header(layout={"dense": {"x": 3}, "parts": {"x": 3}}), "header says", id="one-name-for-two"),
        pytest.param(header(layout={"dense": {"text": 4}}), "point 1 .* has 3 dimensions", id="other-layout"),
        pytest.param(rewritten(dense(0.1, 0.2)), "point 301 .* has 2 dimensions", id="wrong-dimensions"),
        pytest.param(rewritten(dense(0.1, math.nan, 0.2)), "not finite", id="nan"),
        pytest.param(rewritten(dense(math.inf, -math.inf, 0.2)), "not finite", id="infinite"),
        pytest.param(rewritten(lambda rows: rows[2].update(dense={"text": "$$"})), "point 3 ", id="no-base64"),
        pytest.param(rewritten(lambda rows: rows[2].update(dense={"x": ""})), "'x'", id="unknown-vector"),
        pytest.param(rewritten(lambda rows: rows[2].update(sparse={"x": []})), "'x'", id="unknown-sparse-vector"),
        pytest.param(rewritten(lambda rows: rows[2].update(sparse={"words": [[1, 1], [1, 2]]})), "twice", id="twice"),
        pytest.param(
            rewritten(lambda rows: rows[2].update(sparse={"words": [[-1, 1]]})), "out of range", id="negative"
        ),
        pytest.param(
            rewritten(lambda rows: rows[2].update(sparse={"words": [[1, math.nan]]})), "not finite", id="sparse-nan"
        ),
        pytest.param(rewritten(parts([0.1, 0.2], [0.3])), "point 301 .* has 1 dimensions", id="ragged-parts"),
        pytest.param(rewritten(parts([0.1, math.nan])), "not finite", id="parts-nan"),
        pytest.param(rewritten(parts()), "no parts under 'sentences'", id="no-parts"),
        pytest.param(rewritten(lambda rows: rows[2].update(parts={"x": [""]})), "'x'", id="unknown-parts"),
        pytest.param(rewritten(lambda rows: rows[2].update(payload={"n": math.inf})), "payload", id="payload-infinite"),
        pytest.param(rewritten(lambda rows: rows[2].update(payload={"n": 1 << 64})), "64 bits", id="payload-too-large"),
        pytest.param(rewritten(lambda rows: rows[2].update(payload={"n": {}})), "point 3 ", id="payload-nested"),
        pytest.param(rewritten(lambda rows: rows[2].update(id="3")), "point 3 ", id="no-uuid"),
        pytest.param(rewritten(lambda rows: rows[2].update(more=1)), "point 3 ", id="unknown-field"),
        pytest.param(rewritten(lambda rows: rows.insert(2, rows[0])), "out of order", id="point-repeated"),
        pytest.param(rewritten(lambda rows: rows.pop()), "has 599 points", id="point-missing"),
        pytest.param(
            lambda members: members.update({"points.jsonl": members["points.jsonl"][:-1]}),
            "middle of a point",
            id="cut",
        ),
        pytest.param(lambda members: members.update({"points.jsonl": b"x" * (17 << 20)}), "larger", id="endless-line"),
        pytest.param(lambda members: members.update({"points.jsonl": b"\n" * (70 << 20)}), "proportion", id="bomb"),
        pytest.param(lambda members: members.update({"extra/../../x": b""}), "not those", id="member-elsewhere"),
        pytest.param(lambda members: members.update({"/etc/passwd": b""}), "not those", id="member-at-the-root"),
        pytest.param(lambda members: members.update({"extra/a b": b""}), "not those", id="member-with-a-blank"),
        pytest.param(lambda members: members.update({f"extra/{n}": b"" for n in range(64)}), "too many", id="members"),
        pytest.param(lambda members: members.pop("points.jsonl"), "not those", id="no-points"),
        pytest.param(lambda members: members.pop("header.json"), "no header", id="no-header"),
    ],
)
async def test_a_made_up_backup_changes_nothing(
    change: Callable[[dict[str, bytes]], object], said: str, store: VectorStore, tmp_path: Path
) -> None:
    source = repacked(await saved(store, tmp_path / "backup.zip"), change)

    with pytest.raises(BadBackup, match=said):
        await restore(store, source, "library")
    assert await unchanged(store)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda members: members.update({"extra/ingest.sqlite": b"?"}), "ingest.sqlite is not", id="extra"),
        pytest.param(rewritten(lambda rows: rows[0].update(payload={})), "points.jsonl is not", id="points"),
        pytest.param(header(embedding="x"), "header.json is not", id="header"),
        pytest.param(lambda members: members.pop("extra/ingest.sqlite"), "does not name", id="missing"),
        pytest.param(lambda members: members.update({"extra/more": b""}), "does not name", id="added"),
    ],
)
async def test_a_changed_member_changes_nothing(
    change: Callable[[dict[str, bytes]], object], said: str, store: VectorStore, tmp_path: Path
) -> None:
    source = repacked(await saved(store, tmp_path / "backup.zip"), change, sums=False)

    with pytest.raises(BadBackup, match=said):
        await restore(store, source, "library")
    assert await unchanged(store)


async def test_two_members_of_one_name_are_refused(store: VectorStore, tmp_path: Path) -> None:
    source = await saved(store, tmp_path / "backup.zip")
    with zipfile.ZipFile(source, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("extra/ingest.sqlite", b"another")

    with pytest.raises(BadBackup, match="two of one name"):
        await restore(store, source, "library")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\5\6" + b"\0" * 18], ids=["empty", "text", "empty-zip"])
async def test_a_file_that_is_no_backup_is_named(content: bytes, store: VectorStore, tmp_path: Path) -> None:
    (tmp_path / "backup.zip").write_bytes(content)

    with pytest.raises(BadBackup, match=r"backup\.zip is no backup"):
        await restore(store, tmp_path / "backup.zip", "library")


async def test_a_missing_file_is_named(store: VectorStore, tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="There is no file"):
        await restore(store, tmp_path / "backup.zip", "library")


@pytest.fixture
async def small(store: VectorStore, tmp_path: Path) -> bytes:
    return (await saved(store, tmp_path / "backup.zip", POINTS[:3])).read_bytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_damaged_file_is_refused_or_restored_whole(data: st.DataObject, small: bytes, tmp_path: Path) -> None:
    at = data.draw(st.integers(0, len(small) - 1))
    cut = data.draw(st.booleans())
    damaged = small[:at] if cut else small[:at] + bytes([data.draw(st.integers(0, 255))]) + small[at + 1 :]
    (tmp_path / "backup.zip").write_bytes(damaged)
    async with AsyncExitStack() as stack:
        store = await connected(stack, "memory", tmp_path)
        try:
            await restore(store, tmp_path / "backup.zip", "library")
        except BadBackup:
            assert (await store.collections(), await store.aliases()) == ((), {})
        else:
            assert [one.id for one in await store.fetch("library", EVERYTHING)] == [one.id for one in POINTS[:3]]


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


KILLED = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from knowledge.backup import restore
from tests.unit.knowledge.test_backup import connected

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
