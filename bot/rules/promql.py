"""PromQL that is asked for a diagnosis: what an alert looks at, and expressions over the series that exist."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

from bot.rules.metric_names import Measured, measured, words

_NOT_METRICS = frozenset(
    ("by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "and", "or", "unless", "inf")
)
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", re.IGNORECASE)
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_NAME = re.compile(r"(?<![\w:.\"])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_COMPARED = re.compile(r"^(.*?)\s*(>=|<=|==|!=|>|<)\s*(?:bool\s+)?([-+]?[\d.]+(?:e[-+]?\d+)?)\s*$", re.DOTALL)
_QUANTILE = re.compile(r"histogram_quantile\(\s*0?\.(\d+)|quantile=\"?0?\.(\d+)")
_SELECTED_BY = ("service", "job", "app", "service_name", "app_kubernetes_io_name", "component", "container", "workload")
_TOWARDS = ("upstream", "target", "peer", "dependency", "destination", "callee", "remote", "backend", "downstream")
_CODES = ("code", "status", "status_code", "http_status", "status_class", "response_code")
_FAILED, _FAILURES = '"5..|5xx|error|failed|failure|fail|timeout|ERROR"', ("outcome", "result", "state", "success")
_BORING = re.compile(
    r"^(?:go_(?:gc|info|sched|memstats_(?!heap_inuse|alloc_bytes$))|python_(?:gc|info)|jvm_(?:classes|gc_max|info|buffer)"
    r"|scrape_|promhttp_|prometheus_|process_(?:virtual|max_fds|network)|nodejs_(?:version|gc)|target_info)"
    r"|_(?:created|info)$"
)
_MOST_EXPRESSIONS = 14
_USUALLY, _EPISODES, _FEWEST = 0.05, 2, 8
_HEARTBEAT = re.compile(r"^(?:watch ?dog|dead ?man ?s? ?(?:switch|snitch)|heart ?beat|always ?(?:firing|on))")
_ALWAYS = re.compile(r"^\s*vector\(\s*1\s*\)\s*$")


@dataclass(frozen=True)
class Condition:
    """What an alert compares: an expression, how, and with what."""

    expression: str
    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether it is met by a value."""
        return {
            ">": value > self.limit,
            ">=": value >= self.limit,
            "<": value < self.limit,
            "<=": value <= self.limit,
            "==": value == self.limit,
            "!=": value != self.limit,
        }[self.sign]

    def is_usual(self, before: Sequence[float]) -> bool:
        """Whether it was met again and again before there was any trouble: what it tells then is noise."""
        held = [self.holds(value) for value in before]
        episodes = sum(now and not earlier for earlier, now in pairwise([False, *held]))
        return len(held) >= _FEWEST and episodes >= _EPISODES and sum(held) >= _USUALLY * len(held)


@dataclass(frozen=True)
class Asked:
    """An expression to ask for, and what it measures. ``window`` is that of its rates; empty without one."""

    expression: str
    measures: Measured
    window: str = ""

    @property
    def window_seconds(self) -> float:
        """How long the window of its rates is; 0 without one."""
        return int(self.window[:-1]) * {"s": 1, "m": 60, "h": 3600}[self.window[-1]] if self.window else 0.0

    @property
    def place(self) -> int:
        """How soon it is asked: what people feel and what runs out, what comes in, and then the rest."""
        of = self.measures
        if of.role in ("latency", "errors", "success", "up") and of.statistic != "p50":
            return 0
        return 0 if not of.metric else 1 if of.role == "traffic" else 2

    def over(self, window: str) -> "Asked":
        """The same over another window."""
        return replace(self, expression=self.expression.replace(f"[{self.window}]", f"[{window}]"), window=window)


@dataclass(frozen=True)
class Listed:
    """A metric that exists, its type as far as it is known, and the values of its labels."""

    name: str
    kind: str
    labels: Mapping[str, Sequence[str]]


def alert_expression(generator: str) -> str:
    """The expression of an alert, out of the address that Prometheus gives it, or as it stands; empty for none."""
    if "://" in generator:
        parts = urlsplit(generator)
        return next(iter(parse_qs(parts.query).get("g0.expr", [])), "")
    return generator if re.search(r"[({]|[<>=]", generator) and " " in generator.strip() else ""


