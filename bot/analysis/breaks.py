"""What happened to a series, looking back: changes of level and spread, trends, spikes, silence; each with how sure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bot.analysis.anomaly import DAY, Floats, check

_FEWEST, _SHORTEST, _MOST_POINTS = 8, 3, 1000
_PHASES, _SEASONS, _SEASONAL = 96, 2.5, 0.7
_PENALTY, _LEAST_SHIFT, _LEAST_SPREAD = 3.0, 0.1, 2.0
_LOG_VARIANCE = np.pi**2 / 8  # of the logarithm of the absolute value of what is normally distributed
_SPIKE, _GAP, _LOCAL, _STEP = 6.0, 3.0, 30, 0.1


@dataclass(frozen=True)
class Break:
    """One thing that happened, from ``at`` until ``until``, in seconds; without an end it lasts to the end.

    ``before`` and ``after`` are the levels: of a trend the first and the last, of a spike the usual and the extreme; of
    a change of spread they are standard deviations, and after silence comes nan.
    ``certainty`` is the probability that it is no noise: one half where both explain it as well.
    """

    kind: Literal["level", "trend", "spike", "spread", "silence"]
    at: float
    until: float | None
    before: float
    after: float
    certainty: float


def find_breaks(times: Floats, values: Floats, now: float | None = None, season: float = DAY) -> tuple[Break, ...]:
    """What happened, in the order of time; shapes (n,) and (n,), times in seconds and in order, any unit of values.

    With ``now`` a series that ended before is silent since. A pattern that repeats every ``season`` seconds is taken
    out first. Levels are those of the exact partition under a penalty for each (R. Killick, P. Fearnhead, I. Eckley,
    "Optimal detection of changepoints with a linear computational cost", 2012) that grows with the noise's variance
    and autocorrelation; certainties are from differences of BIC (R. Kass, A. Raftery, "Bayes factors", 1995). Raises
    ValueError when lengths differ, times go back, or a value is not finite.
    """
    check(times, values)
    found = list(_silences(times, values, now))
    if len(values) >= _FEWEST:
        plain = values - _pattern(times, values, season)
        bounds, noise = _levels(plain)
        levels = _level_breaks(times, plain, bounds, noise)
        around = np.concatenate([np.full(b - a, np.median(plain[a:b])) for a, b in pairwise(bounds)])
        found += [
            *levels,
            *_spikes(times, plain, around),
            *_spread_breaks(times, plain - around, times[bounds[1:-1]].tolist()),
        ]
    return tuple(sorted(found, key=lambda one: one.at))


@dataclass(frozen=True)
class _Noise:
    """The standard deviation of single values, and the variance that means are to be judged by, times their number."""

    deviation: float
    long_run: float


def _noise_of(values: Floats) -> _Noise:
    """From differences of neighbours and of second neighbours: a change of level hardly touches them."""
    one, two = (_squared_difference(values, lag) for lag in (1, 2))
    alike = min(max(two / one - 1, 0.0), 0.9) if one > 0 else 0.0
    least = (1e-3 * float(np.abs(values).max())) ** 2 + np.finfo(float).tiny
    variance = max(one / (2 * (1 - alike)), least)
    return _Noise(float(np.sqrt(variance)), variance * (1 + alike) / (1 - alike))


def _squared_difference(values: Floats, lag: int) -> float:
    """The usual square of a difference; by the median, and where most are equal by the mean without the greatest."""
    differences = np.sort(np.abs(values[lag:] - values[:-lag]))
    most = differences[: max(len(differences) * 49 // 50 - 2, 1)]
    return max(float(np.median(differences) / 0.6745) ** 2, float(np.mean(most**2)))


def _pattern(times: Floats, values: Floats, season: float) -> Floats:
    """The median of each phase of a season less the median of all; zeros where that explains little."""
    nothing = np.zeros(len(values))
    if times[-1] - times[0] < _SEASONS * season:
        return nothing
    phases = ((times % season) / season * _PHASES).astype(int)
    order = np.argsort(phases, kind="stable")
    starts = np.flatnonzero(np.diff(phases[order], prepend=-1))
    pattern = nothing.copy()
    for some in np.split(order, starts[1:]):
        if len(some) < _SEASONS:
            return nothing
        pattern[some] = np.median(values[some])
    pattern -= np.median(values)
    left, all_of_it = (np.median(np.abs(one - np.median(one))) for one in (values - pattern, values))
    return pattern if left < _SEASONAL * all_of_it else nothing


def _levels(values: Floats) -> tuple[list[int], _Noise]:
    """The bounds of stretches of one level, 0 and n among them."""
    noise = _noise_of(values)
    middle = np.median(sliding_window_view(np.pad(values, 3, mode="edge"), 7), axis=1)
    calm = np.clip(values, middle - 4 * noise.deviation, middle + 4 * noise.deviation)
    return _partition(calm, noise.long_run), noise


def _partition(values: Floats, variance: float) -> list[int]:
    """The bounds that cost least: squared distances from each stretch's mean, and a penalty for every stretch."""
    together = -(-len(values) // _MOST_POINTS)
    count = len(values) // together
    coarse = values[: count * together].reshape(count, together).mean(axis=1)
    sums, squares = (np.concatenate([[0.0], np.cumsum(some)]) for some in (coarse, coarse**2))
    penalty = _PENALTY * np.log(len(values)) * variance / together
    costs, before = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=int)
    costs[0] = -penalty
    starts = np.array([0])
    for end in range(_SHORTEST, count + 1):
        lengths = end - starts
        inside = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / lengths
        total = costs[starts] + inside + penalty
        best = int(np.argmin(total))
        costs[end], before[end] = total[best], starts[best]
        # What is dearer already without a further penalty never becomes the best again.
        starts = np.append(starts[costs[starts] + inside <= costs[end]], end - _SHORTEST + 1)
    bounds = [count]
    while bounds[-1] > 0:
        bounds.append(int(before[bounds[-1]]))
    inner = [_sharpened(values, place * together, together) for place in bounds[-2:0:-1]]
    return sorted({0, *inner, len(values)})


