"""What only the state in a database promises of remedies: several processes, crashes, and an audit nobody rewrites."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connectors.state import audit_rows
from connectors.state.audit_port import first_broken
from connectors.state.port import ATTEMPTS, StateUnavailable, Work
from connectors.state.remedy_port import Ruling, Sealed, Standing
from connectors.state.remedy_tables import audit, audit_head, execution, proposal, ruled_event, vote
from connectors.state.tables import work
from tests.contracts import mortal_click, remedies
from tests.contracts.remedies import approving, clicked, entry, events, go
from tests.contracts.states import Opening, idle, received

ROUNDS = 20


async def race(*calls: Awaitable[Any]) -> list[Any]:
    """What came of calls that begin together; what fails fails the test."""
    return list(await asyncio.gather(*calls))


async def test_of_many_clicks_in_two_processes_two_people_approve_once(process: Opening) -> None:
    begun = asyncio.Queue[str]()
    people = [("ann", "bob")[number % 2] for number in range(27)]
    clicks = [remedies.vote(person, f"e{number}") for number, person in enumerate(people)]
    clicks += clicks[:15]

    async with process("one") as one, process("two") as two:
        await one.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})
        await one.propose(remedies.proposal(), [])
        clicking = [(one, two)[n // 3 % 2].rule("p1", click.event_id, clicked(click)) for n, click in enumerate(clicks)]
        found = await race(*clicking)

        verdicts = [ruling.verdict for ruling in found if ruling]
        assert (len(found), found.count(None)) == (42, 15)
        assert (verdicts.count("approved"), verdicts.count("counted")) == (1, 1)
        assert (await asyncio.wait_for(begun.get(), 10), len(await two.votes("p1"))) == ("p1", 2)
        assert (len(await two.audited()), await first_broken(two)) == (27, None)
    assert begun.empty()


async def test_of_an_approval_and_a_rejection_at_the_same_moment_one_counts(process: Opening) -> None:
    won = list[str]()
    async with process("one") as one, process("two") as two:
        for number in range(ROUNDS):
            id = f"p{number}"
            await one.propose(remedies.proposal(id), [])
            for_it, against = (
                replace(remedies.vote(person, person, approves=approves), proposal_id=id)
                for person, approves in (("ann", True), ("bob", False))
            )
            order = [one.rule(id, "ann", clicked(for_it, 1)), two.rule(id, "bob", clicked(against))]
            found = await race(*order[:: 1 if number % 2 else -1])
            assert [ruling.verdict for ruling in found].count("settled") == 1
            kept = await two.proposal(id)
            assert kept.status in {ruling.verdict for ruling in found}
            won.append(kept.status)
            assert len(await one.votes(id)) == 1
    assert len(won) == ROUNDS


async def test_of_processes_that_claim_an_execution_one_carries_it_out(process: Opening) -> None:
    async with process("one") as one, process("two") as two:
        for number in range(ROUNDS):
            id = f"p{number}"
            await one.propose(remedies.proposal(id), [])
            found = await race(*(state.claim_execution(remedies.execution(id), go) for state in (one, two)))
            assert [ruling is None for ruling in found].count(True) == 1
        assert len(await two.audited()) == ROUNDS


async def test_two_proposals_at_one_target_are_not_begun_together(process: Opening) -> None:
    def alone(standing: Standing) -> Ruling:
        busy = any(one.status == "started" for one in standing.recent)
        return Ruling("busy", [entry("busy")]) if busy else go(standing)

    async with process("one") as one, process("two") as two:
        for number in range(ROUNDS):
            target, ids = f"shop/{number}", (f"a{number}", f"b{number}")
            for id in ids:
                await one.propose(remedies.proposal(id, target=target, remedy=id), [])
            first, second = (remedies.execution(id, target=target, remedy=id) for id in ids)
            found = await race(one.claim_execution(first, alone), two.claim_execution(second, alone))
            assert sorted(ruling.verdict for ruling in found) == ["busy", "go"]


async def test_nothing_begins_behind_the_stop_switch(process: Opening) -> None:
    def unless_stopped(standing: Standing) -> Ruling:
        return Ruling("stopped", [entry("held")]) if "stop" in standing.switches else go(standing)

    async with process("one") as one, process("two") as two:
        for number in range(4 * ROUNDS):
            await one.propose(remedies.proposal(f"p{number}"), [])
        claims = [one.claim_execution(remedies.execution(f"p{number}"), unless_stopped) for number in range(4 * ROUNDS)]
        await claims[0]
        await race(*claims[1:-1], two.switch(remedies.switch(), [entry("stop")]))
        await claims[-1]

        told = events(await one.audited())
        stopped = told.index("stop")
        assert [set(told[:stopped]), set(told[stopped + 1 :])] == [{"begun"}, {"held"}]


async def test_the_chain_never_forks(process: Opening) -> None:
    async with process("one") as one, process("two") as two:
        await race(*((one, two)[number % 2].audit([entry(f"e{number}")]) for number in range(200)))

        chain = await one.audited()
        assert {one.event for one in chain} == {f"e{number}" for number in range(200)}
        assert (len(chain), await first_broken(one), await two.head()) == (200, None, chain[-1])


@pytest.mark.parametrize("tamper", ["UPDATE audit SET actor = 'eve' WHERE number = 2", "DELETE FROM audit"])
async def test_the_database_refuses_to_change_the_audit_and_a_change_all_the_same_shows(
    process: Opening, engine: sa.Engine, tamper: str
) -> None:
    async with process("one") as state:
        await state.audit([entry(f"e{number}") for number in range(3)])
        with pytest.raises(IntegrityError, match="never changed"), engine.begin() as connection:
            connection.exec_driver_sql(tamper)
        assert await first_broken(state) is None

        unlocked(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(tamper)
        assert await first_broken(state) == (2 if "UPDATE" in tamper else 1)


async def test_the_database_refuses_to_put_another_entry_in_the_place_of_one(
    process: Opening, engine: sa.Engine
) -> None:
    async with process("one") as state:
        await state.audit([entry("kept"), entry()])
        forged = {**vars((await state.audited())[0]), "event": "forged"}
        commands = {"sqlite": audit.insert().prefix_with("OR REPLACE"), "postgresql": sa.text("TRUNCATE audit")}
        with pytest.raises(IntegrityError, match="never changed"), engine.begin() as connection:
            connection.execute(commands[engine.dialect.name], forged)

        assert events(await state.audited()) == ["kept", "proposed"]


async def test_a_chain_whose_end_was_cut_off_shows_it_before_and_after_it_goes_on(
    process: Opening, engine: sa.Engine
) -> None:
    async with process("one") as state:
        await state.audit([entry(f"e{number}") for number in range(5)])
        unlocked(engine)
        with engine.begin() as connection:
            connection.execute(audit.delete().where(audit.c.number > 3))
        assert await first_broken(state) == 4

        await state.audit([entry("later")])
        assert await first_broken(state) == 4


async def test_what_cannot_be_audited_is_not_done(process: Opening, engine: sa.Engine) -> None:
    async with process("one") as state:
        await state.propose(remedies.proposal(), [])
        with engine.begin() as connection:
            connection.execute(audit.insert().values(**vars(Sealed(**vars(entry()), number=1))))
        with pytest.raises(StateUnavailable, match="audit verify"):
            await state.rule("p1", "e1", clicked(remedies.vote(), needed=1))
        with pytest.raises(StateUnavailable, match="audit verify"):
            await state.claim_execution(remedies.execution(), go)

        with engine.connect() as connection:
            counts = [len(connection.execute(sa.select(table)).all()) for table in (vote, ruled_event, execution)]
            assert counts == [0] * 3
            assert connection.execute(sa.select(proposal.c.status)).scalar_one() == "pending"


async def test_an_audit_without_its_head_says_so(process: Opening, engine: sa.Engine) -> None:
    async with process("one") as state:
        with engine.begin() as connection:
            connection.execute(audit_head.delete())
        with pytest.raises(StateUnavailable, match="lost its head"):
            await state.audit([entry()])


async def test_a_ruling_that_waits_for_another_gives_up_and_is_not_made_later(
    process: Opening, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite gives up by its busy timeout")
    patience = "SELECT set_config('lock_timeout', '100ms', true)"
    monkeypatch.setattr(audit_rows, "_PATIENCE", sa.text(patience))
    async with process("one") as state:
        await state.propose(remedies.proposal(), [])
        with engine.begin() as connection:
            audit_rows.hold(connection)
            with pytest.raises(StateUnavailable, match="lock timeout"):
                await state.rule("p1", "e1", approving)

        assert (await state.proposal("p1")).status == "pending"
        assert await state.rule("p1", "e1", approving)


async def test_a_process_that_hangs_in_the_middle_of_a_ruling_keeps_nobody_waiting(
    process: Opening, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("one process has an SQLite file")
    patience = "SELECT set_config('idle_in_transaction_session_timeout', '100ms', true)"
    monkeypatch.setattr(audit_rows, "_PATIENCE", sa.text(patience))
    async with process("one") as state:
        with suppress(sa.exc.DBAPIError), engine.begin() as hung:
            audit_rows.hold(hung)
            await asyncio.wait_for(state.switch(remedies.switch(), [entry("stop")]), 10)

        assert events(await state.audited()) == ["stop"]


async def test_an_execution_whose_work_ended_without_an_end_is_given_up_at_the_next_start(process: Opening) -> None:
    given_up = asyncio.Queue[str]()

    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "execute": Work(idle, idle)})
        for id in ("settled", "begun", "never begun"):
            await state.propose(remedies.proposal(id), [])
            await state.rule(id, "", approving)
        for id in ("settled", "begun"):
            await state.claim_execution(remedies.execution(id), go)
        await state.settle_execution(remedies.execution("settled", status="failed"), [])
        while len(await state.queue.ended(["settled", "begun", "never begun"])) < 3:  # noqa: ASYNC110  # as it is
            await asyncio.sleep(0)
    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "execute": Work(idle, given_up.put)})
        found = {await asyncio.wait_for(given_up.get(), 10) for _ in range(2)}
        assert (found, given_up.empty()) == ({"begun", "never begun"}, True)


async def test_an_execution_that_brings_the_process_down_is_given_up(process: Opening, engine: sa.Engine) -> None:
    begun, given_up = asyncio.Queue[str](), asyncio.Queue[str]()

    async with process("one") as state:
        await state.propose(remedies.proposal(), [])
        await state.rule("p1", "", approving)
        with engine.begin() as connection:
            connection.execute(work.insert().values(id="p1", begun=ATTEMPTS))
        await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, given_up.put)})
        assert await asyncio.wait_for(given_up.get(), 10) == "p1"
    assert begun.empty()


async def test_remedies_that_take_long_keep_neither_questions_nor_diagnoses_waiting(process: Opening) -> None:
    begun, answered = list[str](), asyncio.Queue[str]()

    async def hang(proposal_id: str) -> None:
        begun.append(proposal_id)
        await asyncio.Event().wait()

    async with process("one") as state:
        await state.start({"answer": Work(answered.put, idle), "execute": Work(hang, idle)})
        for number in range(5):
            await state.propose(remedies.proposal(f"p{number}"), [])
            await state.rule(f"p{number}", "", approving)
        while len(begun) < 2:  # noqa: ASYNC110  # the queue tells nobody
            await asyncio.sleep(0)
        question_id, _ = await state.accept(received("e1"))
        assert await asyncio.wait_for(answered.get(), 10) == question_id
    assert len(begun) == 2


async def test_a_process_that_carries_out_nothing_leaves_it_to_one_that_does(process: Opening) -> None:
    begun, answered = asyncio.Queue[str](), asyncio.Queue[str]()

    async with process("one") as state:
        await state.propose(remedies.proposal(), [])
        await state.rule("p1", "", approving)
        await state.start({"answer": Work(answered.put, idle)})
        await state.accept(received("e1"))
        await asyncio.wait_for(answered.get(), 10)
    async with process("one") as state:
        await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})
        assert await asyncio.wait_for(begun.get(), 10) == "p1"


CLICKED = ["proposed", "approved", "begun"]


@pytest.mark.parametrize(
    ("point", "told", "effects"),
    [
        ("ruling", [*CLICKED, "done"], 1),
        ("enqueued", [*CLICKED, "done"], 1),
        ("committed", [*CLICKED, "done"], 1),
        ("claimed", [*CLICKED, "unknown"], 0),
        ("carried out", [*CLICKED, "unknown"], 1),
        ("settled", [*CLICKED, "done"], 1),
    ],
)
def test_a_process_that_is_killed_neither_loses_an_approval_nor_carries_it_out_twice(
    state_url: str, tmp_path: Path, point: str, told: list[str], effects: int
) -> None:
    url = "" if state_url.startswith("sqlite") else state_url

    def live() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", mortal_click.__name__, str(tmp_path), url, point]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    died, finished = live(), live()

    assert (died.returncode, finished.returncode) == (-9, 0), (died.stderr, finished.stderr)
    assert json.loads(finished.stdout) == {"events": told, "votes": 1, "effects": effects, "broken": None}


def unlocked(engine: sa.Engine) -> None:
    """Drop the triggers, as somebody who owns the database can."""
    on_sqlite = [f"DROP TRIGGER audit_{name}" for name in ("updated", "deleted", "replaced")]
    with engine.begin() as connection:
        for command in on_sqlite if engine.dialect.name == "sqlite" else ["DROP TRIGGER audit_changed ON audit"]:
            connection.exec_driver_sql(command)
