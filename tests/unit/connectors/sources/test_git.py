"""A checkout: tracked files only, as committed, linked to the commit."""

import subprocess
from pathlib import Path

import pytest

from connectors.sources.git import GitSource, Settings, web_address
from connectors.sources.port import Document


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "ops").mkdir(parents=True)
    (folder / "ops/a.md").write_text("# Committed\n")
    (folder / "ops/link.md").symlink_to("a.md")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "ops/a.md").write_text("# Changed\n")
    (folder / "ops/b.md").write_text("# Untracked\n")
    return folder


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


async def documents(source: GitSource) -> list[Document]:
    ids = [entry.id for entry in await source.entries()]
    return [one async for one in source.documents(ids) if isinstance(one, Document)]


async def test_reads_the_commit_and_nothing_else(checkout: Path) -> None:
    source = GitSource(Settings(path=checkout))
    (document,) = await documents(source)

    assert (source.name, document.id, document.title) == ("handbook", "ops/a.md", "Committed")
    assert source.skipped == {"link or submodule": 1}


async def test_links_to_the_commit_at_the_remote_without_credentials(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", "https://bob:token@git.example/ops/handbook.git")
    (document,) = await documents(GitSource(Settings(path=checkout / "ops")))

    commit = git(checkout, "rev-parse", "HEAD")
    assert (document.id, document.link) == ("a.md", f"https://git.example/ops/handbook/blob/{commit}/ops/a.md")


async def test_without_a_remote_the_link_names_path_and_commit(checkout: Path) -> None:
    (document,) = await documents(GitSource(Settings(path=checkout)))

    assert document.link == f"ops/a.md@{git(checkout, 'rev-parse', 'HEAD')[:12]}"


async def test_a_checkout_cannot_make_git_start_a_program(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "config", "core.fsmonitor", f"touch {tmp_path}/started")

    await documents(GitSource(Settings(path=checkout)))

    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@git.example:team/docs.git", "https://git.example/team/docs"),
        ("ssh://git@git.example:2222/team/docs", "https://git.example/team/docs"),
        ("https://u:secret@git.example/team/docs.git", "https://git.example/team/docs"),
        ("/srv/git/docs.git", ""),
        ("file:///srv/docs", ""),
    ],
)
def test_the_web_address_of_a_remote(remote: str, address: str) -> None:
    assert web_address(remote) == address
