"""The twin's arithmetic, against figures worked out by hand."""

import math

import pytest

from connectors.vectors.memory import dense_scores, fuse, part_scores, sparse_scores
from connectors.vectors.port import Point, Sparse


def test_scores_are_scaled_to_three_deviations_around_the_mean_and_summed() -> None:
    # Mean 2 and sample deviation 1, so 1, 2, 3 lie at 2/6, 3/6 and 4/6 between -1 and 5.
    fused = fuse([{"a": 1.0, "b": 2.0, "c": 3.0}, {"c": 30.0, "b": 20.0, "a": 10.0}])

    assert fused == pytest.approx({"a": 2 / 3, "b": 1.0, "c": 4 / 3})


@pytest.mark.parametrize("leg", [{"a": 7.0}, {"a": 7.0, "b": 7.0}], ids=["one-hit", "all-equal"])
def test_a_leg_without_spread_counts_half(leg: dict[str, float]) -> None:
    assert set(fuse([leg, {}]).values()) == {0.5}


def test_a_rare_index_weighs_more_than_a_common_one() -> None:
    points = [
        Point(str(n), {}, {"words": Sparse([1, 2] if n == 0 else [1], [1.0, 1.0][: 2 - bool(n)])}, {}) for n in range(3)
    ]

    scores = sparse_scores(Sparse([1, 2], [1.0, 1.0]), "words", points, points)

    common, rare = math.log(0.5 / 3.5 + 1), math.log(2.5 / 1.5 + 1)
    assert scores == pytest.approx({"0": common + rare, "1": common, "2": common})


def test_a_vector_of_zeros_is_near_to_nothing() -> None:
    assert dense_scores([1.0, 0.0], "text", [Point("a", {"text": [0.0, 0.0]}, {}, {})]) == {"a": 0.0}


def test_a_point_without_parts_has_no_score() -> None:
    points = [
        Point("a", {}, {}, {}, {"parts": [[0.0, 1.0], [3.0, 4.0]]}),
        Point("b", {}, {}, {}, {"parts": [[-1.0, 0.0]]}),
        Point("c", {}, {}, {}),
    ]

    assert part_scores([2.0, 0.0], "parts", points) == pytest.approx({"a": 0.6, "b": -1.0})
