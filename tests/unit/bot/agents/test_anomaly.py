"""What made series show: each shape of a fault is found, dated and told, and what is well is said to be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.agents.anomaly import examine
from bot.desk import Around, Desk, Purse
from bot.rules.live import Known
from bot.steps.hypothesise import hypothesise
from bot.toolbox import Toolbox
from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.port import Series
from knowledge.service_graph import read_services
from tests.unit.bot.agents.metric_stage import (
    QUEUE,
    QUEUE_ALERT,
    SHOP,
    Shape,
    flat,
    latency,
    listing,
    looked,
    metric,
    of,
    ramp,
    series,
    step,
    window,
)
from tests.unit.bot.incident_stage import NOON, alert, minute, trouble

DEMO = Path(__file__).parents[4] / "deploy" / "demo"
SLOW = latency("checkout", series(step(0.12, 4.1)))
POOL = "max(payments_pool_in_use_connections)"
LIMIT = metric("max(payments_pool_max_connections)", series(flat(20), 0))


async def test_a_step_is_told_with_levels_and_time(tmp_path: Path) -> None:
    found = of(await looked(tmp_path, [SLOW]), "checkout")

    assert found.says == (
        "p99 latency of checkout (checkout_latency_seconds) rose from 0.12 s to 4.1 s at 12:05 UTC and stays there."
    )
    assert (found.kind, found.cause, found.at) == ("break", None, minute(5))


async def test_the_same_in_chinese(tmp_path: Path) -> None:
    found = of(await looked(tmp_path, [SLOW], trouble(language="zh")), "checkout")

    assert (
        found.says == "checkout 的 p99 延迟（checkout_latency_seconds）在 12:05 UTC 从 0.12 s 升到 4.1 s，至今未恢复。"
    )


async def test_the_quote_stands_in_the_evidence_that_holds_the_lines(tmp_path: Path) -> None:
    report = await looked(tmp_path, [SLOW])

    found = of(report, "checkout")
    [cited] = [one for one in report.evidence if one.id == found.cites[0]]
    assert found.quote in cited.text
    assert found.quote.startswith("changed at 12:05")
    assert cited.lines


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        pytest.param(ramp(0.1, 5), "break", "has been rising since", id="ramp"),
        pytest.param(window(0.1, 5, 5, 18), "healthy", "since 12:18 UTC", id="recovered"),
        pytest.param(window(0.1, 9, 7, 9), "healthy", "since 12:09 UTC", id="spike"),
    ],
)
async def test_shapes(tmp_path: Path, shape: Shape, kind: str, says: str) -> None:
    found = of(await looked(tmp_path, [latency("checkout", series(shape))]), "checkout")

    assert found.kind == kind
    assert says in found.says


async def test_silence_counts_where_others_still_speak(tmp_path: Path) -> None:
    silent = latency("checkout", series(flat(0.1), until=10))

    assert "has sent no values since 12:10 UTC" in of(await looked(tmp_path, [silent, LIMIT]), "checkout").says
    assert (await looked(tmp_path, [silent])).findings == ()


async def test_a_pool_at_its_limit_is_a_resource_that_is_used_up(tmp_path: Path) -> None:
    report = await looked(tmp_path, [SLOW, metric(POOL, series(step(7, 20, 4), 0)), LIMIT])

    found = of(report, "payments")
    assert (found.cause, found.weight) == ("resource", 0.9)
    assert found.says == "payments_pool_in_use_connections of payments is at its limit of 20 since 12:04 UTC."
    assert len(found.cites) == 2


async def test_a_pool_below_its_limit_names_no_cause(tmp_path: Path) -> None:
    report = await looked(tmp_path, [SLOW, metric(POOL, series(step(7, 14, 4), 0)), LIMIT])

    assert of(report, "payments").cause is None


async def test_a_dependency_that_was_slow_first_is_named_and_leads(tmp_path: Path) -> None:
    report = await looked(
        tmp_path,
        [
            SLOW,
            latency("bank_request", series(step(0.4, 2.5, 0))),
            latency("inventory", series(flat(0.2))),
            metric(POOL, series(step(7, 20, 4), 0)),
            LIMIT,
        ],
    )

    assert of(report, "bank").cause == "dependency"
    assert hypothesise(trouble(), report.findings, SHOP)[0].id == "dependency:bank"
    assert [one.says for one in report.excluded] == ["inventory: latency did not move."]


async def test_a_dependency_that_got_slower_by_next_to_nothing_is_no_cause(tmp_path: Path) -> None:
    slower = latency("inventory", series(step(0.004, 0.012, 4)))
    report = await looked(tmp_path, [latency("checkout", series(step(0.1, 2, 5))), slower])

    assert of(report, "inventory").cause is None
    assert of(report, "inventory").weight < 0.4


HERE = "service=checkout"
TRAFFIC = 'sum(rate(http_requests_total{service="checkout"}[5m]))'
EXISTING = listing(
    {
        "http_requests_total": ("counter", f"code=200|500, {HERE}"),
        "process_resident_memory_bytes": ("gauge", HERE),
        "disk_free_bytes": ("gauge", HERE),
        "http_request_duration_seconds_bucket": ("histogram", f"le=0.1|1|+Inf, {HERE}"),
    }
)
P99 = (
    'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{service="checkout"}[5m])))'
)  # fmt: skip
ERRORS = 'http_requests_total{service="checkout", code=~"5..|5xx|error|failed|failure|fail|timeout|ERROR"}'


async def test_traffic_that_rose_first_is_the_cause(tmp_path: Path) -> None:
    rate, slow = metric(TRAFFIC, series(step(80, 700, 3))), metric(P99, series(step(0.1, 2, 5)))
    report = await looked(tmp_path, [EXISTING, rate, slow])

    found = next(one for one in report.findings if one.cause == "traffic")
    assert found.says.startswith("The request rate of checkout (http_requests) rose from 80")
    assert hypothesise(trouble(), report.findings, SHOP)[0].cause == "traffic"


async def test_traffic_that_rose_afterwards_is_none(tmp_path: Path) -> None:
    rate, slow = metric(TRAFFIC, series(step(80, 700, 15))), metric(P99, series(step(0.1, 2, 5)))

    assert all(one.cause != "traffic" for one in (await looked(tmp_path, [EXISTING, rate, slow])).findings)


async def test_a_counter_that_has_just_begun_brings_no_traffic(tmp_path: Path) -> None:
    """Over five minutes its rate creeps up to what it was from the first second."""
    creeps = series(lambda at: min(80.0, 80 * max(at, 0) / 5))
    begun = Series("{}", tuple(point for point in creeps.points if point[0] >= NOON.timestamp()))
    report = await looked(tmp_path, [EXISTING, metric(TRAFFIC, begun), metric(P99, series(step(0.1, 2, 5)))])

    assert all(one.cause != "traffic" for one in report.findings)


async def test_a_process_that_began_anew_is_told(tmp_path: Path) -> None:
    asked, noon = 'max by (__name__) ({service="checkout", __name__=~"process_start_time_seconds"})', NOON.timestamp()
    starts = series(step(noon - 86_400, noon - 300, -5), noise=0, name="process_start_time_seconds")
    existing = listing({"process_start_time_seconds": ("gauge", "service=checkout")})
    report = await looked(tmp_path, [existing, metric(asked, starts)])

    assert [one.says for one in report.findings if "restarted" in one.says] == [
        "checkout was restarted at 11:55 UTC (process_start_time_seconds)."
    ]


async def test_what_failed_is_asked_as_a_share(tmp_path: Path) -> None:
    every = TRAFFIC
    asked = f"(sum(rate({ERRORS}[5m])) or 0 * {every}) / {every}"
    report = await looked(tmp_path, [EXISTING, metric(asked, series(step(0, 0.3), 0))])

    assert "The failure rate of checkout (http_requests) rose from 0 % to 30 % at 12:05 UTC" in report.findings[0].says


@pytest.mark.parametrize(
    ("pick", "name", "shape", "says"),
    [
        pytest.param("max", "process_resident_memory_bytes", ramp(2e8, 9e8, -60), "only grows", id="leak"),
        pytest.param("min", "disk_free_bytes", ramp(5e9, 1e8, 0), "is running out", id="full-disk"),
    ],
)
async def test_what_is_used_up(tmp_path: Path, pick: str, name: str, shape: Shape, says: str) -> None:
    asked = f'{pick} by (__name__) ({{service="checkout", __name__=~"{name}"}})'
    report = await looked(tmp_path, [EXISTING, metric(asked, series(shape, 0.001, f"{name}{{}}"))])

    assert says in report.findings[0].says
    assert report.findings[0].cause == "resource"


@pytest.mark.parametrize(
    ("shape", "noise", "kind", "says"),
    [
        pytest.param(step(10, 90), 0.02, "alert", "The condition of CheckoutSlow holds: ", id="holds"),
        pytest.param(window(10, 90, 5, 20), 0.02, "healthy", "no longer holds: it was last met at 12:19", id="over"),
        pytest.param(flat(10), 0.02, "healthy", "was not met from 10:30 UTC on", id="never"),
        pytest.param(flat(49), 0.05, "healthy", "is noisy: its limit of 50 lies within what is usual", id="noisy"),
    ],
)
async def test_the_condition_of_the_alert(tmp_path: Path, shape: Shape, noise: float, kind: str, says: str) -> None:
    report = await looked(tmp_path, [metric(QUEUE, series(shape, noise))], trouble(alert(generator=QUEUE_ALERT)))

    assert any(one.kind == kind and says in one.says for one in report.findings)


async def test_a_heartbeat_is_told_as_one(tmp_path: Path) -> None:
    beat = alert(name="Watchdog", generator="http://prometheus/graph?g0.expr=vector%281%29")
    report = await looked(tmp_path, [LIMIT], trouble(beat, severity="info"))

    assert report.findings[0].says.startswith("Watchdog fires all the time by design")
    assert {one.id for one in report.evidence} >= set(report.findings[0].cites)


async def test_a_resolved_alert_is_over(tmp_path: Path) -> None:
    report = await looked(tmp_path, [LIMIT], trouble(alert(status="resolved", ended_at=minute(20))))

    assert report.findings[0].says == "CheckoutSlow was over at 12:20 UTC."


async def test_nothing_is_asked_beyond_the_budget(tmp_path: Path) -> None:
    report = await looked(tmp_path, [EXISTING, SLOW, LIMIT], calls=3)

    assert len(report.steps) <= 3


async def test_without_a_tool_for_metrics_there_is_nothing_to_tell(tmp_path: Path) -> None:
    report = await looked(tmp_path, [])

    assert (report.findings, report.gaps, report.stopped) == ((), (), "done")


async def test_the_demo_names_the_slow_bank_before_the_full_pool(tmp_path: Path) -> None:
    ten = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    about = trouble(at=ten, began=ten - timedelta(minutes=14))
    graph = read_services(DEMO / "services.yaml")
    async with load("tools", "recorded", {"folder": str(DEMO / "recorded")}, Roots(tmp_path, tmp_path)) as tools:
        box = Toolbox({"recorded": tools}, tmp_path, lambda: 0.0)
        desk = Desk("anomaly", about, box, frozenset(("metrics",)), Purse(60, 600.0, lambda: 0.0))
        report = await examine(desk, Around(graph, Known(graph.services)))

    leading, pool = hypothesise(about, report.findings, graph)[:2]
    assert (leading.id, pool.id) == ("dependency:northbank", "resource:payments")
