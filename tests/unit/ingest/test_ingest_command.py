"""The command: what it prints, what it returns, and what it refuses."""

import json
from pathlib import Path

import pytest

from ingest.__main__ import main


@pytest.fixture(autouse=True)
def twins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PORTS__EMBEDDING": "memory",
        "PORTS__VECTORS": "memory",
        "HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(f"NIGHTSHIFT_{name}", value)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# Disk full\n\nDelete segments.")
    (folder / "b.png").write_bytes(b"\x89PNG")
    return folder


def test_it_reads_and_sums_up_in_one_line(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "  passed over 1: not a document" in lines
    assert lines[-1].startswith("docs: 1 new, 0 changed, 0 deleted, 0 unchanged, 0 unreadable, 1 skipped, 1 chunks, ")
    assert lines[-1].endswith("pages per second")


def test_json_is_one_object_per_source(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs), "--json", "--name", "handbook"]) == 0

    summary = json.loads(capsys.readouterr().out)
    assert (summary["source"], summary["new"], summary["skipped"]) == ("handbook", 1, {"not a document": 1})


def test_a_dry_run_does_nothing(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main([str(docs), "--dry-run"]) == 0
        assert capsys.readouterr().out == "docs: 1 new, 0 changed, 0 deleted, 0 unchanged\n"


@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_nothing_to_read_is_an_error_with_advice(
    missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()

    assert main([str(tmp_path / missing)]) == 1
    assert missing in capsys.readouterr().err


def test_only_unreadable_documents_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF broken")

    assert main([str(tmp_path / "a.pdf")]) == 1
    assert "cannot read a.pdf: damaged PDF" in capsys.readouterr().out


def test_two_folders_of_one_name_are_kept_apart(docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "more/docs"
    other.mkdir(parents=True)
    (other / "c.md").write_text("# C")

    assert main([str(docs), str(other)]) == 1
    assert "--name" in capsys.readouterr().err


def test_one_name_is_for_one_path(docs: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(docs), str(docs), "--name", "x"])
