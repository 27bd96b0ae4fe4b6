"""Centring: a text's vector minus what all texts of its language and role share.

A multilingual encoder such as e5 puts the language into the vector, and a query into another corner than a passage, so
that passages in the query's own language come first whatever they say. Subtracting the mean of each language removes
that (Libovický, Rosa and Fraser, "On the Language Neutrality of Pre-trained Multilingual Representations", 2020). The
means come from fixed parallel sentences and not from the documents: they are there before the first document, they do
not drift, and a corpus about one subject does not lose its subject.
"""

import base64
import hashlib
import math
import struct
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from connectors.embedding.port import Embedding, Role, Vector
from knowledge.language import Language, language_of

_FILE = Path(__file__).with_name("calibration.toml")
_KINDS: tuple[tuple[Role, Language], ...] = (("passage", "en"), ("passage", "zh"), ("query", "en"), ("query", "zh"))


@dataclass(frozen=True)
class Means:
    """The mean vector of each role and language under one embedding."""

    vectors: Mapping[tuple[Role, Language], Vector]

    def centre(self, text: str, vector: Vector, role: Role) -> list[float]:
        """The vector without its language's mean, of length 1; as it is when nothing would be left."""
        mean = self.vectors[role, language_of(text)]
        rest = [a - b for a, b in zip(vector, mean, strict=True)]
        length = math.hypot(*rest)
        return [number / length for number in rest] if length > 1e-6 else list(vector)

    def packed(self) -> str:
        """The means as text, for keeping."""
        numbers = [number for kind in _KINDS for number in self.vectors[kind]]
        return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def unpacked(text: str) -> Means:
    """The means that ``packed`` wrote."""
    raw = base64.b64decode(text)
    numbers = struct.unpack(f"<{len(raw) // 4}f", raw)
    size = len(numbers) // len(_KINDS)
    return Means({kind: numbers[index * size : (index + 1) * size] for index, kind in enumerate(_KINDS)})


async def measure(embedding: Embedding) -> Means:
    """The means of an embedding. Raises EmbeddingUnavailable."""
    vectors: dict[tuple[Role, Language], Vector] = {}
    for role, language in _KINDS:
        sentences = [pair[0 if language == "en" else 1] for pair in _pairs()]
        vectors[role, language] = mean(await embedding.embed(sentences, role))
    return Means(vectors)


def mean(vectors: Sequence[Vector]) -> Vector:
    """The arithmetic mean of at least one vector."""
    return [math.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]


def digest() -> str:
    """Changes when the sentences do."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()[:12]


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    pairs = tomllib.loads(_FILE.read_text("utf-8"))["pairs"]
    return tuple((str(english), str(chinese)) for english, chinese in pairs)
