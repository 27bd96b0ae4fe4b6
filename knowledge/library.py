"""The library: the only door to what the assistant knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Chunk:
    """A piece of a document as it is stored: whole paragraphs, tables and code blocks, under its heading path."""

    id: str
    document_id: str
    position: int
    heading: str
    text: str


@dataclass(frozen=True)
class StoredDocument:
    """A document as the library has it, its chunks in reading order."""

    id: str
    title: str
    link: str
    labels: Mapping[str, str | list[str]]
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, with its document's title and link; scores compare only within one search."""

    chunk: Chunk
    title: str
    link: str
    score: float
    labels: Mapping[str, str | list[str]] = field(default_factory=dict)


class Library(Protocol):
    """What readers of the library see."""

    async def search(
        self, queries: Sequence[str], limit: int = 8, where: Mapping[str, Sequence[str]] | None = None
    ) -> list[Hit]:
        """Chunks for any of the queries, best first, each once. ``where`` filters labels inside the store."""

    async def document(self, document_id: str) -> StoredDocument | None:
        """A document by its id, or None."""
