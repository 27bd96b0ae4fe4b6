"""Reported changes: what is taken for one, what is kept of them, and what is said about them."""

import asyncio
import datetime as dt
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from connectors.configuration import Roots, validate
from connectors.tools.changes import ReportedChanges, Settings, connect
from connectors.tools.port import BadArguments, Change, ChangeLog, Result, ToolUnavailable

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def change(id: str, minutes_ago: float = 10, **more: Any) -> Change:
    at = NOW - dt.timedelta(minutes=minutes_ago)
    return Change(**{"id": id, "at": at, "service": "checkout", "summary": f"Change {id}", **more})


def opened(home: Path, **table: Any) -> AbstractAsyncContextManager[ReportedChanges]:
    return connect(validate(Settings, table, Roots(home, home), "changes"), NOW.timestamp)


async def asked(log: ReportedChanges, **arguments: JsonValue) -> Result:
    return await log.call("changes_reported", arguments)


def told(found: Result) -> Sequence[object]:
    return [row[5] for row in found.table.rows] if found.table else []


async def test_a_change_is_there_for_whoever_opens_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        assert isinstance(log, ChangeLog)
        assert await log.add(change("a", environment="production", version="v42", author="ann", more={"state": "done"}))
    async with opened(tmp_path) as again:
        found = await asked(again)

    assert found.text.splitlines()[1] == (
        "2026-03-02 08:50 deployment checkout → production v42: Change a, by ann (state done)"
    )


async def test_sent_twice_it_is_one_change_and_the_first_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        first = await log.add(change("a", summary="first"))
        second = await log.add(change("a", summary="second"))

        assert (first, second) == (True, False)
        assert told(await asked(log)) == ["first"]


async def test_many_at_once_are_all_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as log, opened(tmp_path) as other:
        kept = await asyncio.gather(*((log, other)[n % 2].add(change(str(n // 2))) for n in range(40)))

        assert sum(kept) == 20
        assert len(told(await asked(log))) == 20


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        pytest.param({}, ["new", "flag", "old"], id="all"),
        pytest.param({"last": "30m"}, ["new", "flag"], id="window"),
        pytest.param({"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T08:30:00Z"}, ["old"], id="from-to"),
        pytest.param({"service": "payments"}, ["old"], id="service"),
        pytest.param({"service": "payments-api"}, ["old"], id="service-by-a-longer-name"),
        pytest.param({"environment": "prod"}, ["new", "flag"], id="environment-or-none-named"),
        pytest.param({"sort": "flag"}, ["flag"], id="sort"),
        pytest.param({"service": "checkout", "environment": "staging"}, ["flag"], id="both"),
    ],
)
async def test_a_window_a_service_an_environment_a_sort(
    tmp_path: Path, arguments: dict[str, JsonValue], ids: list[str]
) -> None:
    async with opened(tmp_path) as log:
        await log.add(change("old", 50, service="payments", environment="staging"))
        await log.add(change("new", 5, environment="production"))
        await log.add(change("flag", 10, kind="flag"))

        assert told(await asked(log, **arguments)) == [f"Change {id}" for id in ids]


async def test_what_is_old_is_forgotten_and_what_is_too_old_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path, keep_days=2) as log:
        await log.add(change("a", 60 * 24 * 1.5))
    async with opened(tmp_path, keep_days=1) as log:
        with pytest.raises(BadArguments, match="more than 1 days ago"):
            await log.add(change("b", 60 * 24 * 1.5))
        with pytest.raises(BadArguments, match="in the future"):
            await log.add(change("d", -60 * 25))
        await log.add(change("c"))

        assert told(await asked(log, last="3d")) == ["Change c"]


async def test_only_so_many_are_kept_the_newest(tmp_path: Path) -> None:
    async with opened(tmp_path, keep=2) as log:
        for minutes in (5, 30, 1, 20):
            await log.add(change(str(minutes), minutes))

        assert told(await asked(log)) == ["Change 1", "Change 5"]


async def test_more_than_can_be_told_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, max_changes=2) as log:
        for id in "abc":
            await log.add(change(id))
        found = await asked(log)

    assert found.truncated
    assert found.text.endswith("… and 1 more; narrow it.")


async def test_a_file_that_is_none_of_ours_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "changes.sqlite"
    file.write_bytes(b"not a database, " * 100)
    async with opened(tmp_path) as log:
        with pytest.raises(ToolUnavailable, match=r"changes\.sqlite is damaged .*move it away"):
            await log.add(change("a"))
    assert file.read_bytes().startswith(b"not a database")


async def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "changes.sqlite")) as file:
        file.execute("PRAGMA user_version = 7")
    async with opened(tmp_path) as log:
        with pytest.raises(ToolUnavailable, match="version 7 and not 1"):
            await asked(log)


