"""Fusion of lists: scores by distribution, weighted and summed."""

import pytest

from knowledge.ranking import alike, merged, normalised, ordered, reranked, weighted


def test_scores_are_placed_by_mean_and_deviation() -> None:
    assert normalised({"a": 3.0, "b": 1.0}) == pytest.approx({"a": 0.5 + 1 / 6, "b": 0.5 - 1 / 6})


def test_one_that_stands_out_keeps_its_lead() -> None:
    scores = normalised({"best": 100.0, "second": 50.0, **{str(n): 0.0 for n in range(48)}})

    assert scores["best"] > scores["second"] > scores["0"]
    assert scores["best"] > 1


def test_equal_scores_and_empty_lists_are_no_trouble() -> None:
    assert normalised({"a": 2.0, "b": 2.0}) == {"a": 0.5, "b": 0.5}
    assert weighted([(alike, {}), (alike, {})]) == {}


def test_the_scale_of_a_list_does_not_matter() -> None:
    near, exact = {"a": 0.9, "b": 0.8, "c": 0.1}, {"b": 3.0, "c": 1.0}

    assert weighted([(alike, near), (lambda _: 0.3, exact)]) == pytest.approx(
        weighted([(alike, near), (lambda _: 0.3, {id: 100 * score + 7 for id, score in exact.items()})])
    )


def test_what_a_list_lacks_counts_like_its_last() -> None:
    fused = weighted([(alike, {"a": 2.0, "b": 1.0}), (alike, {"c": 9.0, "a": 1.0})])

    assert fused["c"] == fused["a"]
    assert fused["a"] > fused["b"]


def test_a_hit_of_two_queries_beats_the_best_of_one() -> None:
    one = {"both": 0.8, "first": 0.9, "x": 0.1, "y": 0.1}
    other = {"both": 0.8, "second": 0.9, "x": 0.1, "y": 0.1}

    assert ordered(merged([one, other]), 1) == ["both"]


def test_ties_are_in_the_order_of_their_ids() -> None:
    assert ordered({"b": 1.0, "a": 1.0, "c": 2.0}, 2) == ["c", "a"]


def test_a_weight_may_depend_on_what_is_weighed() -> None:
    near, words = {"own": 0.6, "foreign": 0.6, "x": 0.1}, {"own": 9.0, "x": 1.0, "y": 1.0}

    fused = weighted([(alike, near), (lambda id: 0.0 if id == "foreign" else 1.5, words)])

    assert fused["foreign"] == pytest.approx(weighted([(alike, near)])["foreign"])


def test_a_second_opinion_shares_out_the_same_places_anew() -> None:
    scores = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.1}

    judged = reranked(scores, {"a": -3.0, "b": 5.0, "c": 1.0})

    assert ordered(judged, 4) == ["b", "a", "c", "d"]
    assert sorted(judged.values()) == sorted(scores.values())


def test_an_opinion_on_nothing_changes_nothing() -> None:
    assert reranked({"a": 0.5}, {}) == {"a": 0.5}
