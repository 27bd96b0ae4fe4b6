"""The manifest: what changed since the last run."""

from pathlib import Path

import pytest

from connectors.sources.port import Entry
from ingest.manifest import Manifest, ManifestUnavailable, Origin, Record, open_manifest


def entries(**digests: str) -> list[Entry]:
    return [Entry(id, digest, 1) for id, digest in digests.items()]


def test_documents_are_new_changed_gone_or_the_same(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "home/m.sqlite", "c") as manifest:
        manifest.record("docs", [Record("same", "1", 2), Record("changed", "1", 2), Record("gone", "1", 2)])
        plan = manifest.plan("docs", entries(same="1", changed="2", added="1"))

    assert (plan.added, plan.changed, plan.gone, plan.unchanged) == (("added",), ("changed",), ("gone",), 1)


def test_records_outlive_the_process_and_are_kept_by_collection(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "one") as manifest:
        manifest.record("docs", [Record("a", "1", 3)])

    with open_manifest(tmp_path / "m.sqlite", "one") as one, open_manifest(tmp_path / "m.sqlite", "two") as two:
        assert (one.chunks(), two.chunks()) == (3, 0)
        assert two.plan("docs", entries(a="1")).added == ("a",)


def test_a_begun_document_is_to_be_done_again(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "c") as manifest:
        manifest.record("docs", [Record("a", "1", 3)])
        manifest.begin("docs", ["a", "unknown"])

        assert manifest.plan("docs", entries(a="1")).changed == ("a",)
        assert manifest.chunks() == 0


def test_the_unreadable_are_remembered_with_their_reason(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "c") as manifest:
        manifest.record("docs", [Record("a", "1", 0, "encrypted")])

        assert [record.reason for record in manifest.plan("docs", entries(a="1")).unreadable] == ["encrypted"]


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "m.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(ManifestUnavailable, match="delete it"), open_manifest(tmp_path / "m.sqlite", "c"):
        pass


def test_a_new_collection_lacks_what_was_not_read_to_its_end(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "old") as old:
        for source in ("docs", "wiki", "tickets"):
            old.record(source, [Record("a", "1", 1)])

    with open_manifest(tmp_path / "m.sqlite", "new") as new:
        new.record("docs", [Record("a", "1", 1)])
        new.finish("docs")
        new.record("wiki", [Record("a", "1", 1)])

        assert new.sources("old") == ("docs", "tickets", "wiki")
        assert new.missing_from("new", "old") == ("tickets", "wiki")
        assert new.missing_from("new", "new") == new.missing_from("new", "") == ()


def test_how_a_source_is_read_is_known_in_every_collection_until_it_is_dropped(tmp_path: Path) -> None:
    origin = Origin("/docs", ("sre",), "/services.yaml")
    with open_manifest(tmp_path / "m.sqlite", "one") as one:
        one.settle("docs", origin)
        one.record("docs", [Record("a", "1", 1)])

    with open_manifest(tmp_path / "m.sqlite", "two") as two:
        assert two.origins() == {"docs": origin}
        assert two.documents("docs") == ("a",)
        two.drop("docs")
        assert (two.origins(), two.documents("docs"), two.sources("one")) == ({}, (), ())


def test_a_changed_document_is_known_by_its_former_digest(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "c") as manifest:
        manifest.record("docs", [Record("a", "1", 1), Record("b", "1", 1)])

        assert manifest.plan("docs", entries(a="2", b="1")).former == {"a": "1"}


def test_a_lost_collection_is_nothing_that_was_read_to_its_end(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "m.sqlite", "new") as manifest:
        _read(manifest)
        manifest.forget_all()

        assert manifest.sources("new") == ()
    with open_manifest(tmp_path / "m.sqlite", "old") as old:
        _read(old)
        assert old.missing_from("new", "old") == ("docs",)


def _read(manifest: Manifest) -> None:
    manifest.record("docs", [Record("a", "1", 1)])
    manifest.finish("docs")


def test_a_copy_changes_nothing_and_makes_no_file(tmp_path: Path) -> None:
    with open_manifest(tmp_path / "none/m.sqlite", "c", copy=True) as copy:
        copy.settle("docs", Origin())
    with open_manifest(tmp_path / "m.sqlite", "c") as manifest:
        _read(manifest)
        with open_manifest(tmp_path / "m.sqlite", "c", copy=True) as copy:
            copy.forget_all()

        assert manifest.chunks() == 1
    assert not (tmp_path / "none").exists()