def always_fires(name: str, generator: str) -> bool:
    """Whether an alert is one that fires by design, to show that alerting works."""
    return bool(_HEARTBEAT.match(" ".join(words(name))) or _ALWAYS.match(alert_expression(generator)))


def conditions(expression: str) -> tuple[Condition, ...]:
    """The comparisons with a number that an expression joins by ``and``; one without any is none."""
    found = (_COMPARED.match(part.strip()) for part in _outside(expression, re.compile(r"\b(?:and|unless)\b")))
    return tuple(Condition(_bare(one[1]), one[2], float(one[3])) for one in found if one)


def metrics_in(expression: str) -> tuple[str, ...]:
    """Names of the metrics that an expression reads."""
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", _GROUPED.sub(" ", _STRINGS.sub('""', expression)))
    names = (name for name in _NAME.findall(plain) if name.lower() not in _NOT_METRICS)
    return tuple(dict.fromkeys(names))


def measured_by(expression: str) -> Measured:
    """What an expression measures, by the metrics in it: a quotient of errors and requests is of errors."""
    names = metrics_in(expression)
    quantile = _QUANTILE.search(expression)
    statistic = f"p{next(part for part in quantile.groups() if part)}" if quantile else ""
    all_of_them = [measured(re.sub("_(?:bucket|sum|count)$", "", name), statistic=statistic) for name in names]
    if not all_of_them:
        return Measured("other", expression[:60])
    failed = next((one for one in all_of_them if one.role == "errors"), None)
    if failed or re.search(r"(?:5\.\.|5xx|error|fail)", expression, re.IGNORECASE):
        statistic = "share" if "/" in expression else ""
        return replace(failed or all_of_them[0], role="errors", unit="", statistic=statistic)
    mean = len(names) > 1 and any(name.endswith("_sum") for name in names) and "/" in expression
    if mean:
        return replace(all_of_them[0], statistic="mean")
    part = len(names) > 1 and "/" in expression and all_of_them[0].unit == all_of_them[1].unit
    return replace(all_of_them[0], statistic="share", unit="") if part else all_of_them[0]


def selectors(service: str) -> tuple[str, ...]:
    """Selectors by the labels that usually say whose a series is."""
    name = re.sub(r'["\\\n]', "", service)
    return tuple(f'{{{label}="{name}"}}' for label in _SELECTED_BY)


def listed(rows: Iterable[Sequence[object]]) -> tuple[Listed, ...]:
    """The metrics of a listing with the columns name, type and labels as ``key=value|value, key=value``."""
    found = []
    for name, kind, labels in rows:
        pairs = (part.partition("=") for part in str(labels).split(", ") if "=" in part)
        found.append(Listed(str(name), str(kind), {key: values.split("|") for key, _, values in pairs}))
    return tuple(found)


def expressions(metrics: Sequence[Listed], service: str, window: str) -> list[Asked]:
    """What is asked of the metrics that exist for a service, by their types and names; the most telling first.

    Of a counter its rate and the share that failed, of a histogram p50 and p99, of a summary the mean, gauges as they
    are; apart for each of what is called where a label says that.
    """
    own = [one for one in metrics if not _BORING.search(one.name) and _selector(one, service)]
    found = [asked for one in own for asked in _of(one, service, window, own)]
    return sorted(found + _gauges(own, service), key=lambda one: one.place)[:_MOST_EXPRESSIONS]


