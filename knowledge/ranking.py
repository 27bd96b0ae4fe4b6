"""Fusion of ranked lists, as pure functions over scores by id."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Scores: TypeAlias = Mapping[str, float]
Weight: TypeAlias = Callable[[str], float]
"""What a list counts for an id."""


def normalised(scores: Scores) -> dict[str, float]:
    """Scores by distribution: three standard deviations below the mean become 0, three above become 1.

    Distribution-based score fusion (Mazzeschi, 2023), in the form Qdrant has. What lies further out goes beyond 0 and
    1: cut off there, the best of a list that stands out would be as good as its second.
    """
    if not scores:
        return {}
    mean = math.fsum(scores.values()) / len(scores)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores.values()) / len(scores))
    if deviation < 1e-9:
        return dict.fromkeys(scores, 0.5)
    return {id: 0.5 + (score - mean) / (6 * deviation) for id, score in scores.items()}


def weighted(lists: Sequence[tuple[Weight, Scores]]) -> dict[str, float]:
    """The weighted mean of normalised lists.

    What a list does not hold scores there like its last entry: a list is a cut-off, so nothing worse is known.
    """
    filled = [(weight, normalised(scores)) for weight, scores in lists if scores]
    floors = [min(scores.values()) for _, scores in filled]
    fused: dict[str, float] = {}
    for id in dict.fromkeys(id for _, scores in filled for id in scores):
        parts = [(weight(id), scores.get(id, floor)) for (weight, scores), floor in zip(filled, floors, strict=True)]
        fused[id] = sum(weight * score for weight, score in parts) / (sum(weight for weight, _ in parts) or 1.0)
    return fused


def alike(_: str) -> float:
    """The weight of a list that counts the same for every id."""
    return 1.0


def merged(lists: Sequence[Scores]) -> dict[str, float]:
    """Several queries' lists as one, each query counting the same (CombSUM; Fox and Shaw, 1994)."""
    return weighted([(alike, scores) for scores in lists])


def ordered(scores: Scores, limit: int) -> list[str]:
    """The best ids, best first; equal scores by id, so that the order never depends on chance."""
    return sorted(scores, key=lambda id: (-scores[id], id))[:limit]


def reranked(scores: Scores, judged: Scores) -> dict[str, float]:
    """The scores with those of ``judged`` ids shared out anew among these ids, by both orders counting the same.

    A second opinion on a few: what was not judged keeps its place, and so do the scores of the places.
    """
    first = {id: scores[id] for id in judged}
    both = weighted([(alike, first), (alike, judged)])
    places = sorted(first.values(), reverse=True)
    return {**scores, **dict(zip(ordered(both, len(both)), places, strict=True))}
