"""What repeats an incident, and when the cause is another one."""

from datetime import timedelta
from typing import Any

import pytest

from bot.incident import Incident
from bot.rules.incident_again import differs, repeated
from tests.unit.bot.watchtower import NOON


def incident(id: str = "i1", **more: Any) -> Incident:
    plain = {"id": id, "title": "t", "opened_at": NOON, "began": NOON, "services": ("payments", "checkout")}
    return Incident(**{**plain, **more})


def over(**more: Any) -> Incident:
    return incident(**{"status": "resolved", "resolved_at": NOON - timedelta(hours=1), **more})


@pytest.mark.parametrize(
    ("before", "own", "found"),
    [
        pytest.param(over(services=("elastic",)), ["i0"], "i0", id="the-same-alert"),
        pytest.param(over(), [], "i0", id="the-same-services"),
        pytest.param(over(services=("payments", "web", "search")), [], "", id="hardly-the-same-services"),
        pytest.param(over(services=("checkout", "payments")), [], "", id="it-began-elsewhere"),
        pytest.param(over(services=()), [], "", id="of-no-service"),
        pytest.param(over(resolved_at=NOON - timedelta(hours=73)), ["i0"], "", id="too-long-ago"),
        pytest.param(incident(), ["i0"], "", id="it-is-not-over"),
    ],
)
def test_what_repeats_what(before: Incident, own: list[str], found: str) -> None:
    known = [before.model_copy(update={"id": "i0"})]

    assert repeated(known, own, incident(), again_hours=72) == found


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        pytest.param(("resource", "payments"), ("resource", "payments"), False, id="the-same"),
        pytest.param(("resource", "payments"), ("deployment", "payments"), True, id="another-sort"),
        pytest.param(("resource", "payments"), ("resource", "checkout"), True, id="another-place"),
        pytest.param(("resource", "payments"), ("resource", ""), False, id="no-place"),
        pytest.param(("unknown", "payments"), ("resource", "checkout"), False, id="never-found-out"),
        pytest.param((None, ""), ("resource", "payments"), False, id="not-looked-at"),
        pytest.param(("resource", "payments"), ("healthy", ""), False, id="nothing-is-wrong-this-time"),
    ],
)
def test_a_cause_differs_when_both_are_known(before: Any, after: Any, *, other: bool) -> None:
    first = incident(outcome="likely", cause=before[0], cause_service=before[1])
    second = incident(outcome="likely", cause=after[0], cause_service=after[1])

    assert differs(first, second) is other
    assert not differs(first, second.model_copy(update={"outcome": "inconclusive"}))
