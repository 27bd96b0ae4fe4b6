"""Evaluates anomaly scores on the Numenta Anomaly Benchmark: its score, standard profile, and VUS-PR.

The folder holds ``windows.json``, series by their path to pairs of times, and the series as CSV files of timestamp and
value: in folders, or in ``data.tar.xz`` beside it. The NAB score is that of onsets under the one threshold that is best
for all series together, as NAB chooses it, and ``at_alarm`` the same under the threshold that the product alarms at;
VUS-PR is the mean over the series with anomalies, of lasting deviations.
"""

import csv
import io
import json
import lzma
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from bot.analysis.anomaly import ALARM, Deviations, Floats, deviations
from bot.evals.anomaly_measures import Scored, Windows, best_nab_score, false_alarms, nab_score, period, vus_pr
from bot.evals.cases import BadCases

_WINDOWS, _ARCHIVE = "windows.json", "data.tar.xz"
_LIMITS = TypeAdapter(dict[str, list[tuple[datetime, datetime]]])


@dataclass(frozen=True)
class Series:
    """A series by its path, times in seconds, and its anomalies as first and last index."""

    name: str
    times: Floats
    values: Floats
    windows: Windows


@dataclass(frozen=True)
class Outcome:
    """A series and what was said of its values."""

    series: Series
    said: Deviations

    @property
    def onsets(self) -> Scored:
        """What NAB measures."""
        return Scored(self.said.onset, self.series.windows)


def evaluate(folder: Path) -> list[Outcome]:
    """Score every series of the folder that has an entry in ``windows.json``. Raises BadCases."""
    outcomes = [Outcome(one, deviations(one.times, one.values)) for one in read_series(folder)]
    if not outcomes:
        raise BadCases(f"{folder}: no series that {_WINDOWS} names, neither as a file nor in {_ARCHIVE}.")
    return outcomes


def read_series(folder: Path) -> Iterator[Series]:
    """The series of the folder that ``windows.json`` names, in the order of names. Raises BadCases."""
    try:
        limits = _LIMITS.validate_json((folder / _WINDOWS).read_text("utf-8"))
    except (OSError, ValidationError) as problem:
        raise BadCases(f"{folder / _WINDOWS}: {problem}") from problem
    for name, content in _files(folder):
        if name in limits:
            times, values = _read(name, content)
            yield Series(name, times, values, _indices(times, limits[name]))


def report(outcomes: Sequence[Outcome]) -> str:
    """A line per series, and the figures as JSON on the last line, overall and per category."""
    best = best_nab_score([one.onsets for one in outcomes])
    volumes = {one.series.name: _volume(one) for one in outcomes if one.series.windows}
    lines = []
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        name = one.series.name
        groups[name.split("/")[0]].append(one)
        score = (
            f"NAB {nab_score([one.onsets], best.threshold):.1f}, VUS-PR {volumes[name]:.3f}" if name in volumes else ""
        )
        lines.append(f"{name}: {score or 'no anomalies'}, {false_alarms(one.onsets, best.threshold)} false alarms")
    overall = {
        **_figures(outcomes, best.threshold, volumes),
        "threshold": round(best.threshold, 4) if np.isfinite(best.threshold) else None,
        "at_alarm": round(nab_score([one.onsets for one in outcomes], ALARM), 2),
        "by_category": {group: _figures(some, best.threshold, volumes) for group, some in sorted(groups.items())},
    }
    return "\n".join([*lines, json.dumps(overall)])


def _figures(
    outcomes: Sequence[Outcome], threshold: float, volumes: Mapping[str, float]
) -> dict[str, float | int | None]:
    """The measures of some series; without anomalies among them there are only false alarms."""
    known = [volumes[one.series.name] for one in outcomes if one.series.windows]
    return {
        "nab_score": round(nab_score([one.onsets for one in outcomes], threshold), 2) if known else None,
        "vus_pr": round(float(np.mean(known)), 4) if known else None,
        "false_alarms": sum(false_alarms(one.onsets, threshold) for one in outcomes),
        "n": len(outcomes),
    }


def _volume(one: Outcome) -> float:
    return vus_pr(Scored(one.said.lasting, one.series.windows), period(one.series.values))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every CSV file, in the order of names. Raises BadCases."""
    archive = folder / _ARCHIVE
    try:
        if not archive.is_file():
            for path in sorted(folder.rglob("*/*.csv")):
                yield "/".join(path.parts[-2:]), path.read_bytes()
            return
        with tarfile.open(archive) as packed:
            for member in sorted(packed.getmembers(), key=lambda member: member.name):
                file = packed.extractfile(member) if member.name.endswith(".csv") else None
                if file is not None:
                    yield "/".join(Path(member.name).parts[-2:]), file.read()
    except (OSError, tarfile.TarError, lzma.LZMAError) as problem:
        raise BadCases(f"{archive if archive.is_file() else folder}: {problem}") from problem


def _read(name: str, content: bytes) -> tuple[Floats, Floats]:
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode())) if row][1:]
        times = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC).timestamp() for row in rows]
        # Where a clock was set back, NAB goes by the order of rows.
        return np.maximum.accumulate(np.array(times)), np.array([float(row[1]) for row in rows])
    except (ValueError, IndexError) as problem:
        raise BadCases(f"{name}: {problem}; each row is a time and a value.") from problem


def _indices(times: Floats, limits: Sequence[tuple[datetime, datetime]]) -> Windows:
    """The first index of each limit's time; a time that is not there counts as the next."""
    seconds = [[limit.replace(tzinfo=UTC).timestamp() for limit in pair] for pair in limits]
    places = [(int(np.searchsorted(times, first)), int(np.searchsorted(times, last))) for first, last in seconds]
    return [(first, min(last, len(times) - 1)) for first, last in sorted(places) if first < len(times)]
