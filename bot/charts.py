"""Drawings become small PNG files, in a thread of their own and only when one is asked for."""

import asyncio
import io
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from PIL import Image

from bot.rules.figure_words import DAY, says, span_of
from bot.rules.figures import Bars, Curve, Drawing, Plot, Point, condensed
from bot.rules.short_names import clean, told_apart, width
from bot.vocabulary import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

WIDTH, HEIGHT = 800, 320
"""Pixels; many bars need more height."""
_BAR_PIXELS = 24
_DPI = 100
# An opaque ground: the chat around it may be light or dark, and nobody knows which.
_GROUND, _INK, _SOFT, _FAINT = "#ffffff", "#1d2327", "#5a6369", "#e4e3dd"
# M. Okabe, K. Ito, "Color Universal Design", 2008: told apart by colour-blind people too.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_PALETTE = 96
_LONGEST_LABEL, _LONGEST_TITLE = 36, 90
# What a line of the legend holds, and what each of its entries takes beside its name.
_LEGEND_WIDTH, _LEGEND_MARK = 108, 9
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
)
# Years and days are written as numbers: month names would follow the language of whoever started the program.
_CLOCK = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S"]
_CLOCK_AT_ZERO = ["%Y", "%Y", "%m-%d", "%m-%d", "%H:%M", "%H:%M"]
_FEW_POINTS = 60
# What a drawing library raises on figures that nobody foresaw; TimeoutError is an OSError.
_FAILURES = (ArithmeticError, ImportError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Drawn:
    """A PNG file and what it shows, in words."""

    title: str
    png: bytes
    says: str


@dataclass(frozen=True)
class Charts:
    """Draws one chart after the other. ``folder`` keeps the list of this machine's fonts."""

    folder: Path
    seconds: float = 10.0
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "charts"), repr=False)

    async def draw(self, plan: Callable[[], Drawing | None], language: Language) -> Drawn | None:
        """The chart of what is planned; None when nothing is, or when it cannot be drawn in time, which is logged."""
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._drawn, plan, language)
        except _FAILURES as failed:
            structlog.get_logger().warning("chart not drawn", reason=repr(failed)[:500])
            return None

    def _drawn(self, plan: Callable[[], Drawing | None], language: Language) -> Drawn | None:
        drawing = plan()
        if drawing is None:
            return None
        prepare(self.folder)
        return Drawn(drawing.title, png(drawing, language), says(drawing, language))


@cache
def prepare(folder: Path) -> None:
    """Load the drawing library, once; its list of fonts goes into the folder, and nobody's own settings count."""
    variable, folder = "MPLCONFIGDIR", folder.resolve()
    known = os.environ.get(variable)  # noqa: TID251 - given to a library, which reads nothing else
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[variable] = str(folder)  # noqa: TID251
    try:
        import matplotlib as mpl
        from matplotlib.font_manager import fontManager
    finally:
        if known is None:
            del os.environ[variable]  # noqa: TID251
        else:
            os.environ[variable] = known  # noqa: TID251
    chinese = next((name for name in _CHINESE if name in fontManager.get_font_names()), None)
    mpl.rcParams.update(mpl.rcParamsDefault)
    mpl.rcParams["font.family"] = ["DejaVu Sans", *([chinese] if chinese else [])]
    # "$" is a sign like any other: formulas would run what stands in a name.
    mpl.rcParams["text.parse_math"] = False


def png(drawing: Drawing, language: Language) -> bytes:
    """The drawing as a PNG file; ``prepare`` was called before."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    height = HEIGHT if isinstance(drawing, Plot) else max(160, 76 + _BAR_PIXELS * len(drawing.bars))
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    figure = Figure((WIDTH / _DPI, height / _DPI), _DPI, layout=layout, facecolor=_GROUND)
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot(facecolor=_GROUND)
    title = shown(clean(drawing.title, _LONGEST_TITLE), "")
    figure.suptitle(title, x=0.015, horizontalalignment="left", fontsize=11, color=_INK)
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_SOFT, labelsize=9, length=0, pad=5)
    if isinstance(drawing, Plot):
        _draw_plot(drawing, figure, axes, language)
    else:
        _draw_bars(drawing, axes)
    canvas.draw()  # type: ignore[no-untyped-call]  # the library annotates some of its functions only
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # as above
    return _packed(Image.frombuffer("RGBA", canvas.get_width_height(), pixels))


def _packed(image: Image.Image) -> bytes:
    """A PNG with a palette: a quarter of the bytes, and no difference that anybody sees."""
    file = io.BytesIO()
    colours = image.convert("RGB").quantize(_PALETTE, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    colours.save(file, "PNG")
    return file.getvalue()


def shown(text: str, instead: str) -> str:
    """A text as this machine's fonts can write it: without signs they lack, ``instead`` when letters are among them."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [get_font(findfont(FontProperties(family=name))) for name in rcParams["font.family"]]
    lacking = {sign for sign in set(text) if not any(font.get_char_index(ord(sign)) for font in fonts)}
    if any(sign.isalnum() for sign in lacking):
        return instead
    return "".join(sign for sign in text if sign not in lacking).strip() or instead


