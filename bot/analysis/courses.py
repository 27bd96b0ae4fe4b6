"""What one series did around a trouble: it moved and stays, moved and is back, fell silent, or is steady."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bot.analysis.anomaly import Floats
from bot.analysis.breaks import Break, find_breaks

Shape = Literal["steady", "rose", "fell", "spike", "silent"]
_SURE, _SURE_SPIKE = 0.8, 0.95
_EARLIER, _BACK, _LEFT, _FEWEST, _LATEST = 1800.0, 0.3, 0.15, 8, 3
_SHORT, _FAR, _TWICE, _ONE_WAY, _GROWN, _FURTHER, _STILL, _AS_GREAT = 60, 6.0, 1.5, 0.7, 1.25, 1.3, 0.2, 0.6


@dataclass(frozen=True)
class Course:
    """The greatest move of a series: from ``before`` to ``after``, the level or, where it came back, the extreme.

    ``at`` is when it began, ``over`` when it was back; both in seconds since 1970. ``slow``: it crept. ``low``,
    ``high`` and ``last`` are of all values.
    """

    shape: Shape
    at: float
    before: float
    after: float
    certainty: float
    over: float | None = None
    slow: bool = False
    low: float = 0.0
    high: float = 0.0
    last: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times the greater of both levels is the smaller; 1 is no move, at most a million."""
        small, great = sorted((abs(self.before), abs(self.after)))
        return 1.0 if great == 0 else min(great / max(small, great * 1e-6), 1e6)


def course_of(points: Sequence[tuple[float, float]], began: float, now: float) -> Course | None:
    """What a series did, the move about when the trouble ``began`` before others; None when too little is known."""
    times, values = thinned(points)
    if len(values) < _FEWEST:
        return None
    found = find_breaks(times, values, now=now)
    course = _silent(found) or _further(_moved(times, values, found, began), times, values) or _spiked(found)
    low, high, last = float(values.min()), float(values.max()), float(np.median(values[-_LATEST:]))
    if course is None:
        usual = float(np.median(values))
        course = Course("steady", float(times[0]), usual, usual, 1.0)
    return replace(course, low=low, high=high, last=last)


def without_ramp(
    points: Sequence[tuple[float, float]], asked_from: float, window: float
) -> Sequence[tuple[float, float]]:
    """A rate over so many seconds, without its beginning where its counter began after what was asked for.

    Until a whole window has passed it counts a part of one, and rises with every value although nothing does.
    """
    if not points or points[0][0] - asked_from <= window:
        return points
    return [one for one in points if one[0] >= points[0][0] + window]


