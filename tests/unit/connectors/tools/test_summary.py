"""What a series says: its break, its silences, its words."""

import random

import pytest

from connectors.tools.port import Series
from connectors.tools.summary import clock, find_break, gaps, labelled, most_telling, number, summarised

STEP = 60.0


def points(*values: float) -> tuple[tuple[float, float], ...]:
    return tuple((n * STEP, value) for n, value in enumerate(values))


def test_a_step_is_found_where_it_is() -> None:
    found = find_break(points(*[1.0] * 20, *[5.0] * 10))

    assert found is not None
    assert (found.at, found.began, found.before, found.after) == (20 * STEP, 20 * STEP, 1.0, 5.0)


def test_what_creeps_began_before_it_broke() -> None:
    lag = points(1.2, 1.3, 74, 151, 263, 388, 491, 582, 664, 738, 812, 889, 962, 1047, 1140)
    found = find_break(lag)

    assert found is not None
    assert found.began == 2 * STEP < found.at
    assert "(beginning at 00:02)" in summarised(Series("lag", lag), STEP)


def test_a_step_within_noise_is_found_nearby() -> None:
    noise = random.Random(7)  # noqa: S311  # not for secrets
    found = find_break(points(*[noise.gauss(10, 1) for _ in range(60)], *[noise.gauss(14, 1) for _ in range(60)]))

    assert found is not None
    assert abs(found.at - 60 * STEP) <= 2 * STEP


def test_noise_alone_is_rarely_taken_for_a_break() -> None:
    noise = random.Random(7)  # noqa: S311
    runs = [points(*[noise.gauss(10, 4) for _ in range(100)]) for _ in range(300)]

    assert sum(find_break(one) is not None for one in runs) / len(runs) < 0.03


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([3.0] * 50, id="constant"),
        pytest.param([0.0] * 50, id="zero"),
        pytest.param([1.0, 9.0], id="too-short"),
        pytest.param([100.0] * 25 + [101.0] * 25, id="one-percent"),
    ],
)
def test_no_break_where_there_is_none(values: list[float]) -> None:
    assert find_break(points(*values)) is None


def test_gaps_are_wider_than_a_step_and_a_half() -> None:
    assert gaps(((0, 1), (60, 1), (150, 1), (400, 1)), STEP) == [(150, 400)]


def test_a_series_in_words() -> None:
    told = summarised(Series("up", ((0, 1.0), (60, 0.123456), (3600, 1234567.0))), STEP)

    assert told.splitlines() == [
        "up: last 1234567 at 01:00, min 0.1235 at 00:01, max 1234567 at 01:00, mean 4.115e+05, 3 points",
        "  no values: 00:01 to 01:00",
    ]


def test_days_are_named_where_there_are_several() -> None:
    assert "1970-01-02 00:00" in summarised(Series("up", ((0, 1.0), (86400, 2.0))), 86400)


def test_nothing_is_said_to_be_nothing() -> None:
    assert summarised(Series("up", ()), STEP) == "up: no values"


def test_broken_series_come_first_then_great_ones() -> None:
    small, great, broken = (
        Series("small", points(*[1.0] * 10)),
        Series("great", points(*[9.0] * 10)),
        Series("broken", points(*[1.0] * 10, *[3.0] * 10)),
    )

    assert [one.name for one in most_telling([small, great, broken])] == ["broken", "great", "small"]


@pytest.mark.parametrize(("value", "said"), [(2.0, "2"), (0.12345, "0.1235"), (1e20, "1e+20"), (float("inf"), "inf")])
def test_numbers(value: float, said: str) -> None:
    assert number(value) == said


def test_seconds_are_shown_where_there_are_some() -> None:
    assert (clock(3600), clock(3601, day=False)) == ("1970-01-01 01:00", "01:00:01")


def test_labels_as_promql_writes_them() -> None:
    assert labelled({"__name__": "up", "b": "2", "a": "1"}) == 'up{a="1", b="2"}'
    assert labelled({"__name__": "up"}) == "up"
    assert labelled({}) == "{}"
