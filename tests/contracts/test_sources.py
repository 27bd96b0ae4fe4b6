"""The sources seam: a folder, a Git checkout and the twin tell what is there and read it in the same way."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.configuration import Roots
from connectors.load import load
from connectors.sources.port import Document, Source, SourceUnavailable, Unreadable

PAGES = {"a.md": "# Disk full\n\nDelete old segments.\n", "deep/b.md": "# 磁盘已满\n\n删除旧的段。\n"}


def commit(folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "pages"], check=True)


@pytest.fixture(params=["memory", "folder", "git"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Source]:
    folder = tmp_path / "pages"
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    if request.param == "git":
        if not shutil.which("git"):
            pytest.skip("needs the git command")
        commit(folder)
    documents = [{"id": id, "title": text.split("\n")[0][2:], "text": text} for id, text in PAGES.items()]
    table = {"name": "pages", **({"documents": documents} if request.param == "memory" else {"path": str(folder)})}
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(load("sources", request.param, table, Roots(tmp_path, tmp_path)))


async def read(source: Source, *ids: str) -> list[Document | Unreadable]:
    return [document async for document in source.documents(list(ids))]


async def test_lists_every_document_once_with_a_digest(source: Source) -> None:
    entries = await source.entries()

    assert [entry.id for entry in entries] == ["a.md", "deep/b.md"]
    assert len({entry.digest for entry in entries}) == 2
    assert all(entry.size_bytes > 0 for entry in entries)


async def test_digests_stay_while_nothing_changes(source: Source) -> None:
    assert await source.entries() == await source.entries()


async def test_reads_what_is_asked_for_in_that_order(source: Source) -> None:
    documents = await read(source, "deep/b.md", "a.md")

    assert [document.id for document in documents] == ["deep/b.md", "a.md"]
    assert isinstance(documents[0], Document)
    assert (documents[0].title, documents[0].media_type) == ("磁盘已满", "text/markdown")
    assert "删除旧的段" in documents[0].text
    assert documents[0].link


async def test_a_document_that_went_away_is_unreadable(source: Source) -> None:
    (gone,) = await read(source, "never.md")

    assert isinstance(gone, Unreadable)
    assert gone.reason


@pytest.mark.parametrize("vendor", ["folder", "git"])
async def test_a_place_that_does_not_exist_is_named(vendor: str, tmp_path: Path) -> None:
    async with load("sources", vendor, {"path": str(tmp_path / "nowhere")}, Roots(tmp_path, tmp_path)) as source:
        with pytest.raises(SourceUnavailable, match="nowhere"):
            await source.entries()
