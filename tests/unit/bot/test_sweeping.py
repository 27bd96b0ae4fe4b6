"""What time does to proposals: they expire visibly, the next ones are asked, and what is stuck is unknown."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.sweeping import Sweeper
from tests.unit.bot.remedy_room import Room, directory, room
from tests.unit.bot.test_remediating import Away

ID = "proposal-1"
MINUTE = timedelta(minutes=1)


async def later(here: Room, minutes: float, *escalation: str) -> None:
    here.clock.at += minutes * MINUTE
    await Sweeper(replace(here.ports, directory=directory(*escalation))).look()


async def test_an_expired_proposal_is_closed_visibly(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        await later(here, 30)

        assert (await here.state.proposal(ID)).status == "expired"
        assert "it expired at 2026-11-20 03:30 UTC" in (await here.card()).text
        assert (here.events(), here.shown, len(here.announced)) == (["expired"], [1], 1)


async def test_it_is_closed_at_its_time_and_not_before(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        await Sweeper(here.ports, escalate_after=timedelta(hours=9)).look()
        here.clock.at += 30 * MINUTE - timedelta(microseconds=1)
        await Sweeper(here.ports, escalate_after=timedelta(hours=9)).look()

        assert ((await here.state.proposal(ID)).status, here.events(), here.shown) == ("pending", [], [])


async def test_the_next_ones_are_asked_one_after_the_other_and_the_card_says_why(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        steps = ("+0 min: primary", "+15 min: lead (Lei)")
        for minutes in (9, 1, 1, 9):
            await later(here, minutes, *steps)

        assert here.events() == ["escalated", "escalated"]
        assert [one.key for one in here.announced] == [f"{ID}-escalated-1", f"{ID}-escalated-2"]
        assert "Nobody decided in time, so others are asked: Ann (10 min), Bob (20 min)." in (await here.card()).text


async def test_two_processes_ask_the_next_one_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        here.clock.at += 10 * MINUTE
        waiting = await here.state.proposals()

        async def proposals(**where: object) -> object:
            return waiting

        here.state.proposals = proposals
        await later(here, 0)
        await later(here, 0)

        assert here.events() == ["escalated"]


async def test_nobody_is_asked_once_it_is_decided(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await later(here, 20)

        assert here.events() == ["approved"]


async def test_the_table_ends_with_its_last_step(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        sweeper = Sweeper(replace(here.ports, directory=directory("+9 min: leads")), escalate_after=MINUTE)
        for _ in range(6):
            here.clock.at += MINUTE
            await sweeper.look()

        assert here.events() == ["escalated"] * 3
        assert "leads (3 min)" in (await here.card()).text


async def test_an_unreadable_table_asks_nobody_and_expiry_goes_on(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.offered()
        sweeper = Sweeper(replace(here.ports, directory=Away()))
        for minutes in (20, 10):
            here.clock.at += minutes * MINUTE
            await sweeper.look()

        assert here.events() == ["expired"]


async def test_what_is_stuck_for_long_is_unknown_and_what_runs_is_left_alone(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.approved()
        await here.begun()
        await later(here, 59)
        assert (await here.state.execution(ID)).status == "started"
        await later(here, 1)

        assert ((await here.state.execution(ID)).status, here.events()[-1]) == ("unknown", "executed: unknown")
        assert "nobody knows whether it was carried out" in (await here.card()).text
