"""The rerank seam: how well each of a few passages answers a question, judged by reading both together."""

from collections.abc import Sequence
from typing import Protocol


class RerankUnavailable(Exception):
    """The reranker is missing, died or refused; the message says how to mend it."""


class Reranker(Protocol):
    """One reranking model. ``identity`` changes whenever its scores would (model, weights, precision).

    ``languages`` are the ISO 639-1 codes of the languages that it was trained on; empty: any.
    """

    identity: str
    languages: tuple[str, ...]

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """One finite score per passage, in order: the higher, the more relevant.

        Scores are comparable within one call only. No text is refused: a pair that is too long for the model loses
        the passage's end first. Raises RerankUnavailable.
        """
