"""The manifest goes into a backup as one file, and its records come back under the restored collection's name."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.sources.port import Entry
from ingest.manifest import ManifestUnavailable, Origin, Record, open_manifest
from ingest.manifest_copy import copied, take_over


@pytest.fixture
def kept(tmp_path: Path) -> bytes:
    path = tmp_path / "there" / "ingest.sqlite"
    for collection in ("chunks-a", "chunks-b"):
        with open_manifest(path, collection) as manifest:
            manifest.record("docs", [Record("a.md", f"digest in {collection}", 3)])
            manifest.settle("docs", Origin("/there/docs"))
    return copied(path)


def known(path: Path, collection: str) -> tuple[int, int]:
    with open_manifest(path, collection) as manifest:
        return manifest.chunks(), manifest.plan("docs", [Entry("a.md", "digest in chunks-a", 10)]).unchanged


def test_records_come_back_under_the_new_name(kept: bytes, tmp_path: Path) -> None:
    take_over(tmp_path / "ingest.sqlite", kept, "chunks-a", "chunks-a-restored-1")

    assert known(tmp_path / "ingest.sqlite", "chunks-a-restored-1") == (3, 1)
    assert known(tmp_path / "ingest.sqlite", "chunks-a") == known(tmp_path / "ingest.sqlite", "chunks-b") == (0, 0)


def test_taking_over_twice_changes_nothing(kept: bytes, tmp_path: Path) -> None:
    for _ in range(2):
        take_over(tmp_path / "ingest.sqlite", kept, "chunks-a", "chunks-a")

    assert known(tmp_path / "ingest.sqlite", "chunks-a") == (3, 1)


def test_what_is_noted_here_wins(kept: bytes, tmp_path: Path) -> None:
    with open_manifest(tmp_path / "ingest.sqlite", "chunks-a") as manifest:
        manifest.settle("docs", Origin("/here/docs"))
        take_over(tmp_path / "ingest.sqlite", kept, "chunks-a", "chunks-a")

        assert manifest.origins() == {"docs": Origin("/here/docs")}


def test_a_manifest_is_copied_while_it_is_open(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "ingest.sqlite", "chunks-a") as manifest:
        manifest.record("docs", [Record("a.md", "digest in chunks-a", 3)])
        copy = copied(tmp_path / "ingest.sqlite")

    take_over(tmp_path / "elsewhere.sqlite", copy, "chunks-a", "chunks-a")
    assert known(tmp_path / "elsewhere.sqlite", "chunks-a") == (3, 1)


def test_the_copy_of_none_is_empty(tmp_path: Path) -> None:
    take_over(tmp_path / "elsewhere.sqlite", copied(tmp_path / "ingest.sqlite"), "chunks-a", "chunks-a")

    assert known(tmp_path / "elsewhere.sqlite", "chunks-a") == (0, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("UPDATE documents SET chunks=NULL", id="nothing-where-a-number-belongs"),
        pytest.param("UPDATE documents SET chunks='many'", id="a-word-where-a-number-belongs"),
        pytest.param("UPDATE origins SET readers='{'", id="readers-that-are-no-list"),
    ],
)
def test_a_copy_with_wrong_rows_changes_nothing(spoil: str, kept: bytes, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.executescript(
            "CREATE TABLE documents (collection, source, id, digest, chunks, reason);"
            "CREATE TABLE origins (source, place, readers, services);"
            "INSERT INTO documents VALUES ('chunks-a', 'docs', 'a.md', 'x', 3, '');"
            "INSERT INTO origins VALUES ('docs', '', '[]', '');"
        )
        connection.execute(spoil)

    with pytest.raises(ManifestUnavailable, match="cannot be copied"):
        take_over(tmp_path / "ingest.sqlite", foreign.read_bytes(), "chunks-a", "chunks-a")
    assert known(tmp_path / "ingest.sqlite", "chunks-a") == (0, 0)


@pytest.mark.parametrize("copy", [b"SQLite format 3\0" + b"\xff" * 4096, b"no database"], ids=["damaged", "foreign"])
def test_a_copy_that_is_no_database_changes_nothing(copy: bytes, kept: bytes, tmp_path: Path) -> None:
    take_over(tmp_path / "ingest.sqlite", kept, "chunks-a", "chunks-a")

    with pytest.raises(ManifestUnavailable, match="cannot be copied"):
        take_over(tmp_path / "ingest.sqlite", copy, "chunks-a", "chunks-a")
    assert known(tmp_path / "ingest.sqlite", "chunks-a") == (3, 1)
