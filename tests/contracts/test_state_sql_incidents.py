"""What only the state in a database promises of incidents: restarts, several processes, and older databases."""

import asyncio

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from connectors.state import alert_rows
from connectors.state.database import migrate
from connectors.state.incident_port import Change, Outdated, StoredDiagnosis
from connectors.state.incident_tables import lease
from connectors.state.port import ATTEMPTS, Work
from connectors.state.tables import metadata, work
from tests.contracts.incidents import after, diagnosis, heard, incident, place
from tests.contracts.states import Opening, idle, received


async def test_a_diagnosis_that_was_committed_before_a_crash_is_made_after_it(process: Opening) -> None:
    begun = asyncio.Queue[str]()

    async with process("one") as state:
        await state.change(Change(incidents=[incident()], diagnoses=[diagnosis()]))
    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "diagnose": Work(begun.put, idle)})
        assert await asyncio.wait_for(begun.get(), 10) == "d1"


async def test_a_diagnosis_that_was_cut_off_goes_on_at_the_next_start(process: Opening) -> None:
    begun = asyncio.Queue[str]()

    async def hang(diagnosis_id: str) -> None:
        await begun.put(diagnosis_id)
        await asyncio.Event().wait()

    for _ in range(2):
        async with process("one") as state:
            await state.change(Change(diagnoses=[diagnosis()]))
            await state.start({"answer": Work(idle, idle), "diagnose": Work(hang, idle)})
            assert await asyncio.wait_for(begun.get(), 10) == "d1"


async def test_a_diagnosis_whose_work_ended_without_an_end_is_given_up_at_the_next_start(process: Opening) -> None:
    given_up = asyncio.Queue[str]()

    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "diagnose": Work(idle, idle)})
        await state.change(Change(diagnoses=[diagnosis("closed"), diagnosis("open")]))
        await state.record_diagnosis(StoredDiagnosis("closed", "i1", after(0), "{}", after(1)))
        while len(await state.queue.ended(["closed", "open"])) < 2:  # noqa: ASYNC110  # the queue tells nobody
            await asyncio.sleep(0)
    async with process("one") as state:
        await state.start({"answer": Work(idle, given_up.put), "diagnose": Work(idle, given_up.put)})
        assert await asyncio.wait_for(given_up.get(), 10) == "open"
        assert given_up.empty()


async def test_a_diagnosis_that_brings_the_process_down_is_given_up(process: Opening, engine: sa.Engine) -> None:
    begun, given_up = asyncio.Queue[str](), asyncio.Queue[str]()

    async with process("one") as state:
        await state.change(Change(diagnoses=[diagnosis()]))
        with engine.begin() as connection:
            connection.execute(work.insert().values(id="d1", begun=ATTEMPTS))
        await state.start({"answer": Work(idle, idle), "diagnose": Work(begun.put, given_up.put)})
        assert await asyncio.wait_for(given_up.get(), 10) == "d1"
    assert begun.empty()


async def test_diagnoses_that_take_long_keep_no_question_waiting(process: Opening) -> None:
    begun, answered = list[str](), asyncio.Queue[str]()

    async def hang(diagnosis_id: str) -> None:
        begun.append(diagnosis_id)
        await asyncio.Event().wait()

    async with process("one") as state:
        await state.start({"answer": Work(answered.put, idle), "diagnose": Work(hang, idle)})
        await state.change(Change(diagnoses=[diagnosis(f"d{number}") for number in range(20)]))
        while len(begun) < 2:  # noqa: ASYNC110  # the queue tells nobody
            await asyncio.sleep(0)
        question_id, _ = await state.accept(received("e1"))
        assert await asyncio.wait_for(answered.get(), 10) == question_id
    assert len(begun) == 2


async def test_a_process_that_cannot_diagnose_leaves_diagnoses_to_one_that_can(process: Opening) -> None:
    begun, answered = asyncio.Queue[str](), asyncio.Queue[str]()

    async with process("one") as state:
        await state.change(Change(diagnoses=[diagnosis()]))
        await state.start({"answer": Work(answered.put, idle)})
        await state.accept(received("e1"))
        await asyncio.wait_for(answered.get(), 10)
    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "diagnose": Work(begun.put, idle)})
        assert await asyncio.wait_for(begun.get(), 10) == "d1"


