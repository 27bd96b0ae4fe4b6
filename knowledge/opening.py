"""Opens the library from the settings: which embedding and which vector store is configuration."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from connectors.configuration import Roots
from connectors.load import load
from knowledge.glossary import read_glossary
from knowledge.library import Library
from knowledge.settings import Knowledge


class Parts(Protocol):
    """Which vendor serves which seam."""

    @property
    def embedding(self) -> str:
        """The vendor of the embedding seam."""

    @property
    def rerank(self) -> str | None:
        """The vendor of the rerank seam, if any."""

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

    @property
    def knowledge(self) -> Knowledge:
        """The team's own words."""

    def table(self, seam: str, vendor: str) -> Mapping[str, object]:
        """The table ``[connectors.<seam>.<vendor>]``."""


@asynccontextmanager
async def open_library(settings: Configured) -> AsyncIterator[Library]:
    """The library, closed again at the end.

    Raises EmbeddingUnavailable, RerankUnavailable, VectorStoreUnavailable, BadGlossary and BadSettings.
    """
    parts = settings.ports
    embedding = load("embedding", parts.embedding, settings.table("embedding", parts.embedding), settings.roots)
    vectors = load("vectors", parts.vectors, settings.table("vectors", parts.vectors), settings.roots)
    glossary = read_glossary(settings.knowledge.glossary)
    async with AsyncExitStack() as opened:
        reranker = None
        if parts.rerank:
            opening = load("rerank", parts.rerank, settings.table("rerank", parts.rerank), settings.roots)
            reranker = await opened.enter_async_context(opening)
        texts, store = await opened.enter_async_context(embedding), await opened.enter_async_context(vectors)
        yield Library(texts, store, glossary, reranker)
