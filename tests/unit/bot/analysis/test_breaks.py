"""Looking back at a series: what happened, when, from what to what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.anomaly import Floats
from bot.analysis.breaks import Break, find_breaks

MINUTE = 60.0
TIMES = np.arange(300) * MINUTE


def noise(seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0, 1, len(TIMES))


def only(found: tuple[Break, ...]) -> Break:
    assert [one.kind for one in found][1:] == []
    return found[0]


def test_a_shift_is_found_with_its_levels() -> None:
    found = only(find_breaks(TIMES, 10 + noise() + np.where(TIMES >= 200 * MINUTE, 10, 0)))

    assert (found.kind, found.at, found.until) == ("level", 200 * MINUTE, None)
    assert (found.before, found.after) == (pytest.approx(10, abs=0.5), pytest.approx(20, abs=0.5))
    assert found.certainty > 0.99


def test_a_passing_outage_has_two_ends() -> None:
    during = (TIMES >= 100 * MINUTE) & (TIMES < 150 * MINUTE)

    down, up = find_breaks(TIMES, 100 + noise() - np.where(during, 100, 0))

    assert (down.at, down.until, up.at, up.until) == (100 * MINUTE, 150 * MINUTE, 150 * MINUTE, None)


def test_two_shifts_far_apart_are_no_trend() -> None:
    values = 10 + noise() + np.where(TIMES >= 100 * MINUTE, 10, 0) + np.where(TIMES >= 200 * MINUTE, 20, 0)

    assert [(one.kind, one.at) for one in find_breaks(TIMES, values)] == [
        ("level", 100 * MINUTE),
        ("level", 200 * MINUTE),
    ]


def test_a_leak_is_one_trend() -> None:
    found = only(find_breaks(TIMES, 10 + 0.5 * noise() + np.maximum(TIMES - 9000, 0) / 300))

    assert found.kind == "trend"
    assert 9000 <= found.at <= 9600
    assert (found.before, found.after) == (pytest.approx(10, abs=0.5), pytest.approx(39, abs=2))


def test_a_spike_is_no_shift() -> None:
    values = 10 + noise()
    values[150] = 40

    found = only(find_breaks(TIMES, values))

    assert (found.kind, found.at, found.until, found.after) == ("spike", 150 * MINUTE, 151 * MINUTE, 40)


def test_more_noise_is_no_shift() -> None:
    found = only(find_breaks(TIMES, 10 + np.where(TIMES >= 150 * MINUTE, 5, 1) * noise()))

    assert found.kind == "spread"
    assert abs(found.at - 150 * MINUTE) <= 5 * MINUTE
    assert found.after > 3 * found.before


def test_silence_within_and_at_the_end() -> None:
    there = (TIMES < 100 * MINUTE) | (TIMES >= 130 * MINUTE)

    within, since = find_breaks(TIMES[there], noise()[there], now=TIMES[-1] + 20 * MINUTE)

    assert (within.kind, within.at, within.until) == ("silence", 100 * MINUTE, 130 * MINUTE)
    assert (since.kind, since.at, since.until) == ("silence", 300 * MINUTE, None)


def test_a_daily_pattern_is_no_break_and_hides_none() -> None:
    times = np.arange(7 * 288) * 300.0
    daily = 50 + 10 * np.sin(2 * np.pi * times / 86400) + np.random.default_rng(2).normal(0, 1, len(times))

    assert find_breaks(times, daily) == ()
    assert only(find_breaks(times, daily + np.where(times >= 499800, 6, 0))).at == pytest.approx(499800, abs=900)


def test_a_long_series_is_told_to_the_value() -> None:
    times = np.arange(5000) * MINUTE
    values = np.random.default_rng(3).normal(10, 1, 5000) + np.where(times >= 3333 * MINUTE, 5, 0)

    assert only(find_breaks(times, values)).at == 3333 * MINUTE


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5]))
def test_little_is_found_in_noise(seed: int, memory: float) -> None:
    values = noise(seed)
    for place in range(1, len(values)):
        values[place] += memory * values[place - 1]

    assert len(find_breaks(TIMES, 20 + values)) <= 3


@pytest.mark.parametrize("values", [np.full(300, 5.0), np.zeros(300), np.arange(3.0), np.empty(0)])
def test_nothing_happens_in_nothing(values: Floats) -> None:
    assert find_breaks(TIMES[: len(values)], values) == ()
