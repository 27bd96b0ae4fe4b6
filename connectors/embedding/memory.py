"""Embeddings without a model: hashed words and character trigrams, so that texts that share them are near."""

import math
import re
import unicodedata
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from connectors.embedding.port import Parted, Role, Span, Vector

_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 2.0
_LONGEST_TEXT = 32_768


class Settings(BaseModel):
    """How long the vectors are."""

    dimension: int = Field(default=384, ge=8)
    """Numbers per vector; fewer make unrelated texts collide."""


class MemoryEmbedding:
    """The feature-hashing trick (Weinberger et al., 2009): a feature's hash names its place and its sign."""

    def __init__(self, dimension: int) -> None:
        """Vectors of ``dimension`` numbers."""
        self.identity = f"memory:{dimension}"
        self.dimension = dimension

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        """See the port; both roles give the same vectors, and no text is refused."""
        return [self._vector(text) for text in texts]

    async def embed_parts(self, passages: Sequence[str], parts: Sequence[Sequence[Span]]) -> list[Parted]:
        """See the port; here a part's vector is that of its own words."""
        return [
            Parted(self._vector(text), tuple(self._vector(text[start:end] or text) for start, end in spans))
            for text, spans in zip(passages, parts, strict=True)
        ]

    def _vector(self, text: str) -> Vector:
        numbers = [0.0] * self.dimension
        for feature, weight in _features(text):
            digest = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
            numbers[(digest >> 1) % self.dimension] += weight if digest & 1 else -weight
        norm = math.hypot(*numbers)
        return tuple(number / norm for number in numbers)


def _features(text: str) -> list[tuple[str, float]]:
    # The empty feature is in every text, so that a text of nothing but blanks has a direction too.
    features = [("", 0.01)]
    for word in _WORD.findall(unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]).lower()):
        padded = f"<{word}>"
        features.append((word, _WORD_WEIGHT))
        features.extend((padded[at : at + 3], 1.0) for at in range(len(padded) - 2))
    return features


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryEmbedding]:
    """The embedding; there is nothing to open."""
    yield MemoryEmbedding(settings.dimension)
