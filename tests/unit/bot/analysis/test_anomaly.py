"""Scores of a series as it arrives: nothing is known ahead, and the unusual stands out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.anomaly import ALARM, Deviations, Floats, deviations

MINUTE = 60.0


def noise(count: int) -> Floats:
    return np.random.default_rng(1).normal(100, 1, count)


def scored(values: Floats) -> Deviations:
    return deviations(np.arange(len(values)) * MINUTE, values)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_a_prefix_is_scored_as_it_is_in_the_whole(length: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=400).cumsum()

    whole, prefix = scored(values), scored(values[:length])

    np.testing.assert_allclose(prefix.onset, whole.onset[:length], atol=1e-6)
    np.testing.assert_allclose(prefix.lasting, whole.lasting[:length], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_unit_of_the_values_does_not_matter(offset: float, scale: float) -> None:
    values = noise(300)

    np.testing.assert_allclose(
        scored(offset + scale * values).views["value"], scored(values).views["value"], rtol=1e-2, atol=1e-2
    )


def test_noise_alone_is_no_alarm() -> None:
    assert scored(noise(1000)).onset.max() < ALARM


@pytest.mark.parametrize(
    ("view", "after"),
    [
        pytest.param("value", lambda values: values + 30, id="higher"),
        pytest.param("step", lambda values: values - 30, id="lower"),
        pytest.param("level", lambda values: values + 4, id="a little higher for long"),
        pytest.param("spread", lambda values: np.full(len(values), 100.0), id="flat"),
        pytest.param("spread", lambda values: 100 + 20 * (values - 100), id="wild"),
    ],
)
def test_what_changed_is_seen_by_its_view(view: str, after: object) -> None:
    values = noise(600)
    values[500:] = after(values[500:])  # type: ignore[operator]

    seen = scored(values).views[view]

    assert seen[500:560].max() > 1.2 * seen[60:500].max()


def test_an_unusual_hour_of_the_day_is_unusual_though_its_values_are_not() -> None:
    times = np.arange(6 * 288) * 300.0
    values = 100 + 50 * np.sin(2 * np.pi * times / 86400) + 0.1 * noise(len(times))
    values[1500:1520] = 200 - values[1500:1520]

    said = deviations(times, values)

    assert said.views["value"][1500:1520].max() < 2
    assert said.views["season"][1500:1520].max() > 6


def test_a_new_shape_is_unusual_though_its_values_are_not() -> None:
    values = np.tile([0.0, 1, 2, 3, 4, 5], 200) + 0.01 * noise(1200)
    values[900:940] = values[900:940][::-1]

    said = scored(values)

    assert said.views["shape"][900:940].max() > 2 * said.views["shape"][200:900].max()


def test_one_alarm_for_what_goes_on_and_another_when_it_gets_worse() -> None:
    values = noise(1000)
    values[500:] += 8
    values[560:] += 30

    alarms = np.flatnonzero(scored(values).onset > ALARM)

    assert {500, 560} <= set(alarms)
    assert len(alarms) < 10


@pytest.mark.parametrize(
    ("times", "values"),
    [
        pytest.param([0.0, 1.0], [1.0], id="lengths differ"),
        pytest.param([1.0, 0.0], [1.0, 1.0], id="back in time"),
        pytest.param([0.0, 1.0], [1.0, np.nan], id="a value is missing"),
    ],
)
def test_what_is_no_series_is_refused(times: list[float], values: list[float]) -> None:
    with pytest.raises(ValueError, match="times"):
        deviations(np.array(times), np.array(values))
