"""What a metric measures, by its name: the words that makers of exporters and clouds use, in snake and camel case."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal[
    "latency", "errors", "success", "traffic", "load", "used", "limit", "free", "share", "backlog", "up", "start",
    "restarts", "other",
]  # fmt: skip
"""``share`` is part of a whole, ``load`` is work that is no request, ``backlog`` is what waits or lags behind."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LABEL = re.compile(r'([A-Za-z_]\w*)\s*=\s*"?([^",}]*)"?')
_NAMED = re.compile(r"^\s*([A-Za-z_:][\w:.]*)?\s*(?:\(([^)]*)\))?\s*(?:\{(.*)\})?\s*$", re.DOTALL)
_RULES: tuple[tuple[Role, str], ...] = (
    ("up", r"^(?:.* )?up$|^probe success$"),
    ("start", r"\bstart time\b|\bboot time\b"),
    ("restarts", r"\brestarts?\b"),
    (
        "errors",
        r"\b(?:errors?|fail(?:ed|ures?)|exceptions?|rejected|rejections|dropped|timeouts?|5xx|faults?|panics?|aborted"
        r"|refused|throttled|unhealthy|kills?)\b",
    ),
    ("success", r"\b(?:availability|success(?:es|ful)?|hit (?:ratio|rate))\b"),
    ("free", r"\b(?:free|freeable|available|avail|remaining|headroom|idle)\b"),
    ("share", r"\b(?:utili[sz]ation|percent(?:age)?|ratio|saturation|used perc)\b"),
    ("backlog", r"\b(?:lag|queued?|backlog|pending|waiting|waiters|depth|deferred|unacked|buffered|behind|blocked)\b"),
    ("latency", r"\b(?:latency|duration|wait|response time|delay|rtt|elapsed|took)\b"),
    ("limit", r"^(?!.*\b(?:use|used|active)\b).*\b(?:max|maximum|limits?|capacity|quota|hard|size bytes)\b"),
    (
        "load",
        r"\b(?:iops|throughput|written|writes|reads|read|write|wal|generation|network|transmit|receive|received"
        r"|disk io)\b",
    ),
    (
        "used",
        r"\b(?:cpu|used?|usage|active|open|inuse|rss|resident|heap|alloc|memory|goroutines|threads|sessions|fds|size|swap"
        r"|connections|carts|entries|load)\b",
    ),
    (
        "traffic",
        r"\b(?:requests?|rps|qps|calls?|quer(?:y|ies)|messages?|hits|orders|invocations?|transactions?|commits?|jobs?"
        r"|events?|operations?|visits|total|count)\b",
    ),
)  # fmt: skip
_UNITS = (("B", r"\bbytes?\b"), ("ms", r"\bmilliseconds?\b|\bms\b"), ("s", r"\bseconds?\b"), ("%", r"\bpercent\b"))
_PER_SECOND = re.compile(r"/ ?s(?:econd)?\b|\bper second\b", re.IGNORECASE)
_MEMORY = re.compile(r"\b(?:memory|heap|rss|resident|alloc)\b")
_POOL = re.compile(r"\b(?:pool|connections?|acquire)\b")


@dataclass(frozen=True)
class Measured:
    """What a series measures. ``metric`` is its name as the system writes it; ``unit``: s, ms, B, % or nothing.

    ``statistic`` is such as p99 or mean. ``service`` is what it is about; with ``caller`` it is what that one sees of
    its calls to it.
    """

    role: Role
    metric: str
    unit: str = ""
    statistic: str = ""
    service: str = ""
    caller: str = ""
    memory: bool = False
    pool: bool = False


@dataclass(frozen=True)
class Named:
    """A series' name in its parts: ``metric{labels}``, with what stands in brackets as clouds write it."""

    metric: str
    about: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def named(series: str) -> Named:
    """The parts of a series' name; one that cannot be read is all name."""
    found = _NAMED.match(series)
    if found is None:
        return Named(series)
    return Named(found[1] or "", found[2] or "", dict(_LABEL.findall(found[3] or "")))


def measured(metric: str, about: str = "", statistic: str = "") -> Measured:
    """What a metric of this name measures, as far as the name says; ``about`` is what was said of its unit."""
    said = " ".join(words(metric))
    role: Role = next((role for role, pattern in _RULES if re.search(pattern, said)), "other")
    unit = _unit(f"{' '.join(words(about))} {said}", role)
    if unit == "%" and role in ("used", "other", "load"):
        role = "share"
    # Seconds of work done, such as the processor's, are no waiting.
    if role == "load" and unit in ("ms", "s") and not _PER_SECOND.search(about) and "cpu" not in said:
        role = "latency"
    per_second = bool(_PER_SECOND.search(about))
    return Measured(
        role=role,
        metric=metric,
        unit=f"{unit}/s" if per_second and unit == "B" else "" if per_second else unit,
        statistic=statistic,
        memory=bool(_MEMORY.search(said)),
        pool=bool(_POOL.search(said)),
    )


def _unit(said: str, role: Role) -> str:
    unit = next((unit for unit, pattern in _UNITS if re.search(pattern, said)), "")
    return "" if role in ("traffic", "errors") and unit in ("s", "ms") else unit


def limit_of(used: str, limit: str) -> bool:
    """Whether one name is the limit of the other: what is left without the words for use and limit is the same."""
    return _stem(used) == _stem(limit) and used != limit


_USED = ("in", "use", "used", "usage", "active", "open", "current", "inuse", "busy")
_BOUND = ("max", "maximum", "limit", "limits", "capacity", "quota", "hard")
_ASIDE = frozenset((*_USED, *_BOUND, "size", "total", "count", "bytes", "number", "of"))


def _stem(name: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in words(name)) - _ASIDE
