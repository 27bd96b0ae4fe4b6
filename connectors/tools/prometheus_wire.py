"""What Prometheus is asked and what it answers with, as shapes."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, Field

from connectors.tools.questions import Asked, Span

T = TypeVar("T")


class Instant(Asked):
    """Current value of a PromQL expression, or its value at one moment."""

    query: str = Field(min_length=1, max_length=5000)
    """A PromQL expression, such as sum(rate(http_requests_total{code=~"5.."}[5m])) by (service)."""

    at: AwareDatetime | None = None
    """The moment, ISO 8601 with an offset; now when left out."""


class Range(Span):
    """Values of a PromQL expression over a span of time: each series with its ends, extremes, breaks and silences."""

    query: str = Field(min_length=1, max_length=5000)
    """A PromQL expression; a counter needs rate() or increase() around it."""

    step: str = Field(default="", pattern=r"^([1-9]\d{0,4}[smhdw])?$")
    """Distance of two points, such as 30s or 5m; chosen by the length of the span when left out."""


class Metrics(Asked):
    """Names of metrics, with their type and meaning."""

    contains: str = Field(default="", max_length=100)
    """Only names with this in them."""

    selector: str = Field(default="", max_length=1000)
    """Only metrics with such series, for example {service="checkout"}."""


class Labels(Asked):
    """Labels of the series that match a selector; with a label's name, the values that it takes."""

    selector: str = Field(default="", max_length=1000)
    """A selector such as http_requests_total{service="checkout"}; everything when left out."""

    label: str = Field(default="", pattern=r"^([a-zA-Z_][a-zA-Z0-9_]*)?$")
    """The label whose values are wanted."""


class Existing(Span):
    """Which series exist: the names of metrics with their types, and the labels of each with their values."""

    selectors: Annotated[list[Annotated[str, Field(min_length=1, max_length=1000)]], Field(min_length=1, max_length=20)]
    """Series that match any of these, such as {service="checkout"} or {job="checkout"}."""


class Alerts(Asked):
    """Alerts that are firing or pending by the rules of this Prometheus."""

    contains: str = Field(default="", max_length=100)
    """Only alerts with this in their name or labels."""


class Rules(Asked):
    """Alerting and recording rules: their expressions, what they wait for, whether they can be evaluated."""

    contains: str = Field(default="", max_length=100)
    """Only rules with this in their name or expression."""


class Targets(Asked):
    """What is scraped, and which of it is down and why."""

    contains: str = Field(default="", max_length=100)
    """Only targets with this in their labels."""


class Said(BaseModel, Generic[T]):
    """The envelope of every answer that went well."""

    status: str
    data: T


class Samples(BaseModel):
    """A series: one value of it, or several."""

    metric: Mapping[str, str] = Field(default_factory=dict)
    value: tuple[float, float] | None = None
    values: tuple[tuple[float, float], ...] = ()


class Evaluated(BaseModel, extra="ignore"):
    """What an expression came to. ``result`` is series, or for a scalar or string (time, value)."""

    result: list[Samples] | tuple[float, str]


class Alert(BaseModel):
    """One active alert."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = Field(default_factory=dict)
    state: str
    active_at: str = Field(default="", alias="activeAt")
    value: str = ""

    @property
    def words(self) -> str:
        """What its annotations say."""
        return self.annotations.get("summary") or self.annotations.get("description") or ""


class Active(BaseModel):
    """All active alerts."""

    alerts: tuple[Alert, ...]


class Rule(BaseModel):
    """One rule and how its last evaluation went."""

    name: str
    query: str
    type: str
    duration: float = 0
    health: str = "ok"
    last_error: str = Field(default="", alias="lastError")
    state: str = ""

    def __str__(self) -> str:
        wait = f" for {self.duration:g} s" if self.duration else ""
        broken = f" ({self.health}: {self.last_error})" if self.health == "err" else ""
        return f"{self.type} {self.name}: {self.query}{wait} {self.state}{broken}".rstrip()


class Group(BaseModel):
    """Rules that are evaluated together."""

    name: str
    rules: tuple[Rule, ...]


class Groups(BaseModel):
    """All rules."""

    groups: tuple[Group, ...]


class Target(BaseModel):
    """One scraped endpoint."""

    labels: Mapping[str, str]
    health: str
    last_error: str = Field(default="", alias="lastError")


class Scraped(BaseModel):
    """All scraped endpoints."""

    targets: tuple[Target, ...] = Field(alias="activeTargets")


class Meaning(BaseModel):
    """What a metric is."""

    type: str = ""
    help: str = ""


_MOST_VALUES = 8


def values_by_metric(series: Iterable[Mapping[str, str]]) -> dict[str, dict[str, list[str]]]:
    """The labels of each metric, by name, and of each the first few values; in the order of the alphabet."""
    found: dict[str, dict[str, set[str]]] = {}
    for labels in series:
        of_metric = found.setdefault(labels.get("__name__", ""), {})
        for key, value in labels.items():
            if key != "__name__":
                of_metric.setdefault(key, set()).add(value)
    return {
        name: {key: _few(sorted(values)) for key, values in sorted(of_metric.items())}
        for name, of_metric in sorted(found.items())
    }


def _few(values: list[str]) -> list[str]:
    return values if len(values) <= _MOST_VALUES else [*values[:_MOST_VALUES], "…"]