def _sharpened(values: Floats, place: int, together: int) -> int:
    """The exact place of a break that is known to ``together`` values: the best split of what is around it."""
    if together == 1:
        return place
    first, last = max(0, place - 3 * together), min(len(values), place + 3 * together)
    near = values[first:last] - values[first:last].mean()
    sizes = np.arange(1, len(near))
    return first + 1 + int(np.argmax(np.cumsum(near)[:-1] ** 2 / (sizes * (len(near) - sizes))))


def _level_breaks(times: Floats, values: Floats, bounds: Sequence[int], noise: _Noise) -> list[Break]:
    breaks: list[Break] = []
    for stretch in _sure(values, bounds, noise):
        first, middle, last = stretch
        before, after = float(np.median(values[first:middle])), float(np.median(values[middle:last]))
        until = float(times[last]) if last < len(times) else None
        one = Break("level", float(times[middle]), until, before, after, _level_certainty(values, stretch, noise))
        onward = breaks and (breaks[-1].after > breaks[-1].before) == (after > before)
        if onward and middle - first <= _STEP * len(values):
            # What goes up in steps goes up.
            breaks[-1] = replace(breaks[-1], kind="trend", until=until, after=after)
        else:
            breaks.append(one)
    return [one for one in breaks if abs(one.after - one.before) > _LEAST_SHIFT * max(abs(one.before), abs(one.after))]


def _sure(values: Floats, bounds: Sequence[int], noise: _Noise) -> list[tuple[int, int, int]]:
    """Neighbouring stretches, without the bounds that the noise near them explains as well, the least sure first."""
    kept = list(bounds)
    while True:
        stretches = [(first, middle, last) for (first, middle), (_, last) in pairwise(pairwise(kept))]
        doubtful = min(stretches, key=lambda one: _level_certainty(values, one, noise), default=None)
        if doubtful is None or _level_certainty(values, doubtful, noise) >= 0.5:
            return stretches
        kept.remove(doubtful[1])


