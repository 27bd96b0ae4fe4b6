"""A drawing in words, for who cannot see it: its ends and extremes with their times, or its bars."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.rules.figures import Bars, Curve, Drawing, Plot
from bot.rules.short_names import told_apart
from bot.vocabulary import Language

DAY = 86_400
_LONGEST_NAME = 60
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "plot": "Line chart from {span}{unit}.",
        "bars": "Bar chart of {measure}{unit}: {bars}.",
        "unit": ", unit: {unit}",
        "curve": "{name}: first {first}, last {last}, lowest {low}, highest {high}{gaps}.",
        "gaps": ", with gaps",
        "at": "{value} at {time}",
        "left out": "{n} more lines are not drawn; they lie between {low} and {high}.",
        "span": "{start} to {end} UTC",
        ", ": ", ",
        " ": " ",
    },
    "zh": {
        "plot": "折线图，{span}{unit}。",
        "bars": "条形图，{measure}{unit}：{bars}。",
        "unit": "，单位 {unit}",
        "curve": "{name}：最早 {first}，最近 {last}，最低 {low}，最高 {high}{gaps}。",
        "gaps": "，中间有缺口",
        "at": "{value}（{time}）",
        "left out": "另有 {n} 条线未画出，取值在 {low} 到 {high} 之间。",
        "span": "{start} 至 {end} UTC",
        ", ": "，",
        " ": "",
    },
}


def says(drawing: Drawing, language: Language) -> str:
    """What the drawing shows; lines are numbered in the order of its legend."""
    return _plot_says(drawing, language) if isinstance(drawing, Plot) else _bars_say(drawing, language)


def spelled(value: float) -> str:
    """A number for reading: whole where it is whole or large, four digits of others."""
    whole = value == round(value) or abs(value) >= 1000
    return f"{value:.0f}" if whole and abs(value) < 1e15 else f"{value:.4g}"


def span_of(plot: Plot, language: Language) -> str:
    """From when to when, in UTC; the second day is left out when it is the first."""
    start, end = plot.span
    return _WORDS[language]["span"].format(start=_time(start, day=True), end=_time(end, day=not _same_day(plot)))


def _plot_says(plot: Plot, language: Language) -> str:
    words = _WORDS[language]
    unit = words["unit"].format(unit=plot.unit) if plot.unit else ""
    day = not _same_day(plot)
    parts = [words["plot"].format(span=span_of(plot, language), unit=unit)]
    names = told_apart([curve.name for curve in plot.drawn], _LONGEST_NAME)
    named = enumerate(zip(names, plot.drawn, strict=True), start=1)
    parts += [f"{n}. {_curve_says(name, curve, words, day=day)}" for n, (name, curve) in named]
    if values := [value for curve in plot.left_out for _, value in curve.points]:
        low, high = spelled(min(values)), spelled(max(values))
        parts.append(words["left out"].format(n=len(plot.left_out), low=low, high=high))
    return words[" "].join(parts)


def _curve_says(name: str, curve: Curve, words: Mapping[str, str], *, day: bool) -> str:
    points = curve.points
    low, high = min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])
    first, last, lowest, highest = (
        words["at"].format(value=spelled(value), time=_time(at, day=day))
        for at, value in (points[0], points[-1], low, high)
    )
    gaps = words["gaps"] if len(curve.pieces) > 1 else ""
    return words["curve"].format(name=name, first=first, last=last, low=lowest, high=highest, gaps=gaps)


def _bars_say(bars: Bars, language: Language) -> str:
    words = _WORDS[language]
    unit = words["unit"].format(unit=bars.unit) if bars.unit else ""
    listed = words[", "].join(f"{name} {spelled(value)}" for name, value in bars.bars)
    return words["bars"].format(measure=bars.measure, unit=unit, bars=listed)


def _same_day(plot: Plot) -> bool:
    start, end = plot.span
    return start // DAY == end // DAY


def _time(at: float, *, day: bool) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime(("%Y-%m-%d " if day else "") + ("%H:%M" if moment.second == 0 else "%H:%M:%S"))
