"""Which drawing helps to see figures, and what it says in words."""

import math

import pytest

from bot.rules.figure_words import says
from bot.rules.figures import Bars, Plot, condensed, of_lines, of_rows
from bot.vocabulary import Cell, Line, Rows

TEN = 1_772_618_400.0
"""2026-03-04 10:00 UTC."""


def line(*values: float, name: str = "api", step: float = 60) -> Line:
    return Line(name=name, points=tuple((TEN + i * step, value) for i, value in enumerate(values)))


def rows(columns: str, *cells: tuple[Cell, ...]) -> Rows:
    return Rows(columns=tuple(columns.split()), rows=cells, total=len(cells))


def days(*values: Cell, name: str = "n") -> Rows:
    return rows(f"day {name}", *((f"2026-03-{i:02d}", value) for i, value in enumerate(values, start=1)))


def test_a_line_is_told_by_its_ends_and_extremes() -> None:
    drawing = of_lines("p95", [line(12, 95, 11, 80)])

    assert drawing
    assert says(drawing, "en") == (
        "Line chart from 2026-03-04 10:00 to 10:03 UTC. "
        "1. api: first 12 at 10:00, last 80 at 10:03, lowest 11 at 10:02, highest 95 at 10:01."
    )
    assert says(drawing, "zh") == (
        "折线图，2026-03-04 10:00 至 10:03 UTC。"
        "1. api：最早 12（10:00），最近 80（10:03），最低 11（10:02），最高 95（10:01）。"
    )


def test_a_longer_span_names_its_days() -> None:
    drawing = of_lines("p95", [line(1, 2, 3, step=86_400.0)])

    assert drawing
    assert "from 2026-03-04 10:00 to 2026-03-06 10:00 UTC" in says(drawing, "en")
    assert "last 3 at 2026-03-06 10:00" in says(drawing, "en")


def test_the_highest_lines_are_drawn_and_the_others_are_summed_up() -> None:
    drawing = of_lines("p95", [line(0, n, name=f"pod-{n}") for n in (3, 9, 1, 8, 7, 2, 6, 5)])

    assert drawing
    assert [curve.name for curve in drawing.drawn] == ["pod-3", "pod-9", "pod-8", "pod-7", "pod-6", "pod-5"]
    assert says(drawing, "en").endswith("2 more lines are not drawn; they lie between 0 and 2.")
    assert says(drawing, "zh").endswith("另有 2 条线未画出，取值在 0 到 2 之间。")


def test_values_that_are_missing_or_no_numbers_leave_a_gap() -> None:
    scraped = line(1, 2, math.nan, 4, 5, 6, math.inf, 8, 1e300, 10).points
    silent = tuple((at + 600, value) for at, value in line(1, 2, 3).points)

    drawing = of_lines("up", [Line(name="api", points=scraped + silent[1:])])

    assert drawing
    assert [[value for _, value in piece] for piece in drawing.curves[0].pieces] == [
        [1, 2],
        [4, 5, 6],
        [8],
        [10],
        [2, 3],
    ]
    assert "highest 10 at 10:09, with gaps" in says(drawing, "en")


def test_what_comes_when_it_likes_has_no_gaps() -> None:
    at = [0, 50, 400, 410, 900, 4000]
    drawing = of_lines("jobs", [Line(name="job", points=tuple((TEN + one, 1.0) for one in at))])

    assert drawing
    assert len(drawing.curves[0].pieces) == 1


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="none"),
        pytest.param([line()], id="empty"),
        pytest.param([line(1)], id="one-moment"),
        pytest.param([line(math.nan, math.inf)], id="no-number"),
        pytest.param([Line(name="x", points=((math.nan, 1), (-5, 1), (1e300, 1), (math.inf, 1)))], id="no-time"),
        pytest.param([line(1, 2, 3, step=0.01)], id="within-a-second"),
    ],
)
def test_what_has_no_course_is_not_drawn(lines: list[Line]) -> None:
    assert of_lines("x", lines) is None


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        pytest.param(["process_resident_memory_bytes"], "bytes", id="prometheus"),
        pytest.param(['http_request_duration_seconds{job="api"}', "gc_seconds_sum"], "s", id="agreeing"),
        pytest.param(["a_seconds", "b_bytes"], "", id="not-agreeing"),
        pytest.param(["http_request_duration_seconds_count"], "", id="a-count"),
        pytest.param(["延迟（ms）"], "ms", id="in-brackets"),
        pytest.param(["orders"], "", id="none"),
    ],
)
def test_units_are_those_that_the_names_say(names: list[str], unit: str) -> None:
    drawing = of_lines("x", [line(1, 2, name=name) for name in names])

    assert drawing
    assert drawing.unit == unit
    assert (f"UTC, unit: {unit}." if unit else "UTC.") in says(drawing, "en")


