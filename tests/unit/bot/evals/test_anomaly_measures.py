"""The measures of anomaly scores: their fixed points, and figures that others published."""

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.anomaly import Floats
from bot.evals.anomaly import read_series
from bot.evals.anomaly_measures import Scored, best_nab_score, false_alarms, nab_score, period, vus_pr

NAB = Path(__file__).parents[5] / "shared" / "data" / "nab"
WINDOWS = [(400, 440), (700, 740)]


def at(*places: int, length: int = 1000) -> Floats:
    scores = np.zeros(length)
    scores[list(places)] = 1.0
    return scores


@pytest.mark.parametrize(
    ("alarms", "score"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([400, 700], 100, id="all at once"),
        pytest.param([400, 410, 420, 700], 100, id="again in the same window costs nothing"),
        pytest.param([400], 50, id="one of two"),
        pytest.param([10, 140, 400, 700], 100, id="in the probation nothing counts"),
        pytest.param([200, 400, 700], 100 - 100 * 0.11 / 4, id="one false alarm"),
        pytest.param([440, 740], 50 + 50 * math.tanh(2.5 / 41) / math.tanh(2.5), id="as late as can be"),
    ],
)
def test_the_nab_score_of_some_alarms(alarms: list[int], score: float) -> None:
    assert nab_score([Scored(at(*alarms), WINDOWS)], 0.5) == pytest.approx(score, abs=0.01)


def test_a_false_alarm_right_behind_a_window_costs_less() -> None:
    near, far = (nab_score([Scored(at(400, 700, place), WINDOWS)], 0.5) for place in (745, 990))

    assert far < near < 100


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20))
def test_no_threshold_is_better_than_the_best(seed: int, values: int) -> None:
    scores = np.random.default_rng(seed).integers(0, values, 1000) / values
    series = [Scored(scores, WINDOWS), Scored(scores[::-1], [])]

    best = best_nab_score(series)

    tried = [nab_score(series, threshold) for threshold in (*np.unique(scores), math.inf)]
    assert best.score == pytest.approx(max(tried))
    assert nab_score(series, best.threshold) == pytest.approx(best.score)


@pytest.mark.skipif(not NAB.is_dir(), reason="the benchmark's data is not here")
def test_the_windowed_gaussian_scores_what_was_published() -> None:
    # Its scores were written with twelve digits, so that its threshold of 1.0 was this many standard deviations.
    threshold = NormalDist().inv_cdf(1 - 5e-13)
    published = {
        "realAdExchange/exchange-3_cpc_results.csv": 2.50266326119,
        "realAdExchange/exchange-4_cpm_results.csv": 1.27471036268,
        "realAWSCloudwatch/ec2_cpu_utilization_825cc2.csv": 0.956537840284,
        "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv": -4.19089678552,
        "realKnownCause/rogue_agent_key_updown.csv": -1.3964908955,
        "realTraffic/speed_7578.csv": 3.47059145681,
    }
    found = {}
    for one in read_series(NAB):
        if one.name in published:
            scored = Scored(gaussian(one.values), one.windows)
            found[one.name] = len(one.windows) * (nab_score([scored], threshold) / 50 - 1)

    assert found == pytest.approx(published, abs=1e-6)


def gaussian(values: Floats) -> Floats:
    """The distance from the mean of all values before, in their standard deviations."""
    seen = np.maximum(np.arange(len(values)), 1)
    centred = values - values.mean()
    mean, square = (np.concatenate([[0], np.cumsum(one)[:-1]]) / seen for one in (centred, centred**2))
    return np.abs(centred - mean) / (np.sqrt(np.maximum(square - mean**2, 0)) + 1e-6)


def test_alarms_within_windows_and_in_the_probation_are_no_false_ones() -> None:
    assert false_alarms(Scored(at(10, 200, 420, 500), WINDOWS), 0.5) == 2


def test_the_volume_of_perfect_and_of_constant_scores() -> None:
    labels = np.zeros(1000)
    labels[400:441] = labels[700:741] = 1

    assert vus_pr(Scored(labels, WINDOWS), 0) == pytest.approx(1)
    assert vus_pr(Scored(np.ones(1000), WINDOWS), 0) == pytest.approx(0.082)


def test_a_near_miss_counts_within_the_tolerance() -> None:
    late = Scored(np.roll(at(*range(400, 441)), 15), WINDOWS[:1])

    assert vus_pr(late, 0) < vus_pr(late, 20) < vus_pr(late, 60) < 1


def test_the_volume_of_the_published_procedure() -> None:
    # Computed once from its definition, threshold by threshold and tolerance by tolerance.
    scores = (np.arange(600) * 37 % 101) / 101.0
    scores[100:131] += 0.5

    assert [vus_pr(Scored(scores, [(100, 130), (300, 350)]), buffer) for buffer in (0, 9, 40)] == pytest.approx(
        [0.3451719584, 0.3675480986, 0.4142449990], abs=1e-9
    )


@pytest.mark.parametrize(("every", "found"), [(24, 24), (7, 7), (400, 125)])
def test_the_period_of_a_wave(every: int, found: int) -> None:
    assert period(np.sin(2 * np.pi * np.arange(4000) / every)) == found