def _draw_plot(plot: Plot, figure: "Figure", axes: "Axes", language: Language) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    start, end = plot.span
    lines = [_draw_curve(curve, plot.span, axes, colour) for curve, colour in zip(plot.drawn, _COLOURS, strict=False)]
    axes.set_xlim(start / DAY, end / DAY)
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]  # as above
    axes.xaxis.set_major_locator(locator)
    clock = ConciseDateFormatter(  # type: ignore[no-untyped-call]  # as above
        locator, tz=UTC, formats=_CLOCK, zero_formats=_CLOCK_AT_ZERO, show_offset=False
    )
    axes.xaxis.set_major_formatter(clock)
    axes.set_xlabel(shown(span_of(plot, language), span_of(plot, "en")), fontsize=9, color=_SOFT, loc="right")
    axes.set_ylabel(shown(plot.unit, ""), fontsize=9, color=_SOFT)
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    values = [value for curve in plot.drawn for _, value in curve.points]
    low, high = min(values), max(values)
    if 0 <= low <= high / 2:
        axes.set_ylim(bottom=0)
    _number(axes.yaxis, low, high)
    _add_legend(figure, lines, [curve.name for curve in plot.drawn])


def _add_legend(figure: "Figure", lines: Sequence["Line2D"], said: Sequence[str]) -> None:
    """What each line is; one line without a name of its own is what the title says."""
    if len(said) == 1 and said[0].strip("{} ") == "":
        return
    names = told_apart(said, _LONGEST_LABEL)
    legend = figure.legend(
        lines,
        [str(n) for n in range(1, len(lines) + 1)],
        loc="outside lower left",
        ncols=_legend_columns(names),
        frameon=False,
        fontsize=9,
        labelcolor=_INK,
    )
    # Set afterwards: a legend leaves out labels that begin with "_".
    for number, (label, name) in enumerate(zip(legend.get_texts(), names, strict=True), start=1):
        label.set_text(shown(name, f"#{number}"))


def _legend_columns(names: Sequence[str]) -> int:
    most = max(1, _LEGEND_WIDTH // (_LEGEND_MARK + max(map(width, names))))
    rows = math.ceil(len(names) / most)
    return math.ceil(len(names) / rows)


def _draw_curve(curve: Curve, span: tuple[float, float], axes: "Axes", colour: str) -> "Line2D":
    moments: list[float] = []
    values: list[float] = []
    for piece in curve.pieces:
        points = condensed(piece, span, WIDTH)
        moments += [at / DAY for at, _ in points] + [math.nan]
        values += [value for _, value in points] + [math.nan]
    (line,) = axes.plot(moments, values, color=colour, linewidth=1.6, solid_joinstyle="round")
    if dots := _dots(curve):
        axes.plot([at / DAY for at, _ in dots], [value for _, value in dots], "o", color=colour, markersize=3)
    return line


def _dots(curve: Curve) -> Sequence[Point]:
    """Every point where there are few, else those without neighbours, which no line would show."""
    points = curve.points
    return points if len(points) <= _FEW_POINTS else [piece[0] for piece in curve.pieces if len(piece) == 1]


def _draw_bars(bars: Bars, axes: "Axes") -> None:
    values = [value for _, value in bars.bars]
    places = range(len(values))
    drawn = axes.barh(places, values, height=0.7, color=_COLOURS[0])
    names = told_apart([name for name, _ in bars.bars], _LONGEST_LABEL)
    axes.set_yticks(places, [shown(name, f"#{n}") for n, name in enumerate(names, start=1)], color=_INK)
    axes.set_ylim(len(values) - 0.4, -0.6)
    # From zero, and with room for the numbers beside the ends.
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.12 * ((high - low) or 1)
    axes.set_xlim(low - (room if low < 0 else 0), high + (room if high > 0 or low == high else 0))
    axes.bar_label(drawn, [f"{value:.6g}" for value in values], padding=4, fontsize=9, color=_INK)
    measure = f"{bars.measure} ({bars.unit})" if bars.unit and bars.unit not in bars.measure else bars.measure
    axes.set_xlabel(shown(clean(measure, _LONGEST_LABEL), bars.unit), fontsize=9, color=_SOFT, loc="right")
    axes.grid(axis="x", color=_FAINT, linewidth=0.8)
    axes.axvline(0, color=_SOFT, linewidth=0.8)
    _number(axes.xaxis, low, high)


def _number(axis: "Axis", low: float, high: float) -> None:
    """Thousands, millions and so on by a letter, where that keeps the ticks apart."""
    from matplotlib.ticker import EngFormatter

    largest = max(abs(low), abs(high))
    if 1e4 <= largest < 1e15 and high - low > largest / 1000:
        axis.set_major_formatter(EngFormatter(sep=""))
