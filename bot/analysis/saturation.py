"""Whether something is used up: a level at its limit, what is free running out, memory that only grows."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bot.analysis.anomaly import Floats

Manner = Literal["at its limit", "running out", "growing", "full"]
_AT_LIMIT, _FULL, _LATEST = 0.95, 0.9, 3
_LOW, _FEWEST, _STEEP, _MONOTONE, _GROWN, _RESET = 0.1, 6, 2.0, 0.7, 1.25, 0.4


@dataclass(frozen=True)
class Saturation:
    """Since when, in seconds since 1970, something is used up or will be. ``value`` of ``limit``; no limit: nan.

    ``left`` is in how many seconds nothing is free at the present pace; nan where that is not the question.
    """

    manner: Manner
    at: float
    value: float
    limit: float = float("nan")
    left: float = float("nan")


def at_limit(times: Floats, values: Floats, limit: float) -> Saturation | None:
    """A level whose last values stand at its limit, and since when they do."""
    if limit <= 0 or len(values) < _LATEST:
        return None
    near = values >= _AT_LIMIT * limit
    if not near[-_LATEST:].all():
        return None
    return Saturation("at its limit", _since(times, near), float(values[-1]), limit)


def full(times: Floats, shares: Floats) -> Saturation | None:
    """A share of a whole, 0 to 1 or in percent, whose last values are above nine tenths."""
    if len(shares) < _LATEST:
        return None
    whole = 100.0 if shares.max() > 1.5 else 1.0
    near = shares >= _FULL * whole
    if not np.median(shares[-_LATEST:]) >= _FULL * whole:
        return None
    return Saturation("full", _since(times, near), float(shares[-1]), whole)


def running_out(times: Floats, free: Floats, size: float = float("nan")) -> Saturation | None:
    """What is free and falls to a tenth of what there was, or so fast that within twice the time seen nothing is left.

    The pace is the median of all slopes (P. Sen, "Estimates of the regression coefficient based on Kendall's tau",
    1968), which no single value moves.
    """
    if len(free) < _FEWEST or free[0] <= 0:
        return None
    most = size if np.isfinite(size) and size > 0 else float(np.median(free[: max(_LATEST, len(free) // 10)]))
    now = float(np.median(free[-_LATEST:]))
    start = _fall(free)
    slope = _slope(times[start:], free[start:])
    falls = now < 0.8 * float(np.median(free[: start + 1])) and slope < 0
    left = now / -slope if slope < 0 else float("inf")
    soon = falls and left < _STEEP * float(times[-1] - times[start])
    if not (soon or (falls and now <= _LOW * most)):
        return None
    return Saturation("running out", float(times[start]), now, most, max(left, 0.0))


def growing(times: Floats, used: Floats) -> Saturation | None:
    """Memory that grew without a way back by a quarter at least, until now or until it was reset by a restart."""
    if len(used) < _FEWEST:
        return None
    drops = np.flatnonzero(np.diff(used) < -_RESET * used[:-1]) + 1
    bounds = [0, *drops.tolist(), len(used)]
    pieces = [(a, b) for a, b in pairwise(bounds) if b - a >= _FEWEST]
    if not pieces:
        return None
    first, last = max(pieces, key=lambda one: used[one[1] - 1] - used[one[0]])
    piece = used[first:last]
    start = _rise(piece)
    steps = np.diff(piece[start:])
    moved = steps[steps != 0]
    if len(moved) < _FEWEST or (moved > 0).mean() < _MONOTONE or piece[-1] < _GROWN * piece[start]:
        return None
    return Saturation("growing", float(times[first + start]), float(piece[-1]))


def _since(times: Floats, near: NDArray[np.bool_]) -> float:
    place = len(times) - 1
    while place > 0 and near[place - 1]:
        place -= 1
    return float(times[place])


def _fall(values: Floats) -> int:
    """Where the last long fall begins: the latest place at which the values were about their greatest."""
    most = float(values.max())
    return int(np.flatnonzero(values >= most - 0.05 * (most - float(values[-1])) - 1e-12)[-1])


def _rise(values: Floats) -> int:
    low, last = float(values.min()), float(values[-1])
    return int(np.flatnonzero(values <= low + 0.05 * (last - low) + 1e-12)[-1]) if last > low else len(values) - 1


def _slope(times: Floats, values: Floats) -> float:
    """The median slope of pairs half the series apart, per second; 0 of fewer than two values."""
    half = max(len(values) // 2, 1)
    if len(values) < 2:
        return 0.0
    return float(np.median((values[half:] - values[:-half]) / np.maximum(times[half:] - times[:-half], 1e-9)))
