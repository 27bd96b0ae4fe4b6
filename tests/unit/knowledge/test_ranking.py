"""Fusion of lists: scores by distribution, weighted and summed."""

import pytest

from knowledge.ranking import merged, normalised, ordered, weighted


def test_scores_are_placed_by_mean_and_deviation() -> None:
    assert normalised({"a": 3.0, "b": 1.0}) == pytest.approx({"a": 0.5 + 1 / 6, "b": 0.5 - 1 / 6})


def test_one_that_stands_out_keeps_its_lead() -> None:
    scores = normalised({"best": 100.0, "second": 50.0, **{str(n): 0.0 for n in range(48)}})

    assert scores["best"] > scores["second"] > scores["0"]
    assert scores["best"] > 1


def test_equal_scores_and_empty_lists_are_no_trouble() -> None:
    assert normalised({"a": 2.0, "b": 2.0}) == {"a": 0.5, "b": 0.5}
    assert weighted([(1.0, {}), (1.0, {})]) == {}


def test_the_scale_of_a_list_does_not_matter() -> None:
    near, exact = {"a": 0.9, "b": 0.8, "c": 0.1}, {"b": 3.0, "c": 1.0}

    assert weighted([(1.0, near), (0.3, exact)]) == pytest.approx(
        weighted([(1.0, near), (0.3, {id: 100 * score + 7 for id, score in exact.items()})])
    )


def test_what_a_list_lacks_counts_like_its_last() -> None:
    fused = weighted([(1.0, {"a": 2.0, "b": 1.0}), (1.0, {"c": 9.0, "a": 1.0})])

    assert fused["c"] == fused["a"]
    assert fused["a"] > fused["b"]


def test_a_hit_of_two_queries_beats_the_best_of_one() -> None:
    one = {"both": 0.8, "first": 0.9, "x": 0.1, "y": 0.1}
    other = {"both": 0.8, "second": 0.9, "x": 0.1, "y": 0.1}

    assert ordered(merged([one, other]), 1) == ["both"]


def test_ties_are_in_the_order_of_their_ids() -> None:
    assert ordered({"b": 1.0, "a": 1.0, "c": 2.0}, 2) == ["c", "a"]
