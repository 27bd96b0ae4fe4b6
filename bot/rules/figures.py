"""Which drawing figures make: lines over time, bars by category, or none; pure functions on untrusted values."""

import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from bot.rules.short_names import clean
from bot.vocabulary import Cell, Line, Rows

Point: TypeAlias = tuple[float, float]
Kind: TypeAlias = Literal["time", "number", "text", "nothing"]

MOST_DRAWN = 6
FEWEST_MOMENTS = 3
FEWEST_BARS, MOST_BARS = 2, 20
# From 1970 to 2200: whatever is outside was not measured. Larger values than these are no measurements either.
_LATEST, _LARGEST = 7_258_118_400.0, 1e100
_EPOCH_SECONDS, _EPOCH_MILLISECONDS = (1e9, 4.2e9), (1e12, 4.2e12)
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2}.{0,30})?", re.ASCII)
_CLOCK_COLUMN = re.compile(r"(?i)(?:^|_)(?:ts|time|timestamp|at|date|day|hour|bucket)$|时间|日期")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan)", re.ASCII | re.IGNORECASE)
# Base units stand at the end of a name, before what says how it counts: prometheus.io/docs/practices/naming.
_UNIT = re.compile(r"(?:^|_)(seconds|milliseconds|ms|bytes|percent|pct|ratio|celsius|volts|joules)(?:_total|_sum)?$")
_UNITS = {
    "seconds": "s",
    "milliseconds": "ms",
    "pct": "%",
    "percent": "%",
    "celsius": "°C",
    "volts": "V",
    "joules": "J",
}
_UNIT_IN_BRACKETS = re.compile(r"[(（\[]\s*([\w%°/]{1,8})\s*[)）\]]$")
_ALMOST_REGULAR, _TOLERANCE, _MISSED = 0.75, 0.1, 1.5


@dataclass(frozen=True)
class Curve:
    """One figure over time. Its pieces are drawn through; between two of them there is a gap."""

    name: str
    pieces: tuple[tuple[Point, ...], ...]

    @property
    def points(self) -> list[Point]:
        """All points, in the order of time."""
        return [point for piece in self.pieces for point in piece]

    @property
    def highest(self) -> float:
        """The largest value."""
        return max(value for _, value in self.points)


@dataclass(frozen=True)
class Plot:
    """Lines over time; at most MOST_DRAWN of them, the highest, are drawn."""

    title: str
    unit: str
    curves: tuple[Curve, ...]

    @property
    def span(self) -> tuple[float, float]:
        """The first and the last moment."""
        moments = [at for curve in self.curves for at, _ in (curve.pieces[0][0], curve.pieces[-1][-1])]
        return min(moments), max(moments)

    @property
    def drawn(self) -> tuple[Curve, ...]:
        """The highest curves, in their own order."""
        highest = sorted(self.curves, key=lambda curve: curve.highest, reverse=True)[:MOST_DRAWN]
        return tuple(curve for curve in self.curves if any(curve is one for one in highest))

    @property
    def left_out(self) -> tuple[Curve, ...]:
        """The others."""
        drawn = self.drawn
        return tuple(curve for curve in self.curves if not any(curve is one for one in drawn))


@dataclass(frozen=True)
class Bars:
    """One number for each of a few names, in the order they came."""

    title: str
    unit: str
    measure: str
    bars: tuple[tuple[str, float], ...]


Drawing: TypeAlias = Plot | Bars


def of_lines(title: str, lines: Iterable[Line]) -> Plot | None:
    """The drawing of figures over time; None when no line has a second moment."""
    return _plot(title, [(line.name, line.points) for line in lines])


def of_rows(title: str, rows: Rows) -> Drawing | None:
    """The drawing that helps to see what rows say; None when there is none that does.

    A column of times with numbers makes lines, with a text and one number a line for each text; a text, or a whole
    number that stands for one, with a number makes bars. A part of the rows would look like all of them, so it is not
    drawn.
    """
    if rows.capped or rows.total > len(rows.rows):
        return None
    columns = list(zip(*rows.rows, strict=True)) if rows.rows else []
    kinds = [_kind(name, cells) for name, cells in zip(rows.columns, columns, strict=False)]
    of_kind = {kind: [i for i, one in enumerate(kinds) if one == kind] for kind in ("time", "number", "text")}
    if len(of_kind["time"]) == 1 and len(rows.rows) >= FEWEST_MOMENTS:
        return _timed(title, rows, columns, of_kind)
    if len(columns) == 2 and kinds[0] in ("text", "number") and kinds[1] == "number":
        return _bars(title, rows)
    return None


