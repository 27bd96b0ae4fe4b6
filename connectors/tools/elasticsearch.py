"""Logs in Elasticsearch or OpenSearch as read-only tools: patterns first, then the entries."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, JsonValue

from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.patterns import Line, sampled, told
from connectors.tools.port import BadArguments, Result, Series, Table, Tools
from connectors.tools.questions import Asked, Question, Questions, Span, step_for
from connectors.tools.summary import clock, most_telling, summarised

_MOST_SERIES = 20


class Settings(Access):
    """Which cluster, and which indices of it. An API key is ``headers = {Authorization = "ApiKey …"}``."""

    indices: tuple[str, ...] = Field(min_length=1)
    """Indices, aliases or data streams that may be searched, with ``*`` for any letters; the first is the default."""

    time_field: str = "@timestamp"
    """The field that says when."""

    message_field: str = "message"
    """The field that says what."""

    origin_field: str = ""
    """The field that says where from, such as ``kubernetes.pod.name``."""

    max_lines: int = Field(default=5000, gt=0, le=10_000)
    """How many entries are read to find patterns in."""

    max_patterns: int = Field(default=25, gt=0)
    """How many patterns of an answer are told."""

    link: str = ""
    """Address of a page for people, with ``{query}``, ``{start}`` and ``{end}`` (ISO 8601) in it."""


class Patterns(Span):
    """What is in the logs: patterns of messages with their counts and a sample each. Ask this before the entries."""

    query: str = Field(default="*", max_length=5000)
    """Lucene query string such as level:error AND service:checkout; everything when left out."""

    index: str = Field(default="", pattern=r"^[a-z0-9*][a-z0-9._*-]*$|^$")
    """Where to search; the default index when left out."""


class Entries(Patterns):
    """Log entries word for word."""

    limit: int = Field(default=50, ge=1, le=500)
    """How many entries at most."""

    order: Literal["newest", "oldest"] = "newest"
    """Which come first."""


class Counts(Patterns):
    """How many entries a query matches over time, by the value of a field: when it began, where it is worst."""

    by: str = Field(default="", max_length=200)
    """The field to count by; it has to be a keyword field, such as service.name or level.keyword."""


class Fields(Asked):
    """Fields that entries have, with their types; those marked with = can be counted by."""

    contains: str = Field(default="", max_length=100)
    """Only fields with this in their name."""

    index: str = Field(default="", pattern=r"^[a-z0-9*][a-z0-9._*-]*$|^$")
    """Where to look; the default index when left out."""


class _Total(BaseModel):
    value: int
    relation: str = "eq"


class _Hit(BaseModel):
    source: Mapping[str, JsonValue] = Field(default_factory=dict, alias="_source")
    sort: tuple[JsonValue, ...] = ()


class _Hits(BaseModel):
    total: _Total
    hits: list[_Hit] = Field(default_factory=list)


class _Bucket(BaseModel):
    key: JsonValue
    doc_count: int
    over_time: "_Buckets | None" = None


class _Buckets(BaseModel):
    buckets: list[_Bucket]


class _Found(BaseModel):
    hits: _Hits
    timed_out: bool = False
    aggregations: Mapping[str, _Buckets] = Field(default_factory=dict)


class _Capability(BaseModel):
    type: str
    aggregatable: bool = False


class _Capabilities(BaseModel):
    fields: Mapping[str, Mapping[str, _Capability]]


class Elasticsearch:
    """Asks the search API, which OpenSearch shares (https://www.elastic.co/guide/en/elasticsearch/reference/current)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api

    async def patterns(self, asked: Patterns) -> Result:
        """Patterns that tell of trouble first, then the frequent ones."""
        most = self._settings.max_lines
        start, end = asked.within(self._api.now)
        found = await self._search(asked, start, end, {"size": most, "sort": self._sort("desc")})
        lines = [self._line(hit) for hit in found.hits.hits]
        if not lines:
            return self._nothing(asked, start, end)
        text, table, more = told(lines, self._settings.max_patterns)
        unread = found.hits.total.value > len(lines) or found.timed_out
        if unread:
            text += f"\nOnly the newest {len(lines)} of {_count(found.hits.total)} entries were read."
        return Result(text, *self._asked(asked, start, end), table, truncated=more or unread)

    async def entries(self, asked: Entries) -> Result:
        """Entries with the moment they were written and where they come from."""
        start, end = asked.within(self._api.now)
        order = self._sort("desc" if asked.order == "newest" else "asc")
        found = await self._search(asked, start, end, {"size": asked.limit, "sort": order})
        lines = [self._line(hit) for hit in found.hits.hits]
        if not lines:
            return self._nothing(asked, start, end)
        more = found.hits.total.value > len(lines)
        head = f"{len(lines)} of {_count(found.hits.total)} entries, {asked.order} first:"
        rows = tuple((clock(one.at) if one.at else "", one.origin, one.text) for one in lines)
        text = "\n".join([head, *(sampled(one) for one in lines)])
        table = Table(("time", "origin", "message"), rows)
        return Result(text, *self._asked(asked, start, end), table, truncated=more)

    async def counts(self, asked: Counts) -> Result:
        """Counts as series, those that broke most clearly first."""
        start, end = asked.within(self._api.now)
        step = step_for(start, end, most=100)
        over_time: dict[str, JsonValue] = {
            "date_histogram": {
                "field": self._settings.time_field,
                "fixed_interval": f"{step}s",
                "min_doc_count": 0,
                "extended_bounds": {"min": int(start * 1000), "max": int(end * 1000)},
            }
        }
        inner: dict[str, JsonValue] = {"over_time": over_time}
        grouped: dict[str, JsonValue] = {"groups": {"terms": {"field": asked.by, "size": _MOST_SERIES}, "aggs": inner}}
        found = await self._search(asked, start, end, {"size": 0, "aggs": grouped if asked.by else inner})
        if not found.hits.total.value:
            return self._nothing(asked, start, end)
        groups = found.aggregations["groups"].buckets if asked.by else []
        series = [_series(f"{asked.by}={one.key}", one.over_time) for one in groups]
        series = series if asked.by else [_series("entries", found.aggregations["over_time"])]
        head = f"{_count(found.hits.total)} entries from {clock(start)} to {clock(end)} UTC, counted every {step} s:"
        told_series = most_telling(series)
        text = "\n".join([head, *(summarised(one, step) for one in told_series)])
        return Result(text, *self._asked(asked, start, end), series=tuple(told_series), truncated=found.timed_out)

    async def fields(self, asked: Fields) -> Result:
        """Fields in alphabetical order."""
        path = f"/{self._index(asked.index)}/_field_caps"
        found = (await self._api.get(path, {"fields": "*"})).of(_Capabilities, "Elasticsearch").fields
        known = [
            (name, "/".join(sorted(types)), any(one.aggregatable for one in types.values()))
            for name, types in sorted(found.items())
            if asked.contains.casefold() in name.casefold() and not name.startswith("_") and "object" not in types
        ]
        lines = [f"{'= ' if countable else '  '}{name} ({type})" for name, type, countable in known[:300]]
        text = "\n".join([f"{len(known)} fields:", *lines]) if known else "No fields."
        table = Table(("field", "type", "countable"), tuple(known[:300]))
        return Result(text, f"GET {path}", table=table, truncated=len(known) > 300)

    async def _search(self, asked: Patterns, start: float, end: float, more: Mapping[str, JsonValue]) -> _Found:
        moment: JsonValue = {"gte": int(start * 1000), "lte": int(end * 1000), "format": "epoch_millis"}
        words: dict[str, JsonValue] = {"query": asked.query or "*", "allow_leading_wildcard": False}
        filters: list[JsonValue] = [{"range": {self._settings.time_field: moment}}]
        if asked.query not in ("", "*"):
            filters.append({"query_string": words})
        body: dict[str, JsonValue] = {
            "query": {"bool": {"filter": filters}},
            "timeout": f"{self._api.timeout_seconds:.0f}s",
            "track_total_hits": True,
            **more,
        }
        answer = await self._api.post(f"/{self._index(asked.index)}/_search?ignore_unavailable=true", body)
        return answer.of(_Found, "Elasticsearch")

    def _index(self, named: str) -> str:
        allowed = self._settings.indices
        if named and named not in allowed and not any(fnmatchcase(named, one) and "*" not in named for one in allowed):
            raise BadArguments(f"The index {named!r} is not one that may be searched: {', '.join(allowed)}.")
        return quote(named or allowed[0], safe="*,")

    def _sort(self, order: str) -> JsonValue:
        return [{self._settings.time_field: {"order": order, "format": "epoch_millis"}}]

    def _line(self, hit: _Hit) -> Line:
        message = _field(hit.source, self._settings.message_field)
        text = message if isinstance(message, str) else json.dumps(dict(hit.source), ensure_ascii=False)
        origin = _field(hit.source, self._settings.origin_field) if self._settings.origin_field else ""
        at = hit.sort[0] if hit.sort else None
        moment = float(at) / 1000 if isinstance(at, int | float | str) and str(at).lstrip("-").isdecimal() else None
        return Line(moment, text, str(origin or ""))

    def _nothing(self, asked: Patterns, start: float, end: float) -> Result:
        text = f"No entries from {clock(start)} to {clock(end)} UTC match {asked.query}."
        return Result(text, *self._asked(asked, start, end))

    def _asked(self, asked: Patterns, start: float, end: float) -> tuple[str, str]:
        link = self._settings.link.replace("{query}", quote(asked.query, safe=""))
        for name, at in (("{start}", start), ("{end}", end)):
            link = link.replace(name, quote(clock(at).replace(" ", "T") + "Z", safe=""))
        where = asked.index or self._settings.indices[0]
        return f"{asked.query} in {where} [{clock(start)} to {clock(end)} UTC]", link


def _count(total: _Total) -> str:
    return f"{'at least ' if total.relation == 'gte' else ''}{total.value}"


def _series(name: str, over_time: _Buckets | None) -> Series:
    buckets = over_time.buckets if over_time else []
    points = [(float(one.key) / 1000, float(one.doc_count)) for one in buckets if isinstance(one.key, int | float)]
    return Series(name, tuple(points))


def _field(source: Mapping[str, JsonValue], path: str) -> JsonValue:
    """A field by its dotted name, whether it was indexed nested or flat."""
    if path in source:
        return source[path]
    head, _, rest = path.partition(".")
    inner = source.get(head)
    return _field(inner, rest) if rest and isinstance(inner, dict) else None


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("Elasticsearch", settings, outside) as api:
        asks = Elasticsearch(settings, api)
        questions: list[Question[Any]] = [
            Question("elasticsearch_patterns", "Patterns in the logs", "logs", Patterns, asks.patterns),
            Question("elasticsearch_entries", "Log entries", "logs", Entries, asks.entries),
            Question("elasticsearch_counts", "Log entries over time", "logs", Counts, asks.counts),
            Question("elasticsearch_fields", "Fields of log entries", "logs", Fields, asks.fields),
        ]
        yield Questions(*questions)
