"""The manifest: what changed since the last run."""

from pathlib import Path

import pytest

from connectors.sources.port import Entry
from ingest.manifest import ManifestUnavailable, Record, open_manifest


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
