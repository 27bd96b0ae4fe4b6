"""What a folder gives, and what it keeps to itself."""

import os
from pathlib import Path

from connectors.sources.folder import FolderSource, Settings
from connectors.sources.port import Document, Unreadable


def source(path: Path, **settings: object) -> FolderSource:
    return FolderSource(Settings.model_validate({"path": path, **settings}))


async def ids(source: FolderSource) -> list[str]:
    return [entry.id for entry in await source.entries()]


async def test_hidden_folders_and_dependencies_are_not_read(tmp_path: Path) -> None:
    for name in (".git/a.md", "node_modules/p/readme.md", ".hidden.md", "kept/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    assert await ids(source(tmp_path)) == ["kept/a.md"]


async def test_what_is_no_document_is_counted_by_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "b.yaml").write_text("x: 1")
    (tmp_path / "c.md").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "d.md")
    folder = source(tmp_path)

    assert await ids(folder) == []
    assert folder.skipped == {"not a document": 2, "link that leaves the folder": 1, "not a regular file": 1}


async def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")

    assert await ids(source(tmp_path)) == ["a.md", "b.md"]


async def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/loop").symlink_to(tmp_path / "docs")

    assert await ids(source(tmp_path / "docs")) == []


async def test_a_file_above_the_limit_is_listed_and_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x" * 101)
    folder = source(tmp_path, max_bytes=100)
    (entry,) = await folder.entries()

    (document,) = [one async for one in folder.documents([entry.id])]
    assert isinstance(document, Unreadable)
    assert "larger than" in document.reason


async def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A")
    folder = source(tmp_path / "a.md")
    (document,) = [one async for one in folder.documents(await ids(folder))]

    assert folder.name == "a.md"
    assert isinstance(document, Document)


async def test_links_start_at_the_given_address(tmp_path: Path) -> None:
    (tmp_path / "磁盘 full.md").write_text("x")
    folder = source(tmp_path, link="https://docs.example/ops/")
    (document,) = [one async for one in folder.documents(await ids(folder))]

    assert isinstance(document, Document)
    assert document.link == "https://docs.example/ops/%E7%A3%81%E7%9B%98%20full.md"


async def test_a_name_that_is_not_utf8_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.md")).touch()
    folder = source(tmp_path)

    assert await ids(folder) == []
    assert folder.skipped == {"file name is not UTF-8": 1}
