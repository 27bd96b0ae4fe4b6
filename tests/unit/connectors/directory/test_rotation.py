"""Rotations by the calendar: handovers keep their wall-clock time, and mistakes in the file are named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.directory.file import FileDirectory
from connectors.directory.port import DirectoryUnavailable

ROSTER = """
teams: [{name: web, title: {zh: 网站组}, members: [a, b]}]
members: [{id: a, name: A}, {id: b, name: B}]
rotations:
  - {name: r, team: web, every: week, start: 2026-03-23, handover: {time: "09:00", time_zone: Europe/London},
     order: [{primary: a, secondary: b}, {primary: b, secondary: a}]}
"""


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "oncall.yaml"
    rewrite(path, ROSTER)
    return path


def rewrite(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("now", "primary"),
    [
        pytest.param("2026-03-23T09:00", "a", id="the-minute-it-starts"),
        # The clocks go forward on 29 March: nine o'clock in London is eight o'clock UTC from then on.
        pytest.param("2026-03-30T07:59", "a", id="a-minute-before-the-handover-in-summer-time"),
        pytest.param("2026-03-30T08:00", "b", id="the-minute-of-the-handover-in-summer-time"),
        pytest.param("2026-04-06T08:00", "a", id="round-again"),
    ],
)
async def test_the_turn_changes_at_the_wall_clock_time(roster: Path, now: str, primary: str) -> None:
    duty = await FileDirectory(roster).on_call("web", datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert duty is not None
    assert duty.primary.id == primary


async def test_before_the_start_nobody_is_on_call(roster: Path) -> None:
    assert await FileDirectory(roster).on_call("web", datetime(2026, 3, 23, 8, 59, tzinfo=UTC)) is None


async def test_a_team_is_known_by_its_chinese_title(roster: Path) -> None:
    duty = await FileDirectory(roster).on_call("网站组", datetime(2026, 3, 24, tzinfo=UTC))

    assert duty is not None
    assert duty.team == "web"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [("teams: [", "oncall.yaml"), (ROSTER.replace("Europe/London", "Mars/Base"), "Mars/Base"), ("teams: 3", "teams")],
)
async def test_a_file_that_cannot_be_used_is_named_with_its_mistake(roster: Path, wrong: str, named: str) -> None:
    rewrite(roster, wrong)

    with pytest.raises(DirectoryUnavailable, match=named):
        await FileDirectory(roster).people()


async def test_a_rotation_of_a_stranger_is_named(roster: Path) -> None:
    rewrite(roster, ROSTER.replace("primary: a", "primary: zed"))

    with pytest.raises(DirectoryUnavailable, match="zed"):
        await FileDirectory(roster).on_call("web", datetime(2026, 3, 24, tzinfo=UTC))


async def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DirectoryUnavailable, match=r"nothing\.yaml"):
        await FileDirectory(tmp_path / "nothing.yaml").people()


async def test_one_account_is_not_given_to_two_people(roster: Path) -> None:
    rewrite(roster, "members: [{id: a, name: A, accounts: {slack: U1}}, {id: b, name: B, accounts: {slack: U1}}]")

    with pytest.raises(DirectoryUnavailable, match="slack:U1 is given to a and b"):
        await FileDirectory(roster).people()
