"""What the master understands of a trouble, and whom it asks what."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from bot.agents.allowance import Allowance
from bot.agents.planner import Plan, plan
from bot.incident import Trouble
from bot.ladder import Ladder
from bot.vocabulary import Evidence
from connectors.alerts.port import Alert
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import Service, ServiceGraph
from tests.unit.bot.agents.reasoning_stage import NOON, saying, trouble

GRAPH = ServiceGraph([Service(name="checkout", aliases={"zh": ["结算"]}), Service(name="payments")])
PAST = Evidence(id="i", kind="incident", title="Pool of checkout exhausted", text="A deploy halved the pool.")
SAID = "the web shop's till answers slowly in prod since 11:30, this is critical"


def tool(kind: Kind) -> Tool:
    return Tool(f"{kind}_read", kind, "Reads.", {}, kind)


TOOLS = (tool("metrics"), tool("logs"))


async def planned(model: ScriptedModel, about: Trouble, graph: ServiceGraph = GRAPH) -> Plan:
    return await plan(about, [PAST], TOOLS, Ladder([model]), graph=graph)


def worded(value: str, words: str) -> JsonValue:
    return {"value": value, "words": words}


async def test_without_a_large_model_each_expert_with_tools_gets_its_standard_checks() -> None:
    made = await plan(trouble(), [PAST], TOOLS, Ladder([]))

    assert made.experts == ("anomaly", "fault")
    assert "What changed at checkout and at what it depends on before it began?" in made.of("fault")
    assert made.of("fault")[-1] == "Is it again what it was in “Pool of checkout exhausted”?"
    assert (made.by, made.trouble) == ("rules", trouble())


async def test_in_chinese() -> None:
    made = await plan(trouble(language="zh", services=()), [PAST], TOOLS, Ladder([]))

    assert made.of("anomaly")[0].startswith("出问题的服务 及其依赖")
    assert made.of("fault")[-1] == "是否与“Pool of checkout exhausted”的原因相同？"


async def test_without_tools_nobody_has_anything_to_do() -> None:
    assert (await plan(trouble(), [], [], Ladder([]))).checks == ()


async def test_a_large_model_adds_checks_for_experts_that_there_are() -> None:
    checks = [{"expert": "fault", "asks": "Was the pool changed?"}, {"expert": "tools", "asks": "Is a ticket open?"}]

    made = await planned(saying({"checks": checks}), trouble())

    assert made.of("fault")[-1] == "Was the pool changed?"
    assert made.experts == ("anomaly", "fault")
    assert (made.by, made.spent.level) == ("endpoint", "endpoint")


async def test_it_fills_in_what_the_words_say() -> None:
    drawn: JsonValue = {
        "services": [worded("checkout", "till")],
        "symptom": worded("till answers slowly", "answers slowly"),
        "severity": worded("critical", "this is critical"),
        "environment": worded("production", "prod"),
        "since": "since 11:30",
    }
    graph = ServiceGraph([Service(name="checkout", aliases={"en": ["till"]})])

    made = (await planned(saying(drawn), trouble(text=SAID, services=()), graph)).trouble

    assert made.services == ("checkout",)
    assert (made.symptom, made.severity, made.environment) == ("till answers slowly", "critical", "production")
    assert made.began == datetime(2026, 3, 4, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param({"services": [worded("payments", "payments")]}, id="service-that-nobody-names"),
        pytest.param({"services": [worded("payments", "till")]}, id="name-that-the-words-do-not-say"),
        pytest.param({"symptom": worded("the disk is full", "answers slowly")}, id="symptom-of-its-own"),
        pytest.param({"symptom": worded("answers slowly in 900 ms", "answers slowly")}, id="figure-of-its-own"),
        pytest.param({"severity": worded("info", "all is well")}, id="words-of-its-own"),
        pytest.param({"severity": worded("terrible", "this is critical")}, id="no-such-severity"),
        pytest.param({"environment": worded("staging", "staging")}, id="environment-that-nobody-names"),
        pytest.param({"since": "since 03:00"}, id="time-that-nobody-names"),
    ],
)
async def test_what_the_words_do_not_say_changes_nothing(drawn: JsonValue) -> None:
    about = trouble(text=SAID, services=())

    assert (await planned(saying(drawn), about)).trouble == about


async def test_what_alerts_say_exactly_stays() -> None:
    fires = Alert(
        source="a", fingerprint="f", status="firing", name="Slow", severity="warning", started_at=NOON,
        summary="payments is slow since 11:30, critical",
    )  # fmt: skip
    drawn: JsonValue = {
        "services": [worded("payments", "payments")],
        "severity": worded("critical", "critical"),
        "since": "since 11:30",
    }

    made = (await planned(saying(drawn), trouble(alerts=(fires,), alert_count=1))).trouble

    assert (made.severity, made.began) == ("warning", NOON)
    assert made.services == ("checkout", "payments")


async def test_a_name_that_no_graph_knows_may_stand_in_the_text() -> None:
    drawn: JsonValue = {"services": [worded("ledger-api", "ledger-api")]}

    made = await planned(saying(drawn), trouble(text="ledger-api is down", services=()))

    assert made.trouble.services == ("ledger-api",)


@pytest.mark.parametrize("broken", [Line(fails="at once"), Line(reply="no idea")], ids=["dead", "babbling"])
async def test_a_failing_model_leaves_the_plan_by_rules(broken: Line) -> None:
    made = await planned(ScriptedModel([broken]), trouble())

    assert made.by == "rules"
    assert made.experts == ("anomaly", "fault")


async def test_a_small_model_is_not_asked() -> None:
    small = ScriptedModel([Line(reply={})], Settings(level="local"))

    assert (await planned(small, trouble())).by == "rules"
    assert small.prompts == []


async def test_without_allowance_left_it_is_not_asked() -> None:
    model = saying({})

    made = await plan(trouble(), [], TOOLS, Ladder([model]), Allowance(100, 600.0, lambda: 0.0))

    assert (made.by, model.prompts) == ("rules", [])


async def test_a_plan_is_json() -> None:
    made = await plan(trouble(), [PAST], TOOLS, Ladder([]))

    assert Plan.model_validate_json(made.model_dump_json()) == made