def condensed(piece: Sequence[Point], span: tuple[float, float], columns: int) -> list[Point]:
    """As few points as draw the same line on so many columns of pixels: the first, lowest, highest and last of each.

    U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl, "M4: A Visualization-Oriented Time Series Data Aggregation",
    PVLDB 7(10), 2014.
    """
    if len(piece) <= 4 * columns:
        return list(piece)
    start, width = span[0], (span[1] - span[0]) / columns
    kept: list[Point] = []
    for _, group in groupby(piece, key=lambda point: min(int((point[0] - start) / width), columns - 1)):
        inside = list(group)
        ends = {inside[0], inside[-1], min(inside, key=lambda p: p[1]), max(inside, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def _timed(
    title: str, rows: Rows, columns: Sequence[Sequence[Cell]], of_kind: Mapping[str, Sequence[int]]
) -> Plot | None:
    moments = [_moment(cell) for cell in columns[of_kind["time"][0]]]
    numbers, texts = of_kind["number"], of_kind["text"]
    if not texts and numbers:
        lines = [(rows.columns[i], list(_paired(moments, columns[i]))) for i in numbers]
    elif len(texts) == 1 and len(numbers) == 1:
        points = list(zip(map(str, columns[texts[0]]), _paired(moments, columns[numbers[0]]), strict=True))
        lines = [(name, [p for of, p in points if of == name]) for name in dict.fromkeys(of for of, _ in points)]
    else:
        return None
    # A moment that comes twice was not asked for by time alone; a line through it would say what nobody measured.
    twice = any(len({at for at, _ in points}) < len(points) for _, points in lines)
    return None if twice else _plot(title, lines, [rows.columns[i] for i in numbers])


def _paired(moments: Sequence[float | None], cells: Sequence[Cell]) -> Iterator[Point]:
    for at, cell in zip(moments, cells, strict=True):
        yield (math.nan if at is None else at), _value(cell)


def _plot(title: str, lines: Iterable[tuple[str, Sequence[Point]]], measures: Sequence[str] = ()) -> Plot | None:
    named = [(name, _pieces(points)) for name, points in lines]
    curves = tuple(Curve(clean(name, 200), pieces) for name, pieces in named if pieces)
    plot = Plot(clean(title), _unit(measures or [name for name, _ in named]), curves)
    # A chart of less than a second is a chart of one moment.
    return plot if curves and plot.span[1] - plot.span[0] >= 1 else None


def _pieces(points: Iterable[Point]) -> tuple[tuple[Point, ...], ...]:
    ordered = sorted({at: value for at, value in points if 0 <= at <= _LATEST}.items())
    longest, pieces = _longest_step([at for at, _ in ordered]), list[list[Point]]()
    silent = True
    for at, value in ordered:
        if not abs(value) <= _LARGEST:
            silent = True
            continue
        if silent or at - pieces[-1][-1][0] > longest:
            pieces.append([])
        pieces[-1].append((at, value))
        silent = False
    return tuple(map(tuple, pieces))


def _longest_step(moments: Sequence[float]) -> float:
    """How far apart neighbours may be without a gap between them; of what comes when it likes, any distance."""
    steps = [b - a for a, b in pairwise(moments)]
    if len(steps) < FEWEST_MOMENTS:
        return math.inf
    usual = statistics.median(steps)
    regular = sum(abs(step - usual) <= _TOLERANCE * usual for step in steps)
    return _MISSED * usual if regular >= _ALMOST_REGULAR * len(steps) else math.inf


def _bars(title: str, rows: Rows) -> Bars | None:
    bars = tuple(("" if name is None else clean(str(name)), _value(cell)) for name, cell in rows.rows)
    sound = all(name and abs(value) <= _LARGEST for name, value in bars)
    whole = all(isinstance(name, str | int | None) for name, _ in rows.rows)
    if not (FEWEST_BARS <= len(bars) <= MOST_BARS and sound and whole) or len({name for name, _ in bars}) < len(bars):
        return None
    measure = rows.columns[1]
    return Bars(clean(title), _unit([measure]), clean(measure), bars)


def _kind(name: str, cells: Sequence[Cell]) -> Kind:
    known = [cell for cell in cells if cell is not None]
    if not known:
        return "nothing"
    if all(_moment(cell) is not None for cell in known) and (
        all(isinstance(cell, str) for cell in known) or _CLOCK_COLUMN.search(name)
    ):
        return "time"
    counted = [cell for cell in known if isinstance(cell, int | float) and not isinstance(cell, bool)]
    spelled = all(isinstance(cell, str) and _NUMBER.fullmatch(cell) for cell in known if cell not in counted)
    return "number" if counted and spelled else "text"


def _moment(cell: Cell) -> float | None:
    """Seconds since 1970 of a date, a time, or a number that counts seconds or milliseconds; UTC when none is named."""
    if isinstance(cell, str):
        return _written(cell) if _DATE.fullmatch(cell) else None
    if cell is None or isinstance(cell, bool):
        return None
    if _EPOCH_SECONDS[0] <= cell < _EPOCH_SECONDS[1]:
        return float(cell)
    return cell / 1000 if _EPOCH_MILLISECONDS[0] <= cell < _EPOCH_MILLISECONDS[1] else None


def _written(date: str) -> float | None:
    try:
        moment = datetime.fromisoformat(f"{date}-01" if len(date) == len("2026-03") else date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _value(cell: Cell) -> float:
    """A cell as a number; NaN when it is none, or larger than a double."""
    if cell is None or isinstance(cell, bool):
        return math.nan
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return math.nan


def _unit(names: Iterable[str]) -> str:
    """What all of these are measured in, as far as their names say; empty when they do not, or do not agree."""
    units = {_unit_of(name) for name in names}
    return units.pop() if len(units) == 1 else ""


def _unit_of(name: str) -> str:
    metric = name.partition("{")[0].strip()
    if bracketed := _UNIT_IN_BRACKETS.search(metric):
        return bracketed[1]
    found = _UNIT.search(metric.lower())
    return _UNITS.get(found[1], found[1]) if found else ""
