"""What the anomaly expert asks: the series of the alerts, those that the services' file names, and those that exist."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from pydantic import JsonValue

from bot.desk import Around, Desk
from bot.incident import Trouble
from bot.observations import Observation, ToolCall
from bot.rules.live import promql
from bot.rules.promql import (
    Asked,
    Listed,
    alert_expression,
    conditions,
    expressions,
    listed,
    measured_by,
    owner,
    selectors,
)
from connectors.tools.port import Tool

_MOST_AFFECTED, _MOST_BELOW, _MOST_ABOVE, _MOST_LISTED = 4, 6, 2, 8
_MOST_ASKED, _SHARE = 40, 0.9
_AT_ONCE, _FRESH = timedelta(minutes=3), timedelta(minutes=15)
_WINDOWS = ("10s", "1m", "5m")
_COLUMNS = 3
_DOES = {"en": "looks at metrics", "zh": "查看指标"}
_LISTS = {"en": "lists the metrics that exist", "zh": "列出现有指标"}
_METRIC = ("metric_name", "metric", "metricName")


@dataclass(frozen=True)
class Answered:
    """What came of a question. ``service`` is whose metrics were asked for, empty for anybody's."""

    asked: Asked | None
    service: str
    seen: Observation


@dataclass
class Questions:
    """The metrics' tools of a desk, told apart by what they take, and the services that matter, nearest first."""

    desk: Desk
    around: Around
    affected: tuple[str, ...]
    services: tuple[str, ...]
    ranged: Tool | None = None
    lists: Tool | None = None
    others: list[Tool] = field(default_factory=list)

    async def ask(self) -> list[Answered]:
        """Everything there is a call for, within the budget, alerts and the affected services first."""
        wanted = await self._wanted() if self.ranged else []
        asked = list(dict.fromkeys(wanted))[: self._most()]
        calls = [self._call(one) for one, _ in asked]
        further = [
            call for tool in self.others for call in _filled(tool, self.desk.trouble, self.services, self.around)
        ]
        does = _DOES[self.desk.trouble.language]
        seen = await self.desk.ask([*calls, *further[: self._most()]], does)
        found = [Answered(one, service, it) for (one, service), it in zip(asked, seen, strict=False)]
        found += [Answered(None, "", it) for it in seen[len(asked) :]]
        return await self._again(found)

    async def _again(self, found: Sequence[Answered]) -> list[Answered]:
        """Rates that came to nothing over a short window are asked for over a wider one."""
        kept = list(found)
        for window, wider in pairwise(_WINDOWS):
            empty = [one for one in kept if one.asked and one.asked.window == window and _is_empty(one.seen)]
            again = [(one.asked.over(wider), one.service) for one in empty if one.asked][: self._most()]
            seen = await self.desk.ask([self._call(one) for one, _ in again], _DOES[self.desk.trouble.language])
            kept = [one for one in kept if one not in empty]
            kept += [Answered(one, service, it) for (one, service), it in zip(again, seen, strict=True)]
        return kept

    async def _wanted(self) -> list[tuple[Asked, str]]:
        trouble = self.desk.trouble
        of_alerts = [
            (Asked(text, measured_by(text)), alert.service)
            for alert in trouble.alerts
            for text in watched_by(alert.generator)
        ]
        existing = await self._existing()
        age = trouble.at - trouble.began
        window = _WINDOWS[0] if age < _AT_ONCE else _WINDOWS[1] if age < _FRESH else _WINDOWS[2]
        found = {name: [(one, name) for one in expressions(some, name, window)] for name, some in existing.items()}
        for name in self.services:
            known = self.around.graph.services.get(name)
            there = {one.name for one in existing.get(name, ())}
            lacking = [one for one in (known.metrics if known else ()) if not _is_there(one, there)]
            found.setdefault(name, []).extend((self._known(metric, window), name) for metric in lacking)
        every = [one for name in self.services for one in found.get(name, ())]
        return [*of_alerts, *sorted(every, key=lambda one: (one[0].place, one[1] not in self.affected))]

    def _known(self, metric: str, window: str) -> Asked:
        text = promql(metric)
        usual = _WINDOWS[-1] if f"[{_WINDOWS[-1]}]" in text else ""
        asked = Asked(text, measured_by(text), usual)
        # Only a live system has been asked what exists; a recording holds what is usually asked.
        return asked.over(window) if usual and self.lists else asked

    async def _existing(self) -> Mapping[str, Sequence[Listed]]:
        if self.lists is None:
            return {}
        start, _ = span(self.desk.trouble)
        when: dict[str, JsonValue] = {"start": start.isoformat(), "end": self.desk.trouble.at.isoformat()}
        names = self.services[: max(0, min(_MOST_LISTED, self._most() // 3))]
        calls = [
            ToolCall(tool=self.lists.name, arguments={"selectors": list(selectors(name)), **when}) for name in names
        ]
        seen = await self.desk.ask(calls, _LISTS[self.desk.trouble.language])
        return {name: listed(one.rows) for name, one in zip(names, seen, strict=True) if len(one.columns) == _COLUMNS}

    def _most(self) -> int:
        return max(0, min(_MOST_ASKED, int(self.desk.purse.calls * _SHARE)))

    def _call(self, one: Asked) -> ToolCall:
        return ranging(self.ranged, one.expression, self.desk.trouble) if self.ranged else ToolCall(tool="")


async def questions(desk: Desk, around: Around) -> Questions:
    """What may be asked here; nothing is asked yet."""
    tools = [one for one in await desk.tools() if one.kind == "metrics"]
    affected = _affected(desk.trouble)
    graph = around.graph
    below = [one for name in affected for one in graph.depends_on(name)]
    deeper = [one for name in affected for one in graph.depends_on(name, indirectly=True)]
    above = [one for name in affected for one in graph.dependents(name)]
    beneath = list(dict.fromkeys([*below, *deeper]))[:_MOST_BELOW]
    services = tuple(dict.fromkeys([*affected, *beneath, *above[:_MOST_ABOVE]]))
    asks = Questions(desk, around, affected, services)
    asks.ranged = range_tool(tools)
    asks.lists = next((one for one in tools if "selectors" in _takes(one)), None)
    asks.others = [one for one in tools if not _takes(one) & {"query", "selectors", "selector"}]
    return asks


def range_tool(tools: Iterable[Tool]) -> Tool | None:
    """The tool that takes an expression and a span of time, as any Prometheus has it; None where there is none."""
    return next((one for one in tools if {"query", "start", "end"} <= _takes(one)), None)


def ranging(tool: Tool, expression: str, trouble: Trouble) -> ToolCall:
    """The call that brings an expression's values from well before the trouble until now."""
    start, step = span(trouble)
    given: dict[str, JsonValue] = {"query": expression, "start": start.isoformat(), "end": trouble.at.isoformat()}
    if step and "step" in _takes(tool):
        given["step"] = step
    return ToolCall(tool=tool.name, arguments=given)


def span(trouble: Trouble) -> tuple[datetime, str]:
    """Where to begin, and the step where the tool's own is too wide: what broke just now has few values yet."""
    age = max(trouble.at - trouble.began, timedelta(0))
    if age < _AT_ONCE:
        return trouble.at - timedelta(minutes=15), "1s"
    if age < _FRESH:
        return trouble.at - timedelta(minutes=40), "10s"
    # As long again as it lasts, so that there is something to compare with; a day at most.
    return trouble.began - max(timedelta(hours=2), min(age, timedelta(days=1))), ""


def watched_by(generator: str) -> tuple[str, ...]:
    """The expressions that an alert compares with its limits; of one without a limit all of it."""
    text = alert_expression(generator)
    found = tuple(one.expression for one in conditions(text))
    return found or ((text,) if text else ())


def _affected(trouble: Trouble) -> tuple[str, ...]:
    """The services in trouble; where nobody named one, what the alerts' labels say."""
    labelled = (owner(alert.labels) for alert in trouble.alerts)
    named = trouble.services or tuple(dict.fromkeys(name for name in labelled if name))
    return named[:_MOST_AFFECTED]


def _filled(tool: Tool, trouble: Trouble, services: Sequence[str], around: Around) -> list[ToolCall]:
    """Calls of another maker's tool: once without anything where it takes that, else for each metric that is known."""
    takes, required = _takes(tool), tool.arguments.get("required") or []
    metric = next((name for name in _METRIC if name in takes), "")
    needed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    known: dict[str, JsonValue] = {"start": span(trouble)[0].isoformat(), "end": trouble.at.isoformat()}
    known |= {name: services[0] for name in ("service", "service_name", "app") if services}
    given = {name: known[name] for name in needed if name in known}
    if all(name in given for name in needed):
        return [ToolCall(tool=tool.name, arguments=given)]
    if not metric or any(name not in given for name in needed if name != metric):
        return []
    named = [one for name in services if name in around.graph.services for one in around.graph.services[name].metrics]
    return [ToolCall(tool=tool.name, arguments={**given, metric: one}) for one in named]


def _takes(tool: Tool) -> set[str]:
    properties = tool.arguments.get("properties")
    return set(properties) if isinstance(properties, dict) else set()


def _is_empty(seen: Observation) -> bool:
    return seen.outcome == "answered" and not any(points for _, points in seen.series)


def _is_there(metric: str, names: set[str]) -> bool:
    return any(one == metric or one.startswith(f"{metric}_") for one in names)
