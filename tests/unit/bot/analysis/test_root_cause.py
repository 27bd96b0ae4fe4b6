"""Ranking of root causes: what is unusual and not explained by what it calls comes first."""

import numpy as np
import pytest

from bot.analysis.moves import Metric, MetricKind, moved
from bot.analysis.root_cause import Incident, Symptom, rank_causes
from knowledge.service_graph import Service, ServiceGraph

STEP, BEGAN = 60.0, 100 * 60.0
TIMES = np.arange(105) * STEP
GRAPH = ServiceGraph(
    [
        Service(name="web", depends_on=["cart", "search"]),
        Service(name="cart", depends_on=["redis"]),
        Service(name="batch", depends_on=["redis"]),
    ]
)


def metric(service: str, kind: MetricKind, usual: float, now: float, caller: str = "") -> Metric:
    spread = np.random.default_rng(len(service)).normal(0, 0.01, len(TIMES))
    values = np.where(TIMES >= BEGAN, now, usual) * (1 + (spread if kind != "availability" else 0))
    return Metric(service, kind, kind, TIMES, values, caller)


def first(metrics: list[Metric], symptom: Symptom | None = None) -> str:
    return rank_causes(metrics, GRAPH, Incident(BEGAN, BEGAN + 300, "web", symptom))[0].service


def called(service: str, usual: float, now: float, requests: float) -> list[Metric]:
    return [metric(service, "latency", usual, now), metric(service, "requests", requests, requests)]


def failing(service: str, now: float, requests: float) -> list[Metric]:
    return [metric(service, "availability", 100, now), metric(service, "requests", requests, requests)]


def test_the_deepest_that_takes_longer_is_the_cause() -> None:
    slow = [*called("web", 0.2, 0.7, 100), *called("cart", 0.1, 0.6, 100), *called("redis", 0.01, 0.51, 100)]

    assert first([*slow, *called("search", 0.1, 0.1, 100)], "latency") == "redis"


def test_what_calls_do_not_explain_is_its_own() -> None:
    assert first([*called("web", 0.2, 0.7, 100), *called("cart", 0.1, 0.12, 100)], "latency") == "web"


def test_a_rare_call_that_is_much_slower_explains_little() -> None:
    slow = [*called("web", 0.2, 0.7, 1000), *called("cart", 0.1, 0.6, 1000), *called("search", 0.01, 5, 1)]

    assert first(slow, "latency") == "cart"


def test_failures_add_up_along_the_calls() -> None:
    assert first([*failing("web", 95, 200), *failing("cart", 90, 100), *failing("search", 99.9, 100)]) == "cart"


def test_what_the_target_does_not_reach_counts_little() -> None:
    assert first([*called("web", 0.2, 0.4, 100), *called("batch", 0.2, 40, 100)], "latency") == "web"


def test_a_resource_that_is_used_up_is_nearer_to_the_cause_than_slowness() -> None:
    slow = [*called("web", 0.2, 0.7, 100), *called("cart", 0.1, 0.6, 100)]

    assert first([*slow, metric("search", "resource", 5, 99)]) == "search"


def test_slow_for_the_caller_and_not_for_the_callee_is_the_network_of_the_callee() -> None:
    own = [metric("redis", "latency", 0.01, 0.01), metric("cart", "latency", 0.1, 0.1)]

    assert first([*own, metric("redis", "latency", 0.011, 0.5, caller="cart")]) == "redis"


def test_slow_for_both_is_the_callee_itself() -> None:
    seen = metric("redis", "latency", 0.01, 0.5, caller="cart")
    (suspect,) = rank_causes([seen, metric("redis", "latency", 0.01, 0.5)], GRAPH, Incident(BEGAN, BEGAN + 300))

    assert [move.metric.caller for move in suspect.because] == [""]


def test_every_service_is_ranked_and_the_calm_have_no_score() -> None:
    ranked = rank_causes(
        [*called("web", 0.2, 0.7, 100), Metric("new", "resource", "cpu", TIMES[:0], TIMES[:0])],
        GRAPH,
        Incident(BEGAN, BEGAN + 300),
    )

    assert [(one.service, one.score > 0) for one in ranked] == [("web", True), ("new", False)]


def test_a_move_is_told_in_its_noise() -> None:
    move = moved(metric("web", "latency", 0.2, 0.4), BEGAN, BEGAN + 300)

    assert move
    assert (move.before, move.after) == (pytest.approx(0.2, rel=0.02), pytest.approx(0.4, rel=0.02))
    assert move.strength == pytest.approx(np.log(2) / 0.1, rel=0.1)


def test_what_came_regularly_and_stops_is_silent() -> None:
    before = TIMES < BEGAN

    move = moved(Metric("web", "requests", "rate", TIMES[before], TIMES[before]), BEGAN, BEGAN + 300)

    assert move
    assert move.silent


def test_what_came_now_and_then_says_nothing_by_staying_away() -> None:
    rarely = np.where(np.arange(len(TIMES)) % 10 == 0, 1.0, np.nan)
    rarely[TIMES >= BEGAN] = np.nan

    assert moved(Metric("web", "latency", "p50", TIMES, rarely), BEGAN, BEGAN + 300) is None
