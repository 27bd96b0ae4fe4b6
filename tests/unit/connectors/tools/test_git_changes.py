"""Commits of a window."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.tools.port import BadArguments, Tools
from tests.contracts.tool_vendors import git_changes


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    async with git_changes(tmp_path) as opened:
        yield opened


async def test_a_day_holds_what_changed_in_it(tools: Tools) -> None:
    found = await tools.call("git_commits", {})

    assert found.table is not None
    ((repository, _, at, author, message, _, files),) = found.table.rows
    assert (repository, at, author) == ("shop", "2026-03-02 08:00", "Ann")
    assert (message, files) == ("Shrink the connection pool to 5", "[pool.toml]")


async def test_a_longer_window_holds_more_newest_first(tools: Tools) -> None:
    found = await tools.call("git_commits", {"last": "7d"})

    assert found.table is not None
    assert [row[4] for row in found.table.rows] == ["Shrink the connection pool to 5", "Start"]


@pytest.mark.parametrize("arguments", [{"path": "docs"}, {"contains": "grow"}, {"path": ":(glob)*"}, {"path": "--all"}])
async def test_filters(tools: Tools, arguments: dict[str, str]) -> None:
    assert (await tools.call("git_commits", {"last": "7d", **arguments})).text.startswith("No commits")


async def test_a_commit_in_full(tools: Tools) -> None:
    listed = await tools.call("git_commits", {})
    assert listed.table is not None
    number = str(listed.table.rows[0][1])

    found = await tools.call("git_commit", {"repository": "shop", "commit": number})

    assert "-size = 5\n+size = 31" in found.text
    assert found.link == f"https://git.example/shop/{number}"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"repository": "other", "commit": "abcdef1"}, id="other-repository"),
        pytest.param({"repository": "shop", "commit": "abcdef1"}, id="no-such-commit"),
        pytest.param({"repository": "shop", "commit": "--output=/tmp/x"}, id="option"),
        pytest.param({"repository": "../shop", "commit": "abcdef1"}, id="path"),
    ],
)
async def test_what_is_not_there_is_refused(tools: Tools, arguments: dict[str, str]) -> None:
    with pytest.raises(BadArguments):
        await tools.call("git_commit", dict(arguments))