async def test_a_row_that_is_no_change_costs_nobody_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        await log.add(change("a"))
        with closing(sqlite3.connect(tmp_path / "changes.sqlite")) as file, file:
            file.execute("INSERT INTO changes VALUES ('b', ?, '{}')", (NOW.timestamp(),))

        assert told(await asked(log)) == ["Change a"]


async def test_a_file_that_somebody_else_holds_passes(tmp_path: Path) -> None:
    async with opened(tmp_path, timeout_seconds=0.01) as log:
        await log.add(change("a"))
        with closing(sqlite3.connect(tmp_path / "changes.sqlite", isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            with pytest.raises(ToolUnavailable, match="locked") as busy:
                await log.add(change("b"))
            assert busy.value.passing
            assert told(await asked(log)) == ["Change a"]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.connectors.tools.test_changes import change, opened
async def run():
    async with opened(Path(sys.argv[1])) as log:
        for number in range(5):
            await log.add(change(str(number)))
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(run())
"""


async def test_what_was_accepted_survives_a_crash(tmp_path: Path) -> None:
    home = Path(__file__).parents[4]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path), cwd=home)
    assert await process.wait() == -signal.SIGKILL

    async with opened(tmp_path) as log:
        assert len(told(await asked(log))) == 5


def test_what_another_system_sends_becomes_a_change() -> None:
    sent = {"id": 17, "at": "2026-03-02T10:00:00+02:00", "service": " checkout ", "summary": "x", "region": {"a": [1]}}
    found = Change.received({**sent, "author": None, "count": 3, "more": {"b": 2}}, NOW)

    assert (found.id, found.at.astimezone(dt.UTC).hour, found.service, found.kind) == (
        "17",
        8,
        "checkout",
        "deployment",
    )
    assert found.more == {"region": '{"a": [1]}', "count": "3", "more": '{"b": 2}'}


def test_without_an_id_the_same_words_are_the_same_change() -> None:
    sent: dict[str, JsonValue] = {"service": "checkout", "summary": "Deploy v42"}
    later = NOW + dt.timedelta(minutes=1)

    assert Change.received(sent, NOW).id == Change.received(sent, later).id
    assert Change.received(sent, NOW).id != Change.received({**sent, "version": "v42"}, NOW).id
    assert Change.received(sent, NOW).at == NOW


def test_further_fields_are_bounded() -> None:
    sent: dict[str, JsonValue] = {f"field-{n}": "x" * 10_000 for n in range(100)}
    found = Change.received({"service": "a", "summary": "b", **sent}, NOW)

    assert len(found.more) == 20
    assert {len(value) for value in found.more.values()} == {500}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param([], "JSON object", id="list"),
        pytest.param("deployed", "JSON object", id="text"),
        pytest.param({"summary": "x"}, "service: Field required", id="no-service"),
        pytest.param({"service": "a", "summary": "  "}, "summary: String should have at least 1", id="no-words"),
        pytest.param({"service": "a", "summary": "x", "at": "2026-03-02T10:00:00"}, "at: .*timezone", id="no-offset"),
        pytest.param({"service": "a", "summary": "x" * 2001}, "summary: String should have at most", id="too-long"),
        pytest.param({"service": "a", "summary": "x", "link": "javascript:alert(1)"}, "link: ", id="script"),
        pytest.param({"service": "a", "summary": "x", "link": 'https://x/"><b>'}, "link: ", id="markup"),
        pytest.param({"service": "a", "summary": "\ud800"}, "summary: ", id="half-a-sign"),
        pytest.param({"service": {"a": 1}, "summary": "x"}, "service: ", id="nested"),
    ],
)
def test_what_is_no_change_is_refused_in_words(sent: JsonValue, said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        Change.received(sent, NOW)
