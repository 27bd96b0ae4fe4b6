"""Prometheus and Alertmanager: against real ones, with a few hours of made history."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.port import BadArguments, Result, Tools, ToolUnavailable
from tests.contracts.prometheus_servers import HOURS, Servers, servers

LATENCY = 'latency_seconds{service="checkout"}'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    try:
        with servers(tmp_path_factory.mktemp("prometheus")) as both:
            yield both
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


@pytest.fixture
async def prometheus(running: Servers, tmp_path: Path) -> AsyncIterator[Tools]:
    async with load("tools", "prometheus", {"url": running.prometheus}, Roots(tmp_path, tmp_path)) as tools:
        yield tools


@pytest.fixture
async def alertmanager(running: Servers, tmp_path: Path) -> AsyncIterator[Tools]:
    async with load("tools", "alertmanager", {"url": running.alertmanager}, Roots(tmp_path, tmp_path)) as tools:
        yield tools


def iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat()


async def over(prometheus: Tools, running: Servers, query: str, **more: str) -> Result:
    span = {"start": iso(running.begins), "end": iso(running.ends)}
    return await prometheus.call("prometheus_range", {"query": query, **span, **more})


async def test_a_series_is_summarised_and_its_break_found(prometheus: Tools, running: Servers) -> None:
    found = await over(prometheus, running, LATENCY)

    broke = dt.datetime.fromtimestamp(running.breaks, dt.UTC)
    assert f"changed at {broke:%H:%M}: mean 0.102 before, 0.302 after" in found.text
    assert "min 0.1 at" in found.text
    assert len(found.series[0].points) == HOURS * 30 + 1


async def test_a_silence_is_told(prometheus: Tools, running: Servers) -> None:
    found = await over(prometheus, running, 'latency_seconds{service="cart"}')

    # A value counts for five minutes after it was scraped.
    silent = dt.datetime.fromtimestamp(running.breaks + 4 * 60, dt.UTC)
    assert f"no values: {silent:%H:%M} to" in found.text
    assert "constant 0.2" in found.text


async def test_the_series_that_broke_comes_first(prometheus: Tools, running: Servers) -> None:
    found = await over(prometheus, running, "latency_seconds")

    assert [one.name for one in found.series] == [
        'latency_seconds{service="checkout"}',
        'latency_seconds{service="cart"}',
    ]


async def test_the_step_fits_the_span_and_can_be_chosen(prometheus: Tools, running: Servers) -> None:
    assert "a point every 120 s" in (await over(prometheus, running, LATENCY)).text
    assert "a point every 600 s" in (await over(prometheus, running, LATENCY, step="10m")).text


async def test_the_exact_query_and_a_link_come_along(prometheus: Tools, running: Servers) -> None:
    found = await over(prometheus, running, LATENCY)

    assert found.query.startswith(f"{LATENCY} [")
    assert found.link.startswith(f"{running.prometheus}/graph?g0.expr=latency_seconds")


async def test_values_now_are_told_greatest_first(prometheus: Tools, running: Servers) -> None:
    found = await prometheus.call("prometheus_instant", {"query": "latency_seconds", "at": iso(running.ends)})

    names = [line.partition(" = ")[0] for line in found.text.splitlines()[1:]]
    assert names == ['latency_seconds{service="checkout"}', 'latency_seconds{service="cart"}']


async def test_a_scalar_is_told(prometheus: Tools) -> None:
    assert (await prometheus.call("prometheus_instant", {"query": "scalar(vector(42))"})).text.startswith("42 at ")


async def test_no_data_is_a_result(prometheus: Tools, running: Servers) -> None:
    assert "no series matches nothing" in (await over(prometheus, running, "nothing")).text


@pytest.mark.parametrize("query", ["sum(", "rate(latency_seconds)", 'up{job=~"("}'])
async def test_a_bad_expression_is_refused_with_the_reason(prometheus: Tools, query: str) -> None:
    with pytest.raises(BadArguments, match=r"parse error|does not accept"):
        await prometheus.call("prometheus_instant", {"query": query})


async def test_too_fine_a_step_is_refused(prometheus: Tools, running: Servers) -> None:
    with pytest.raises(BadArguments, match="more than 11000 points"):
        await over(prometheus, running, LATENCY, step="1s")


async def test_division_by_zero_is_no_value(prometheus: Tools, running: Servers) -> None:
    found = await over(prometheus, running, f"{LATENCY} * NaN")

    assert "no values" in found.text


async def test_metrics_are_found_by_name_with_their_meaning(prometheus: Tools) -> None:
    found = await prometheus.call("prometheus_metrics", {"contains": "BUILD_INFO"})

    assert "prometheus_build_info (gauge)" in found.text


async def test_metrics_of_a_selector(prometheus: Tools, running: Servers) -> None:
    found = await prometheus.call("prometheus_metrics", {"selector": '{service="checkout"}'})

    assert "latency_seconds" in found.text


async def test_labels_and_their_values(prometheus: Tools) -> None:
    names = await prometheus.call("prometheus_labels", {"selector": "latency_seconds"})
    values = await prometheus.call("prometheus_labels", {"selector": "latency_seconds", "label": "service"})

    assert "service" in names.text.splitlines()
    assert values.text.splitlines() == ["2 values of service:", "cart", "checkout"]


async def test_series_that_exist_by_any_of_some_selectors(prometheus: Tools, running: Servers) -> None:
    selectors: list[JsonValue] = ['{service="checkout"}', '{app="checkout"}', '{service="cart"}']
    span = {"start": iso(running.begins), "end": iso(running.ends)}
    found = await prometheus.call("prometheus_series", {"selectors": selectors, **span})

    assert found.text.splitlines() == ["1 metrics:", "latency_seconds service=cart|checkout"]


async def test_a_metric_that_exists_has_its_type_and_many_values_are_cut(prometheus: Tools) -> None:
    found = await prometheus.call(
        "prometheus_series", {"selectors": ["prometheus_http_request_duration_seconds_bucket"]}
    )

    assert found.table
    [(name, kind, labels)] = found.table.rows
    assert (name, kind) == ("prometheus_http_request_duration_seconds_bucket", "histogram")
    assert "|…" in str(labels)


async def test_no_series_exist(prometheus: Tools) -> None:
    assert (await prometheus.call("prometheus_series", {"selectors": ['{app="none"}']})).text == "No metrics."


async def test_alerts_that_fire(prometheus: Tools) -> None:
    found = await prometheus.call("prometheus_alerts", {})

    assert "firing since" in found.text
    assert 'CheckoutDown", service="checkout"' in found.text
    assert "checkout does not answer" in found.text


async def test_rules_and_what_they_wait_for(prometheus: Tools) -> None:
    found = await prometheus.call("prometheus_rules", {"contains": "never"})

    assert found.text.splitlines() == ["1 rules:", "alerting Never: vector(0) == 1 for 300 s inactive"]


async def test_what_is_down_comes_first(prometheus: Tools) -> None:
    found = await prometheus.call("prometheus_targets", {})

    assert found.text.splitlines()[1].startswith("down ")
    assert "connection refused" in found.text.splitlines()[1]


async def test_many_series_are_cut_and_it_says_so(running: Servers, tmp_path: Path) -> None:
    table = {"url": running.prometheus, "max_series": 2}
    async with load("tools", "prometheus", table, Roots(tmp_path, tmp_path)) as tools:
        found = await tools.call("prometheus_range", {"query": '{job="prometheus"}', "last": "1m"})

    assert found.truncated
    assert len(found.series) == 2
    assert "more series" in found.text


async def test_alertmanager_says_what_is_out_and_to_whom(alertmanager: Tools) -> None:
    found = await alertmanager.call("alertmanager_alerts", {"matchers": ['severity="critical"']})

    assert "active since" in found.text
    assert "→ night. checkout does not answer" in found.text


async def test_alertmanager_has_none_for_another_service(alertmanager: Tools) -> None:
    found = await alertmanager.call("alertmanager_alerts", {"matchers": ['service="cart"']})

    assert found.text == 'No alerts for {service="cart"}.'


async def test_silences_are_told(alertmanager: Tools, running: Servers) -> None:
    now = dt.datetime.fromtimestamp(running.ends, dt.UTC)
    silence = {
        "matchers": [{"name": "service", "value": "pay.*", "isRegex": True, "isEqual": False}],
        "startsAt": (now + dt.timedelta(days=1)).isoformat(),
        "endsAt": (now + dt.timedelta(days=2)).isoformat(),
        "createdBy": "ann",
        "comment": "planned work",
    }
    async with httpx.AsyncClient() as http:
        (await http.post(f"{running.alertmanager}/api/v2/silences", json=silence)).raise_for_status()

    found = await alertmanager.call("alertmanager_silences", {})
    assert 'service!~"pay.*", by ann: planned work' in found.text


async def test_a_bad_matcher_is_refused(alertmanager: Tools) -> None:
    with pytest.raises(BadArguments, match="does not accept"):
        await alertmanager.call("alertmanager_alerts", {"matchers": ["{{"]})


async def test_another_server_s_page_is_no_prometheus(running: Servers, tmp_path: Path) -> None:
    async with load("tools", "prometheus", {"url": f"{running.prometheus}/graph"}, Roots(tmp_path, tmp_path)) as tools:
        with pytest.raises(ToolUnavailable, match="check url"):
            await tools.call("prometheus_alerts", {})
