"""Loki as read-only tools: patterns of log lines first, then the lines."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, Field, JsonValue

from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.patterns import Line, sampled, told
from connectors.tools.port import BadArguments, Result, Series, Table, Tools
from connectors.tools.questions import Question, Questions, Span, step_for
from connectors.tools.summary import clock, labelled, most_telling, summarised

T = TypeVar("T")
_MOST_SERIES = 20
_ORIGINS = ("pod", "instance", "container", "service_name", "app", "job", "filename")


class Settings(Access):
    """Which Loki. A tenant is a header: ``headers = {X-Scope-OrgID = "…"}``."""

    max_lines: int = Field(default=5000, gt=0, le=5000)
    """How many lines are read to find patterns in; Loki's own limit is 5000 unless it was raised."""

    max_patterns: int = Field(default=25, gt=0)
    """How many patterns of an answer are told."""

    link: str = ""
    """Address of a page for people, with ``{query}``, ``{start}`` and ``{end}`` (milliseconds since 1970) in it."""


class Patterns(Span):
    """What is in the logs: patterns of lines with their counts and a sample each. Ask this before asking for lines."""

    query: str = Field(min_length=1, max_length=5000)
    """A LogQL log query such as {app="checkout"} |= "error"; selectors come from loki_labels."""


class Lines(Span):
    """Log lines word for word."""

    query: str = Field(min_length=1, max_length=5000)
    """A LogQL log query such as {app="checkout"} |= "error" or {app="checkout"} |~ "timeout|refused"."""

    limit: int = Field(default=50, ge=1, le=500)
    """How many lines at most."""

    order: Literal["newest", "oldest"] = "newest"
    """Which come first."""


class Counts(Span):
    """How many lines a log query matches over time, by the value of a label: when did it begin, where is it worst."""

    query: str = Field(min_length=1, max_length=5000)
    """A LogQL log query such as {app="checkout"} |= "error"."""

    by: str = Field(default="", pattern=r"^([a-zA-Z_][a-zA-Z0-9_]*)?$")
    """The label to count by, such as pod."""


class Labels(Span):
    """Labels that log streams have; with a label's name, the values that it takes."""

    last: str = Field(default="6h", pattern=r"^[1-9]\d{0,4}[smhdw]$")
    """How far back without a start: a number and s, m, h, d or w."""

    label: str = Field(default="", pattern=r"^([a-zA-Z_][a-zA-Z0-9_]*)?$")
    """The label whose values are wanted."""

    selector: str = Field(default="", max_length=1000)
    """Only streams that match, such as {namespace="shop"}."""


class _Said(BaseModel, Generic[T]):
    data: T


class _Stream(BaseModel):
    stream: Mapping[str, str] = Field(default_factory=dict)
    values: list[tuple[str, str] | tuple[str, str, JsonValue]] = Field(default_factory=list)


class _Kind(BaseModel):
    kind: str = Field(alias="resultType")


class _Streams(BaseModel):
    result: list[_Stream]


class _Samples(BaseModel):
    metric: Mapping[str, str] = Field(default_factory=dict)
    values: tuple[tuple[float, float], ...] = ()


class _Matrix(BaseModel):
    result: list[_Samples]


