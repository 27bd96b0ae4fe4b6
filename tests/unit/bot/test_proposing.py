"""What a diagnosis leads to: proposals that hold now, with all that they rest on in the audit, and each once."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.guards.cases import kept_proposal
from bot.proposing import Proposed, proposal_id, propose, undo_id
from bot.remedy import Outcome
from connectors.state.remedy_port import Execution
from tests.unit.bot.guards.rulings import TERMS
from tests.unit.bot.remedy_room import UNDO, WELL, Room, action, diagnosis, incident, room

HALF_HOUR = timedelta(minutes=30)


async def proposed(here: Room, **more: Any) -> Proposed:
    return await propose(diagnosis(), incident(**more), here.ports)


async def test_a_proposal_says_exactly_what_would_be_done_and_who_may_approve(tmp_path: Path) -> None:
    async with room(tmp_path, undo=UNDO) as here:
        [one] = (await proposed(here)).proposals

        assert (one.action.target, one.action.run, one.risk) == ("checkout", {"do": "restart checkout"}, "low")
        assert (one.title, one.undo, one.approvers) == ("Restart checkout", "Restart checkout", ("ann", "bob"))
        assert one.rehearsed is not None
        assert (one.why, one.expires_at - one.proposed_at) == ("The heap of checkout is full.", HALF_HOUR)


async def test_it_is_kept_with_its_card_and_all_that_it_rests_on(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        [one] = (await proposed(here)).proposals

        kept, [said] = await here.state.proposal(one.id), here.state.chain
        assert (kept.status, kept.digest, kept_proposal(kept)) == ("pending", one.action.digest, one)
        detail = json.loads(said.detail)
        assert (said.event, said.actor, said.subject) == ("proposed", "nightshift", one.id)
        assert (detail["read"], detail["chosen_by"], detail["digest"]) == (["tool:1"], "rules", one.action.digest)
        assert (await here.card(one.id)).kind == "proposal"


async def test_the_same_diagnosis_offers_the_same_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        first = await proposed(here)
        here.clock.at += HALF_HOUR / 2
        again = await proposed(here)

        assert first.proposals == again.proposals
        assert (here.events(), len(here.executor.rehearsed)) == (["proposed"], 1)


async def test_a_later_diagnosis_does_not_offer_what_waits_already(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await proposed(here)
        later = await proposed(here, diagnosis_id="d2")

        assert (later.proposals, [one.why for one in later.withheld]) == ((), ["It is offered already."])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(WELL, "Not offered, because this is not so: requests fail", id="not-so"),
        pytest.param(
            "none", "Not offered, because it could not be told whether this is so: requests fail", id="not-told"
        ),
    ],
)
async def test_what_does_not_hold_is_not_offered_and_it_is_said_why(tmp_path: Path, said: str, why: str) -> None:
    async with room(tmp_path) as here:
        here.tools.says = said
        found = [await proposed(here) for _ in range(2)]

        assert [(one.proposals, one.withheld[0].why) for one in found] == [((), why)] * 2
        assert (here.events(), await here.state.proposals()) == (["not offered"], ())


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ({"failing": "no such host"}, "Not offered, because its dry run failed: no such host"),
        (
            {"failing": "password=hunter2hunter2"},
            "Not offered, because its dry run failed: password=[hidden: password]",
        ),
        ({"away": "no route"}, "Not offered, because what would carry it out cannot be reached: no route"),
    ],
)
async def test_what_would_fail_is_not_offered(tmp_path: Path, trouble: dict[str, str], why: str) -> None:
    async with room(tmp_path) as here:
        vars(here.executor).update(trouble)

        assert [one.why for one in (await proposed(here)).withheld] == [why]


async def test_what_nobody_may_approve_is_not_offered(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        found = await propose(diagnosis(), incident(), replace(here.ports, directory=None))

        assert "nobody of the directory" in found.withheld[0].why


async def test_who_reported_the_trouble_is_not_among_those_who_may_approve(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        [one] = (await proposed(here, reported_by="slack:U1")).proposals

        assert (one.asker, one.approvers) == ("slack:U1", ("bob",))


async def test_an_open_cause_offers_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        verdict = diagnosis().verdict.model_copy(update={"outcome": "inconclusive"})

        assert await propose(diagnosis(verdict=verdict), incident(), here.ports) == Proposed()
        assert here.state.chain == []


async def test_what_a_model_chose_is_offered_with_its_name(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        found = await propose(diagnosis(), incident(), here.ports, [action()], "large chooser@1")

        [one] = found.proposals
        assert (one.model, json.loads(here.state.chain[0].detail)["chosen_by"]) == (
            "large chooser@1",
            "large chooser@1",
        )


async def test_in_chinese(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        [one] = (await proposed(here, language="zh")).proposals

        assert one.title == "重启 checkout"
        assert "等待批准" in (await here.card(one.id)).text


async def test_a_high_risk_needs_several(tmp_path: Path) -> None:
    async with room(tmp_path, risk="high") as here:
        [one] = (await proposed(here)).proposals

        assert one.needed == 2
        assert "Waiting for 2 approvals" in (await here.card(one.id)).text


def test_ids_are_the_same_for_the_same_and_nobody_elses() -> None:
    ids = {proposal_id("d1", action()), proposal_id("d2", action()), undo_id("proposal-1"), proposal_id("d1", action())}

    assert len(ids) == 3
    assert all(one.startswith("proposal-") and len(one) <= 100 for one in ids)


async def proven(here: Room, times: int) -> None:
    """So often it was approved by people and verified, long ago."""
    done = Outcome(status="done", text="did it", verified=True, approved_by=("ann",)).model_dump_json()
    for number in range(times):
        at = here.clock.at - timedelta(days=2, hours=number)
        here.state.claimed[f"p{number}"] = Execution(f"p{number}", "checkout", "restart", "done", at, at, done)


@pytest.mark.parametrize(("times", "status"), [(4, "pending"), (5, "approved")], ids=["not-proven", "proven"])
async def test_what_is_agreed_on_to_run_by_itself_is_approved_once_it_is_proven(
    tmp_path: Path, times: int, status: str
) -> None:
    terms = replace(TERMS, autonomy={"restart": "automatic"})
    async with room(tmp_path, terms=terms, working=True, idempotent=True) as here:
        await proven(here, times)
        [one] = (await proposed(here)).proposals
        await asyncio.gather(*here.state._tasks)

        assert (await here.state.proposal(one.id)).status == status
        assert len(here.executor.done) == (status == "approved")
        assert ("Approved by its level of autonomy" in (await here.card(one.id)).text) is (status == "approved")


async def test_what_was_agreed_on_is_asked_about_once(tmp_path: Path) -> None:
    async with room(tmp_path, terms=replace(TERMS, autonomy={"restart": "automatic"}), idempotent=True) as here:
        for _ in range(2):
            await proposed(here)

        assert here.events() == ["proposed", "refused: not automatic"]
