"""Clicks of people, decided by the approval guard in the state's own transactions: twin, SQLite, PostgreSQL."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from bot.guards.approval import Approval, Asked, Click
from bot.guards.claiming import approved
from connectors.state.audit_port import first_broken
from connectors.state.port import State
from connectors.state.remedy_port import Execution, Ruling, Standing, StoredProposal
from tests.contracts.remedies import entry
from tests.unit.bot.guards.rulings import NOW, PEOPLE, approval, click, proposal, remedy, stored, switch

TWO = approval(of=remedy("high"))


async def offered(state: State, one: StoredProposal) -> None:
    await state.propose(one, [entry("proposed", one.id)])


async def pressed(state: State, by: Approval, one: Click) -> str:
    ruling = await state.rule("p1", one.event_id, by.rule_click(one, PEOPLE, NOW))
    return ruling.verdict if ruling else "refused: duplicate"


async def claimed(state: State, by: Approval) -> Ruling | None:
    execution = Execution("p1", "checkout", "restart", "started", NOW)
    return await state.claim_execution(execution, by.rule_claim(PEOPLE, NOW + timedelta(seconds=1)))


def clicks(*authors: str, action: Asked = "approve") -> list[Click]:
    return [click(author, action, event_id=f"{action}-{author}-{n}") for n, author in enumerate(authors)]


async def test_of_many_clicks_at_once_two_people_count_and_it_is_decided_once(state: State) -> None:
    await offered(state, stored(proposal("high")))
    pressing = clicks(*["slack:U3", "feishu:ou_4", "slack:U1", "feishu:ou_3", "slack:U9", "lei"] * 5)
    again = [replace(one, author="mei") for one in pressing[:12]]

    said = Counter(await asyncio.gather(*(pressed(state, TWO, one) for one in (*pressing, *again))))

    assert (said["approved"], said["vote recorded"], said["refused: duplicate"]) == (1, 1, 12)
    assert {one.person for one in await state.votes("p1")} == {"lei", "mei"}
    assert await first_broken(state) is None


async def test_approved_against_rejected_has_one_winner(state: State) -> None:
    await offered(state, stored())
    both = [*clicks("ann"), *clicks("bob", action="reject")]

    said = await asyncio.gather(*(pressed(state, approval(), one) for one in both))

    assert sorted(said) in (["approved", "refused: already decided"], ["refused: already decided", "rejected"])
    one = await state.proposal("p1")
    assert one
    assert one.status == ("approved" if said[0] == "approved" else "rejected")


async def test_a_stop_between_click_and_claim_is_in_time_and_nothing_takes_it_up_later(state: State) -> None:
    await offered(state, stored())
    assert await pressed(state, approval(), click()) == "approved"
    await state.switch(switch("stop")["stop"], [entry("allowed: stop", "remedies")])

    first = await claimed(state, approval())
    await state.switch(switch("stop", until=NOW)["stop"], [entry("allowed: go", "remedies")])
    second = await claimed(state, approval())

    assert [one and one.verdict for one in (first, second)] == ["refused: stopped", "stale: not approved"]
    assert await state.execution("p1") is None


async def test_what_was_approved_is_claimed_once_and_only_then_an_action_is_approved(state: State) -> None:
    await offered(state, stored())
    await pressed(state, approval(), click())

    rulings = await asyncio.gather(*(claimed(state, approval()) for _ in range(4)))

    assert [one.verdict for one in rulings if one] == ["claimed"]
    kept = await state.proposal("p1")
    assert kept
    standing = Standing(kept, await state.votes("p1"), {}, await state.execution("p1"))
    assert approved(approval().rules, standing, NOW).approved_by == ("ann",)
