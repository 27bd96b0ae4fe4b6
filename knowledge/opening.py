"""Opens the library from the settings: which embedding and which vector store is configuration."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from connectors.configuration import Roots
from connectors.load import load
from knowledge.library import Library


class Parts(Protocol):
    """Which vendor serves which seam."""

    @property
    def embedding(self) -> str:
        """The vendor of the embedding seam."""

    @property
    def vectors(self) -> str:
        """The vendor of the vectors seam."""


class Configured(Protocol):
    """What the settings of any program that opens the library can tell."""

    @property
    def roots(self) -> Roots:
        """Where relative paths start."""

    @property
    def ports(self) -> Parts:
        """The vendors in use."""

    def table(self, seam: str, vendor: str) -> Mapping[str, object]:
        """The table ``[connectors.<seam>.<vendor>]``."""


@asynccontextmanager
async def open_library(settings: Configured) -> AsyncIterator[Library]:
    """The library, closed again at the end. Raises EmbeddingUnavailable, VectorStoreUnavailable and BadSettings."""
    parts = settings.ports
    embedding = load("embedding", parts.embedding, settings.table("embedding", parts.embedding), settings.roots)
    vectors = load("vectors", parts.vectors, settings.table("vectors", parts.vectors), settings.roots)
    async with embedding as texts, vectors as store:
        yield Library(texts, store)
