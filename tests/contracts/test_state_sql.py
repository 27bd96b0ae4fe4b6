"""What only the state in a database promises: a stop, a second worker, and a database that fails."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import StateUnavailable
from tests.contracts.states import idle, received


async def test_work_that_is_stopped_is_nobodys_fault_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    begun, roots, table = asyncio.Event(), Roots(home=tmp_path, models=tmp_path), {"grace_seconds": 0.01}

    async def hang(question_id: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with load("state", "sql", table, roots) as stopped:
        question_id, _ = await stopped.accept(received("e1"))
        await stopped.start({"answer": hang}, idle)
        await begun.wait()
        await stopped.stop()
        assert await stopped.undelivered() == (question_id,)
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT begun FROM inbox").fetchall() == [(0,)]
    begun.clear()
    async with load("state", "sql", table, roots) as started:
        await started.start({"answer": hang}, idle)
        await begun.wait()


async def test_a_second_worker_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    roots = Roots(home=tmp_path, models=tmp_path)
    async with load("state", "sql", {}, roots) as first, load("state", "sql", {}, roots) as second:
        await first.start({}, idle)

        with pytest.raises(StateUnavailable, match="another Nightshift"):
            await second.start({}, idle)


async def test_an_unusable_folder_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    with pytest.raises(StateUnavailable, match="set `home`"):
        async with load("state", "sql", {}, Roots(home=blocked / "home", models=tmp_path)):
            pytest.fail("a file was used as a folder")


async def test_a_damaged_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"scrambled" * 1000)

    with pytest.raises(StateUnavailable, match=r"not a database\. .* move it away"):
        async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)):
            pytest.fail("a damaged file was used as a database")


async def test_a_lock_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.lock").mkdir()

    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with pytest.raises(StateUnavailable, match="set `home`"):
            await state.start({}, idle)


async def test_a_message_that_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with pytest.raises(StateUnavailable, match="NOT NULL"):
            await state.accept(replace(received("e1"), author=None))  # type: ignore[arg-type]  # what no column takes


async def test_a_database_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr("connectors.state.sql.ANSWER_SECONDS", 0.05)
            with pytest.raises(StateUnavailable, match=r"within 0\.05 s"):
                await state.accept(received("e1"))
        monkeypatch.undo()
        assert await state.accept(received("e2"))


async def test_check_waits_for_nobody_who_writes(tmp_path: Path) -> None:
    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")

            async with asyncio.timeout(5):
                assert (await state.check())["journal mode"] == "wal"


async def test_a_row_that_names_pickle_is_refused(tmp_path: Path) -> None:
    from dbos._serialization import DBOSDefaultSerializer

    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)):
        with pytest.raises(TypeError, match="pickle refused"):
            DBOSDefaultSerializer.deserialize("gASVBAAAAAAAAABLAS4=")
