"""The directory seam: people and duties come out of a file and out of the twin alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.configuration import Roots
from connectors.directory.port import Directory
from connectors.load import load

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
UNTIL = datetime(2026, 1, 12, 9, tzinfo=UTC)
ROSTER = """
teams:
  - {name: payments, title: {en: Payments, zh: 支付}, channel: "#pay", lead: ann, members: [ann, bo]}
members:
  - {id: ann, name: Ann, language: en, groups: [payments]}
  - {id: bo, name: 阿波, language: zh}
rotations:
  - name: weekly
    team: payments
    start: 2026-01-05
    handover: {day: monday, time: "09:00", time_zone: Europe/London}
    order: [{primary: ann, secondary: bo}, {primary: bo, secondary: ann}]
policies:
  - {name: now, steps: [{after_minutes: 0, notify: primary}, {after_minutes: 5, notify: secondary}]}
escalation:
  - {service: pay, rotation: weekly, policy: now}
"""
STEPS = ["+0 min: primary (Ann)", "+5 min: secondary (阿波)"]
MEMBERS = [
    {"id": "ann", "name": "Ann", "team": "payments", "language": "en", "groups": ["payments"]},
    {"id": "bo", "name": "阿波", "team": "payments", "language": "zh"},
]


@pytest.fixture(params=["memory", "file"])
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    (tmp_path / "oncall.yaml").write_text(ROSTER, "utf-8")
    shift = {"primary": "ann", "secondary": "bo", "until": UNTIL, "escalation": STEPS}
    tables = {"file": {"path": "oncall.yaml"}, "memory": {"members": MEMBERS, "duties": {"payments": shift}}}
    async with load("directory", request.param, tables[request.param], Roots(tmp_path, tmp_path)) as opened:
        yield opened


async def test_knows_everybody_in_order(directory: Directory) -> None:
    ann, bo = await directory.people()

    assert (ann.id, ann.name, ann.team, ann.language, ann.groups) == ("ann", "Ann", "payments", "en", ("payments",))
    assert (bo.name, bo.language, bo.groups) == ("阿波", "zh", ())


async def test_says_who_is_on_call_until_when_and_who_is_next(directory: Directory) -> None:
    duty = await directory.on_call("payments", NOW)

    assert duty is not None
    assert (duty.primary.id, duty.secondary.id, duty.until) == ("ann", "bo", UNTIL)
    assert list(duty.escalation) == STEPS


async def test_a_team_without_a_rotation_has_nobody_on_call(directory: Directory) -> None:
    assert await directory.on_call("gardening", NOW) is None
