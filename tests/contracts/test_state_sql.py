"""What only the state in a database promises: a stop, a second worker, and a database that fails."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import Journey, State, StateUnavailable, Work
from connectors.state.queue import Pace, Queue
from tests.contracts.states import Word, idle, received

T = TypeVar("T", bound=BaseModel)


class Count(BaseModel):
    number: int


async def hang_on(question_id: str) -> None:
    await asyncio.Event().wait()


async def told(value: T) -> T:
    return value


async def test_work_that_is_stopped_is_nobodys_fault_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    begun, roots, table = asyncio.Event(), Roots(home=tmp_path, models=tmp_path), {"grace_seconds": 0.01}

    async def hang(question_id: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with load("state", "sql", table, roots) as stopped:
        question_id, _ = await stopped.accept(received("e1"))
        await stopped.start({"answer": Work(hang, idle)})
        await begun.wait()
        await stopped.stop()
        assert await stopped.undelivered() == (question_id,)
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT begun FROM work").fetchall() == [(0,)]
    begun.clear()
    async with load("state", "sql", table, roots) as started:
        await started.start({"answer": Work(hang, idle)})
        await begun.wait()


async def test_work_that_an_older_program_began_goes_on_with_the_steps_of_the_newer(tmp_path: Path) -> None:
    begun, ended, done = asyncio.Event(), asyncio.Event(), list[str]()
    roots, table = Roots(home=tmp_path, models=tmp_path), {"grace_seconds": 0.01}

    def journey(state: State, program: str, *names: str) -> Journey:
        async def run(question_id: str) -> None:
            for name in names:
                word = Word(text=f"{program} {name}")
                done.append((await state.step(name, Word, partial(told, word))).text)
            (begun if program == "old" else ended).set()
            await asyncio.Event().wait()

        return run

    async with load("state", "sql", table, roots) as stopped:
        await stopped.accept(received("e1"))
        await stopped.start({"answer": Work(journey(stopped, "old", "rewrite", "look", "answer"), idle)})
        await begun.wait()
    async with load("state", "sql", table, roots) as started:
        await started.start({"answer": Work(journey(started, "new", "begin", "look", "answer", "deliver"), idle)})
        await asyncio.wait_for(ended.wait(), 10)

    assert done[3:] == ["new begin", "old look", "old answer", "new deliver"]


async def test_a_result_that_the_newer_program_cannot_read_is_found_again(tmp_path: Path) -> None:
    begun, ended, roots = asyncio.Event(), asyncio.Event(), Roots(home=tmp_path, models=tmp_path)

    async with load("state", "sql", {"grace_seconds": 0.01}, roots) as stopped:

        async def old(question_id: str) -> None:
            await stopped.step("look", Word, partial(told, Word(text="seen")))
            begun.set()
            await asyncio.Event().wait()

        await stopped.accept(received("e1"))
        await stopped.start({"answer": Work(old, idle)})
        await begun.wait()
    async with load("state", "sql", {"grace_seconds": 0.01}, roots) as started:

        async def new(question_id: str) -> None:
            assert (await started.step("look", Count, partial(told, Count(number=3)))).number == 3
            ended.set()

        await started.start({"answer": Work(new, idle)})
        await asyncio.wait_for(ended.wait(), 10)


async def test_of_several_processes_one_posts_an_answer_and_a_dead_one_holds_none_for_good(tmp_path: Path) -> None:
    roots = Roots(home=tmp_path, models=tmp_path)
    async with (
        load("state", "sql", {"executor": "one"}, roots) as one,
        load("state", "sql", {"executor": "two"}, roots) as two,
    ):
        question_id, _ = await one.accept(received("e1"))
        claims = await asyncio.gather(one.claim(question_id), two.claim(question_id))
        assert sorted(claims) == [False, True]
    dead = "one" if claims[0] else "two"
    async with load("state", "sql", {"executor": "three"}, roots) as other:
        assert not await other.claim(question_id)
        async with load("state", "sql", {"executor": dead}, roots) as again:
            await again.start({"answer": Work(hang_on, idle)})
            assert await other.claim(question_id)


async def test_the_start_waits_for_nobody_who_gives_up(tmp_path: Path) -> None:
    roots, hung = Roots(home=tmp_path, models=tmp_path), asyncio.Event()

    async def hang(question_id: str) -> None:
        hung.set()
        await hang_on(question_id)

    async with load("state", "sql", {}, roots) as ended:
        question_id, _ = await ended.accept(received("e1"))
        await ended.start({"answer": Work(idle, idle)})
        while not await ended.queue.ended([question_id]):  # noqa: ASYNC110  # the queue tells nobody
            await asyncio.sleep(0)
    async with asyncio.timeout(10), load("state", "sql", {}, roots) as started:
        await started.start({"answer": Work(idle, hang)})
        await hung.wait()


async def test_a_second_worker_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    roots = Roots(home=tmp_path, models=tmp_path)
    async with load("state", "sql", {}, roots) as first, load("state", "sql", {}, roots) as second:
        await first.start({"answer": Work(idle, idle)})

        with pytest.raises(StateUnavailable, match="another Nightshift"):
            await second.start({"answer": Work(idle, idle)})


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
            await state.start({"answer": Work(idle, idle)})


async def test_a_message_that_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with pytest.raises(StateUnavailable, match="NOT NULL"):
            await state.accept(replace(received("e1"), author=None))  # type: ignore[arg-type]  # what no column takes


async def test_a_database_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with load("state", "sql", {}, Roots(home=tmp_path, models=tmp_path)) as state:
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr("connectors.state.transactions.ANSWER_SECONDS", 0.05)
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


def test_the_password_of_the_database_is_in_no_picture_of_the_queue() -> None:
    url = "postgresql+psycopg://ann:hunter2@db/nightshift"

    assert "hunter2" not in repr(Queue(url, sa.create_engine(url), "one", Pace({"answer": 1}, 1, 1, 1)))