async def test_of_two_processes_that_change_an_incident_one_is_told_that_it_is_late(process: Opening) -> None:
    async with process("one") as one, process("two") as two:
        for version in (0, 1):
            changes = [
                Change(incidents=[incident(version=version)], diagnoses=[diagnosis(f"{name}{version}")])
                for name in ("one", "two")
            ]
            found = await asyncio.gather(one.change(changes[0]), two.change(changes[1]), return_exceptions=True)
            assert [type(failed) for failed in found if failed] == [Outdated]
        assert len(await one.diagnoses("i1")) == 2


async def test_one_process_has_a_role_until_its_time_is_over(process: Opening) -> None:
    async with process("one") as one, process("two") as two:
        assert sorted(await asyncio.gather(one.lead("sorter", 60), two.lead("sorter", 60))) == [False, True]
        first, second = (one, two) if await one.lead("sorter", 60) else (two, one)

        assert not await second.lead("sorter", 60)
        assert await second.lead("publisher", 60)
        assert await first.lead("sorter", 0)
        assert await second.lead("sorter", 60)
        assert not await first.lead("sorter", 60)


async def test_a_role_lasts_as_long_as_was_asked_by_the_clock_of_the_database(
    process: Opening, engine: sa.Engine
) -> None:
    async with process("one") as one:
        await one.lead("sorter", 60)
    with engine.begin() as connection:
        until = connection.execute(sa.select(lease.c.until)).scalar_one()
        epoch = sa.func.unixepoch() if engine.dialect.name == "sqlite" else sa.text("extract(epoch FROM now())")
        now = float(connection.execute(sa.select(epoch)).scalar_one())

    assert 50 < until - now <= 61


async def test_a_report_never_comes_to_light_behind_a_later_one(process: Opening, engine: sa.Engine) -> None:
    async with process("one") as state:
        with engine.begin() as other:
            alert_rows.hear(other, [heard("first")])
            hearing = asyncio.create_task(state.hear([heard("second")]))
            await asyncio.wait({hearing}, timeout=0.2)
            assert not hearing.done()
        await hearing

        assert [report.fingerprint for report in await state.unsorted()] == ["first", "second"]


async def test_what_two_processes_do_to_one_publication_leaves_none_behind(process: Opening) -> None:
    async with process("one") as one, process("two") as two:
        await one.change(Change(incidents=[incident(card="{}")], publications=[place()]))
        for version in range(1, 15):
            changing = one.change(Change(incidents=[incident(version=version, card="{}")]))
            await asyncio.gather(changing, two.record_publication(place(version=version)))
            assert await one.unpublished() == (place(version=version),)


def test_the_tables_are_those_that_the_migrations_make(engine: sa.Engine) -> None:
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def test_counts_of_begun_work_survive_the_way_to_the_newer_tables_and_back(engine: sa.Engine) -> None:
    _to(engine, "0004")
    row = "'web', 'e{0}', 'q{0}', 't1', 'ann', 'why?', '{{}}', '2026-03-01 12:00:00', {0}"
    columns = "channel, event_id, question_id, thread_id, author, text, body, received_at, begun"
    with engine.begin() as connection:
        for begun in (0, 3):
            connection.exec_driver_sql(f"INSERT INTO inbox ({columns}) VALUES ({row.format(begun)})")  # noqa: S608

    migrate(engine)

    with engine.connect() as connection:
        assert connection.execute(sa.select(work)).all() == [("q3", 3)]
    _to(engine, "0004")
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT question_id, begun FROM inbox ORDER BY begun").all()
    assert [tuple(one) for one in kept] == [("q0", 0), ("q3", 3)]


def _to(engine: sa.Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "connectors.state:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        newer = sa.inspect(connection).has_table("work")
        (command.downgrade if newer else command.upgrade)(config, revision)
