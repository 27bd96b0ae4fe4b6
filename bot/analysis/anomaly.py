"""Anomalies in one series as its values arrive: seven views of it, each held against what is usual for that view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

DAY = 86400.0
ALARM = 3.5
"""The onset from which on an alarm is worth its noise: of the thresholds that do about as well on NAB, the middle."""

_WARM_UP, _MEMORY, _MOST = 50, 2000, 15.0
_LEVEL, _SEASON_LEVEL = 36, 24
_AROUND, _SEASONS_AGO = 3, (1, 2, 3, 7)
_SHAPE, _NEIGHBOURS, _SHAPE_MEMORY, _BLOCK = 36, 3, 3000, 100
# One in a hundred more or less spread, or distance, is nothing; and where there is none at all, it is rounding.
_RELATIVE = 0.01
_FIRST_SHAPE = 2 * _SHAPE + _WARM_UP
_SHARE, _LONGEST = 0.1, 400


@dataclass(frozen=True)
class Deviations:
    """How unusual each value was when it came; all arrays are as long as the series.

    ``deviation`` is the mean of ``views`` in standard deviations of each view, 0 to 15. ``onset`` is the same where
    something new begins, a deviation greater than any for a while, and 0 elsewhere: the one to alert on. ``lasting`` is
    its mean over three dozen values: how unusual the time is, not the value.
    """

    deviation: Floats
    onset: Floats
    lasting: Floats
    views: Mapping[str, Floats]


def deviations(times: Floats, values: Floats, season: float = DAY) -> Deviations:
    """Score a series, shapes (n,) and (n,), times in seconds and in order, ``season`` in seconds; any unit of values.

    What is said of a value depends on it and on earlier ones only, so scoring a prefix gives the prefix of the scores;
    the first 50 score 0. Raises ValueError when lengths differ, times go back, or a value is not finite.

    An ensemble by averaging (C. Aggarwal, S. Sathe, "Theoretical foundations and algorithms for outlier ensembles",
    2015) of prediction errors over their own recent distribution (S. Ahmad et al., "Unsupervised real-time anomaly
    detection for streaming data", 2017): the value, its step, its distance from the same time of earlier
    days, at once and over two dozen values, its level and its spread over three dozen, and the novelty of its shape.
    """
    check(times, values)
    if len(values) <= _WARM_UP:
        nothing = np.zeros(len(values))
        return Deviations(nothing, nothing, nothing, {})
    shifted = values - values[0]
    unseasonal = shifted - _expected(times, shifted, season)
    views = {
        "value": _unusual(shifted),
        "step": _unusual(np.diff(shifted, prepend=shifted[0])),
        "season": _unusual(unseasonal),
        "season's level": _unusual(_mean(unseasonal, _SEASON_LEVEL)),
        "level": _unusual(_mean(shifted, _LEVEL)),
        "spread": _unusual(_spread(shifted), first=_LEVEL, least=_RELATIVE),
        "shape": _unusual(_novelty(shifted), first=_FIRST_SHAPE, least=_RELATIVE, rising=True),
    }
    deviation = np.mean(list(views.values()), axis=0)
    return Deviations(deviation, _onset(deviation), _mean(deviation, _LEVEL), views)


def check(times: Floats, values: Floats) -> None:
    """Raises ValueError when lengths differ, times go back, or a value is not finite."""
    if times.shape != values.shape or times.ndim != 1:
        raise ValueError(f"times and values must be of one length: {times.shape} and {values.shape}")
    if not (np.isfinite(values).all() and np.isfinite(times).all()):
        raise ValueError("times and values must be finite; leave out what is missing")
    if (np.diff(times) < 0).any():
        raise ValueError("times must be in order")


def _unusual(signal: Floats, *, first: int = 0, least: float = 0.0, rising: bool = False) -> Floats:
    """The distance of each value from the mean of those before it, in their standard deviations, at most 15.

    What comes before ``first`` is not known, and scores 0; so does what is lower, when only what is ``rising`` counts.
    ``least`` is the standard deviation below which differences are none.
    """
    unknown, signal = np.zeros(min(first, len(signal))), signal[first:]
    count = len(signal)
    here = np.arange(count)
    since = np.maximum(0, here - _MEMORY)
    seen = np.maximum(here - since, 1)
    sums, squares = (np.concatenate([[0.0], np.cumsum(powers)]) for powers in (signal, signal * signal))
    mean = (sums[here] - sums[since]) / seen
    variance = np.maximum((squares[here] - squares[since]) / seen - mean * mean, 0)
    # Differences of sums are no more exact than this.
    rounding = 1e-7 * np.maximum.accumulate(np.abs(signal)) + np.finfo(float).tiny
    score = (signal - mean) / np.maximum(np.sqrt(variance), np.maximum(rounding, least))
    score[:_WARM_UP] = 0
    return np.concatenate([unknown, np.clip(score if rising else np.abs(score), 0, _MOST)])


def _mean(signal: Floats, width: int) -> Floats:
    """The mean of each value and those before it, up to ``width`` together."""
    sums = np.concatenate([[0.0], np.cumsum(signal)])
    upto = np.arange(len(signal)) + 1
    since = np.maximum(0, upto - width)
    mean: Floats = (sums[upto] - sums[since]) / (upto - since)
    return mean


def _spread(signal: Floats) -> Floats:
    """The logarithm of the standard deviation over three dozen values; a flat line is low, noise is high."""
    variance = np.maximum(_mean(signal * signal, _LEVEL) - _mean(signal, _LEVEL) ** 2, 0)
    least = 1e-3 * np.maximum.accumulate(np.abs(signal)) + np.finfo(float).tiny
    logarithm: Floats = np.log(np.sqrt(variance) + least)
    return logarithm


def _expected(times: Floats, signal: Floats, season: float) -> Floats:
    """The median of the means around the same time one, two, three and seven seasons ago; at first the level so far."""
    # Of the first values only, so that later ones do not change what was said.
    interval = max(float(np.median(np.diff(times[:_WARM_UP]))), 1e-9)
    sums = np.concatenate([[0.0], np.cumsum(signal)])
    here = np.arange(len(signal))
    earlier = []
    for ago in _SEASONS_AGO:
        middle, around = times - ago * season, (_AROUND + 0.5) * interval
        first = np.searchsorted(times, middle - around)
        last = np.minimum(np.searchsorted(times, middle + around), here)
        there = (last > first) & (season > 2 * around)
        earlier.append(np.where(there, (sums[last] - sums[first]) / np.maximum(last - first, 1), np.nan))
    level = np.concatenate([signal[:1], _mean(signal, max(2 * _SEASON_LEVEL, round(season / interval)))[:-1]])
    seasons = np.sort(np.array(earlier), axis=0)  # what is not a number comes last
    known = len(seasons) - np.isnan(seasons).sum(axis=0)
    median = (seasons[np.maximum(known - 1, 0) // 2, here] + seasons[known // 2, here]) / 2
    return np.where(known > 0, median, level)


def _novelty(signal: Floats) -> Floats:
    """The logarithm of the distance of the last three dozen values from the most similar stretches before them.

    The mean distance to the nearest neighbours, in units of the greatest value so far (E. Burnaev, V. Ishimtsev,
    "Conformalized density- and distance-based anomaly detection in time-series data", 2016).
    """
    stretches = sliding_window_view(np.concatenate([np.full(_SHAPE - 1, signal[0]), signal]), _SHAPE)
    lengths = (stretches * stretches).sum(axis=1)
    distance = np.zeros(len(signal))
    for first in range(_FIRST_SHAPE, len(signal), _BLOCK):
        some = slice(first, min(first + _BLOCK, len(signal)))
        # What overlaps with the block itself would always be near.
        known = slice(max(0, first - _SHAPE_MEMORY), first - _SHAPE)
        squares = lengths[some, None] + lengths[None, known] - 2 * stretches[some] @ stretches[known].T
        nearest = np.partition(squares, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS].mean(axis=1)
        distance[some] = np.sqrt(np.where(nearest > 1e-12 * lengths[some], nearest, 0))
    greatest = np.maximum.accumulate(np.abs(signal)) + np.finfo(float).tiny
    logarithm: Floats = np.log(distance / greatest + 1e-3)
    return logarithm


def _onset(deviation: Floats) -> Floats:
    """The deviations that exceed all of the last tenth of the series so far, of 400 values at most; else 0."""
    here = np.arange(len(deviation))
    width = np.clip((_SHARE * here).astype(int), 1, _LONGEST)
    greatest = [deviation]
    while 2 ** len(greatest) <= _LONGEST:
        half = 2 ** (len(greatest) - 1)
        wider = greatest[-1].copy()
        wider[half:] = np.maximum(wider[half:], greatest[-1][:-half])
        greatest.append(wider)
    # Two spans of a power of two cover any span: a sparse table.
    power = np.log2(width).astype(int)
    table, last = np.array(greatest), np.maximum(here - 1, 0)
    earlier = np.maximum(table[power, last], table[power, np.maximum(here - 1 - width + 2**power, 0)])
    # What repeats itself exactly is not greater by its rounding.
    return np.where((deviation > 1.001 * earlier) | (here == 0), deviation, 0.0)
