"""What every state promises, tried on the twin, on SQLite, and on PostgreSQL where one is reachable."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import (
    ATTEMPTS,
    UNSENT_BYTES,
    UNSENT_KEPT,
    Feedback,
    KeptFile,
    MissingAttachment,
    Rated,
    Received,
    State,
    StateUnavailable,
    TooMuchUnsent,
)
from tests.contracts import postgres

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Word(BaseModel):
    text: str


async def idle(question_id: str) -> None:
    pass


def received(event_id: str, text: str = "why is checkout slow?", thread: str = "t1", minutes: int = 0) -> Received:
    return Received(event_id, "web", thread, "ann", text, "{}", NOON + timedelta(minutes=minutes))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    vendor = "memory" if request.param == "memory" else "sql"
    table: dict[str, object] = {} if vendor == "memory" else {"retry_seconds": 0.05}
    if request.param == "postgres":
        table["url"] = postgres.database(request.getfixturevalue("server"))
    async with load("state", vendor, table, Roots(home=tmp_path, models=tmp_path)) as opened:
        yield opened


async def test_the_same_delivery_twice_is_one_question(state: State) -> None:
    first, fresh = await state.accept(received("e1"))
    second, again = await state.accept(received("e1"))

    assert (first == second, fresh, again) == (True, True, False)


async def test_the_same_event_id_on_another_channel_is_another_question(state: State) -> None:
    first, _ = await state.accept(received("e1"))
    other = Received("e1", "slack", "t1", "ann", "hello", "{}", NOON)

    assert (await state.accept(other))[0] != first


async def test_deliveries_racing_each_other_are_one_question(state: State) -> None:
    ids = await asyncio.gather(*(state.accept(received("e1")) for _ in range(20)))

    assert len({question_id for question_id, _ in ids}) == 1
    assert sum(fresh for _, fresh in ids) == 1


def file(content: bytes = b"\x89PNG\0", author: str = "ann", days: float = 0) -> KeptFile:
    digest = hashlib.sha256(content).hexdigest()
    return KeptFile(author, digest, "image/png", content, NOON + timedelta(days=days))


def with_files(event_id: str, *files: KeptFile, days: float = 0) -> Received:
    digests = tuple(one.digest for one in files)
    return replace(received(event_id), attachments=digests, received_at=NOON + timedelta(days=days))


async def test_a_file_is_kept_byte_for_byte_for_its_author_alone(state: State) -> None:
    kept = file(bytes(range(256)) * 1000)

    await state.keep(kept)

    assert await state.attachment("ann", kept.digest) == kept
    assert await state.attachment("bob", kept.digest) is None
    assert await state.attachment("ann", "0" * 64) is None


async def test_the_same_file_is_kept_once_for_each_author(state: State) -> None:
    await asyncio.gather(*(state.keep(file(author=author)) for author in ("ann", "ann", "bob", "ann")))

    assert await state.attachment("bob", file().digest) == file(author="bob")
    assert await state.attachment("ann", file().digest) == file()


async def test_a_message_needs_the_files_that_it_refers_to(state: State) -> None:
    await state.keep(file(author="bob"))
    with pytest.raises(MissingAttachment):
        await state.accept(with_files("e1", file()))
    await state.keep(file())

    question_id, fresh = await state.accept(with_files("e1", file(), file()))

    assert fresh
    assert [one.id for one in await state.thread("t1")] == [question_id]


async def test_a_file_that_no_message_refers_to_is_forgotten_after_a_day(state: State) -> None:
    sent, waiting, late = file(b"sent"), file(b"waiting"), file(b"late", days=0.5)
    for one in (sent, waiting, late):
        await state.keep(one)
    await state.accept(with_files("e1", sent))

    await state.accept(with_files("e2", days=UNSENT_KEPT.days + 0.1))

    assert await state.attachment("ann", sent.digest) == sent
    assert await state.attachment("ann", waiting.digest) is None
    assert await state.attachment("ann", late.digest) == late


async def test_a_file_that_comes_again_waits_longer(state: State) -> None:
    await state.keep(file())
    await state.keep(file(days=0.9))
    await state.keep(file(b"another", days=1.5))

    assert await state.accept(with_files("e1", file(), days=1.5))


async def test_the_same_delivery_is_the_same_question_whatever_became_of_its_files(state: State) -> None:
    await state.keep(file())
    first, _ = await state.accept(with_files("e1", file()))

    assert await state.accept(with_files("e1", file(b"never sent"))) == (first, False)


async def test_an_author_can_have_so_many_bytes_waiting(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    assert UNSENT_BYTES >= 5 * 20 * 1024 * 1024
    for vendor in ("memory", "rows"):
        monkeypatch.setattr(f"connectors.state.{vendor}.UNSENT_BYTES", 10)
    await state.keep(file(b"12345678"))
    await state.keep(file(b"12345678"))
    await state.keep(file(b"12345678", author="bob"))

    with pytest.raises(TooMuchUnsent):
        await state.keep(file(b"9abc"))
    await state.accept(with_files("e1", file(b"12345678")))
    await state.keep(file(b"9abc"))


async def test_a_thread_keeps_its_order_and_its_latest_questions(state: State) -> None:
    for minute in (3, 1, 2):
        await state.accept(received(f"e{minute}", text=f"question {minute}", minutes=minute))

    assert [q.text for q in await state.thread("t1")] == ["question 1", "question 2", "question 3"]
    assert [q.text for q in await state.thread("t1", limit=2)] == ["question 2", "question 3"]
    assert (await state.thread("t1"))[0].received_at == NOON + timedelta(minutes=1)


async def test_threads_are_listed_latest_first_by_person(state: State) -> None:
    await state.accept(received("e1", text="first", thread="old"))
    await state.accept(received("e2", text="second", thread="new", minutes=5))
    await state.accept(received("e3", text="third", thread="old", minutes=1))

    listed = await state.threads("ann")

    assert [(t.id, t.title, t.questions) for t in listed] == [("new", "second", 1), ("old", "first", 2)]
    assert await state.threads("bob") == ()
    assert len(await state.threads(None)) == 2


async def test_an_answer_is_settled_once(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    assert await state.settle(question_id, '{"text":"a"}')
    assert not await state.settle(question_id, '{"text":"b"}')
    question = await state.question(question_id)
    assert question is not None
    assert question.card == '{"text":"a"}'


async def test_a_channel_has_one_receipt_and_an_undelivered_question_is_listed(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    assert await state.undelivered() == (question_id,)

    assert await state.record_delivery(question_id, "web", "card", "m1")
    assert not await state.record_delivery(question_id, "web", "card", "m1")
    assert await state.undelivered() == ()


async def test_a_follower_sees_every_frame_once_and_stops_at_the_card(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    async def follow() -> list[tuple[int, str, str]]:
        return [(f.sequence, f.kind, f.data) async for f in state.follow(question_id, after=0)]

    following = asyncio.create_task(follow())
    await state.append(question_id, "status", "looking")
    await state.append(question_id, "append", "be")
    await state.settle(question_id, "card")
    await state.append(question_id, "append", "too late")

    assert await following == [(1, "status", "looking"), (2, "append", "be"), (3, "card", "card")]


async def test_a_follower_resumes_behind_the_frame_it_saw_last(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    for text in ("a", "b", "c"):
        await state.append(question_id, "append", text)
    await state.settle(question_id, "card")

    assert [f.data async for f in state.follow(question_id, after=2)] == ["c", "card"]


async def test_following_ends_behind_the_card_too(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    await state.settle(question_id, "card")

    assert [f async for f in state.follow(question_id, after=7)] == []


async def test_a_persons_last_verdict_counts_and_needs_a_question(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    assert await state.record_feedback(Feedback(question_id, "ann", "down", "wrong service", NOON))
    assert await state.record_feedback(Feedback(question_id, "ann", "up", "", NOON))
    assert not await state.record_feedback(Feedback("nobody's", "ann", "up", "", NOON))


async def test_verdicts_come_back_with_the_answers_they_are_about_the_latest_first(state: State) -> None:
    ids = [(await state.accept(received(f"e{number}")))[0] for number in range(3)]
    for number, question_id in enumerate(ids[:2]):
        await state.settle(question_id, f"card {number}")
        await state.record_feedback(Feedback(question_id, "ann", "up", "", NOON + timedelta(minutes=number)))
    await state.record_feedback(Feedback(ids[0], "bob", "down", "", NOON + timedelta(minutes=9)))
    await state.record_feedback(Feedback(ids[2], "ann", "up", "", NOON))

    assert await state.rated() == (Rated("card 0", "down"), Rated("card 1", "up"), Rated("card 0", "up"))
    assert await state.rated(limit=1) == (Rated("card 0", "down"),)


async def test_accepted_work_is_done_with_steps_that_return_values(state: State) -> None:
    async def answer(question_id: str) -> None:
        async def think() -> Word:
            return Word(text="because")

        word = await state.step("think", Word, think)
        await state.settle(question_id, word.text)

    await state.start({"answer": answer}, answer)
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["because"]


async def test_work_accepted_before_the_start_is_taken_up(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    async def answer(row_id: str) -> None:
        await state.settle(row_id, "late but here")

    await state.start({"answer": answer}, answer)

    assert [f.data async for f in state.follow(question_id, after=0)] == ["late but here"]


async def test_work_that_the_database_failed_goes_on_a_little_later(state: State) -> None:
    tries = iter([StateUnavailable("the disk is full")])

    async def answer(question_id: str) -> None:
        async def think() -> Word:
            for failure in tries:
                raise failure
            return Word(text="because")

        await state.settle(question_id, (await state.step("think", Word, think)).text)

    await state.start({"answer": answer}, idle)
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["because"]


async def test_work_that_never_succeeds_is_given_up(state: State) -> None:
    begun: list[str] = []

    async def answer(question_id: str) -> None:
        begun.append(question_id)
        raise StateUnavailable("the database refuses this row")

    async def give_up(question_id: str) -> None:
        await state.settle(question_id, "sorry")

    await state.start({"answer": answer}, give_up)
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["sorry"]
    assert begun == [question_id] * ATTEMPTS


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


async def test_check_names_the_open_work(state: State) -> None:
    await state.accept(received("e1"))

    assert (await state.check())["open questions"] == "1"


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
