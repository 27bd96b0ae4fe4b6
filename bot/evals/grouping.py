"""Evaluates the grouping of alerts into incidents on recorded storms.

The folder has ``storms.jsonl[.gz]``, one storm a line: ``{"storm", "system", "alerts": [{"t": seconds, "type":
"Service|Pod|Node", "name", "category", "evidence": [text], "truth_incident"}]}``, and ``topology.json``: of each system
its calls, ``[[caller, callee]]``. The figure is the adjusted Rand index (L. Hubert and P. Arabie, "Comparing
Partitions", 1985), a mean over storms: 1 where the incidents are those labelled, 0 where they fit by chance. An alert
whose ``truth_incident`` is null is an incident of its own. ``ari_windows`` is what fixed windows of ten minutes give.
"""

import gzip
import json
import math
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.analysis.alert_grouping import group
from bot.analysis.alert_relations import Alert
from bot.evals.cases import BadCases

_WINDOW_SECONDS = 600
_CALLS = TypeAdapter(dict[str, list[tuple[str, str]]])


class Labelled(BaseModel):
    """An alert of a storm, and the incident it is of."""

    t: float
    type: str = "Service"
    name: str
    category: str = ""
    evidence: list[str] | str = []
    truth_incident: str | int | None = None


class Storm(BaseModel):
    """A line of the folder."""

    storm: str | int
    system: str
    alerts: list[Labelled]


@dataclass(frozen=True)
class Outcome:
    """A storm, how well it was grouped, how well windows of time group it, and the seconds it took."""

    storm: Storm
    ari: float
    windows: float
    seconds: float


def evaluate(folder: Path) -> list[Outcome]:
    """Group every storm of the folder. Raises BadCases."""
    path = next((path for name in ("storms.jsonl", "storms.jsonl.gz") if (path := folder / name).is_file()), None)
    if path is None:
        raise BadCases(f"{folder}: it has no storms.jsonl or storms.jsonl.gz.")
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
        storms = [Storm.model_validate_json(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, ValueError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    calls = _topology(folder / "topology.json")
    outcomes = [_evaluate(storm, calls.get(storm.system, [])) for storm in storms if storm.alerts]
    if not outcomes:
        raise BadCases(f"{path}: it has no storm with an alert.")
    return outcomes


def report(outcomes: Sequence[Outcome]) -> str:
    """A line per system, and the figures as JSON on the last line."""
    lines = [
        f"{system}: ARI {_mean(one.ari for one in some):.3f}, windows {_mean(one.windows for one in some):.3f} "
        f"({len(some)} storms, {sum(len(one.storm.alerts) for one in some)} alerts in "
        f"{sum(one.seconds for one in some):.2f} s)"
        for system, some in _by_system(outcomes).items()
    ]
    return "\n".join([*lines, json.dumps(figures(outcomes))])


def figures(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The mean index over all storms and over each system's, and that of the windows."""
    return {
        "ari": round(_mean(one.ari for one in outcomes), 4),
        "ari_windows": round(_mean(one.windows for one in outcomes), 4),
        "n": len(outcomes),
        "systems": {name: round(_mean(one.ari for one in some), 4) for name, some in _by_system(outcomes).items()},
    }


def adjusted_rand(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """How well two groupings of the same things agree; 1 for equal ones, 0 on average for unrelated ones."""
    together, ones, others = (
        sum(math.comb(count, 2) for count in Counter(labels).values())
        for labels in (list(zip(one, other, strict=True)), one, other)
    )
    pairs = math.comb(len(one), 2)
    expected, most = ones * others / pairs if pairs else 0.0, (ones + others) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _evaluate(storm: Storm, calls: Iterable[tuple[str, str]]) -> Outcome:
    truth = [one.truth_incident if one.truth_incident is not None else (at,) for at, one in enumerate(storm.alerts)]
    alerts = [_alert(one) for one in storm.alerts]
    started = time.perf_counter()
    found = group(alerts, calls)
    seconds = time.perf_counter() - started
    windows = [math.floor(one.t / _WINDOW_SECONDS) for one in storm.alerts]
    return Outcome(storm, adjusted_rand(truth, found), adjusted_rand(truth, windows), seconds)


def _alert(one: Labelled) -> Alert:
    evidence = (one.evidence,) if isinstance(one.evidence, str) else tuple(one.evidence)
    return Alert(one.t, one.type.capitalize(), one.name, one.category, evidence)


def _topology(path: Path) -> Mapping[str, list[tuple[str, str]]]:
    try:
        return _CALLS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}; it maps each system to its calls, [[caller, callee]].") from problem


def _by_system(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(one.storm.system, []).append(one)
    return dict(sorted(found.items()))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
