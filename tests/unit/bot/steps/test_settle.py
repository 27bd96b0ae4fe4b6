"""The rules of docs/verdicts.md, one by one."""

import itertools
from collections.abc import Sequence

import pytest

from bot.incident import Attack, Finding, Hypothesis
from bot.steps.settle import settle
from tests.unit.bot.incident_stage import alert, finding, trouble

BREAK, LOG = finding("break", "resource", at=4), finding("log", "resource", at=5)
WEAK, AGAINST = finding("log", "resource", weight=0.4), finding("healthy", "healthy")
WELL, STEADY = finding("healthy", "healthy", at=25), finding("healthy", "healthy", weight=0.6)
ALL = (BREAK, LOG, WEAK, AGAINST, WELL, STEADY)
SURVIVED, UNCHECKED = Attack(asks="?", outcome="survived"), Attack(asks="?", outcome="unchecked")
BROKEN = Attack(asks="?", outcome="broken")


def leading(score: float, supports: Sequence[Finding], *attacks: Attack, against: Sequence[Finding] = ()) -> Hypothesis:
    return Hypothesis(
        id="resource:checkout",
        cause="resource",
        service="checkout",
        says="",
        score=score,
        supports=tuple(one.id for one in supports),
        contradicts=tuple(one.id for one in against),
        attacks=attacks,
    )


def other(score: float, cause: str = "code", service: str = "payments", *attacks: Attack) -> Hypothesis:
    given = {"id": f"{cause}:{service}", "cause": cause, "service": service, "says": "", "score": score}
    return Hypothesis.model_validate({**given, "attacks": attacks})


def well(score: float, *supports: Finding, attacks: tuple[Attack, ...] = ()) -> Hypothesis:
    ids = tuple(one.id for one in supports)
    return Hypothesis(
        id="healthy:", cause="healthy", service="", says="", score=score, supports=ids, attacks=attacks
    )  # fmt: skip


TWO = (BREAK, LOG)
CAUSES = [
    pytest.param((), "inconclusive", "nothing was found", id="nothing-found"),
    pytest.param((other(0.4, "unknown"),), "inconclusive", "no finding names a cause", id="unknown-cause"),
    pytest.param((leading(0.44, TWO, SURVIVED),), "inconclusive", "the evidence is too weak", id="too-weak"),
    pytest.param(
        (leading(0.7, TWO, SURVIVED), other(0.66)), "inconclusive", "two causes are as likely", id="a-tie"
    ),
    pytest.param(
        (leading(0.9, TWO, BROKEN),), "inconclusive", "every likely cause was refuted", id="the-only-one-broken"
    ),
    pytest.param((leading(0.9, [BREAK], SURVIVED),), "likely", "one kind of evidence", id="one-kind"),
    pytest.param((leading(0.9, [WEAK, finding("event")], SURVIVED),), "likely", "one kind of evidence", id="not-found"),
    pytest.param((leading(0.7, TWO, SURVIVED),), "likely", "the evidence is not strong enough", id="not-strong"),
    pytest.param(
        (leading(0.9, TWO, SURVIVED, against=[AGAINST]),), "likely", "something speaks against it", id="against"
    ),
    pytest.param(
        (leading(0.9, TWO, SURVIVED, UNCHECKED),), "likely", "an attack could not be checked", id="unchecked"
    ),
    pytest.param((leading(0.9, TWO),), "likely", "it was not attacked", id="not-attacked"),
    pytest.param((leading(0.9, TWO, SURVIVED), other(0.8)), "likely", "another cause is close", id="close-second"),
    pytest.param(
        (leading(0.9, TWO, SURVIVED), other(0.88, "code", "checkout")),
        "confirmed",
        "independent evidence that survived",
        id="the-second-is-its-effect",
    ),
    pytest.param(
        (leading(0.9, TWO, SURVIVED), other(0.95, "code", "payments", BROKEN)),
        "confirmed",
        "independent evidence that survived",
        id="the-rival-was-refuted",
    ),
    pytest.param((leading(0.9, TWO, SURVIVED),), "confirmed", "independent evidence that survived", id="confirmed"),
]  # fmt: skip


@pytest.mark.parametrize(("hypotheses", "outcome", "rule"), CAUSES)
def test_a_cause(hypotheses: tuple[Hypothesis, ...], outcome: str, rule: str) -> None:
    found = settle(trouble(), hypotheses, ALL)

    assert (found.outcome, found.rule) == (outcome, rule)


@pytest.mark.parametrize(
    ("hypothesis", "severity", "outcome"),
    [
        pytest.param(well(0.8, WELL), "warning", "healthy", id="recovered"),
        pytest.param(well(0.9, finding("healthy", "healthy", weight=0.4)), "warning", "inconclusive", id="weak-sign"),
        pytest.param(well(0.5, WELL), "warning", "inconclusive", id="something-abnormal-is-seen"),
        pytest.param(well(0.9, WELL, attacks=(BROKEN,)), "warning", "inconclusive", id="the-condition-holds"),
        pytest.param(well(0.8, WELL), "critical", "inconclusive", id="one-sign-against-a-grave-alert"),
        pytest.param(well(0.8, WELL, STEADY), "critical", "healthy", id="two-signs-against-a-grave-alert"),
        pytest.param(well(0.8, WELL, attacks=(SURVIVED,)), "critical", "healthy", id="the-condition-is-over"),
    ],
)
def test_health(hypothesis: Hypothesis, severity: str, outcome: str) -> None:
    assert settle(trouble(alert(), severity=severity), [hypothesis], ALL).outcome == outcome


def test_with_a_gap_nothing_is_confirmed() -> None:
    found = settle(trouble(), [leading(0.9, TWO, SURVIVED)], ALL, gaps=["no logs"])

    assert (found.outcome, found.rule) == ("likely", "something could not be looked at")


def test_two_findings_of_one_source_are_one_kind() -> None:
    one, same = finding("log", "resource", cites="tool:1"), finding("event", "resource", cites="tool:1", weight=0.7)

    assert settle(trouble(), [leading(0.9, [one, same], SURVIVED)], [one, same]).rule == "one kind of evidence"


def test_what_is_only_recalled_confirms_nothing() -> None:
    past = finding("recall", "resource")

    assert settle(trouble(), [leading(0.9, [BREAK, past], SURVIVED)], [BREAK, past]).outcome == "likely"


def test_the_order_changes_nothing() -> None:
    hypotheses = (leading(0.9, TWO, SURVIVED), other(0.6), other(0.9, "code", "bank", BROKEN))
    verdicts = {
        settle(trouble(), some, findings).model_dump_json()
        for some in itertools.permutations(hypotheses)
        for findings in (ALL, ALL[::-1])
    }

    assert len(verdicts) == 1
