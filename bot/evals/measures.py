"""How good a ranking is, as pure functions over ids and grades."""

import math
from collections.abc import Iterable, Mapping, Sequence


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """The share of the relevant documents among the first k, of as many as k places can hold.

    The capped recall of BEIR (Thakur et al., 2021): at k = 1 it is whether the first document is relevant.
    """
    return sum(id in relevant for id in ranked[:k]) / min(k, len(relevant))


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002); as in trec_eval, the grade is the gain."""
    gained = _discounted(relevant.get(id, 0) for id in ranked[:k])
    return gained / _discounted(sorted(relevant.values(), reverse=True)[:k])


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float]) -> float:
    """One over the rank of the first relevant document; 0 when none was found."""
    return next((1 / rank for rank, id in enumerate(ranked, 1) if id in relevant), 0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank); of at least one value."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _discounted(grades: Iterable[float]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
