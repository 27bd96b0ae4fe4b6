"""What a series did around a trouble, by its shape."""

import pytest

from bot.analysis.courses import course_of, thinned
from bot.analysis.saturation import at_limit, full, growing, running_out
from tests.unit.bot.agents.metric_stage import Shape, flat, ramp, series, step, window
from tests.unit.bot.incident_stage import NOON

BEGAN, NOW = NOON.timestamp() + 300, NOON.timestamp() + 1800


@pytest.mark.parametrize(
    ("shape", "name", "slow", "over"),
    [
        pytest.param(flat(1), "steady", False, False, id="steady"),
        pytest.param(step(1, 5), "rose", False, False, id="up"),
        pytest.param(step(5, 1), "fell", False, False, id="down"),
        pytest.param(ramp(1, 9, -90), "rose", True, False, id="all-the-way"),
        pytest.param(ramp(1, 9, 5), "rose", True, False, id="since-it-began"),
        pytest.param(window(1, 5, 5, 20), "rose", False, True, id="and-back"),
        pytest.param(lambda minute: 5 + minute % 2, "steady", False, False, id="back-and-forth"),
    ],
)
def test_shapes(shape: Shape, name: str, slow: object, over: object) -> None:
    found = course_of(series(shape).points, BEGAN, NOW)

    assert found
    assert (found.shape, found.slow, found.over is not None) == (name, slow, over)


def test_it_began_when_it_left_its_level() -> None:
    found = course_of(series(ramp(1, 9, 5)).points, BEGAN, NOW)

    assert found
    assert abs(found.at - BEGAN) <= 300


def test_a_short_series_that_broke_at_once_is_seen_to_have_moved() -> None:
    values = [3.0, 12, 16, 18, 18.2, 18.1, 18.3, 18.2, 18.1, 18.4, 18.2, 18.3]
    found = course_of([(60.0 * at, value) for at, value in enumerate(values)], 60, 60 * 11)

    assert found
    assert (found.shape, found.before) == ("rose", 3.0)


def test_silence_until_now() -> None:
    found = course_of(series(flat(1), until=10).points, BEGAN, NOW)

    assert found
    assert found.shape == "silent"


def test_of_few_values_nothing_is_said() -> None:
    assert course_of([(0.0, 1.0), (1.0, 9.0)], 0, 2) is None
    assert course_of([], 0, 2) is None


def test_what_was_asked_more_often_than_measured_is_thinned() -> None:
    points = [(float(at), float((at // 15) ** 2)) for at in range(300)]

    assert len(thinned(points)[0]) == 20
    assert thinned(points)[0][-1] == 299


@pytest.mark.parametrize(
    ("shape", "since"),
    [
        pytest.param(step(7, 20), 5, id="at-it"),
        pytest.param(step(7, 18.9), None, id="below-it"),
        pytest.param(window(7, 20, 5, 20), None, id="no-longer"),
    ],
)
def test_at_a_limit(shape: Shape, since: float | None) -> None:
    found = at_limit(*thinned(series(shape, 0).points), 20)

    assert (found and (found.at - NOON.timestamp()) / 60) == since


@pytest.mark.parametrize(
    ("shape", "out"),
    [
        pytest.param(ramp(50, 8, -90), True, id="soon-gone"),
        pytest.param(step(50, 4), True, id="a-tenth-left"),
        pytest.param(ramp(50, 45, -90), False, id="slowly"),
        pytest.param(flat(3), False, id="little-and-always-so"),
        pytest.param(window(50, 2, 5, 20), False, id="filled-again"),
    ],
)
def test_running_out(shape: Shape, out: object) -> None:
    assert (running_out(*thinned(series(shape, 0.001).points)) is not None) is out


@pytest.mark.parametrize(
    ("shape", "out"),
    [
        pytest.param(step(40, 97), True, id="percent"),
        pytest.param(step(0.4, 0.97), True, id="share"),
        pytest.param(step(40, 85), False, id="high"),
    ],
)
def test_full(shape: Shape, out: object) -> None:
    assert (full(*thinned(series(shape, 0.001).points)) is not None) is out


@pytest.mark.parametrize(
    ("shape", "out"),
    [
        pytest.param(ramp(100, 400, -80), True, id="a-leak"),
        pytest.param(lambda minute: 100 + (minute + 90) % 60 * 5, True, id="a-leak-and-restarts"),
        pytest.param(flat(300), False, id="steady"),
        pytest.param(step(100, 300), False, id="one-step"),
    ],
)
def test_growing(shape: Shape, out: object) -> None:
    assert (growing(*thinned(series(shape, 0.001).points)) is not None) is out
