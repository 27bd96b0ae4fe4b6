"""Alerts' expressions are taken apart, and expressions made for the series that exist."""

import pytest

from bot.rules.promql import (
    Condition,
    alert_expression,
    always_fires,
    conditions,
    expressions,
    listed,
    measured_by,
    metrics_in,
)

RATIO = 'sum(rate(x_requests_total{status=~"5.. and 4.."}[5m])) / sum(rate(x_requests_total[5m]))'


@pytest.mark.parametrize(
    ("generator", "expression"),
    [
        ("http://p:9090/graph?g0.expr=up%7Bjob%3D%22a%22%7D+%3D%3D+0&g0.tab=1", 'up{job="a"} == 0'),
        ("rate(x[5m]) > 3", "rate(x[5m]) > 3"),
        ("http://grafana/alerting/1/edit", ""),
        ("alarm-7", ""),
        ("", ""),
    ],
)
def test_the_expression_of_an_alert(generator: str, expression: str) -> None:
    assert alert_expression(generator) == expression


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (f"{RATIO} > 0.1", [(RATIO, ">", 0.1)]),
        (f"({RATIO}) >= bool 1e-1", [(RATIO, ">=", 0.1)]),
        ("(a > 1) and (b < 2)", [("(a > 1)", "", 0.0)]),
        ("a > 1 and b < 2", [("a", ">", 1.0), ("b", "<", 2.0)]),
        ("a > on (service) group_left () b", []),
        ("absent(up)", []),
    ],
)
def test_conditions(expression: str, found: list[tuple[str, str, float]]) -> None:
    got = [(one.expression, one.sign, one.limit) for one in conditions(expression)]

    assert got == [one for one in found if one[1]]


@pytest.mark.parametrize(
    ("sign", "holds"), [(">", (0, 0, 1)), (">=", (0, 1, 1)), ("<", (1, 0, 0)), ("<=", (1, 1, 0)), ("==", (0, 1, 0))]
)
def test_a_condition_below_at_and_above_its_limit(sign: str, holds: tuple[int, ...]) -> None:
    assert tuple(int(Condition("x", sign, 5).holds(value)) for value in (4, 5, 6)) == holds


@pytest.mark.parametrize(
    ("before", "usual"),
    [
        pytest.param([1, 9, 1, 1, 9, 1, 1, 1], True, id="again-and-again"),
        pytest.param([1] * 8, False, id="never"),
        pytest.param([1, 1, 1, 1, 9, 9, 9, 9], False, id="once-for-long"),
        pytest.param([1, 9, 1, 9], False, id="too-few-to-say"),
    ],
)
def test_what_is_usual(before: list[float], usual: object) -> None:
    assert Condition("x", ">", 5).is_usual(before) is usual


def test_metrics_of_an_expression() -> None:
    text = (
        'histogram_quantile(0.99, sum by (le, job) (rate(a_bucket{b="c > d"}[5m]))) > on(x) group_left(y) e offset 5m'
    )

    assert metrics_in(text)[:2] == ("a_bucket", "e")


@pytest.mark.parametrize(
    ("expression", "role", "statistic"),
    [
        ("histogram_quantile(0.95, sum by (le) (rate(a_duration_seconds_bucket[5m])))", "latency", "p95"),
        (RATIO, "errors", "share"),
        ("rate(a_duration_seconds_sum[5m]) / rate(a_duration_seconds_count[5m])", "latency", "mean"),
        ("volume_free_bytes / volume_size_bytes", "free", "share"),
        ("max(db_pool_in_use_connections)", "used", ""),
        ("vector(1)", "other", ""),
    ],
)
def test_what_an_expression_measures(expression: str, role: str, statistic: str) -> None:
    found = measured_by(expression)

    assert (found.role, found.statistic) == (role, statistic)


HERE = "service=a"


def test_a_histogram_is_asked_for_two_quantiles_by_what_is_called() -> None:
    rows = [("a_upstream_duration_seconds_bucket", "histogram", f"le=1, upstream=b|c, {HERE}")]
    found = [one.expression for one in expressions(listed(rows), "a", "1m")]

    assert found[0].startswith(
        "histogram_quantile(0.99, sum by (le, upstream) (rate(a_upstream_duration_seconds_bucket{service"
    )
    assert len(found) == 2


def test_a_summary_is_asked_for_its_mean() -> None:
    rows = [("a_seconds_sum", "summary", HERE), ("a_seconds_count", "summary", HERE)]
    [found] = expressions(listed(rows), "a", "5m")

    assert found.expression == 'sum(rate(a_seconds_sum{service="a"}[5m])) / sum(rate(a_seconds_count{service="a"}[5m]))'


def test_gauges_are_asked_for_together_and_what_runs_out_by_its_least() -> None:
    rows = [("pool_in_use", "gauge", HERE), ("pool_max", "gauge", HERE), ("disk_free_bytes", "gauge", HERE)]
    found = {one.expression for one in expressions(listed(rows), "a", "5m")}

    assert found == {
        'max by (__name__) ({service="a", __name__=~"pool_in_use|pool_max"})',
        'min by (__name__) ({service="a", __name__=~"disk_free_bytes"})',
    }


def test_series_of_others_are_left_alone() -> None:
    assert expressions(listed([("x_total", "counter", "service=b")]), "a", "5m") == []


def test_what_people_feel_is_asked_first() -> None:
    rows = [("x_requests_total", "counter", HERE), ("x_duration_seconds_bucket", "histogram", HERE)]
    found = expressions(listed(rows), "a", "5m")

    assert [one.measures.statistic or one.measures.role for one in found] == ["p99", "traffic", "p50"]


@pytest.mark.parametrize("name", ["Watchdog", "DeadMansSwitch", "heartbeat-eu", "Dead Man's Switch"])
def test_heartbeats(name: str) -> None:
    assert always_fires(name, "")
    assert not always_fires(f"No{name}", "up == 0")