def thinned(points: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    """Times and values as often as they were measured: a series that is asked for more finely stands still between."""
    kept = [one for one in points if np.isfinite(one[1])]
    times, values = (np.array(some, dtype=np.float64) for some in (zip(*kept, strict=True) if kept else ((), ())))
    moves = np.flatnonzero(np.diff(values)) if len(values) > 1 else np.array([])
    if len(moves) < _FEWEST:
        return times, values
    stride = int(np.median(np.diff(moves)))
    # The last values of each stretch that stands still, so that the newest is among them.
    return (times[::-stride][::-1], values[::-stride][::-1]) if stride > 1 else (times, values)


def _silent(found: Sequence[Break]) -> Course | None:
    last = next((one for one in found if one.kind == "silence" and one.until is None), None)
    if last is None or last.certainty < _SURE:
        return None
    return Course("silent", last.at, last.before, last.before, last.certainty)


def _moved(times: Floats, values: Floats, found: Sequence[Break], began: float) -> Course | None:
    levels = [one for one in found if one.kind in ("level", "trend") and one.certainty >= _SURE]
    if not levels:
        return None
    about = [one for one in levels if one.at >= began - _EARLIER] or levels
    # Of a move and its way back, which are as great, the move.
    most = max(abs(one.after - one.before) for one in about)
    main = next(one for one in about if abs(one.after - one.before) >= _AS_GREAT * most)
    rising = main.after > main.before
    first = _first_of(levels, levels.index(main), rising=rising)
    later = levels[levels.index(main) + 1 :]
    usual, extreme = first.before, main.after
    for one in later:
        extreme = one.after if (one.after > extreme) == rising else extreme
    last = levels[-1].after
    back = bool(later) and abs(last - usual) <= _BACK * abs(extreme - usual)
    at = _left(times, values, first.at, usual, _LEFT * abs(main.after - usual))
    newest = float(np.median(values[-_LATEST:]))
    goes_on = not back and (newest - last if rising else last - newest) > _STILL * abs(last - usual)
    last = newest if goes_on else last
    slow = main.kind == "trend" or main is not first or goes_on
    shape: Shape = "rose" if rising else "fell"
    over = _over(levels, usual, extreme) if back else None
    return Course(shape, at, usual, extreme if back else last, main.certainty, over, slow=slow)


def _further(moved: Course | None, times: Floats, values: Floats) -> Course | None:
    """A move that a partition into levels misses, as one that began before there were three values, or never stops."""
    if moved is not None and moved.over is not None:
        return moved
    other = _from_the_start(times, values) or (None if moved else _trend(times, values))
    if moved is None or other is None:
        return moved or other
    return other if abs(other.after - other.before) > _FURTHER * abs(moved.after - moved.before) else moved


def _from_the_start(times: Floats, values: Floats) -> Course | None:
    """A short series whose first value is far off the level that its second half keeps."""
    if len(values) > _SHORT:
        return None
    tail, first = values[len(values) // 2 :], float(values[0])
    level = float(np.median(tail))
    noise = max(1.4826 * float(np.median(np.abs(tail - level))), 0.05 * abs(level))
    small, great = sorted((abs(first), abs(level)))
    if abs(first - level) <= _FAR * noise or great < _TWICE * small:
        return None
    return Course("rose" if level > first else "fell", float(times[1]), first, level, _SURE)


def _trend(times: Floats, values: Floats) -> Course | None:
    """What goes one way from beginning to end: the test of H. Mann, "Nonparametric tests against trend", 1945."""
    some = values[:: max(len(values) // _SHORT, 1)]
    count = len(some)
    later = np.sign(some[None, :] - some[:, None])[np.triu_indices(count, 1)]
    tau = float(later.mean())
    deviation = np.sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)))
    first, last = (float(np.median(part)) for part in (values[:_LATEST], values[-_LATEST:]))
    small, great = sorted((abs(first), abs(last)))
    if abs(tau) < max(_ONE_WAY, 4 * deviation) or great < _GROWN * small:
        return None
    return Course("rose" if tau > 0 else "fell", float(times[0]), first, last, min(0.5 + abs(tau) / 2, 0.99), slow=True)


def _first_of(levels: Sequence[Break], main: int, *, rising: bool) -> Break:
    """The first of the moves in one direction that lead to the greatest one."""
    first = main
    while first > 0 and (levels[first - 1].after > levels[first - 1].before) == rising:
        first -= 1
    return levels[first]


def _over(levels: Sequence[Break], usual: float, extreme: float) -> float:
    """When the last way back to the usual level began to be one."""
    away = [n for n, one in enumerate(levels) if abs(one.after - usual) > _BACK * abs(extreme - usual)]
    return levels[min(away[-1] + 1, len(levels) - 1) if away else -1].at


def _left(times: Floats, values: Floats, at: float, usual: float, width: float) -> float:
    """The first moment from which on, until a break, all values are off the usual: a rate creeps into a new level."""
    place = int(np.searchsorted(times, at))
    while place > 0 and abs(values[place - 1] - usual) > width:
        place -= 1
    return float(times[min(place, len(times) - 1)])


def _spiked(found: Sequence[Break]) -> Course | None:
    spikes = [one for one in found if one.kind == "spike" and one.certainty >= _SURE_SPIKE]
    if not spikes:
        return None
    main = max(spikes, key=lambda one: abs(one.after - one.before))
    return Course("spike", main.at, main.before, main.after, main.certainty, main.until)
