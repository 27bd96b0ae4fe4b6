"""Evaluates log templates on labelled lines, one folder per system, with one configuration for all of them.

A folder holds ``*_structured_corrected.csv`` or else ``*_structured.csv`` (``.gz`` too) with the columns ``Content``
(the line without its header) and ``EventTemplate``. The figures, each a mean over systems:

- ``ga``, grouping accuracy: the share of lines whose group is the labelled group, line for line (J. Zhu et al., "Tools
  and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019);
- ``fga``: the F1 of groups found right (Z. Jiang et al., "A Large-Scale Evaluation for Log Parsing Techniques: How Far
  Are We?", ISSTA 2024);
- ``pa``, parsing accuracy: the share of lines whose template is the labelled one (H. Dai et al., "Logram", TSE 2020);
- ``fta``: the F1 of templates whose text and lines are both right (Z. Khan et al., "Guidelines for Assessing the
  Accuracy of Log Message Template Identification Techniques", ICSE 2022).

Templates are compared as they are, except that white space counts as one space: neither the labels nor the templates
found are corrected afterwards.
"""

import csv
import gzip
import io
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.analysis.log_templates import templates
from bot.evals.cases import BadCases

_LABELS = ("*_structured_corrected.csv", "*_structured_corrected.csv.gz", "*_structured.csv", "*_structured.csv.gz")


@dataclass(frozen=True)
class Accuracy:
    """How well templates fit the labels, each figure from 0 to 1."""

    ga: float
    fga: float
    pa: float
    fta: float


@dataclass(frozen=True)
class Outcome:
    """One system: its accuracy, its lines, and the seconds they took."""

    system: str
    accuracy: Accuracy
    lines: int
    seconds: float


def evaluate(folder: Path) -> list[Outcome]:
    """Find the templates of every system in the folder. Raises BadCases."""
    found = {path.name: file for path in sorted(folder.glob("*")) if path.is_dir() and (file := _labels(path))}
    own = _labels(folder)
    systems = {folder.name: own} if own else found
    if not systems:
        raise BadCases(f"{folder}: neither it nor a folder in it has {' or '.join(_LABELS)}.")
    return [_evaluate(system, file) for system, file in systems.items()]


def report(outcomes: Sequence[Outcome]) -> str:
    """A line per system, and the means as JSON on the last line."""
    lines = [
        f"{one.system}: GA {one.accuracy.ga:.3f}, FGA {one.accuracy.fga:.3f}, PA {one.accuracy.pa:.3f}, "
        f"FTA {one.accuracy.fta:.3f} ({one.lines} lines in {one.seconds:.2f} s)"
        for one in outcomes
    ]
    return "\n".join([*lines, json.dumps(figures(outcomes))])


def figures(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The mean of each accuracy over the systems, and each system's own."""
    systems = {one.system: {name: round(value, 4) for name, value in asdict(one.accuracy).items()} for one in outcomes}
    means = {
        name: round(sum(asdict(one.accuracy)[name] for one in outcomes) / len(outcomes), 4)
        for name in ("ga", "fga", "pa", "fta")
    }
    return {**means, "n": len(outcomes), "systems": systems}


def accuracy(labels: Sequence[str], found: Sequence[str]) -> Accuracy:
    """The four figures of templates against the labels of the same lines, of which there must be one at least."""
    label_of = [" ".join(one.split()) for one in labels]
    found_of = [" ".join(one.split()) for one in found]
    labelled, grouped = _lines(label_of), _lines(found_of)
    same = {tuple(lines) for lines in labelled.values()}
    right = [lines for lines in grouped.values() if tuple(lines) in same]
    exact = [template for template, lines in grouped.items() if {label_of[line] for line in lines} == {template}]
    return Accuracy(
        sum(map(len, right)) / len(labels),
        2 * len(right) / (len(labelled) + len(grouped)),
        sum(map(str.__eq__, label_of, found_of)) / len(labels),
        2 * len(exact) / (len(labelled) + len(grouped)),
    )


def _lines(names: Sequence[str]) -> dict[str, list[int]]:
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        lines[name].append(at)
    return lines


def _labels(folder: Path) -> Path | None:
    return next((path for pattern in _LABELS for path in sorted(folder.glob(pattern))), None)


def _evaluate(system: str, file: Path) -> Outcome:
    texts, labels = _read(file)
    started = time.perf_counter()
    found = templates(texts)
    return Outcome(system, accuracy(labels, found), len(texts), time.perf_counter() - started)


def _read(file: Path) -> tuple[list[str], list[str]]:
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8-sig", "replace")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        pairs = [(row["Content"] or "", row["EventTemplate"] or "") for row in rows]
    except (OSError, EOFError, csv.Error, KeyError) as problem:
        raise BadCases(
            f"{file}: {problem!r}; it must be a CSV with the columns Content and EventTemplate."
        ) from problem
    if not pairs:
        raise BadCases(f"{file}: it has no lines.")
    return [content for content, _ in pairs], [template for _, template in pairs]
