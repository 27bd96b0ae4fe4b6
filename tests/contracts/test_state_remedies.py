"""What every state promises of remedies, tried on the twin, on SQLite, and on PostgreSQL where one is reachable."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest

from connectors.state.audit_port import first_broken
from connectors.state.port import ATTEMPTS, State, StateUnavailable, Work
from connectors.state.remedy_port import RECENT, Execution, Ruling, Standing, StoredProposal, Vote
from tests.contracts.incidents import after
from tests.contracts.remedies import (
    approving,
    clicked,
    entry,
    events,
    execution,
    go,
    kept,
    proposal,
    switch,
    told,
    vote,
)
from tests.contracts.states import idle

NOTHING = Ruling("refused", [entry("refused")])


async def stood(state: State, proposal_id: str = "p1") -> Standing:
    """What a ruling is made on now."""
    seen = list[Standing]()

    def look(standing: Standing) -> Ruling:
        seen.append(standing)
        return Ruling("looked", [])

    await state.rule(proposal_id, "", look)
    return seen[0]


def failing(standing: Standing) -> NoReturn:
    raise ZeroDivisionError


async def test_a_proposal_is_kept_once_and_audited_with_it(state: State) -> None:
    assert await state.propose(proposal(), [entry()])
    assert not await state.propose(replace(proposal(), body='{"other":1}'), [entry("again")])

    assert await state.proposal("p1") == kept(proposal())
    assert await state.proposal("p2") is None
    assert events(await state.audited()) == ["proposed"]


async def test_proposals_are_listed_latest_first_by_incident_and_by_status(state: State) -> None:
    for one in (proposal("a", 1), proposal("b", 3), proposal("c", 2, incident_id="i2")):
        await state.propose(one, [])
    await state.rule("a", "", approving)

    async def listed(**where: object) -> list[str]:
        return [one.id for one in await state.proposals(**where)]  # type: ignore[arg-type]  # as the port names them

    assert [await listed(), await listed(limit=2)] == [["b", "c", "a"], ["b", "c"]]
    assert [await listed(incident_id="i1"), await listed(status="pending")] == [["b", "a"], ["b", "c"]]


async def test_pending_proposals_expire_at_their_time_the_first_to_expire_first(state: State) -> None:
    for one in (proposal("late", 2), proposal("first", 0), proposal("approved", 0), proposal("second", 1)):
        await state.propose(one, [])
    await state.rule("approved", "", approving)

    assert [one.id for one in await state.expired(after(31))] == ["first", "second"]
    assert [one.id for one in await state.expired(after(31), limit=1)] == ["first"]
    assert await state.expired(after(30) - timedelta(microseconds=1)) == ()


async def test_a_ruling_keeps_its_vote_its_proposal_and_its_entries(state: State) -> None:
    await state.propose(proposal(), [])
    ended = replace(proposal(), status="approved", body='{"by":"ann"}', card="{}", version=7)

    ruling = await state.rule("p1", "e1", told(Ruling("approved", [entry("approved")], vote(), ended)))

    assert ruling == Ruling("approved", [entry("approved")], vote(), replace(ended, version=2))
    assert await state.proposal("p1") == replace(ended, version=2)
    assert (await state.votes("p1"), events(await state.audited())) == ((vote(),), ["approved"])


async def test_a_refused_click_is_audited_and_its_event_is_ruled_on_once(state: State) -> None:
    await state.propose(proposal(), [])

    assert await state.rule("p1", "e1", told(NOTHING)) == NOTHING
    assert await state.rule("p1", "e1", approving) is None

    assert events(await state.audited()) == ["refused"]
    assert await state.proposal("p1") == kept(proposal())


async def test_an_empty_event_is_never_the_same_and_the_same_event_may_be_of_two_proposals(state: State) -> None:
    for one in (proposal(), proposal("p2")):
        await state.propose(one, [])

    assert [await state.rule("p1", "", told(NOTHING)) for _ in range(2)] == [NOTHING] * 2
    assert [await state.rule(id, "e1", told(NOTHING)) for id in ("p1", "p2")] == [NOTHING] * 2


async def test_a_proposal_that_is_not_there_cannot_be_ruled_on(state: State) -> None:
    with pytest.raises(KeyError):
        await state.rule("p1", "e1", told(NOTHING))
    with pytest.raises(KeyError):
        await state.claim_execution(execution(), go)

    assert await state.audited() == ()
    await state.propose(proposal(), [])
    assert await state.rule("p1", "e1", told(NOTHING)) == NOTHING


async def test_a_rule_that_fails_changes_nothing_and_its_event_may_come_again(state: State) -> None:
    await state.propose(proposal(), [])
    with pytest.raises(ZeroDivisionError):
        await state.rule("p1", "e1", failing)
    with pytest.raises(ZeroDivisionError):
        await state.claim_execution(execution(), failing)

    assert await state.rule("p1", "e1", told(NOTHING)) == NOTHING
    assert events(await state.audited()) == ["refused"]


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        pytest.param({"target": "shop/database"}, vote(), id="another-target"),
        pytest.param({"digest": "of another action"}, vote(), id="another-action"),
        pytest.param({"remedy": "delete"}, vote(), id="another-remedy"),
        pytest.param({"incident_id": "i2"}, vote(), id="another-incident"),
        pytest.param({"id": "p2"}, vote(), id="another-proposal"),
        pytest.param({}, replace(vote(), proposal_id="p2"), id="vote-on-another"),
    ],
)
async def test_what_is_offered_stays_as_people_saw_it(state: State, changed: dict[str, str], given: Vote) -> None:
    await state.propose(proposal(), [])
    other = replace(proposal(), **changed)  # type: ignore[arg-type]  # fields that are texts
    with pytest.raises(ValueError, match="a ruling"):
        await state.rule("p1", "e1", told(Ruling("approved", [entry()], given, other, work=True)))

    assert (await state.proposal("p1"), await state.votes("p1")) == (kept(proposal()), ())
    assert await state.audited() == ()


async def test_the_last_vote_of_a_person_counts_and_votes_are_in_the_order_of_time(state: State) -> None:
    await state.propose(proposal(), [])
    first, second, third = vote(minutes=1), vote("bob", minutes=2), vote(minutes=3, approves=False)
    for one in (second, first, third):
        await state.rule("p1", "", told(Ruling("counted", [], one)))

    assert await state.votes("p1") == (second, third)
    assert await state.votes("p2") == ()


async def test_a_ruling_is_made_on_all_that_holds(state: State) -> None:
    for one in (proposal(), proposal("p2"), proposal("p3", target="shop/cart"), proposal("p4", remedy="scale")):
        await state.propose(one, [])
    await state.propose(proposal("other", target="shop/cart", remedy="scale"), [])
    begun = [execution("p2", 1), execution("p3", 3, target="shop/cart"), execution("p4", 2, remedy="scale")]
    for one in (*begun, execution("other", 4, target="shop/cart", remedy="scale"), execution()):
        await state.claim_execution(one, go)
    await state.rule("p1", "", told(Ruling("counted", [], vote())))
    await state.switch(switch(), [])
    await state.switch(switch("freeze", until=0), [])

    standing = await stood(state)

    assert (standing.proposal, standing.votes, standing.execution) == (kept(proposal()), (vote(),), execution())
    assert standing.switches == {"stop": switch(), "freeze": switch("freeze", until=0)}
    assert standing.recent == (begun[1], begun[2], begun[0])


async def test_a_ruling_is_made_on_the_latest_executions_and_on_all_that_never_ended(state: State) -> None:
    async def ran(id: str, minutes: float, *, settled: bool = True) -> Execution:
        await state.propose(proposal(id), [])
        await state.claim_execution(execution(id, minutes), go)
        if settled:
            await state.settle_execution(execution(id, minutes, "done"), [])
        return execution(id, minutes, "done" if settled else "started")

    lost, _ = await ran("lost", 1, settled=False), await ran("old", 2)
    latest = [await ran(f"p{number:03}", number + 3) for number in range(RECENT)]
    await state.propose(proposal(), [])

    assert (await stood(state)).recent == (*reversed(latest), lost)


async def test_an_approved_proposal_is_carried_out_once_however_often_it_is_asked_for(state: State) -> None:
    begun = asyncio.Queue[str]()
    await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})
    for id in ("p1", "p2"):
        await state.propose(proposal(id), [])

    for id in ("p1", "p1", "p2"):
        await state.rule(id, "", approving)

    assert {await asyncio.wait_for(begun.get(), 10) for _ in range(2)} == {"p1", "p2"}
    assert begun.empty()


async def test_what_was_approved_before_the_start_is_taken_up(state: State) -> None:
    await state.propose(proposal(), [])
    await state.rule("p1", "", approving)
    begun = asyncio.Queue[str]()

    await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})

    assert await asyncio.wait_for(begun.get(), 10) == "p1"


async def test_an_execution_that_never_succeeds_is_given_up(state: State) -> None:
    begun, given_up = list[str](), asyncio.Queue[str]()

    async def execute(proposal_id: str) -> None:
        begun.append(proposal_id)
        raise StateUnavailable("the database refuses this row")

    await state.start({"answer": Work(idle, idle), "execute": Work(execute, given_up.put)})
    await state.propose(proposal(), [])
    await state.rule("p1", "", approving)

    assert await asyncio.wait_for(given_up.get(), 20) == "p1"
    assert begun == ["p1"] * ATTEMPTS


async def test_an_execution_is_claimed_once(state: State) -> None:
    await state.propose(proposal(), [])

    found = await asyncio.gather(*(state.claim_execution(execution(), go) for _ in range(5)))

    assert found.count(None) == 4
    assert await state.execution("p1") == execution()
    assert events(await state.audited()) == ["begun"]


async def test_a_claim_that_is_refused_keeps_what_the_ruling_says_and_no_execution(state: State) -> None:
    await state.propose(proposal(), [])
    withdrawn = replace(proposal(), status="withdrawn")
    refusal = Ruling("stopped", [entry("stopped")], vote(), withdrawn)

    ruling = await state.claim_execution(execution(), told(refusal))

    assert ruling == replace(refusal, proposal=replace(withdrawn, version=2))
    assert (await state.execution("p1"), await state.unsettled()) == (None, ())
    assert (await state.proposal("p1"), await state.votes("p1")) == (replace(withdrawn, version=2), (vote(),))
    assert events(await state.audited()) == ["stopped"]
    assert await state.claim_execution(execution(), go)


async def test_a_claim_enqueues_nothing(state: State) -> None:
    begun = asyncio.Queue[str]()
    await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})
    for id in ("p1", "p2"):
        await state.propose(proposal(id), [])

    await state.claim_execution(execution(), go)
    await state.rule("p2", "", approving)

    assert await asyncio.wait_for(begun.get(), 10) == "p2"


@pytest.mark.parametrize("other", [execution(target="shop/cart"), execution(remedy="scale")])
async def test_an_execution_is_that_of_its_proposal(state: State, other: Execution) -> None:
    await state.propose(proposal(), [])
    with pytest.raises(ValueError, match="another target"):
        await state.claim_execution(other, go)
    await state.claim_execution(execution(), go)
    with pytest.raises(ValueError, match="another target"):
        await state.settle_execution(replace(other, status="done"), [entry("done")])

    assert await state.execution("p1") == execution()
    assert events(await state.audited()) == ["begun"]


async def test_what_came_of_an_execution_takes_its_place_and_more_may_be_found_out(state: State) -> None:
    for one in (proposal(), proposal("p2"), proposal("p3")):
        await state.propose(one, [])
    for one, minutes in (("p3", 3), ("p1", 5), ("p2", 1)):
        await state.claim_execution(execution(one, minutes), go)
    assert [one.proposal_id for one in await state.unsettled()] == ["p2", "p3", "p1"]

    for status, outcome in (("unknown", "{}"), ("done", '{"ok":true}')):
        settled = replace(execution(status=status), outcome=outcome)  # type: ignore[arg-type]  # one of the port's
        await state.settle_execution(settled, [entry(status)])
        assert await state.execution("p1") == settled

    assert [one.proposal_id for one in await state.unsettled()] == ["p2", "p3"]
    assert events(await state.audited())[-2:] == ["unknown", "done"]


async def test_what_was_never_claimed_cannot_be_settled(state: State) -> None:
    await state.propose(proposal(), [])
    for id in ("p1", "p2"):
        with pytest.raises(KeyError):
            await state.settle_execution(execution(id, status="done"), [entry("done")])

    assert (await state.execution("p1"), await state.audited()) == (None, ())


async def test_a_switch_takes_the_place_of_one_with_its_name_and_holds_until_it_ends(state: State) -> None:
    await state.switch(switch(), [entry("stop")])
    await state.switch(switch("freeze", until=5), [entry("freeze")])
    await state.switch(switch(value="off"), [entry("go")])

    assert await state.switches(after(4)) == {"stop": switch(value="off"), "freeze": switch("freeze", until=5)}
    assert await state.switches(after(5)) == {"stop": switch(value="off")}
    assert events(await state.audited()) == ["stop", "freeze", "go"]


async def test_the_audit_is_a_chain_that_is_read_in_portions_and_by_subject(state: State) -> None:
    assert (await state.head(), await state.audited(), await first_broken(state)) == (None, (), None)
    written = [entry(f"e{number}", f"p{number % 2}", number) for number in range(5)]
    await state.audit(written[:2])
    await state.audit([])
    await state.audit(written[2:])

    chain = await state.audited()

    assert [(one.number, one.event, one.at) for one in chain] == [(n + 1, f"e{n}", after(n)) for n in range(5)]
    assert [one.previous for one in chain] == ["", *(one.hash for one in chain[:-1])]
    assert (await state.audited(after=1, limit=2), await state.head()) == (chain[1:3], chain[-1])
    assert events(await state.audited(after=1, limit=5, subject="p0")) == ["e2", "e4"]
    assert await first_broken(state) is None


async def test_texts_that_databases_refuse_are_kept_without_what_they_refuse(state: State) -> None:
    strange = "a\0b\ud83d"
    await state.propose(StoredProposal(strange, strange, "r", "t", "d", "pending", after(0), after(1), strange), [])
    said = replace(vote(strange, strange), proposal_id=strange)
    ruling = Ruling("said", [entry(strange, strange)], said, replace(kept(proposal(strange)), incident_id=strange))

    assert await state.rule(strange, strange, lambda s: replace(ruling, proposal=replace(s.proposal, card=strange)))
    assert await state.rule(strange, strange, told(NOTHING)) is None

    [one] = await state.proposals()
    assert (one.id, one.body, one.card) == ("ab?", "ab?", "ab?")
    assert [vote.person for vote in await state.votes("ab?")] == ["ab?"]
    assert events(await state.audited(subject="ab?")) == ["ab?"]
    assert await first_broken(state) is None


async def test_of_many_clicks_at_once_two_people_approve_once(state: State) -> None:
    begun = asyncio.Queue[str]()
    await state.start({"answer": Work(idle, idle), "execute": Work(begun.put, idle)})
    await state.propose(proposal(), [])
    people = [("ann", "bob")[number % 2] for number in range(27)]
    clicks = [vote(person, f"e{number}") for number, person in enumerate(people)]
    clicks += [replace(click) for click in clicks[:15]]

    found = await asyncio.gather(*(state.rule("p1", click.event_id, clicked(click)) for click in clicks))

    verdicts = [ruling.verdict for ruling in found if ruling]
    assert (len(found), found.count(None)) == (42, 15)
    assert (verdicts.count("approved"), verdicts.count("counted")) == (1, 1)
    assert {one.person for one in await state.votes("p1")} == {"ann", "bob"}
    assert (await asyncio.wait_for(begun.get(), 10), begun.empty()) == ("p1", True)
    assert (len(await state.audited()), await first_broken(state)) == (27, None)