def _level_certainty(values: Floats, stretches: tuple[int, int, int], noise: _Noise) -> float:
    middle = stretches[1]
    near = _noise_of(values[max(0, middle - _LOCAL) : middle + _LOCAL])
    return _certainty(_apart(values, stretches) / max(noise.long_run, near.long_run), len(values))


def _apart(values: Floats, bounds: tuple[int, int, int]) -> float:
    """The squared distance of the means of two stretches, by the number of values that tell them apart."""
    first, middle, last = bounds
    difference = values[middle:last].mean() - values[first:middle].mean()
    return float(difference**2 * (middle - first) * (last - middle) / (last - first))


def _spikes(times: Floats, values: Floats, around: Floats) -> Iterator[Break]:
    """Stretches of a few values that are far from their level."""
    distance = values - around
    bulk, tail = 1.4826 * np.median(np.abs(distance)), np.quantile(np.abs(distance), 0.95) / 2
    deviation = max(bulk, tail, 1e-3 * float(np.abs(values).max()), np.finfo(float).tiny)
    far = np.flatnonzero(np.abs(distance) > _SPIKE * deviation)
    for run in np.split(far, np.flatnonzero(np.diff(far) > 1) + 1) if len(far) else ():
        peak = run[int(np.argmax(np.abs(distance[run])))]
        until = float(times[run[-1] + 1]) if run[-1] + 1 < len(times) else None
        certainty = _certainty(float(distance[peak] / deviation) ** 2, len(values))
        yield Break("spike", float(times[run[0]]), until, float(around[peak]), float(values[peak]), certainty)


def _spread_breaks(times: Floats, rest: Floats, shifts: Sequence[float]) -> Iterator[Break]:
    """Where what is left about the levels grew or shrank at least twofold, but for where the level changed."""
    size = np.median(np.abs(rest))
    if size == 0:
        return
    logarithms = np.log(np.abs(rest) + 0.01 * size)
    variance = max(_LOG_VARIANCE, _noise_of(logarithms).long_run)
    bounds = _partition(logarithms, variance)
    for (first, middle), (_, last) in pairwise(pairwise(bounds)):
        before, after = float(np.std(rest[first:middle])), float(np.std(rest[middle:last]))
        least, most = sorted((before, after))
        # About a change of level there is some spread by itself.
        around = times[max(middle - _SHORTEST, 0)], times[min(middle + _SHORTEST, len(times) - 1)]
        certainty = _certainty(_apart(logarithms, (first, middle, last)) / variance, len(rest))
        if most > _LEAST_SPREAD * least and certainty >= 0.5 and not any(around[0] <= at <= around[1] for at in shifts):
            until = float(times[last]) if last < len(times) else None
            yield Break("spread", float(times[middle]), until, before, after, certainty)


def _silences(times: Floats, values: Floats, now: float | None) -> Iterator[Break]:
    """Gaps of more than three usual steps; the longer they are among the series' own, the surer."""
    if len(times) < _FEWEST:
        return
    steps = np.diff(times)
    usual = float(np.median(steps))
    ends = [*zip(times[:-1], times[1:], values[:-1], strict=True)]
    ends += [(times[-1], None, values[-1])] if now is not None else []
    for last, following, value in ends:
        long = float((following if following is not None else now) - last)
        if long > _GAP * usual > 0:
            rarer = float((steps >= long).sum() - (following is not None)) / len(steps)
            until = None if following is None else float(following)
            yield Break("silence", float(last + usual), until, float(value), np.nan, 1 - rarer)


def _certainty(squared: float, count: int) -> float:
    """Against chance, of a squared distance in standard deviations that was sought among so many places."""
    return float(1 / (1 + np.exp(np.clip((_PENALTY * np.log(count) - squared) / 2, -500, 500))))