class Loki:
    """Asks the HTTP API (https://grafana.com/docs/loki/latest/reference/loki-http-api/)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api

    async def patterns(self, asked: Patterns) -> Result:
        """Patterns that tell of trouble first, then the frequent ones."""
        start, end = asked.within(self._api.now)
        limit = self._settings.max_lines
        lines = await self._lines(asked.query, start, end, limit, "backward")
        if not lines:
            return self._nothing(asked.query, start, end)
        text, table, more = told(lines, self._settings.max_patterns)
        if len(lines) >= limit:
            text += f"\nOnly the newest {limit} lines were read; count them all with loki_counts, or narrow the query."
        exact, link = self._asked(asked.query, start, end)
        return Result(text, exact, link, table, truncated=more or len(lines) >= limit)

    async def lines(self, asked: Lines) -> Result:
        """Lines with the moment they were written and where they come from."""
        start, end = asked.within(self._api.now)
        direction = "backward" if asked.order == "newest" else "forward"
        lines = await self._lines(asked.query, start, end, asked.limit, direction)
        if not lines:
            return self._nothing(asked.query, start, end)
        more = len(lines) >= asked.limit
        head = f"{'The ' + asked.order if more else 'All'} {len(lines)} lines:"
        rows = tuple((clock(one.at) if one.at else "", one.origin, one.text) for one in lines)
        exact, link = self._asked(asked.query, start, end)
        text = "\n".join([head, *(sampled(one) for one in lines)])
        return Result(text, exact, link, Table(("time", "origin", "line"), rows), truncated=more)

    async def counts(self, asked: Counts) -> Result:
        """Counts as series, those that broke most clearly first."""
        start, end = asked.within(self._api.now)
        step = step_for(start, end)
        query = f"sum{f' by ({asked.by})' if asked.by else ''} (count_over_time({asked.query} [{step}s]))"
        given = {**_span(start, end), "query": query, "step": f"{step}s"}
        found = (await self._get("/loki/api/v1/query_range", given, _Said[_Matrix])).result
        series = [Series(labelled(one.metric) if asked.by else "lines", one.values) for one in found]
        if not series:
            return self._nothing(asked.query, start, end)
        shown = most_telling(series)[:_MOST_SERIES]
        more = len(series) > len(shown)
        total = sum(value for one in series for _, value in one.points)
        text = [f"{total:.0f} lines from {clock(start)} to {clock(end)} UTC, counted every {step} s:"]
        text += [summarised(one, step) for one in shown] + (["… and more series."] if more else [])
        exact, link = self._asked(query, start, end)
        return Result("\n".join(text), exact, link, series=tuple(shown), truncated=more)

    async def labels(self, asked: Labels) -> Result:
        """Names of labels, or the values of one."""
        start, end = asked.within(self._api.now)
        path = f"/loki/api/v1/label/{quote(asked.label)}/values" if asked.label else "/loki/api/v1/labels"
        given = {**_span(start, end), **({"query": asked.selector} if asked.selector else {})}
        found = await self._get(path, given, _Said[list[str] | None]) or []
        what = f"values of {asked.label}" if asked.label else "labels"
        text = f"{len(found)} {what}: {', '.join(found[:200])}" if found else f"No {what}."
        table = Table((asked.label or "label",), tuple((one,) for one in found[:200]))
        return Result(text, f"{what} {asked.selector}".strip(), table=table, truncated=len(found) > 200)

    async def _lines(self, query: str, start: float, end: float, limit: int, direction: str) -> list[Line]:
        given = {**_span(start, end), "query": query, "limit": str(limit), "direction": direction}
        answer = await self._api.get("/loki/api/v1/query_range", given)
        if answer.of(_Said[_Kind], "Loki").data.kind != "streams":
            raise BadArguments("This query counts instead of finding lines: leave out count_over_time, rate and sum.")
        lines = [
            (int(value[0]), Line(int(value[0]) / 1e9, value[1], _origin(one.stream)))
            for one in answer.of(_Said[_Streams], "Loki").data.result
            for value in one.values
        ]
        lines.sort(key=lambda line: line[0], reverse=direction == "backward")
        return [line for _, line in lines[:limit]]

    async def _get(self, path: str, query: Mapping[str, str], shape: type[_Said[T]]) -> T:
        return (await self._api.get(path, query)).of(shape, "Loki").data

    def _nothing(self, query: str, start: float, end: float) -> Result:
        exact, link = self._asked(query, start, end)
        return Result(f"No lines from {clock(start)} to {clock(end)} UTC match {query}.", exact, link)

    def _asked(self, query: str, start: float, end: float) -> tuple[str, str]:
        link = self._settings.link.replace("{query}", quote(query, safe=""))
        link = link.replace("{start}", str(int(start * 1000))).replace("{end}", str(int(end * 1000)))
        return f"{query} [{clock(start)} to {clock(end)} UTC]", link


def _span(start: float, end: float) -> dict[str, str]:
    return {"start": str(int(start * 1000) * 1_000_000), "end": str(int(end * 1000) * 1_000_000)}


def _origin(stream: Mapping[str, str]) -> str:
    return next((stream[key] for key in _ORIGINS if key in stream), "")


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("Loki", settings, outside) as api:
        asks = Loki(settings, api)
        questions: list[Question[Any]] = [
            Question("loki_patterns", "Patterns in the logs", "logs", Patterns, asks.patterns),
            Question("loki_lines", "Log lines", "logs", Lines, asks.lines),
            Question("loki_counts", "Log lines over time", "logs", Counts, asks.counts),
            Question("loki_labels", "Labels of logs", "logs", Labels, asks.labels),
        ]
        yield Questions(*questions)