def test_times_and_numbers_make_lines() -> None:
    drawing = of_rows("Orders", rows("hour paid failed", *((f"2026-03-04 1{i}:00:00", i, None) for i in range(3))))

    assert isinstance(drawing, Plot)
    assert [(curve.name, curve.points[0]) for curve in drawing.curves] == [("paid", (TEN, 0.0))]
    assert says(drawing, "en").startswith("Line chart from 2026-03-04 10:00 to 12:00 UTC.")


def test_times_and_a_text_make_a_line_for_each_text() -> None:
    cells = [(f"2026-03-0{day}", name, day) for day in (3, 2, 1) for name in ("api", "web")]
    drawing = of_rows("Deploys", rows("day service n", *cells))

    assert isinstance(drawing, Plot)
    assert [curve.name for curve in drawing.curves] == ["api", "web"]
    assert [value for _, value in drawing.curves[1].points] == [1, 2, 3]


@pytest.mark.parametrize(
    "moment",
    ["2026-03-04T10:00:00Z", "2026-03-04 18:00:00+08:00", "2026-03-04 10:00", int(TEN), TEN, int(TEN * 1000)],
)
def test_a_moment_is_read_however_it_is_written(moment: Cell) -> None:
    drawing = of_rows("x", rows("ts n", (moment, 1), (TEN + 60, 2), (TEN + 120, 3)))
    if isinstance(moment, str):
        drawing = of_rows("x", rows("ts n", (moment, 1), ("2026-03-04 10:01:00", 2), ("2026-03-04 10:02:00", 3)))

    assert isinstance(drawing, Plot)
    assert drawing.span[0] == TEN


def test_a_name_and_a_number_make_bars() -> None:
    drawing = of_rows("Orders", rows("status n", ("paid", 1203), ("待处理", 88), (None, 0)))
    assert drawing is None

    drawing = of_rows("Orders", rows("status n", ("paid", 1203), ("待处理", -8.5)))

    assert isinstance(drawing, Bars)
    assert says(drawing, "en") == "Bar chart of n: paid 1203, 待处理 -8.5."
    assert says(drawing, "zh") == "条形图，n：paid 1203，待处理 -8.5。"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(rows("status n"), id="no-rows"),
        pytest.param(rows("status n", ("paid", 1)), id="one-bar"),
        pytest.param(rows("status n", *((f"s{i}", i) for i in range(21))), id="too-many-bars"),
        pytest.param(rows("status n", ("paid", 1), ("paid", 2)), id="twice-the-same"),
        pytest.param(rows("status n", ("paid", 1), ("failed", None)), id="no-number"),
        pytest.param(rows("status n", ("paid", 1), ("failed", 10**400)), id="larger-than-a-double"),
        pytest.param(rows("status n", ("paid", "1"), ("failed", "2")), id="texts"),
        pytest.param(rows("weight n", (0.5, 1), (0.7, 2)), id="two-measures"),
        pytest.param(rows("a b n", ("x", "y", 1), ("x", "z", 2)), id="two-names"),
        pytest.param(days(1, 2), id="two-days"),
        pytest.param(rows("day n", *(("2026-03-01", i) for i in range(5))), id="one-day-again-and-again"),
        pytest.param(rows("begun ended", *((f"2026-03-0{i}", f"2026-03-0{i + 1}") for i in range(1, 5))), id="times"),
        pytest.param(rows("n", (1,), (2,)), id="one-column"),
        pytest.param(days(1, 2, 3, 4).model_copy(update={"capped": True}), id="more-than-these"),
        pytest.param(days(1, 2, 3, 4).model_copy(update={"total": 5}), id="not-all"),
    ],
)
def test_other_rows_are_not_drawn(shown: Rows) -> None:
    assert of_rows("x", shown) is None


def test_numbers_that_a_database_spells_out_are_numbers() -> None:
    drawing = of_rows("x", days(1, "2.5", "NaN", "-Inf", 5))

    assert isinstance(drawing, Plot)
    assert [value for _, value in drawing.curves[0].points] == [1, 2.5, 5]


def test_many_points_become_few_that_look_the_same() -> None:
    points = [(TEN + i, math.sin(i / 500)) for i in range(100_000)]
    points[54_321] = (TEN + 54_321, 99.0)

    few = condensed(points, (TEN, TEN + 99_999), 800)

    assert len(few) <= 4 * 800
    assert (TEN + 54_321, 99.0) in few
    assert (few[0], few[-1], few) == (points[0], points[-1], sorted(few))
