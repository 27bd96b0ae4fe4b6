"""What is asked next: arguments filled from what is known, by schemas alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from bot.incident import Trouble
from bot.rules.briefing import briefing
from bot.rules.exploring import choose
from bot.rules.live import Known
from bot.rules.objects import Answer
from bot.rules.slots import slot
from connectors.alerts.port import Alert
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import Service

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT: JsonValue = {"type": "string"}


def tool(name: str, kind: Kind = "cluster", required: tuple[str, ...] = (), **arguments: JsonValue) -> Tool:
    schema: dict[str, JsonValue] = {"type": "object", "properties": arguments, "required": list(required)}
    return Tool(name, name, "", schema, kind)


DESCRIBE = Tool(
    "describe",
    "describe",
    "",
    {"properties": {"kind": TEXT, "name": TEXT, "namespace": TEXT}, "required": ["kind", "name"]},
    "cluster",
)


def trouble(text: str = "", labels: Mapping[str, str] | None = None, services: tuple[str, ...] = ()) -> Trouble:
    heard = Alert(
        source="am",
        fingerprint="f1",
        status="firing",
        name="Broken",
        severity="critical",
        started_at=NOW - timedelta(minutes=20),
        labels=labels or {},
    )
    alerts = (heard,) if labels else ()
    return Trouble(id="i", text=text, language="en", at=NOW, began=NOW, services=services, alerts=alerts)


def asked(tools: list[Tool], about: Trouble, *answers: Answer, most: int = 1) -> list[dict[str, JsonValue]]:
    known = briefing(about, Known({"cart": Service(name="cart", namespace="shop")}), answers)
    return [dict(one.arguments) for one in choose(tools, known, (), most)]


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        pytest.param("podName", {}, "pod", id="camel-case"),
        pytest.param("resource_type", {}, "kind", id="kind"),
        pytest.param("since", {"pattern": "^[0-9]+[smhd]$"}, "last", id="a-span-not-a-moment"),
        pytest.param("start_time", {}, "start", id="start"),
        pytest.param("resource", {"enum": ["pods", "nodes"]}, "kind", id="told-by-its-values"),
        pytest.param("jq_expr", {}, "jq", id="jq"),
        pytest.param("colour", {}, "", id="nobody-knows"),
    ],
)
def test_a_name_and_a_schema_tell_what_an_argument_stands_for(
    name: str, schema: dict[str, JsonValue], expected: str
) -> None:
    assert slot(name, schema) == expected


def test_the_alerts_own_object_is_asked_about_first() -> None:
    about = trouble("x", {"pod": "cart-7c9f8d6b54-x2x4z", "namespace": "shop"})

    assert asked([DESCRIBE], about) == [{"kind": "pod", "name": "cart-7c9f8d6b54-x2x4z", "namespace": "shop"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("what is wrong with job nightly-import in namespace etl?", ("job", "nightly-import"), id="before"),
        pytest.param("is the cart-api deployment in the etl namespace down?", ("deployment", "cart-api"), id="behind"),
        pytest.param('look at {"type": "pod", "name": "a-1", "namespace": "etl"}', ("pod", "a-1"), id="as-an-object"),
        pytest.param("命名空间 etl 里的 pod cart-0 一直重启", ("pod", "cart-0"), id="in-chinese"),
    ],
)
def test_objects_are_read_out_of_words(text: str, expected: tuple[str, str]) -> None:
    [call] = asked([DESCRIBE], trouble(text))

    assert call == {"kind": expected[0], "name": expected[1], "namespace": "etl"}


def test_a_tool_whose_required_argument_nothing_is_known_of_is_never_asked() -> None:
    assert asked([tool("scan", required=("colour",), colour=TEXT)], trouble("pod cart-0 is down"), most=9) == []


def test_a_tool_that_needs_nothing_is_asked_once() -> None:
    assert asked([tool("status")], trouble("the queue is down"), most=9) == [{}]


def test_pods_that_were_found_are_asked_for_their_logs() -> None:
    logs = tool("logs", "logs", ("namespace", "pod"), namespace=TEXT, pod=TEXT)
    row = Answer("list", {"kind": "pods", "namespace": "shop"}, "cart-7c9f8d6b54-x2x4z  0/1  Error  4  9m")

    [call] = asked([logs], trouble("cart fails", services=("cart",)), row)

    assert call == {"namespace": "shop", "pod": "cart-7c9f8d6b54-x2x4z"}


def test_a_container_that_crashed_is_asked_for_what_it_said_before() -> None:
    logs = tool("logs", "logs", ("pod",), pod=TEXT, previous={"type": "boolean"})
    state = Answer("describe", {"name": "cart-0"}, "Reason: CrashLoopBackOff")

    assert {"pod": "cart-0", "previous": True} in asked([logs], trouble("pod cart-0 is down"), state, most=3)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"enum": ["Pod", "Node"]}, "Pod", id="as-its-values-are-spelled"),
        pytest.param({"pattern": "^(pods|nodes)$"}, "pods", id="as-its-pattern-has-it"),
        pytest.param({"description": "Such as pod, node"}, "pod", id="its-name"),
    ],
)
def test_kinds_are_spelled_as_the_tool_takes_them(schema: dict[str, JsonValue], expected: str) -> None:
    one = Tool("get", "", "", {"properties": {"kind": schema, "name": TEXT}, "required": ["kind", "name"]}, "cluster")

    assert asked([one], trouble("pod cart-0 is down"))[0]["kind"] == expected


def test_a_kind_that_a_tool_does_not_take_is_not_asked_for() -> None:
    kinds: JsonValue = {"type": "string", "description": "deployment, statefulset or daemonset"}
    rollout = Tool("rollout", "", "", {"properties": {"kind": kinds, "name": TEXT}, "required": ["name"]}, "changes")

    assert asked([rollout], trouble("x", {"pod": "cart-0"}), most=9) == []


def test_logs_are_asked_for_what_was_around_the_beginning_and_before() -> None:
    both: dict[str, JsonValue] = {"start": TEXT, "end": {"type": "integer", "description": "milliseconds"}}
    one = Tool("lines", "", "", {"properties": both, "required": ["start"]}, "logs")

    assert asked([one], trouble("x"), most=9) == [
        {"start": "2026-03-02T08:50:00Z", "end": 1772442000000},
        {"start": "2026-03-02T07:50:00Z", "end": 1772441400000},
    ]


def test_a_time_that_a_person_named_is_the_one_that_is_asked_for() -> None:
    both: dict[str, JsonValue] = {"start": TEXT, "end": TEXT}
    one = Tool("lines", "", "", {"properties": both, "required": ["start"]}, "logs")

    assert asked([one], trouble("what was logged since 2026-02-27?"), most=9) == [
        {"start": "2026-02-27T00:00:00Z", "end": "2026-03-02T09:00:00Z"}
    ]


def test_what_one_tool_told_is_put_to_the_next_under_its_name() -> None:
    lag = tool("lag", "other", ("kafka_cluster_name",), kafka_cluster_name=TEXT)
    listed = Answer("clusters", {}, '[{"cluster_name": "events-1"}]')

    assert {"kafka_cluster_name": "events-1"} in asked([lag], trouble("consumers lag"), listed, most=3)


def test_what_an_answer_holds_becomes_no_command_and_no_address() -> None:
    shell = tool("shell", "other", ("command", "endpoint"), command=TEXT, endpoint=TEXT)
    poisoned = Answer("list", {}, '{"command": "curl evil", "endpoint": "evil.example"}')

    assert asked([shell], trouble("x", {"pod": "cart-0"}), poisoned, most=9) == []


def test_logs_are_searched_for_what_a_person_quotes() -> None:
    one = tool("grep", "logs", ("pod", "filter"), pod=TEXT, filter=TEXT)

    assert asked([one], trouble("did pod net-0 say 'Peer down'?"))[0]["filter"] == "Peer down"


def test_loki_is_asked_in_its_language_with_what_is_known() -> None:
    one = Tool("loki_lines", "", "", {"properties": {"query": {"description": "LogQL"}}, "required": ["query"]}, "logs")

    assert asked([one], trouble("x", services=("cart",))) == [{"query": '{namespace="shop", pod=~"cart.*"}'}]


def test_what_a_refusal_shows_is_followed_only_when_it_is_about_the_trouble() -> None:
    shown = 'Recorded: {"kind": "pod", "name": "cart-0", "namespace": "shop-2"}; {"kind": "pod", "name": "other"}'
    refused = Answer("describe", {}, shown, answered=False)

    calls = asked([DESCRIBE], trouble("pod cart-0 is down"), refused, most=9)

    assert {"kind": "pod", "name": "cart-0", "namespace": "shop-2"} in calls
    assert all(call["name"] != "other" for call in calls)


def test_what_was_asked_is_not_asked_again() -> None:
    known = briefing(trouble("pod cart-0 is down"), Known({}))
    first = choose([DESCRIBE], known, (), 9)

    assert choose([DESCRIBE], known, {one.key for one in first}, 9) == []


@pytest.mark.parametrize("name", ["url", "host"])
def test_no_address_is_taken_from_texts_labels_and_refusals(name: str) -> None:
    one = tool("fetch", "network", (name,), **{name: TEXT})
    refused = Answer("fetch", {}, f'{{"{name}": "https://evil.example/cart-0"}}', answered=False)
    about = trouble("see https://evil.example/x", {"pod": "cart-0", name: "evil.example"})

    assert asked([one], about, refused, most=9) == []


def test_all_changes_are_asked_for_before_those_of_one_service() -> None:
    """What changed below it is what nobody has named."""
    changes = tool("changes_reported", "changes", service=TEXT, start=TEXT, end=TEXT)

    first, *rest = asked([changes], trouble("checkout fails", services=("checkout",)), most=3)

    assert "service" not in first
    assert [one["service"] for one in rest] == ["checkout"]


def test_a_figure_in_an_alert_names_nothing() -> None:
    about = Trouble(id="i", text="p95 is 1.46s", language="en", at=NOW, began=NOW, identifiers=("1.46s", "cart-7d9c"))

    assert [one.name for one in briefing(about, Known({})).things if one.rank == 0.85] == ["cart-7d9c"]
