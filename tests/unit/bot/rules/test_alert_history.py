"""What a report says of an alert that is known: in any order, by any clock, after any silence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rules.alert_history import told, written
from connectors.alerts.port import Alert
from connectors.state.incident_port import KnownAlert
from tests.unit.bot.watchtower import NOON, alert

Report = tuple[str, float, float, float]
"""Status, and minutes after noon of its beginning, its end and its arrival."""


def said(reports: list[Report]) -> list[str]:
    """What each report tells, laid over what those before it left."""
    row, found = None, []
    for status, began, ended, came in reports:
        one = reported(status, began, ended)
        at = NOON + timedelta(minutes=came)
        history, what = told(row, one, at)
        body = row.body if row and what == "late" else one.model_dump_json()
        row = KnownAlert("memory", "f", body, written(history), at, history.firing)
        found.append(what)
    return found


def reported(status: str, began: float, ended: float) -> Alert:
    over = {"ended_at": NOON + timedelta(minutes=ended)} if status == "resolved" else {}
    return alert("PoolFull", status=status, started_at=NOON + timedelta(minutes=began), **over)


@pytest.mark.parametrize(
    ("reports", "tells"),
    [
        pytest.param([("firing", 0, 0, 0), ("firing", 0, 0, 5)], ["new", "repeated"], id="sent-again"),
        pytest.param([("firing", 0, 0, 0), ("resolved", 0, 3, 3)], ["new", "resolved"], id="over"),
        pytest.param([("resolved", 0, 3, 3), ("firing", 0, 0, 4)], ["resolved", "late"], id="overtaken-by-its-end"),
        pytest.param(
            [("firing", 0, 0, 0), ("firing", 9, 0, 9), ("resolved", 0, 5, 10)],
            ["new", "repeated", "late"],
            id="the-end-of-the-firing-before-comes-last",
        ),
        pytest.param(
            [("firing", 5, 0, 5), ("resolved", 5, 4.9, 6)], ["new", "resolved"], id="their-clock-behind-at-the-end"
        ),
        pytest.param(
            [("firing", 0, 0, 0), ("resolved", 0, 5, 5), ("firing", 4.9, 0, 6)],
            ["new", "resolved", "back"],
            id="their-clock-behind-at-the-next-beginning",
        ),
        pytest.param([("firing", 90, 0, 0), ("resolved", 90, 95, 5)], ["new", "resolved"], id="their-clock-ahead"),
        pytest.param([("firing", 0, 0, 0), ("firing", 3000, 0, 3000)], ["new", "new"], id="forgot-to-tell-its-end"),
        pytest.param([("firing", 0, 0, 0), ("firing", 0, 0, 3000)], ["new", "repeated"], id="repeated-seldom"),
    ],
)
def test_what_reports_tell(reports: list[Report], tells: list[str]) -> None:
    assert said(reports) == tells


def test_a_history_that_cannot_be_read_begins_anew() -> None:
    row = KnownAlert("memory", "f", alert("PoolFull").model_dump_json(), "{}", NOON, firing=True)

    assert told(replace(row, history="?"), alert("PoolFull"), NOON)[1] == "new"
