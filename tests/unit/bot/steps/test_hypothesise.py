"""Findings become causes: what broke first below explains what is above, and a change explains what came after it."""

import random

import pytest

from bot.incident import Finding
from bot.steps.hypothesise import MOST, hypothesise
from knowledge.service_graph import ServiceGraph
from tests.unit.bot.incident_stage import SHOP, finding, trouble

SLOW = finding("break", None, "checkout", at=5)


@pytest.mark.parametrize(
    ("findings", "leading"),
    [
        pytest.param([SLOW, finding("change", "deployment", at=1)], "deployment:checkout", id="deployed-just-before"),
        pytest.param([SLOW, finding("change", "deployment", at=20)], "unknown:checkout", id="deployed-after-the-break"),
        pytest.param(
            [SLOW, finding("break", "resource", "payments", at=4), finding("log", "dependency", "payments", at=5)],
            "resource:payments",
            id="a-full-pool-below",
        ),
        pytest.param(
            [
                SLOW,
                finding("break", "resource", "payments", at=6, weight=0.9),
                finding("break", "dependency", "bank", at=1),
            ],
            "dependency:bank",
            id="the-bank-was-slow-before-the-pool-filled",
        ),
        pytest.param(
            [SLOW, finding("break", "dependency", "payments", at=5), finding("break", "dependency", "bank", at=5.5)],
            "dependency:bank",
            id="the-bank-was-slow-with-those-above-it",
        ),
        pytest.param(
            [SLOW, finding("change", "configuration", at=4), finding("log", "resource", "inventory", at=5)],
            "resource:inventory",
            id="a-full-disk-below-a-change-that-did-not-fill-it",
        ),
        pytest.param(
            [SLOW, finding("break", "resource", at=4, weight=0.7), finding("change", "deployment", at=0, weight=0.7)],
            "deployment:checkout",
            id="a-leak-after-a-deployment",
        ),
        pytest.param(
            [
                SLOW,
                finding("break", "resource", at=4, weight=0.9),
                finding("change", "deployment", at=-300, weight=0.15),
            ],
            "resource:checkout",
            id="a-deployment-of-this-morning",
        ),
        pytest.param(
            [SLOW, finding("break", "traffic", at=3), finding("break", "resource", at=4)],
            "traffic:checkout",
            id="traffic-came-first",
        ),
        pytest.param(
            [finding("healthy", "healthy", at=25), finding("log", None, at=6, weight=0.6)],
            "healthy:checkout",
            id="errors-before-it-recovered",
        ),
        pytest.param(
            [finding("healthy", "healthy", weight=0.5), finding("log", "code", at=20, weight=0.8)],
            "code:checkout",
            id="errors-though-metrics-are-flat",
        ),
        pytest.param([SLOW], "unknown:checkout", id="it-broke-and-nothing-says-why"),
    ],
)
def test_leading_cause(findings: list[Finding], leading: str) -> None:
    assert hypothesise(trouble(), findings, SHOP)[0].id == leading


def test_nothing_found_is_no_hypothesis() -> None:
    assert hypothesise(trouble(), [], SHOP) == ()


def test_a_finding_without_a_service_is_of_the_one_in_trouble() -> None:
    [found] = hypothesise(trouble(), [finding("log", "certificate", "")], SHOP)

    assert found.service == "checkout"


def test_evidence_for_and_against_is_told() -> None:
    change, late = finding("change", "deployment", at=2), finding("break", None, at=5)
    well = finding("healthy", "healthy", weight=0.3)
    found = next(one for one in hypothesise(trouble(), [change, late, well], SHOP) if one.cause == "deployment")

    assert found.supports == (change.id, late.id)
    assert found.contradicts == (well.id,)


def test_kinds_add_up_and_more_of_one_kind_does_not() -> None:
    log, more = finding("log", "code", at=6, weight=0.6), finding("log", "code", at=7, weight=0.6)
    event = finding("event", "code", at=6, weight=0.5)

    assert hypothesise(trouble(), [log, more], SHOP)[0].score == pytest.approx(0.6)
    assert hypothesise(trouble(), [log, event], SHOP)[0].score == pytest.approx(1 - 0.4 * 0.5)


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_findings_changes_nothing(seed: int) -> None:
    findings = [
        finding("break", "resource", "payments", at=4),
        finding("log", "code", "payments", at=5),
        finding("change", "deployment", "checkout", at=3),
        finding("break", "dependency", "bank", at=1),
        finding("healthy", "healthy", "inventory", weight=0.4),
        finding("alert", None, "checkout", at=6),
    ]
    mixed = random.Random(seed).sample(findings, len(findings))  # noqa: S311 - no secret

    assert hypothesise(trouble(), mixed, SHOP) == hypothesise(trouble(), findings, SHOP)


def test_at_most_five() -> None:
    many = [finding("log", "code", f"s{n}", at=5) for n in range(9)]

    assert len(hypothesise(trouble(), many, ServiceGraph())) == MOST


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "payments has used up a resource since 12:04 UTC: 20 of 20 connections in use."),
        ("zh", "payments 的某项资源已耗尽（自 12:04 UTC 起）：20 of 20 connections in use。"),
    ],
)
def test_the_sentence_names_cause_service_and_time(language: str, said: str) -> None:
    full = finding("break", "resource", "payments", at=4, says="20 of 20 connections in use.")

    assert hypothesise(trouble(language=language), [full], SHOP)[0].says == said


def test_a_moment_of_another_day_has_its_date() -> None:
    [found] = hypothesise(trouble(), [finding("log", "code", at=-800)], SHOP)

    assert "2026-11-19 22:40 UTC" in found.says
