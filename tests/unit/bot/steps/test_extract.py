"""What is known of an incident before anything is asked."""

from datetime import timedelta
from typing import Any

import pytest

from bot.incident import Incident, Trouble
from bot.steps.extract import MOST_ALERTS, extract
from connectors.alerts.port import Alert
from knowledge.taxonomy import read_taxonomy
from tests.unit.bot.watchtower import GRAPH, NOON, alert

POOL = alert(
    "PoolFull",
    "payments",
    severity="critical",
    summary="waiting for connections",
    description="postgres-payments refused connections, password=hunter2hunter2",
    started_at=NOON - timedelta(minutes=9),
    labels={"pod": "payments-7d9c5b-x2x4q"},
)
SLOW = alert("HighLatency", "checkout", summary="p99 latency 2.4 s", environment="production", value="2.4")


def troubled(*alerts: Alert, **more: Any) -> Trouble:
    plain = {"id": "i1", "title": "checkout is slow since noon", "opened_at": NOON, "began": NOON}
    return extract(Incident(**{**plain, **more}), alerts, GRAPH, read_taxonomy(), NOON)


def test_what_is_known() -> None:
    found = troubled(SLOW, POOL, services=("payments", "checkout"), alerts=7)

    assert (found.id, found.at, found.began) == ("i1", NOON, NOON - timedelta(minutes=9))
    assert found.services == ("payments", "checkout", "postgres-payments")
    assert (found.severity, found.environment, found.alert_count) == ("critical", "production", 7)
    assert [one.name for one in found.alerts] == ["PoolFull", "HighLatency"]
    assert found.text.splitlines()[0] == "PoolFull: payments: waiting for connections"
    assert "hunter2" not in found.text
    assert "payments-7d9c5b-x2x4q" in found.identifiers


@pytest.mark.parametrize(
    ("one", "symptom"),
    [
        pytest.param(SLOW, "high latency", id="latency"),
        pytest.param(alert("CheckoutErrorRateHigh", summary="5xx share 12%"), "errors", id="errors"),
        pytest.param(alert("KubePodCrashLooping"), "crash loop", id="crash"),
        pytest.param(alert("X", summary="磁盘写满"), "disk full", id="chinese"),
        pytest.param(alert("Odd", summary="odd"), "", id="nothing-known"),
    ],
)
def test_the_symptom_is_the_taxonomys(one: Alert, symptom: str) -> None:
    assert troubled(one, title="?").symptom == symptom


def test_what_a_person_reports_is_its_own_text() -> None:
    found = troubled()

    assert (found.text, found.services, found.symptom) == (
        "checkout is slow since noon",
        ("checkout",),
        "high latency",
    )
    assert (found.alerts, found.alert_count) == ((), 0)


def test_of_a_storm_the_different_ones_are_kept() -> None:
    storm = [alert("Down", "web", fingerprint=str(at), started_at=NOON + timedelta(seconds=at)) for at in range(500)]
    found = troubled(*storm, POOL, SLOW, services=("payments", "checkout", "web"), alerts=502)

    assert len(found.alerts) == MOST_ALERTS
    assert [one.name for one in found.alerts[:4]] == ["PoolFull", "HighLatency", "Down", "Down"]
    assert found.text.count("Down") == 1


def test_the_thread_of_a_chat_message_is_not_part_of_an_alert() -> None:
    [one] = troubled(SLOW.model_copy(update={"annotations": {"nightshift_thread": "slack:T/C/1", "a": "b"}})).alerts

    assert one.annotations == {"a": "b"}
