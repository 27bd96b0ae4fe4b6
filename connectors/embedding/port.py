"""The embedding seam: texts to vectors."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

Vector: TypeAlias = Sequence[float]
Role: TypeAlias = Literal["query", "passage"]


class EmbeddingUnavailable(Exception):
    """The embedding model is missing or died; the message says how to mend it."""


class Embedding(Protocol):
    """One embedding model. ``identity`` changes whenever its vectors would (model, weights, precision)."""

    identity: str
    dimension: int

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        """One L2-normalised vector of ``dimension`` floats per text, in order. Raises EmbeddingUnavailable."""
