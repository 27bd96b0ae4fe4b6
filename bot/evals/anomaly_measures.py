"""How good anomaly scores are against labelled windows: the NAB score and the volume under the PR surface."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.analysis.anomaly import Floats

Windows: TypeAlias = Sequence[tuple[int, int]]
Places: TypeAlias = NDArray[np.intp]

_FALSE_POSITIVE = 0.11
_PROBATION, _LONGEST_PROBATION = 0.15, 750
_THRESHOLDS = 250
_LEAST_PERIOD, _MOST_PERIOD, _USUAL_PERIOD = 6, 300, 125


@dataclass(frozen=True)
class Scored:
    """The scores of a series, shape (n,), and its windows of anomalies as first and last index."""

    scores: Floats
    windows: Windows


@dataclass(frozen=True)
class NabScore:
    """The score that the best threshold reaches and that threshold; infinite where no alarm at all is best."""

    score: float
    threshold: float


def best_nab_score(series: Sequence[Scored]) -> NabScore:
    """The score of the one threshold that is best for all series together, as NAB chooses it; 0 without windows."""
    windows = sum(len(one.windows) for one in series)
    gained, weighed = [np.empty(0)], [np.empty(0)]
    for one in series:
        scores, gains = _gains(one)
        gained.append(gains)
        weighed.append(scores)
    scores, gains = np.concatenate(weighed), np.concatenate(gained)
    order = np.argsort(-scores, kind="stable")
    totals = np.cumsum(gains[order])
    # A threshold takes all values that are equal to it.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if len(order) else np.empty(0, dtype=int)
    if not windows or not len(ends) or totals[ends].max() <= 0:
        return NabScore(0.0, np.inf)
    best = ends[int(np.argmax(totals[ends]))]
    return NabScore(float(100 * totals[best] / (2 * windows)), float(scores[order][best]))


def nab_score(series: Sequence[Scored], threshold: float) -> float:
    """The NAB score, standard profile: 100 for every anomaly alarmed at once and nothing else, 0 for no alarm at all.

    A. Lavin, S. Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta anomaly benchmark", 2015. The
    first 15 % of a series, 750 values at most, do not count. 0 without windows.
    """
    windows = sum(len(one.windows) for one in series)
    gained = 0.0
    for one in series:
        scores, gains = _gains(one)
        gained += float(gains[scores >= threshold].sum())
    return 100 * gained / (2 * windows) if windows else 0.0


def false_alarms(one: Scored, threshold: float) -> int:
    """How many values of a series reach the threshold outside of its windows and after the probation."""
    weights, windows = _weights(len(one.scores), one.windows)
    counted = (np.arange(len(weights)) >= _probation(len(weights))) & (windows < 0)
    return int((counted & (one.scores >= threshold)).sum())


def _gains(one: Scored) -> tuple[Floats, Floats]:
    """Scores after the probation, and what each adds over no alarm when all that are greater have alarmed already."""
    weights, windows = _weights(len(one.scores), one.windows)
    gains = np.where(windows < 0, weights, 0.0)
    start = _probation(len(weights))
    for number in range(len(one.windows)):
        inside = np.flatnonzero((windows == number) & (np.arange(len(weights)) >= start))
        order = inside[np.argsort(-one.scores[inside], kind="stable")]
        # A missed window costs 1; of several alarms in one the earliest, the best, counts.
        reached = np.maximum.accumulate(np.concatenate([[-1.0], weights[order]]))
        gains[order] = np.diff(reached)
    return one.scores[start:], gains[start:]


def _probation(length: int) -> int:
    return min(int(_PROBATION * length), _LONGEST_PROBATION)


def _weights(length: int, windows: Windows) -> tuple[Floats, Places]:
    """What an alarm at each value is worth, and the number of the window it is in; -1 for none."""
    weights, inside = np.full(length, -_FALSE_POSITIVE), np.full(length, -1, dtype=np.intp)
    here = np.arange(length)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        following = windows[number + 1][0] if number + 1 < len(windows) else length
        after = slice(last + 1, following)
        weights[after] = _FALSE_POSITIVE * _sigmoid((here[after] - last) / max(width - 1, 1))
        within = slice(first, last + 1)
        weights[within] = _sigmoid((here[within] - last - 1) / width) / _sigmoid(np.array(-1.0))
        inside[within] = number
    return weights, inside


def _sigmoid(position: Floats) -> Floats:
    """1 long before the end of a window, 0 at its end, -1 three widths behind it."""
    return np.where(position >= 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, 3))) - 1)


def vus_pr(one: Scored, buffer: int) -> float:
    """The volume under the surface of precision and recall over thresholds and tolerances from 0 to ``buffer`` values.

    J. Paparrizos et al., "Volume under the surface: a new accuracy evaluation measure for time-series anomaly
    detection", 2022, over 250 thresholds. 1 is perfect. Raises ValueError without windows.
    """
    if not one.windows:
        raise ValueError("a series without anomalies has no precision and recall")
    order = np.argsort(-one.scores, kind="stable")
    falling = one.scores[order]
    chosen = falling[np.linspace(0, len(falling) - 1, _THRESHOLDS).astype(int)]
    alarms = np.searchsorted(-falling, -chosen, side="right")
    areas = [_area(one, order, alarms, chosen, tolerance) for tolerance in range(buffer + 1)]
    return float(np.mean(areas))


def _area(one: Scored, order: Places, alarms: Places, thresholds: Floats, tolerance: int) -> float:
    labels, inside = _soft_labels(len(order), one.windows, tolerance)
    hits = np.concatenate([[0.0], np.cumsum(labels[order])])[alarms]
    in_buffers = np.concatenate([[0.0], np.cumsum(np.where(inside, 0.0, labels)[order])])[alarms]
    highest = np.array(
        [one.scores[first : last + 1].max() for first, last in _merged(one.windows, len(order), tolerance)]
    )
    found = (highest[None, :] >= thresholds[:, None]).mean(axis=1)
    positives = inside.sum() + in_buffers / 2
    recall = np.minimum(hits / positives, 1) * found
    return float(np.sum(np.diff(recall, prepend=0.0) * (hits / alarms)))


def _soft_labels(length: int, windows: Windows, tolerance: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Labels that fall off within half the tolerance on both sides of each window, and what is inside of one."""
    labels, inside = np.zeros(length), np.zeros(length, dtype=bool)
    for first, last in windows:
        labels[first : last + 1] = 1
        inside[first : last + 1] = True
        near = np.arange(1, tolerance // 2 + 1)
        slope = np.sqrt(1 - near / max(tolerance, 1))
        for places in (first - near, last + near):
            there = (places >= 0) & (places < length)
            labels[places[there]] += slope[there]
    return np.minimum(labels, 1), inside


def _merged(windows: Windows, length: int, tolerance: int) -> list[tuple[int, int]]:
    """The windows with half the tolerance on both sides, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(windows):
        wide = max(first - tolerance // 2, 0), min(last + tolerance // 2, length - 1)
        if merged and wide[0] <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(wide[1], merged[-1][1])
        else:
            merged.append(wide)
    return merged


def period(values: Floats) -> int:
    """The lag of the highest peak of the autocorrelation, 6 to 300 values; 125 without one, as is usual."""
    centred = values[:20000] - values[:20000].mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[3 : min(401, len(centred))]
    peaks = np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] > correlation[2:])) + 1
    if not len(peaks):
        return _USUAL_PERIOD
    lag = int(peaks[np.argmax(correlation[peaks])]) + 3
    return lag if _LEAST_PERIOD <= lag <= _MOST_PERIOD + 3 else _USUAL_PERIOD
