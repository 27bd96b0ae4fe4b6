"""The embedding seam: texts to vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Vector: TypeAlias = Sequence[float]
Role: TypeAlias = Literal["query", "passage"]
Span: TypeAlias = tuple[int, int]
"""Where a part of a text begins and ends, in characters."""


@dataclass(frozen=True)
class Parted:
    """The vector of a text, and one of each of its parts in order."""

    whole: Vector
    parts: tuple[Vector, ...]


class EmbeddingUnavailable(Exception):
    """The embedding model is missing or died; the message says how to mend it."""


class Embedding(Protocol):
    """One embedding model. ``identity`` changes whenever its vectors would (model, weights, precision)."""

    identity: str
    dimension: int

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        """One L2-normalised vector of ``dimension`` floats per text, in order. Raises EmbeddingUnavailable."""

    async def embed_parts(self, passages: Sequence[str], parts: Sequence[Sequence[Span]]) -> list[Parted]:
        """The vectors of passages as ``embed`` gives them, and of parts of each in the light of the whole passage.

        A part's vector is the mean of what the model made of its tokens within the passage: late chunking (Günther et
        al., arXiv 2409.04701), at no cost beyond the passage's. A part without tokens, or behind what the model reads,
        has the passage's vector. All are L2-normalised. Raises EmbeddingUnavailable.
        """