def _of(one: Listed, service: str, window: str, among: Sequence[Listed]) -> Iterator[Asked]:
    where = _selector(one, service)
    towards = next((label for label in _TOWARDS if label in one.labels), "")
    of_name = measured(re.sub("_(?:bucket|sum|count|total)$", "", one.name))
    if one.name.endswith("_bucket"):
        by = f"le, {towards}" if towards else "le"
        for share, statistic in (("0.99", "p99"), ("0.5", "p50")):
            text = f"histogram_quantile({share}, sum by ({by}) (rate({one.name}{{{where}}}[{window}])))"
            yield Asked(text, replace(of_name, role="latency", statistic=statistic), window)
    elif one.name.endswith("_sum") and not any(other.name == f"{one.name[:-4]}_bucket" for other in among):
        by = f" by ({towards})" if towards else ""
        count = f"{one.name[:-4]}_count"
        text = f"sum{by}(rate({one.name}{{{where}}}[{window}])) / sum{by}(rate({count}{{{where}}}[{window}]))"
        yield Asked(text, replace(of_name, statistic="mean"), window)
    elif _is_counter(one):
        by = f" by ({towards})" if towards else ""
        # The rate of seconds is no latency, but how much of the time something took.
        of_rate = replace(of_name, unit="", role="load" if of_name.role == "latency" else of_name.role)
        yield Asked(f"sum{by}(rate({one.name}{{{where}}}[{window}]))", of_rate, window)
        if failed := _failed(one):
            # Where nothing failed yet there is no such series: that is no share of nothing, it is none.
            every = f"sum{by}(rate({one.name}{{{where}}}[{window}]))"
            text = f"(sum{by}(rate({one.name}{{{where}, {failed}}}[{window}])) or 0 * {every}) / {every}"
            yield Asked(text, replace(of_name, role="errors", unit="", statistic="share"), window)


def _is_counter(one: Listed) -> bool:
    return one.name.endswith("_total") or (one.kind == "counter" and not one.name.endswith(("_sum", "_bucket")))


def _failed(one: Listed) -> str:
    """The matcher of what failed, where a label of a counter says how it went."""
    label = next((label for label in (*_CODES, *_FAILURES) if label in one.labels), "")
    return f"{label}=~{_FAILED}" if label else ""


def _gauges(metrics: Sequence[Listed], service: str) -> list[Asked]:
    """All gauges of a service at once: the greatest of each, and of what runs out the least."""
    plain = [one for one in metrics if not _is_counter(one) and not one.name.endswith(("_bucket", "_sum", "_count"))]
    plain = [one for one in plain if one.kind in ("", "gauge", "unknown", "untyped")]
    found = []
    for least, pick in ((False, "max"), (True, "min")):
        some = [one for one in plain if (measured(one.name).role in ("free", "up", "success")) == least]
        by_selector: dict[str, list[str]] = {}
        for one in some:
            by_selector.setdefault(_selector(one, service), []).append(one.name)
        for where, names in by_selector.items():
            text = f'{pick} by (__name__) ({{{where}, __name__=~"{"|".join(names[:20])}"}})'
            found.append(Asked(text, Measured("other", "")))
    return found


def _selector(one: Listed, service: str) -> str:
    label = next((label for label in _SELECTED_BY if service in one.labels.get(label, ())), "")
    return f'{label}="{service}"' if label else ""


def towards(labels: Mapping[str, str]) -> str:
    """What is called, as a series' labels say it; empty where they do not."""
    return next((labels[label] for label in _TOWARDS if labels.get(label)), "")


def owner(labels: Mapping[str, str]) -> str:
    """Whose a series is, as its labels say it; empty where they do not."""
    return next((labels[label] for label in _SELECTED_BY if labels.get(label)), "")


def is_of(metric: str, service: str) -> bool:
    """Whether a metric's name begins with the service's."""
    name = words(service)
    return bool(name) and words(metric)[: len(name)] == name


def _outside(expression: str, word: re.Pattern[str]) -> list[str]:
    """The parts of an expression between the places where a word stands outside of all brackets and strings."""
    plain = _STRINGS.sub(lambda one: '"' * len(one[0]), expression)
    depth, parts, begins = 0, list[str](), 0
    for found in re.finditer(rf"[({{\[]|[)}}\]]|{word.pattern}", plain):
        if found[0] in "({[":
            depth += 1
        elif found[0] in ")}]":
            depth -= 1
        elif depth == 0:
            parts.append(expression[begins : found.start()])
            begins = found.end()
    return [*parts, expression[begins:]]


def _bare(expression: str) -> str:
    """Without brackets around all of it."""
    text = expression.strip()
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1].strip()
    return text


def _closes_last(text: str) -> bool:
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
