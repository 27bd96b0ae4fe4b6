"""Backup and restore from the command line: the library and the manifest come back together."""

import asyncio
import json
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.settings import read_settings
from knowledge.opening import open_library


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"PORTS__EMBEDDING": "memory", "HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(f"NIGHTSHIFT_{name}", value)


@pytest.fixture
def docs() -> Path:
    folder = Path("docs")
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.md").write_text(f"# Page {name}\n\nWords.")
    return folder


def what_is_new(docs: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, int, int]:
    capsys.readouterr()
    assert main([str(docs), "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    return plan["new"], plan["changed"], plan["deleted"]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["over-what-is-there", "into-an-empty-home"])
def test_what_was_read_and_what_is_noted_of_it_come_back(
    *, elsewhere: bool, docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(docs), "--readers", "sre"]) == 0
    assert main(["backup", "kept.zip"]) == 0
    (docs / "a.md").unlink()
    assert main([str(docs)]) == 0
    if elsewhere:
        monkeypatch.setenv("NIGHTSHIFT_HOME", str(Path("other").absolute()))

    assert main(["restore", "kept.zip"]) == 0
    assert "points are back" in capsys.readouterr().err
    assert what_is_new(docs, capsys) == (0, 0, 1)


def test_a_backup_opens_nothing_that_was_closed_since(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs)]) == 0
    assert main(["backup", "kept.zip"]) == 0
    assert main([str(docs), "--readers", "sre"]) == 0
    assert main(["restore", "kept.zip"]) == 0

    assert asyncio.run(listed()) == []
    assert what_is_new(docs, capsys) == (0, 2, 0)
    assert main([str(docs)]) == 0
    assert (asyncio.run(listed()), asyncio.run(listed("sre"))) == ([], ["docs/a.md", "docs/b.md"])


async def listed(*groups: str) -> list[str]:
    async with open_library(read_settings(None)) as library:
        return [one.id for one in await library.documents(groups)]


def test_nothing_is_no_backup(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "kept.zip"]) == 1
    assert "nothing to back up" in capsys.readouterr().err
    assert not Path("kept.zip").exists()


def test_a_file_that_is_no_backup_changes_nothing(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs)]) == 0
    Path("kept.zip").write_bytes(b"no archive")

    assert main(["restore", "kept.zip"]) == 1
    assert "kept.zip" in capsys.readouterr().err
    assert what_is_new(docs, capsys) == (0, 0, 0)


@pytest.mark.parametrize("call", ["backup", "restore a b", "docs backup"])
def test_a_wrong_call_is_refused(call: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(call.split())


def test_a_folder_called_backup_can_be_read() -> None:
    folder = Path("backup")
    folder.mkdir()
    (folder / "a.md").write_text("# A")

    assert main(["./backup"]) == 0
