"""What becomes of an approved remedy, on twins, with a clock that is moved: carried out once, or visibly not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.remediating import give_up, remediate, report
from bot.rules.remedy_reasons import undo_id
from connectors.directory.port import DirectoryUnavailable
from connectors.state.port import StateUnavailable
from connectors.state.remedy_port import Switch
from tests.unit.bot.remedy_room import BROKEN, UNDO, WELL, offered, room

ID = "proposal-1"


async def test_what_is_approved_is_carried_out_verified_and_told(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await remediate(ID, here.ports)

        outcome, card = await here.outcome(), await here.card()
        assert (outcome.status, outcome.verified, outcome.approved_by) == ("done", True, ("ann",))
        assert (len(here.executor.done), card.tone, card.title) == (1, "good", "Done: Restart checkout")
        assert here.events() == ["approved", "claimed", "executed: done", "verified"]


async def test_it_is_carried_out_once_however_often_the_work_begins(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        for _ in range(3):
            await remediate(ID, here.ports)

        assert (len(here.executor.done), here.events().count("verified")) == (1, 1)


async def test_the_outcome_is_told_in_the_thread_with_the_head_of_the_audit(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        for _ in range(2):
            await remediate(ID, here.ports)

        [one, again] = here.announced
        assert (one.key, one.incident_id, again.key) == (f"{ID}-outcome", "i1", one.key)
        assert one.text.startswith("**Done: Restart checkout**\n\n**Approved by Ann")
        assert one.text.endswith(f"Audit: entry 4, {here.state.chain[-1].hash}")


async def test_that_it_is_not_carried_out_is_told_in_the_thread(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        here.tools.says = WELL
        await remediate(ID, here.ports)

        [one] = here.announced
        assert "Not carried out: things have changed" in one.text


async def test_what_was_begun_and_cut_off_is_unknown_and_never_repeated(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await here.begun()
        await remediate(ID, here.ports)
        await remediate(ID, here.ports)

        assert ((await here.outcome()).status, here.executor.done) == ("unknown", [])
        assert (await here.card()).title == "Unknown whether done: Restart checkout"
        assert here.events() == ["approved", "executed: unknown"]


async def test_what_may_be_done_twice_is_repeated_with_the_same_key(tmp_path: Path) -> None:
    async with room(tmp_path, idempotent=True) as here:
        await here.approved()
        await here.begun()
        await remediate(ID, here.ports)

        [again] = here.executor.done
        assert ((await here.outcome()).status, again.proposal_id, again.approved_by) == ("done", ID, ("ann",))
        assert here.events() == ["approved", "repeated", "executed: done", "verified"]


@pytest.mark.parametrize("against", ["stopped", "mended", "late", "directory"])
async def test_what_may_be_done_twice_is_not_repeated_against_anything(tmp_path: Path, against: str) -> None:
    async with room(tmp_path, idempotent=True) as here:
        await here.approved()
        await here.begun()
        if against == "stopped":
            await here.state.switch(Switch("stop", "why", "lei", here.clock.at), [])
        here.tools.says = WELL if against == "mended" else BROKEN
        here.clock.at += timedelta(hours=2 if against == "late" else 0)
        ports = replace(here.ports, directory=Away()) if against == "directory" else here.ports
        await remediate(ID, ports)

        assert ((await here.outcome()).status, here.executor.done) == ("unknown", [])


@pytest.mark.parametrize(
    ("said", "why"), [(WELL, "requests fail"), ("nothing to see", "requests fail")], ids=["not-so", "not-told"]
)
async def test_it_is_stale_when_the_world_has_moved(tmp_path: Path, said: str, why: str) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        here.tools.says = said
        await remediate(ID, here.ports)

        kept, card = await here.state.proposal(ID), await here.card()
        assert (kept.status, here.executor.done, await here.state.execution(ID)) == ("withdrawn", [], None)
        assert f"things have changed since it was approved. {why}" in card.text
        assert here.events() == ["approved", "stale: precondition"]


async def test_why_it_was_withdrawn_stays_on_the_card(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        here.tools.says = WELL
        await remediate(ID, here.ports)
        before = await here.state.proposal(ID)
        here.tools.says = BROKEN
        await remediate(ID, here.ports)

        assert (await here.state.proposal(ID), here.executor.done) == (before, [])


async def test_too_few_healthy_ones_hold_it_back(tmp_path: Path) -> None:
    healthy = {"tool": "ask", "arguments": {"query": "failing"}, "because": {"en": "enough are well"}}
    async with room(tmp_path, blast={"targets": 1, "keep_healthy": 3, "healthy": healthy}) as here:
        await here.approved()
        await remediate(ID, here.ports)

        assert ((await here.state.proposal(ID)).status, here.executor.done) == ("withdrawn", [])


async def test_a_stop_between_click_and_claim_counts(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await here.state.switch(Switch("stop", "why", "lei", here.clock.at), [])
        await remediate(ID, here.ports)

        assert ((await here.state.proposal(ID)).status, here.executor.done) == ("withdrawn", [])
        assert "雷 has stopped all remedies" in (await here.card()).text


class Away:
    """A directory that cannot be read."""

    async def people(self) -> Any:
        raise DirectoryUnavailable("gone")

    async def on_call(self, team: str, now: object) -> Any:
        raise DirectoryUnavailable("gone")


async def test_nothing_is_carried_out_while_nobody_knows_who_may_approve(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await remediate(ID, replace(here.ports, directory=Away()))

        assert ((await here.state.proposal(ID)).status, here.executor.done) == ("withdrawn", [])


@pytest.mark.parametrize(
    ("trouble", "status", "times"),
    [
        pytest.param({"away": "no route"}, "failed", 0, id="away"),
        pytest.param({"failing": "exit 1"}, "failed", 1, id="failed"),
        pytest.param({"lost": "answer lost"}, "unknown", 1, id="lost"),
    ],
)
async def test_what_goes_wrong_is_told_as_it_is(
    tmp_path: Path, trouble: dict[str, str], status: str, times: int
) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        vars(here.executor).update(trouble)
        await remediate(ID, here.ports)

        outcome, card = await here.outcome(), await here.card()
        assert (outcome.status, outcome.text) == (status, next(iter(trouble.values())))
        assert (len(here.executor.done), card.tone) == (times, "bad")
        assert here.events()[-1] == f"executed: {status}"


async def test_secrets_that_a_system_says_are_not_told(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        here.executor.failing = "refused: password=hunter2hunter2"
        await remediate(ID, here.ports)

        assert "hunter2" not in (await here.outcome()).text + (await here.card()).text + here.state.chain[-1].detail


async def test_verification_looks_every_so_often_until_it_is_so(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        here.executor.effect = None

        async def pass_(seconds: float) -> None:
            await here.clock.sleep(seconds)
            here.tools.says = WELL if len(here.clock.slept) == 3 else BROKEN

        await remediate(ID, replace(here.ports, sleep=pass_))

        assert (here.clock.slept, (await here.outcome()).verified) == ([10, 10, 10], True)


@pytest.mark.parametrize(("said", "verified"), [(BROKEN, False), ("no idea", None)])
async def test_verification_ends_and_says_what_it_saw(tmp_path: Path, said: str, verified: bool | None) -> None:  # noqa: FBT001 - a table's column
    async with room(tmp_path) as here:
        await here.approved()

        async def nothing(approved: object) -> None:
            here.tools.says = said

        here.executor.effect = nothing
        await remediate(ID, here.ports)

        outcome = await here.outcome()
        assert (sum(here.clock.slept), outcome.status, outcome.verified) == (60, "done", verified)
        assert [one.text for one in outcome.looked] == [said]


async def test_a_remedy_that_did_not_help_offers_to_be_taken_back(tmp_path: Path) -> None:
    async with room(tmp_path, undo=UNDO) as here:
        await here.approved()
        here.executor.effect = None
        await remediate(ID, here.ports)
        await remediate(ID, here.ports)

        undo = await here.state.proposal(undo_id(ID))
        assert (undo.status, undo.remedy) == ("pending", "halt")
        assert "Taking it back is offered" in (await here.card()).text
        assert here.events().count("proposed") == 1


async def test_what_took_something_back_is_not_taken_back_in_turn(tmp_path: Path) -> None:
    async with room(tmp_path, undo=UNDO) as here:
        await here.offered(offered(undoes="proposal-0"))
        await here.click()
        here.executor.effect = None
        await remediate(ID, here.ports)

        assert (await here.outcome()).verified is False
        assert await here.state.proposal(undo_id(ID)) is None


async def test_that_it_did_not_help_is_told_although_nobody_is_known_who_could_approve_more(tmp_path: Path) -> None:
    async with room(tmp_path, undo=UNDO) as here:
        await here.approved()
        begun = await here.begun("done", text="did it")
        here.state.claimed[ID] = replace(begun, ended_at=here.clock.at)
        await remediate(ID, replace(here.ports, directory=Away()))

        assert (await here.card()).title == "Done, but not as it should be: Restart checkout"
        assert await here.state.proposal(undo_id(ID)) is None


async def test_verification_goes_on_after_it_was_cut_off(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        begun = await here.begun("done", text="did it")
        here.state.claimed[ID] = replace(begun, ended_at=here.clock.at)
        here.tools.says = WELL
        await remediate(ID, here.ports)

        assert ((await here.outcome()).verified, here.executor.done) == (True, [])


async def test_without_verification_it_is_done_when_it_is_done(tmp_path: Path) -> None:
    async with room(tmp_path, verification=None) as here:
        await here.approved()
        await remediate(ID, here.ports)

        outcome, card = await here.outcome(), await here.card()
        assert (outcome.verified, outcome.ended_at, here.clock.slept) == (None, here.clock.at, [])
        assert "being looked at" not in card.text


async def test_what_came_of_it_is_kept_although_the_state_is_away_for_a_while(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        settle, failures = here.state.settle_execution, [1, 1]

        async def away(*given: Any) -> None:
            if failures:
                failures.pop()
                raise StateUnavailable("locked")
            await settle(*given)

        here.state.settle_execution = away
        await remediate(ID, here.ports)

        assert (here.clock.slept, (await here.outcome()).verified) == ([1, 5], True)


async def test_what_is_given_up_is_withdrawn_or_unknown(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await give_up(ID, here.ports)
        assert ((await here.state.proposal(ID)).status, here.events()[-1]) == ("withdrawn", "given up")

    async with room(tmp_path) as here:
        await here.approved()
        await here.begun()
        await give_up(ID, here.ports)
        assert ((await here.state.execution(ID)).status, here.events()[-1]) == ("unknown", "executed: unknown")


async def test_a_report_that_says_nothing_new_changes_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await remediate(ID, here.ports)
        before = await here.state.proposal(ID)
        await report(ID, here.ports)

        assert await here.state.proposal(ID) == before


async def test_an_approval_sets_the_work_going(tmp_path: Path) -> None:
    async with room(tmp_path, working=True) as here:
        await here.approved()
        await asyncio.gather(*here.state._tasks)

        assert len(here.executor.done) == 1
