"""Reads the incidents of the PetShop dataset (M. Hardt et al., 2024): issues injected into a shop on AWS."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
from pydantic import BaseModel, ValidationError

from bot.analysis.moves import Metric, MetricKind
from bot.analysis.root_cause import Incident
from bot.evals.cases import BadCases
from bot.evals.recordings import Recording, numbers, rows
from knowledge.service_graph import Service, ServiceGraph

_DAY, _LASTS = 86400.0, 600.0
_KINDS = ("latency", "availability", "requests")


class _Target(BaseModel):
    node: str
    metric: Literal["latency", "availability"]
    timestamp: float


class _Cause(BaseModel):
    node: str


class _Issue(BaseModel):
    target: _Target
    root_cause: _Cause


def recordings(folder: Path) -> Iterator[Recording]:
    """Every issue of the folder, in the order of paths. Raises BadCases."""
    normal = sorted(folder.rglob("noissue/metrics.csv"))
    usual: dict[Path, Mapping[str, Metric]] = {}
    for path in sorted(folder.rglob("target.json")):
        graph = _above(path, "graph.csv")
        if graph is None:
            raise BadCases(f"{path}: there is no graph.csv in the folders above it.")
        # The scenarios whose load varies have no normal time of their own: that of another is the next best.
        calm = _above(path, "noissue/metrics.csv") or next(iter(normal), None)
        if calm is not None and calm not in usual:
            usual[calm] = _metrics(calm)
        yield _recording(path, _graph(graph), usual[calm] if calm else {})


def _recording(path: Path, graph: ServiceGraph, usual: Mapping[str, Metric]) -> Recording:
    try:
        issue = _Issue.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    target = issue.target
    metrics = [_after(usual.get(key), one) for key, one in _metrics(path.parent / "metrics.csv").items()]
    return Recording(
        name=str(path.parent.relative_to(path.parents[min(3, len(path.parents) - 1)])),
        kind=target.metric,
        groups=("petshop", f"petshop {target.metric}"),
        metrics=metrics,
        graph=graph,
        incident=Incident(target.timestamp, target.timestamp + _LASTS, target.node, target.metric),
        root_cause=issue.root_cause.node,
    )


def _after(usual: Metric | None, metric: Metric) -> Metric:
    """The metric with its values of a normal time as those of the day before."""
    if usual is None or not len(usual.times):
        return metric
    earlier = usual.times - usual.times[-1] + metric.times[0] - _DAY
    times, values = np.concatenate([earlier, metric.times]), np.concatenate([usual.values, metric.values])
    return replace(metric, times=times, values=values)


def _metrics(path: Path) -> Mapping[str, Metric]:
    """The metrics of a table whose first three rows name service, metric and statistic, by these three."""
    table = rows(path)
    if len(table) < 5 or any(row[0] != name for row, name in zip(table, ("microservice", "metric"), strict=False)):
        raise BadCases(
            f"{path}: three rows of names (microservice, metric, statistic) and one of times must come first."
        )
    services, kinds, statistics = table[:3]
    cells = numbers(path, table[4:], len(services))
    return {
        f"{service}\n{kind}\n{statistic}": Metric(
            service,
            cast("MetricKind", kind),
            f"{kind} {statistic}",
            cells[:, 0],
            cells[:, number],
            typical=statistic == "Average",
        )
        for number, (service, kind, statistic) in enumerate(zip(services, kinds, statistics, strict=True))
        if number and kind in _KINDS
    }


def _graph(path: Path) -> ServiceGraph:
    """The calls of an adjacency matrix with names: rows call columns."""
    table = rows(path)
    names, cells = table[0][1:], numbers(path, [row[1:] for row in table[1:]], len(table[0]) - 1)
    return ServiceGraph(
        Service(
            name=row[0], depends_on=[name for name, call in zip(names, calls, strict=True) if call and name != row[0]]
        )
        for row, calls in zip(table[1:], cells, strict=True)
    )


def _above(path: Path, name: str) -> Path | None:
    return next((folder / name for folder in path.parents if (folder / name).is_file()), None)
