"""A Prometheus of memory: made series by expression, and the listing of those that exist."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bot.agents.anomaly import examine
from bot.desk import Around, Desk, Purse
from bot.incident import ExpertReport, Finding, Trouble
from bot.rules.live import Known, promql
from bot.toolbox import Toolbox
from connectors.tools.memory import MemoryTools, Settings
from connectors.tools.port import Recording, Result, Series, Table, Tool
from connectors.tools.summary import summarised
from knowledge.service_graph import Service, ServiceGraph
from tests.unit.bot.incident_stage import NOON, trouble

BEGINS, STEP, COUNT = NOON.timestamp() - 5400, 60.0, 121
RANGE = Tool(
    "prometheus_range",
    "Metrics over time",
    "",
    {"type": "object", "properties": {name: {} for name in ("query", "start", "end", "step")}, "required": ["query"]},
    "metrics",
)
LISTING = Tool("prometheus_series", "Series", "", {"type": "object", "properties": {"selectors": {}}}, "metrics")
SHOP = ServiceGraph(
    [
        Service(name="checkout", depends_on=["payments", "inventory"], metrics=["checkout_latency_seconds"]),
        Service(
            name="payments",
            depends_on=["bank"],
            metrics=["payments_pool_in_use_connections", "payments_pool_max_connections"],
        ),
        Service(name="inventory", metrics=["inventory_latency_seconds"]),
        Service(name="bank", metrics=["bank_request_latency_seconds"]),
    ]
)
QUEUE_ALERT = "http://prometheus/graph?g0.expr=checkout_queue%7Bservice%3D%22checkout%22%7D+%3E+50&g0.tab=1"
QUEUE = 'checkout_queue{service="checkout"}'
Shape = Callable[[float], float]


def step(low: float, high: float, at: float = 5) -> Shape:
    """From one level to another, ``at`` minutes after noon."""
    return lambda minute: high if minute >= at else low


def ramp(low: float, high: float, at: float = 5) -> Shape:
    return lambda minute: low + (high - low) * max(0.0, minute - at) / (30 - at)


def window(low: float, high: float, first: float, last: float) -> Shape:
    return lambda minute: high if first <= minute < last else low


def flat(level: float) -> Shape:
    return lambda _: level


def series(shape: Shape, noise: float = 0.02, name: str = "{}", until: float = 31) -> Series:
    """Two hours of values, a minute apart, until half past twelve, with some noise."""
    chance = random.Random(7)  # noqa: S311 - no secret
    minutes = [number * STEP / 60 - 90 for number in range(COUNT)]
    values = [(minute, shape(minute) * (1 + noise * chance.gauss(0, 1))) for minute in minutes if minute < until]
    return Series(name, tuple((NOON.timestamp() + 60 * minute, value) for minute, value in values))


def metric(query: str, *found: Series) -> Recording:
    text = "\n".join(summarised(one, STEP) for one in found)
    return Recording("prometheus_range", {"query": query, "*": "*"}, Result(text, query, series=found))


def latency(name: str, *found: Series) -> Recording:
    return metric(promql(f"{name}_latency_seconds"), *found)


def listing(rows: Mapping[str, tuple[str, str]]) -> Recording:
    """Metrics that exist, each with its type and its labels."""
    table = Table(("name", "type", "labels"), tuple((name, kind, labels) for name, (kind, labels) in rows.items()))
    return Recording("prometheus_series", {"*": "*"}, Result("series", "", table=table))


async def looked(
    folder: Path, recordings: Sequence[Recording], about: Trouble | None = None, calls: int = 60
) -> ExpertReport:
    """What the anomaly expert reports."""
    tools = (RANGE, *((LISTING,) if any(one.tool == LISTING.name for one in recordings) else ()))
    box = Toolbox({"twin": MemoryTools(Settings(recordings=tuple(recordings), tools=tools))}, folder, lambda: 0.0)
    desk = Desk("anomaly", about or trouble(), box, frozenset(("metrics",)), Purse(calls, 600.0, lambda: 0.0))
    return await examine(desk, Around(SHOP, Known(SHOP.services)))


def of(report: ExpertReport, service: str) -> Finding:
    """The most telling finding of a service."""
    return next(one for one in report.findings if one.service == service)
