"""Live systems as evidence: chosen by rules and by a model, read only, and never more than the question needs."""

import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bot.ladder import Ladder
from bot.plugins.live import MOST_CALLS, Live, shortened
from bot.rules.entities import find_entities
from bot.rules.live import Known
from bot.toolbox import Toolbox, ToolLimits
from bot.vocabulary import RewrittenQuery, Scope
from connectors.llm.memory import Line, ScriptedModel
from connectors.llm.memory import Settings as ModelSettings
from connectors.llm.port import Prompt
from connectors.tools.memory import MemoryTools, Settings
from connectors.tools.port import Recording, Result, Series, Table, Tool
from knowledge.service_graph import ServiceGraph

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
QUERY_SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
ALERTS = Tool("alerts_now", "Alerts", "Alerts that are out.", {"type": "object", "properties": {}}, "alerts")
METRICS = Tool("range", "Metrics", "Metrics over time.", QUERY_SCHEMA, "metrics")
FIRING = Result("1 alert: PoolExhausted", "alerts{}", "https://am.example", Table(("alert",), (("PoolExhausted",),)))
POOL = Result("pool: max 20", "max(pool)", series=(Series("pool", ((0.0, 7.0), (60.0, 20.0))),))


def query(text: str, **other: object) -> RewrittenQuery:
    plain = {
        "text": text,
        "asked": text,
        "searches": (text,),
        "language": "en",
        "asked_at": NOW,
        "route": "question",
        "entities": find_entities(text, ServiceGraph().mentioned, NOW),
    }
    return RewrittenQuery.model_validate({**plain, **other})


def live(folder: Path, *lines: Line, unavailable: str = "", **level: object) -> tuple[Live, MemoryTools]:
    tools = MemoryTools(
        Settings(
            recordings=(Recording("alerts_now", {}, FIRING), Recording("range", {"query": "max(pool)"}, POOL)),
            tools=(ALERTS, METRICS),
            unavailable=unavailable,
        )
    )
    models = [ScriptedModel(lines, settings=ModelSettings.model_validate(level))] if lines else []
    return Live(
        Toolbox({"twin": tools}, folder, time.monotonic, ToolLimits(attempts=1)), Ladder(models), Known({})
    ), tools


async def test_without_a_model_rules_ask_what_the_question_says(tmp_path: Path) -> None:
    plugin, tools = live(tmp_path)

    [evidence] = await plugin.gather(query("which alerts are firing?"))

    assert (evidence.kind, evidence.text, evidence.query, evidence.link) == (
        "tool",
        "1 alert: PoolExhausted",
        "alerts{}",
        "https://am.example",
    )
    assert evidence.rows is not None
    assert evidence.rows.rows == (("PoolExhausted",),)
    assert tools.calls == [("alerts_now", {})]


async def test_a_model_looks_at_what_came_and_asks_for_more(tmp_path: Path) -> None:
    more = Line(
        match="PoolExhausted", reply={"calls": [{"tool": "range", "arguments": {"query": "max(pool)"}}]}, times=1
    )
    plugin, tools = live(tmp_path, more, Line(reply={"calls": []}))

    found = await plugin.gather(query("which alerts are firing?"))

    assert [one.title for one in found] == ["Alerts", "Metrics"]
    assert found[1].lines[0].points == ((0.0, 7.0), (60.0, 20.0))
    assert [name for name, _ in tools.calls] == ["alerts_now", "range"]


async def test_a_model_that_asks_for_what_there_is_not_gets_nothing(tmp_path: Path) -> None:
    bad = Line(reply={"calls": [{"tool": "delete_pod", "arguments": {}}, {"tool": "range", "arguments": {"sql": "x"}}]})
    plugin, tools = live(tmp_path, bad)

    found = await plugin.gather(query("which alerts are firing?"))

    assert [one.kind for one in found] == ["tool"]
    assert [name for name, _ in tools.calls] == ["alerts_now"]


async def test_a_model_that_never_stops_is_stopped(tmp_path: Path) -> None:
    numbers = count()

    def never_enough(_: Prompt) -> Line:
        asked = [{"tool": "range", "arguments": {"query": f"q{next(numbers)}"}} for _ in range(MOST_CALLS)]
        return Line(reply={"calls": asked})

    plugin, tools = live(tmp_path)
    plugin = Live(plugin.toolbox, Ladder([ScriptedModel(never_enough)]), plugin.known)

    await plugin.gather(query("which alerts are firing?"))

    assert len(tools.calls) <= 1 + 3 * MOST_CALLS


async def test_a_system_that_is_away_is_said(tmp_path: Path) -> None:
    plugin, _ = live(tmp_path, unavailable="no route to the cluster")

    [failure] = await plugin.gather(query("which alerts are firing?"))

    assert (failure.kind, failure.title, failure.text) == ("failure", "twin", "no route to the cluster")


async def test_a_channel_sees_only_the_kinds_of_tools_that_are_for_it(tmp_path: Path) -> None:
    plugin, tools = live(tmp_path)

    assert await plugin.gather(query("which alerts are firing?", scope=Scope(tools=("metrics",)))) == ()
    assert tools.calls == []


def test_a_long_text_is_cut_at_the_end_of_a_line() -> None:
    assert shortened("one\ntwo\nthree", 9) == "one\ntwo\n…"
    assert shortened("one", 9) == "one"


async def test_a_channel_of_certain_systems_is_not_told_which_others_are_away(tmp_path: Path) -> None:
    plugin, _ = live(tmp_path, unavailable="no route to the metrics of payments")
    asked = query("which alerts are firing?")

    everywhere = await plugin.gather(asked)
    there = await plugin.gather(asked.model_copy(update={"scope": Scope(tools=("logs",))}))

    assert [one.text for one in everywhere] == ["no route to the metrics of payments"]
    assert [(one.title, one.text) for one in there] == [("live systems", "some of them cannot be asked now")]
