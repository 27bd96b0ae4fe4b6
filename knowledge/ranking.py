"""Fusion of ranked lists, as pure functions over scores by id."""

import math
from collections.abc import Mapping, Sequence

Scores = Mapping[str, float]


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


def weighted(lists: Sequence[tuple[float, Scores]]) -> dict[str, float]:
    """The weighted mean of normalised lists.

    What a list does not hold scores there like its last entry: a list is a cut-off, so nothing worse is known.
    """
    filled = [(weight, normalised(scores)) for weight, scores in lists if scores]
    total = sum(weight for weight, _ in filled) or 1.0
    floors = [min(scores.values()) for _, scores in filled]
    ids = dict.fromkeys(id for _, scores in filled for id in scores)
    return {
        id: sum(weight * scores.get(id, floor) for (weight, scores), floor in zip(filled, floors, strict=True)) / total
        for id in ids
    }


def merged(lists: Sequence[Scores]) -> dict[str, float]:
    """Several queries' lists as one, each query counting the same (CombSUM; Fox and Shaw, 1994)."""
    return weighted([(1.0, scores) for scores in lists])


def ordered(scores: Scores, limit: int) -> list[str]:
    """The best ids, best first; equal scores by id, so that the order never depends on chance."""
    return sorted(scores, key=lambda id: (-scores[id], id))[:limit]
