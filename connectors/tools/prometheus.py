"""Prometheus, or whatever speaks its HTTP API (Thanos, Mimir, VictoriaMetrics), as read-only tools."""

import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import Field

from connectors.tools.api import REAL, Access, Api, Outside, Query, open_api
from connectors.tools.port import BadArguments, Cell, Result, Series, Table, Tools
from connectors.tools.prometheus_wire import (
    Active,
    Alerts,
    Evaluated,
    Existing,
    Groups,
    Instant,
    Labels,
    Meaning,
    Metrics,
    Range,
    Rules,
    Said,
    Samples,
    Scraped,
    Targets,
    values_by_metric,
)
from connectors.tools.questions import Question, Questions, seconds, step_for
from connectors.tools.summary import clock, labelled, most_telling, number, summarised

T = TypeVar("T")
Row = tuple[Cell, ...]
_MOST_POINTS, _MOST_LISTED = 11_000, 10_000
_FAMILY = re.compile("_(?:bucket|count|sum|total|created)$")


class Settings(Access):
    """Which Prometheus."""

    console: str = ""
    """Address of the page that people open; ``url`` when empty."""

    max_series: int = Field(default=20, gt=0)
    """How many series of an answer are told; of more, the most telling ones."""


class Prometheus:
    """Asks the HTTP API, version 1 (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._most = settings.max_series
        self._console = (settings.console or settings.url).rstrip("/")
        self._api = api

    async def instant(self, asked: Instant) -> Result:
        """One value per series, greatest first."""
        at = asked.at.timestamp() if asked.at else self._api.now
        found = (await self._data("/api/v1/query", {"query": asked.query, "time": f"{at:.3f}"}, Said[Evaluated])).result
        link = self._graph(asked.query, at, 3600, tab=1)
        if isinstance(found, tuple):
            return Result(f"{found[1]} at {clock(at)} UTC", asked.query, link)
        known = [(labelled(one.metric), _last(one)) for one in found]
        known.sort(key=lambda row: (-row[1] if math.isfinite(row[1]) else math.inf, row[0]))
        return self._listed(
            asked.query,
            f"values at {clock(at)} UTC",
            [(f"{name} = {number(value)}", (name, _finite(value))) for name, value in known],
            ("series", "value"),
            link,
        )

    async def range(self, asked: Range) -> Result:
        """Each series summarised, those that broke most clearly first."""
        start, end = asked.within(self._api.now)
        step = seconds(asked.step) if asked.step else step_for(start, end)
        if (end - start) / step > _MOST_POINTS:
            raise BadArguments(f"step {asked.step} gives more than {_MOST_POINTS} points; leave it out, or widen it.")
        query = {"query": asked.query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(step)}
        found = (await self._data("/api/v1/query_range", query, Said[Evaluated])).result
        series = [_series(one) for one in found if isinstance(one, Samples)]
        told = most_telling(series)[: self._most]
        span = f"{clock(start)} to {clock(end)} UTC"
        text = [f"{span}, a point every {step} s, {len(series)} series:", *(summarised(one, step) for one in told)]
        if not series:
            text = [f"No values from {span}: no series matches {asked.query}."]
        if len(series) > len(told):
            text.append(f"… and {len(series) - len(told)} more series; narrow the selector, aggregate, or use topk().")
        link = self._graph(asked.query, end, end - start, tab=0)
        exact = f"{asked.query} [{span}, step {step}s]"
        return Result("\n".join(text), exact, link, series=tuple(told), truncated=len(series) > len(told))

    async def metrics(self, asked: Metrics) -> Result:
        """Names, types and help texts."""
        found = await self._data("/api/v1/label/__name__/values", _match(asked.selector), Said[list[str]])
        found = [name for name in found if asked.contains.casefold() in name.casefold()]
        known = await self._data("/api/v1/metadata", {}, Said[dict[str, list[Meaning]]]) if found else {}
        lines = []
        for name in found:
            what = next(iter(known.get(name, ())), Meaning())
            said = " ".join(part for part in (name, f"({what.type})" if what.type else "", what.help) if part)
            lines.append((said, (name, what.type, what.help)))
        query = f"label_values({asked.selector or '{}'}, __name__)"
        return self._listed(query, "metrics", lines, ("name", "type", "help"))

    async def labels(self, asked: Labels) -> Result:
        """Names of labels, or the values of one."""
        path = f"/api/v1/label/{asked.label}/values" if asked.label else "/api/v1/labels"
        found = await self._data(path, _match(asked.selector), Said[list[str]])
        query = f"label_values({asked.selector or '{}'}, {asked.label or '*'})"
        what = f"values of {asked.label}" if asked.label else "labels"
        return self._listed(query, what, [(one, (one,)) for one in found], (asked.label or "label",))

    async def existing(self, asked: Existing) -> Result:
        """A line per metric."""
        start, end = asked.within(self._api.now)
        query = {"match[]": asked.selectors, "start": f"{start:.3f}", "end": f"{end:.3f}", "limit": str(_MOST_LISTED)}
        found = await self._data("/api/v1/series", query, Said[list[dict[str, str]]])
        known = await self._data("/api/v1/metadata", {}, Said[dict[str, list[Meaning]]]) if found else {}
        lines = []
        for name, labels in values_by_metric(found).items():
            kind = next((known[one][0].type for one in (name, _FAMILY.sub("", name)) if known.get(one)), "")
            told = ", ".join(f"{key}={'|'.join(some)}" for key, some in labels.items())
            lines.append(
                (" ".join(part for part in (name, f"({kind})" if kind else "", told) if part), (name, kind, told))
            )
        return self._listed(" or ".join(asked.selectors), "metrics", lines, ("name", "type", "labels"))

    async def alerts(self, asked: Alerts) -> Result:
        """Firing alerts before pending ones, the oldest first."""
        active = (await self._data("/api/v1/alerts", {}, Said[Active])).alerts
        rows = [
            (one.state, one.active_at[:19], labelled(one.labels), one.value, one.words)
            for one in sorted(active, key=lambda one: (one.state != "firing", one.active_at))
        ]
        lines = [
            (f"{s} since {since}: {name} value {value} {words}".rstrip(), row)
            for row in rows
            for s, since, name, value, words in [row]
        ]
        return self._listed(
            "ALERTS", "alerts", _with(asked.contains, lines), ("state", "since", "alert", "value", "about"), "/alerts"
        )

    async def rules(self, asked: Rules) -> Result:
        """Rules in the order of their groups."""
        groups = (await self._data("/api/v1/rules", {}, Said[Groups])).groups
        lines = [
            (str(rule), (group.name, rule.name, rule.query, rule.state)) for group in groups for rule in group.rules
        ]
        columns = ("group", "rule", "expression", "state")
        return self._listed("/api/v1/rules", "rules", _with(asked.contains, lines), columns, "/rules")

    async def targets(self, asked: Targets) -> Result:
        """Targets that are down before those that are up."""
        scraped = (await self._data("/api/v1/targets", {"state": "active"}, Said[Scraped])).targets
        rows = [
            (one.health, labelled(one.labels), one.last_error)
            for one in sorted(scraped, key=lambda one: one.health == "up")
        ]
        lines = [(" ".join(row).rstrip(), row) for row in rows]
        return self._listed("up", "targets", _with(asked.contains, lines), ("health", "target", "error"), "/targets")

    async def _data(self, path: str, query: Query, shape: type[Said[T]]) -> T:
        # 503 is how a query that takes too long or selects too much is refused; see "Format overview" of the API.
        return (await self._api.get(path, query)).of(shape, "Prometheus").data

    def _listed(
        self, query: str, what: str, lines: Sequence[tuple[str, Row]], columns: tuple[str, ...], page: str = ""
    ) -> Result:
        most = 5 * self._most
        text = [f"{len(lines)} {what}:", *(line for line, _ in lines[:most])] if lines else [f"No {what}."]
        if len(lines) > most:
            text.append(f"… and {len(lines) - most} more.")
        link = page if page.startswith("http") else self._console + page
        table = Table(columns, tuple(row for _, row in lines[:most]))
        return Result("\n".join(text), query, link, table, truncated=len(lines) > most)

    def _graph(self, query: str, end: float, span: float, tab: int) -> str:
        given = {
            "g0.expr": query,
            "g0.tab": str(tab),
            "g0.range_input": f"{max(1, round(span))}s",
            "g0.end_input": clock(end),
        }
        return f"{self._console}/graph?{urlencode(given)}"


def _match(selector: str) -> Mapping[str, str]:
    return {"match[]": selector} if selector else {}


def _with(part: str, lines: Sequence[tuple[str, Row]]) -> list[tuple[str, Row]]:
    return [line for line in lines if part.casefold() in line[0].casefold()]


def _last(samples: Samples) -> float:
    return samples.value[1] if samples.value else samples.values[-1][1] if samples.values else math.nan


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _series(samples: Samples) -> Series:
    """Without the moments at which there is no number, such as 0/0."""
    return Series(labelled(samples.metric), tuple((at, v) for at, v in samples.values if math.isfinite(v)))


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("Prometheus", settings, outside) as api:
        asks = Prometheus(settings, api)
        questions: list[Question[Any]] = [
            Question("prometheus_range", "Metrics over time", "metrics", Range, asks.range),
            Question("prometheus_instant", "Metrics now", "metrics", Instant, asks.instant),
            Question("prometheus_metrics", "Names of metrics", "metrics", Metrics, asks.metrics),
            Question("prometheus_labels", "Labels of metrics", "metrics", Labels, asks.labels),
            Question("prometheus_series", "Series that exist", "metrics", Existing, asks.existing),
            Question("prometheus_alerts", "Alerts that are firing", "alerts", Alerts, asks.alerts),
            Question("prometheus_rules", "Alerting rules", "alerts", Rules, asks.rules),
            Question("prometheus_targets", "What is scraped", "metrics", Targets, asks.targets),
        ]
        yield Questions(*questions)
