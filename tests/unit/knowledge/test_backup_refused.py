"""What a restore refuses: a backup that is made up, changed, damaged, or none at all."""

import base64
import hashlib
import json
import math
import struct
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.vectors.port import EVERYTHING, VectorStore
from knowledge.backup import BadBackup, restore
from tests.unit.knowledge.backups import POINTS, connected, saved, unchanged

Rows: TypeAlias = list[dict[str, object]]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        yield await connected(stack, "memory", tmp_path)


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
