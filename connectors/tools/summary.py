"""What a series of values says: its ends and extremes, where it broke, where it is silent; pure functions."""

import datetime as dt
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from connectors.tools.port import Series

_LEAST_POINTS, _LEAST_SIDE = 8, 3
_SHIFT = 0.1


@dataclass(frozen=True)
class Break:
    """Where the mean changed, in seconds since 1970, from what to what; ``strength`` compares it with the noise.

    ``began`` is where the values left their first level for good: earlier than ``at`` when they crept.
    """

    at: float
    began: float
    before: float
    after: float
    strength: float


def find_break(points: Sequence[tuple[float, float]]) -> Break | None:
    """The one moment that splits a series best into two means; None when noise explains it as well.

    Least squares over all single change points, with a penalty of 3 log(n) noise variances against finding one in
    noise (C. Truong, L. Oudre, N. Vayatis, "Selective review of offline change point detection methods", 2020,
    sections 4.1 and 5.1). The noise is the median absolute difference of neighbours, which a step does not widen.
    """
    size = len(points)
    if size < _LEAST_POINTS:
        return None
    values = [value for _, value in points]
    mean, scale = statistics.fmean(values), max(map(abs, values))
    sums = list(accumulate(value - mean for value in values))
    gains = {k: sums[k - 1] ** 2 * size / (k * (size - k)) for k in range(_LEAST_SIDE, size - _LEAST_SIDE + 1)}
    best = max(gains, key=gains.__getitem__)
    noise = statistics.median(abs(b - a) for a, b in pairwise(values)) / 0.954
    noise = max(noise, 1e-6 * scale)
    before, after = statistics.fmean(values[:best]), statistics.fmean(values[best:])
    moved = abs(after - before) > _SHIFT * max(abs(before), abs(after))
    if not moved or scale == 0 or gains[best] < 3 * math.log(size) * noise**2:
        return None
    began = _began(points, best, _SHIFT * abs(after - before))
    return Break(points[best][0], began, before, after, math.sqrt(gains[best]) / noise)


def _began(points: Sequence[tuple[float, float]], broke: int, width: float) -> float:
    """The first moment from which on, until the break, all values are outside the first level and its noise."""
    early = [value for _, value in points[: max(2, broke // 3)]]
    first, noise = statistics.median(early), statistics.median(abs(b - a) for a, b in pairwise(early))
    began = broke
    while began > 0 and abs(points[began - 1][1] - first) > max(width, 5 * noise):
        began -= 1
    return points[began][0]


def gaps(points: Sequence[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    """The spans between neighbours that are further apart than one and a half steps."""
    return [(a, b) for (a, _), (b, _) in pairwise(points) if b - a > 1.5 * step]


def summarised(series: Series, step: float) -> str:
    """One or two lines on a series whose points should be ``step`` seconds apart."""
    if not series.points:
        return f"{series.name}: no values"
    values = [value for _, value in series.points]
    low, high = min(series.points, key=lambda p: p[1]), max(series.points, key=lambda p: p[1])
    long = series.points[-1][0] - series.points[0][0] >= 86400
    facts = [
        f"last {number(values[-1])} at {clock(series.points[-1][0], day=long)}",
        f"min {number(low[1])} at {clock(low[0], day=long)}",
        f"max {number(high[1])} at {clock(high[0], day=long)}",
        f"mean {number(statistics.fmean(values))}",
        f"{len(values)} points",
    ]
    if low[1] == high[1]:
        facts = [f"constant {number(low[1])}", f"{len(values)} points"]
    lines = [f"{series.name}: {', '.join(facts)}"]
    if broke := find_break(series.points):
        said = f"{number(broke.before)} before, {number(broke.after)} after"
        crept = f" (beginning at {clock(broke.began, day=long)})" if broke.began < broke.at else ""
        lines.append(f"  changed at {clock(broke.at, day=long)}{crept}: mean {said}")
    silent = gaps(series.points, step)
    if silent:
        spans = ", ".join(f"{clock(a, day=long)} to {clock(b, day=long)}" for a, b in silent[:3])
        lines.append(f"  no values: {spans}{f' and {len(silent) - 3} more' if len(silent) > 3 else ''}")
    return "\n".join(lines)


def most_telling(series: Iterable[Series]) -> list[Series]:
    """The series, those that broke most clearly first, then by their greatest value."""
    known = list(series)
    strength = {id(one): broke.strength if (broke := find_break(one.points)) else 0.0 for one in known}
    return sorted(
        known, key=lambda one: (-strength[id(one)], -max((v for _, v in one.points), default=-math.inf), one.name)
    )


def labelled(labels: Mapping[str, str]) -> str:
    """Labels the way PromQL and LogQL write them."""
    name = labels.get("__name__", "")
    rest = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{name}{{{rest}}}" if rest or not name else name


def number(value: float) -> str:
    """A number for reading: four significant digits, whole numbers whole."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"


def clock(at: float, *, day: bool = True) -> str:
    """A moment in UTC, to the second where there are seconds."""
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return moment.strftime(("%Y-%m-%d " if day else "") + ("%H:%M" if moment.second == 0 else "%H:%M:%S"))


def iso(at: float) -> str:
    """A moment in UTC as APIs take it, ISO 8601 to the second."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
