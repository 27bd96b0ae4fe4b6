"""What somebody gets who clicks on a proposal, and what the card says from then on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.remedy_clicks import RemedyClicks
from tests.unit.bot.remedy_room import WELL, offered, room
from tests.unit.bot.test_remediating import Away

ID = "proposal-1"


async def test_an_approval_counts_and_the_card_says_by_whom(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        said, card = await here.click(), await here.card()

        assert (said.text, said.refused) == ("Approved. It is being carried out now.", False)
        assert card.text.startswith("**Approved by Ann at 2026-11-20 03:00 UTC.**")
        assert (await here.state.proposal(ID)).status == "approved"
        assert here.shown == [1]


async def test_one_of_two_approvals_is_shown(tmp_path: Path) -> None:
    async with room(tmp_path, risk="high") as here:
        await here.offered(offered(risk="high", needed=2))
        said = await here.click("slack:U3")

        assert "1 of 2" in said.text
        assert "1 of 2 have approved: 雷." in (await here.card()).text
        assert (await here.state.proposal(ID)).version == 2


async def test_a_rejection_ends_it_and_says_by_whom(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        await here.click(action="reject")

        assert "Rejected by Ann" in (await here.card()).text
        assert (await here.click("slack:U2")).refused
        assert (await here.state.proposal(ID)).status == "rejected"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        pytest.param({"author": "slack:U5"}, "refused: policy", id="not-entitled"),
        pytest.param({"author": "slack:U99"}, "refused: unknown person", id="stranger"),
        pytest.param({"digest": "0" * 64}, "refused: changed", id="another-action"),
        pytest.param({"workspace_known": False}, "refused: foreign workspace", id="foreign"),
        pytest.param({"proposal_id": "proposal-2"}, "refused: unknown proposal", id="no-such-proposal"),
    ],
)
async def test_a_refused_click_is_told_why_and_audited_and_changes_nothing(
    tmp_path: Path, given: dict[str, object], verdict: str
) -> None:
    async with room(tmp_path) as here:
        before = await here.state.proposal((await here.offered()).id)
        said = await here.click(**given)  # type: ignore[arg-type]  # a click's fields

        assert (said.refused, bool(said.text), here.events()) == (True, True, [verdict])
        assert await here.state.proposal(ID) == before


async def test_the_same_click_twice_counts_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        await here.click(event_id="e1")
        again = await here.click(event_id="e1")

        assert (again.text, here.events()) == ("This click has been dealt with already.", ["approved"])


async def test_nobody_decides_while_the_directory_is_away(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        here.clicks = RemedyClicks(replace(here.ports, directory=Away()))
        said = await here.click()

        assert (said.refused, here.events()) == (True, ["refused: directory away"])
        assert (await here.state.proposal(ID)).status == "pending"


async def test_another_dry_run_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        here.executor.failing = "no such deployment"
        said = await here.click(action="rehearse")

        assert (said.text, len(here.executor.rehearsed)) == ("The dry run has been started; it changes nothing.", 1)
        assert "no such deployment" in (await here.card()).text
        assert here.events() == ["allowed: rehearse", "rehearsed"]
        assert not (await here.click()).refused


async def test_a_look_at_what_is_unknown_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await here.begun("unknown", text="lost")
        await here.state.settle_execution(replace(await here.begun("unknown"), outcome=UNKNOWN), [])
        here.tools.says = WELL
        await here.click(action="probe")

        outcome = await here.outcome()
        assert (outcome.status, outcome.verified, here.executor.done) == ("unknown", True, [])
        assert "all is as it should be" in (await here.card()).text
        assert here.events()[-2:] == ["allowed: probe", "probed"]


UNKNOWN = '{"status":"unknown","text":"lost","ended_at":"2026-11-20T03:00:00Z"}'


async def test_a_look_at_what_still_runs_leaves_it_alone(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        before = await here.begun(text="half of it")
        await here.click(action="probe")

        assert (await here.state.execution(ID), here.events()[-1]) == (before, "probed")


async def test_there_is_nothing_to_look_at_before_it_was_begun(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()

        assert (await here.click(action="probe")).refused
        assert here.tools.asked == 0


async def test_who_may_do_so_stops_everything_and_lets_it_go_again(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        stopped = await here.click("slack:U3", "stop")
        refused = await here.click()
        let = await here.click("slack:U3", "go")
        here.clock.at += timedelta(seconds=1)

        assert [stopped.refused, refused.refused, let.refused] == [False, True, False]
        assert not (await here.click()).refused
        assert here.events() == ["allowed: stop", "refused: stopped", "allowed: go", "approved"]


async def test_who_may_not_stop_everything_is_told_so(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.click("slack:U99", "stop")).refused
        assert (here.events(), await here.state.switches(here.clock.at)) == (["refused: unknown person"], {})
