"""Which questions go to live systems, and with which arguments."""

from datetime import UTC, datetime

import pytest

from bot.rules.entities import find_entities
from bot.rules.live import Known, asked_kinds, calls, promql, spoken
from bot.rules.routes import find_route
from bot.vocabulary import RewrittenQuery
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(
            name="payments", aliases={"zh": ["支付"]}, namespace="pay", metrics=["pay_errors_total", "pay_pool_in_use"]
        )
    ]
)
KNOWN = Known(GRAPH.services, '{namespace="$namespace"}')


def query(text: str) -> RewrittenQuery:
    return RewrittenQuery(
        text=text,
        asked=text,
        searches=(text,),
        language="en",
        asked_at=NOW,
        route=find_route(text),
        entities=find_entities(text, GRAPH.mentioned, NOW),
    )


def tool(name: str, kind: Kind, *takes: str, required: tuple[str, ...] = ()) -> Tool:
    schema = {"type": "object", "properties": {one: {"type": "string"} for one in takes}, "required": [*required]}
    return Tool(name, name, name, schema, kind)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("which alerts are firing?", {"alerts"}),
        ("what was deployed to production since noon", {"changes"}),
        ("is the certificate of api.example.com still good?", {"network"}),
        ("show me the error logs of payments", {"logs"}),
        ("how many pods of payments are running right now", {"cluster"}),
        ("支付服务最近的错误日志有哪些？", {"logs"}),
        ("现在有哪些告警？", {"alerts"}),
        ("how do I silence an alert?", set()),
        ("what does KubePodCrashLooping mean", set()),
        ("告警怎么静默？", set()),
        ("how is the TLS certificate rotated", set()),
        ("restart payments pods", set()),
        ("hello", set()),
    ],
)
def test_questions_about_what_is_going_on_go_to_live_systems(text: str, kinds: set[Kind]) -> None:
    assert asked_kinds(query(text)) == kinds


def test_trouble_is_looked_at_from_all_sides() -> None:
    assert {"alerts", "changes", "metrics", "logs", "cluster"} <= asked_kinds(query("payments is down"))


def test_arguments_are_what_the_question_names() -> None:
    changes = tool("deployments", "changes", "service", "environment", "start", "end", "author", required=("service",))

    [(_, given)] = calls(query("what changed in payments production in the last 2 hours?"), [changes], KNOWN)

    assert given == {
        "service": "payments",
        "environment": "production",
        "start": "2026-03-04T08:00:00+00:00",
        "end": "2026-03-04T10:00:00+00:00",
    }


def test_a_tool_whose_arguments_nobody_said_is_not_asked() -> None:
    one = tool("describe", "cluster", "kind", "name", required=("kind", "name"))

    assert calls(query("are the pods of payments running now?"), [one], KNOWN) == []


def test_metrics_of_the_service_are_asked_those_that_are_named_first() -> None:
    asked = calls(query("error rate of payments right now, errors?"), [tool("range", "metrics", "query")], KNOWN)

    assert [given["query"] for _, given in asked] == ["sum(rate(pay_errors_total[5m]))", "max(pay_pool_in_use)"]


def test_logs_are_asked_as_the_team_asks_for_them() -> None:
    logs = tool("patterns", "logs", "query", required=("query",))

    assert [given for _, given in calls(query("any errors in the payments logs?"), [logs], KNOWN)] == [
        {"query": '{namespace="pay"}'}
    ]


@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("http_requests_total", "sum(rate(http_requests_total[5m]))"),
        (
            "http_request_duration_seconds",
            "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
        ),
        ("queue_depth", "max(queue_depth)"),
        ("backup_age_seconds", "max(backup_age_seconds)"),
    ],
)
def test_what_is_looked_at_of_a_metric_follows_its_name(metric: str, expression: str) -> None:
    assert promql(metric) == expression


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (promql("http_requests_total"), "rate of http_requests_total over 5m"),
        (promql("http_request_duration_seconds"), "p99 of http_request_duration_seconds"),
        (promql("queue_depth"), "highest queue_depth"),
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", "sum(rate(a[5m])) / sum(rate(b[5m]))"),
    ],
)
def test_a_query_of_ours_is_headed_in_words(query: str, words: str) -> None:
    assert spoken(query) == words
