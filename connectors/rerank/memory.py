"""Reranking without a model: the more of a question's words a passage has, the better; padding counts against it."""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel

_TERM = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST_TEXT = 32_768

# What the passage lacks of the question weighs a hundred times what it has besides.
_LACKING, _BESIDES = 1.0, 0.01


class Settings(BaseModel):
    """There is nothing to set."""


class MemoryReranker:
    """Tversky's index (Features of Similarity, 1977) of words and pairs of Chinese characters, from 0 to 1."""

    identity = "memory"
    languages: tuple[str, ...] = ()

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """See the port."""
        wanted = set(_terms(query))
        return [_likeness(wanted, set(_terms(passage))) for passage in passages]


def _likeness(wanted: set[str], found: set[str]) -> float:
    shared = len(wanted & found)
    return shared / (shared + _LACKING * len(wanted - found) + _BESIDES * len(found - wanted) or 1.0)


def _terms(text: str) -> Iterator[str]:
    for run in _TERM.findall(unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]).lower()):
        if _HAN.match(run) and len(run) > 1:
            yield from (run[at : at + 2] for at in range(len(run) - 1))
        else:
            yield run


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryReranker]:
    """The reranker; there is nothing to open."""
    yield MemoryReranker()
