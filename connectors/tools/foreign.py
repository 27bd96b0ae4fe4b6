"""Recordings of other projects' tests: HolmesGPT's fixtures and OpenSRE's synthetic incidents."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, Field, JsonValue, ValidationError

from connectors.tools.matching import ANY, called
from connectors.tools.port import Recording, Result, Series, ToolUnavailable
from connectors.tools.summary import most_telling, summarised

_ANYTHING: Mapping[str, JsonValue] = {ANY: ANY}
_TOOLS = {
    "eks_pods": "list_eks_pods",
    "eks_events": "get_eks_events",
    "eks_deployments": "list_eks_deployments",
    "eks_node_health": "get_eks_node_health",
    "eks_pod_logs": "get_eks_pod_logs",
    "datadog_logs": "query_datadog_logs",
    "datadog_monitors": "query_datadog_monitors",
    "aws_cloudwatch_metrics": "query_grafana_metrics",
    "aws_rds_events": "query_grafana_logs",
    "aws_performance_insights": "query_performance_insights",
    "alert": "query_grafana_alert_rules",
}
_METRICS = "aws_cloudwatch_metrics"


class _Called(BaseModel):
    tool: str = Field(alias="tool_name")
    arguments: dict[str, JsonValue] | None = Field(default=None, alias="match_params")


class _Outcome(BaseModel):
    status: str = "success"
    error: str | None = None
    url: str | None = None
    invocation: str | None = None


class _Metric(BaseModel):
    name: str = Field(alias="metric_name")
    dimensions: tuple[dict[str, str], ...] = ()
    stat: str = ""
    unit: str = ""
    timestamps: tuple[dt.datetime, ...]
    values: tuple[float, ...]


def from_holmesgpt(folder: Path) -> list[Recording]:
    """The tool outputs beside a case: a line of what was called, a line of how it went, then the output.

    As in HolmesGPT's own tests, a call may give more arguments than were recorded. Raises ToolUnavailable.
    """
    return [_holmesgpt(file) for file in sorted(_folder(folder).glob("*.txt"))]


def _holmesgpt(file: Path) -> Recording:
    first, _, rest = file.read_text("utf-8").partition("\n")
    second, _, output = rest.partition("\n")
    try:
        call, outcome = _Called.model_validate_json(first), _Outcome.model_validate_json(second)
    except ValidationError as damaged:
        raise _damaged(file, damaged) from None
    arguments = {**(call.arguments or {}), **_ANYTHING}
    said = outcome.invocation or ""
    query = (
        said if said and "\n" not in said and not said.endswith(" command") else called(call.tool, call.arguments or {})
    )
    text = output.removeprefix("stdout:\n").strip() or outcome.error or "No output."
    return Recording(call.tool, arguments, Result(text, query, outcome.url or "", failed=outcome.status == "error"))


def from_opensre(folder: Path) -> list[Recording]:
    """The evidence of a scenario under the names of its tools; what it lacks comes from the scenario it builds on.

    Raises ToolUnavailable.
    """
    scenario = _yaml(_folder(folder) / "scenario.yml")
    base = folder.parent / str(scenario["base"]) if scenario.get("base") else None
    inherited = _evidence(base) if base else {}
    above = _yaml(base / "scenario.yml") if base else {}
    found = {**inherited, **_evidence(folder)}
    listed = scenario.get("available_evidence") or above.get("available_evidence")
    shown = [*listed, "alert"] if isinstance(listed, list) else list(found)
    return [one for kind, content in found.items() if kind in shown for one in _opensre(kind, content)]


def _evidence(folder: Path) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    parts: list[JsonValue] = []
    for file in sorted(folder.glob("*.json")):
        if file.stem in _TOOLS:
            found[file.stem] = _json(file)
        elif file.stem.startswith(f"{_METRICS}_") and not file.stem.endswith("_envelope"):
            parts.append(_json(file))
    return {**found, **({_METRICS: {"metric_data_results": parts}} if parts else {})}


def _opensre(kind: str, content: JsonValue) -> list[Recording]:
    tool = _TOOLS[kind]
    if kind != _METRICS or not isinstance(content, dict):
        return [Recording(tool, _ANYTHING, Result(_readable(content), f"{tool}()"))]
    try:
        metrics = [_Metric.model_validate(one) for one in cast("list[JsonValue]", content["metric_data_results"])]
    except ValidationError as damaged:
        raise _damaged(Path(kind), damaged) from None
    series = {metric.name: _series(metric) for metric in metrics}
    single = [
        Recording(tool, {"metric_name": name, **_ANYTHING}, _told([one], called(tool, {"metric_name": name})))
        for name, one in series.items()
    ]
    return [*single, Recording(tool, _ANYTHING, _told(most_telling(series.values()), f"{tool}()"))]


def _series(metric: _Metric) -> Series:
    where = ", ".join(f"{one.get('Name')}={one.get('Value')}" for one in metric.dimensions)
    times = [moment.timestamp() for moment in metric.timestamps]
    name = f"{metric.name} ({metric.stat}, {metric.unit}){{{where}}}"
    return Series(name, tuple(zip(times, metric.values, strict=False)))


def _told(series: list[Series], query: str) -> Result:
    return Result("\n".join(summarised(one, 60) for one in series), query, series=tuple(series))


def _readable(content: JsonValue) -> str:
    """A log as its lines, anything else as indented JSON."""
    if isinstance(content, dict) and isinstance(content.get("logs"), str):
        return str(content["logs"]).strip() or "No lines."
    return json.dumps(content, ensure_ascii=False, indent=1)


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise ToolUnavailable(f"There is no folder {folder}; set connectors.tools.recorded.folder.")
    return folder


def _json(file: Path) -> JsonValue:
    try:
        return cast("JsonValue", json.loads(file.read_text("utf-8")))
    except ValueError as damaged:
        raise _damaged(file, damaged) from None


def _yaml(file: Path) -> dict[str, JsonValue]:
    try:
        found = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
    except yaml.YAMLError as damaged:
        raise _damaged(file, damaged) from None
    return found if isinstance(found, dict) else {}


def _damaged(file: Path, why: Exception) -> ToolUnavailable:
    return ToolUnavailable(f"{file} is no such recording: {' '.join(str(why).split())[:200]}")
