"""Reads the incidents of the Nezha dataset (G. Yu et al., 2023): faults injected into two shops on Kubernetes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, NaiveDatetime, TypeAdapter, ValidationError

from bot.analysis.anomaly import Floats
from bot.analysis.moves import Metric, MetricKind
from bot.analysis.root_cause import Incident
from bot.evals.cases import BadCases
from bot.evals.recordings import Recording, numbers, rows
from knowledge.service_graph import Service, ServiceGraph

_BEFORE, _LASTS, _DAY = 3 * 3600.0, 210.0, 86400.0
_ENTRY, _EPOCH = "frontend", datetime(1970, 1, 1)  # noqa: DTZ001 - the lists say UTC without saying so
_CODE = ("return", "exception")
_COLUMNS: dict[str, MetricKind] = {
    "PodServerLatencyP90(s)": "latency",
    "PodServerLatencyP95(s)": "latency",
    "PodServerLatencyP99(s)": "latency",
    "PodWorkload(Ops)": "requests",
    "CpuUsage(m)": "resource",
    "CpuUsageRate(%)": "resource",
    "MemoryUsage(Mi)": "resource",
    "MemoryUsageRate(%)": "resource",
}


class _Fault(BaseModel):
    # Its timestamp is that of another time zone on some days, the time in words is right.
    inject_time: NaiveDatetime
    inject_pod: str
    inject_type: str


_FAULTS = TypeAdapter(dict[str, list[_Fault]])


def recordings(folder: Path) -> Iterator[Recording]:
    """Every fault of every day of the folder, in the order of paths and lists. Raises BadCases."""
    for path in sorted(folder.rglob("fault_list.json")):
        try:
            hours = _FAULTS.validate_python(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, ValidationError) as problem:
            raise BadCases(f"{path}: {problem}") from problem
        metrics, graph = (
            [*_pods(path.parent / "metric"), *_calls(path.parent / "metric")],
            _graph(path.parent / "metric"),
        )
        entry = _ENTRY if _ENTRY in graph.services else ""
        for fault in (fault for faults in hours.values() for fault in faults):
            yield _recording(path.parent.name, fault, metrics, graph, entry)


def _recording(day: str, fault: _Fault, metrics: Sequence[Metric], graph: ServiceGraph, entry: str) -> Recording:
    began = (fault.inject_time - _EPOCH).total_seconds()
    system = "OnlineBoutique" if entry else "TrainTicket"
    what = "code" if fault.inject_type in _CODE else "resource"
    return Recording(
        name=f"{day} {fault.inject_time:%H:%M}",
        kind=fault.inject_type,
        groups=("nezha", f"nezha {fault.inject_type}", f"nezha {system} {what}"),
        metrics=[_around(metric, began) for metric in metrics],
        graph=graph,
        incident=Incident(began, began + _LASTS, entry),
        root_cause=_service(fault.inject_pod),
    )


def _around(metric: Metric, began: float) -> Metric:
    near = (metric.times > began - _BEFORE) & (metric.times <= began + _LASTS)
    return replace(metric, times=metric.times[near], values=metric.values[near])


def _service(pod: str) -> str:
    return pod.rsplit("-", 2)[0]


def _pods(folder: Path) -> list[Metric]:
    tables = {path.name.removesuffix("_metric.csv"): _table(path) for path in sorted(folder.glob("*_metric.csv"))}
    if not tables:
        raise BadCases(f"{folder}: there are no files *_metric.csv.")
    start = float(np.median([cells[0, 0] for _, cells in tables.values()]))
    metrics = []
    for pod, (names, cells) in tables.items():
        # The clock of one pod is off by years on one day.
        off = cells[0, 0] - start if abs(cells[0, 0] - start) > _DAY else 0.0
        metrics += [
            Metric(_service(pod), _COLUMNS[name], name, cells[:, 0] - off, cells[:, number], typical=False)
            for number, name in enumerate(names)
            if name in _COLUMNS
        ]
    return metrics


def _calls(folder: Path) -> list[Metric]:
    """The latency of calls as their callers see it, where it was recorded; columns are ``caller_callee``."""
    path = folder / "source_50.csv"
    if not path.is_file():
        return []
    names, cells = _table(path)
    calls = [(number, name.partition("_")) for number, name in enumerate(names) if name.count("_") == 1]
    return [
        Metric(callee, "latency", "latency P50", cells[:, 0], cells[:, number], caller)
        for number, (caller, _, callee) in calls
    ]


def _table(path: Path) -> tuple[list[str], Floats]:
    """Names and numbers of a table, the times in its first column."""
    table = rows(path)
    if len(table) < 2:
        raise BadCases(f"{path}: there are no rows.")
    first = 1 if table[0][0] == "time" else 0  # the same time once more, in words
    names = table[0][first:]
    return names, numbers(path, [row[first:] for row in table[1:]], len(names))


def _graph(folder: Path) -> ServiceGraph:
    """Who calls whom; of the file's targets those that are addresses of hosts are none."""
    path = folder / "dependency.csv"
    calls = [row[:2] for row in rows(path)[1:] if len(row) > 1 and not row[1][0].isdigit()] if path.is_file() else []
    callers = dict.fromkeys(caller for caller, _ in calls)
    return ServiceGraph(
        Service(name=caller, depends_on=[callee for one, callee in calls if one == caller]) for caller in callers
    )
