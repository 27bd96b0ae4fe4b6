"""A recorded incident whose root cause is known, and the CSV files of numbers that such recordings are made of."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.analysis.anomaly import Floats
from bot.analysis.moves import Metric
from bot.analysis.root_cause import Incident
from bot.evals.cases import BadCases
from knowledge.service_graph import ServiceGraph


@dataclass(frozen=True)
class Recording:
    """One incident: what there was to see, and what it was; ``groups`` are what results are broken down by."""

    name: str
    kind: str
    groups: tuple[str, ...]
    metrics: Sequence[Metric]
    graph: ServiceGraph
    incident: Incident
    root_cause: str


def rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file that are not empty. Raises BadCases."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as problem:
        raise BadCases(f"{path}: {problem}") from problem


def numbers(path: Path, table: Sequence[Sequence[str]], columns: int) -> Floats:
    """Rows as numbers, shape (rows, columns), nan for what is empty or missing. Raises BadCases."""
    filled = [[*row[:columns], *[""] * (columns - len(row))] for row in table]
    try:
        return np.array([[float(cell) if cell else np.nan for cell in row] for row in filled]).reshape(-1, columns)
    except ValueError as problem:
        raise BadCases(f"{path}: {problem}") from problem
