"""Log lines become patterns: templates with their counts, the telling ones first, each with a sample."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.tools.port import Table
from connectors.tools.summary import clock

_LONGEST = 600
_TROUBLE = re.compile(
    r"error|\b5xx|fail|fatal|panic|exception|critical|denied|refused|timed? ?out|unable|oom|killed"
    r"|\bwarn|错误|失败|超时|异常",
    re.IGNORECASE,
)
_LEADING_TIME = re.compile(
    r"^\s*[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|\s?[+-]\d\d:?\d\d)?[\])]?\s*[|:-]?\s*"
)
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<ip>"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?=(?:ns|us|µs|ms|s|m|h|[KMGT]i?B?|%)?\b)"), "<n>"),
)
# Without it, requests that went well and badly would fall together: only a number tells them apart.
_REFUSED = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|HTTP|status)\b[^\n]{0,300}?[\s=:\"]([45])\d\d\b")
_MESSAGE_KEYS = ("message", "msg", "log", "error", "err", "event")
_LEVEL_KEYS = ("level", "severity", "lvl", "status")


@dataclass(frozen=True)
class Line:
    """One log line and when it was written, in seconds since 1970; ``origin`` is the pod, host or stream."""

    at: float | None
    text: str
    origin: str = ""


@dataclass
class Pattern:
    """Lines alike: their template, how many, when first and last, and the newest of them."""

    template: str
    count: int
    first: float | None
    last: float | None
    sample: Line

    @property
    def troubling(self) -> bool:
        """Whether it tells of something going wrong."""
        return _TROUBLE.search(self.template) is not None


def patterns(lines: Iterable[Line]) -> list[Pattern]:
    """What the lines have in common: those that tell of trouble first, then the frequent ones.

    Templates by Drain (P. He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017).
    """
    from drain3.drain import Drain  # type: ignore[import-untyped]  # drain3 carries no types

    drain = Drain(depth=4, sim_th=0.5, max_children=100, max_clusters=1000)
    found: dict[int, Pattern] = {}
    templates: dict[int, str] = {}
    for line in lines:
        cluster, _ = drain.add_log_message(_masked(line.text))
        templates[cluster.cluster_id] = cluster.get_template()
        known = found.setdefault(cluster.cluster_id, Pattern("", 0, line.at, line.at, line))
        known.count += 1
        if line.at is not None:
            known.first = min(line.at, known.first if known.first is not None else line.at)
            if known.last is None or line.at >= known.last:
                known.last, known.sample = line.at, line
    for id, pattern in found.items():
        pattern.template = templates[id]
    return sorted(found.values(), key=lambda one: (not one.troubling, -one.count, one.template))


def _masked(text: str) -> str:
    masked = _LEADING_TIME.sub("", message_of(text))[:_LONGEST]
    for expression, name in _MASKS:
        masked = expression.sub(name, masked)
    refused = _REFUSED.search(text[:_LONGEST])
    return f"{refused[1]}xx {masked}" if refused else masked or "<empty>"


def message_of(text: str) -> str:
    """What a line says in words: its first line; of a JSON object its level and message."""
    if text.lstrip()[:1] == "{":
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        if isinstance(fields, dict):
            said = next((fields[key] for key in _MESSAGE_KEYS if isinstance(fields.get(key), str)), None)
            level = next((fields[key] for key in _LEVEL_KEYS if isinstance(fields.get(key), str)), "")
            if said:
                return f"{level} {said}".strip().partition("\n")[0]
    return text.strip().partition("\n")[0]


def told(lines: Sequence[Line], most: int) -> tuple[str, Table, bool]:
    """The patterns of some lines in words and as a table; whether there are more than ``most``."""
    found = patterns(lines)
    text = [f"{len(lines)} lines, {len(found)} patterns:"]
    rows = []
    for one in found[:most]:
        first, last = _moment(one.first), _moment(one.last)
        when = f" ({first} to {last})" if first != last else f" ({last})" if last else ""
        text += [f"{one.count} × {one.template}{when}", f"    e.g. {sampled(one.sample)}"]
        rows.append((one.count, one.template, first, last, one.sample.text[:_LONGEST]))
    if len(found) > most:
        text.append(f"… and {len(found) - most} more patterns.")
    return "\n".join(text), Table(("count", "pattern", "first", "last", "sample"), tuple(rows)), len(found) > most


def sampled(line: Line) -> str:
    """One line for reading, cut where it is very long."""
    text = line.text.strip().replace("\n", "\n    ")
    parts = (_moment(line.at), line.origin, text[:_LONGEST] + ("…" if len(text) > _LONGEST else ""))
    return " ".join(part for part in parts if part)


def _moment(at: float | None) -> str:
    return "" if at is None else clock(at)
