"""Documents held in memory: the twin of the sources seam, and how an evaluation brings its corpus."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel

from connectors.sources.formats.files import digest
from connectors.sources.port import Document, Entry, Source, Unreadable


class Page(BaseModel):
    """One document; its text is Markdown."""

    id: str
    """Unique within the source."""

    title: str = ""
    """What people call it."""

    text: str
    """Markdown."""

    link: str = ""
    """Where it can be opened."""

    labels: dict[str, str | list[str]] = {}
    """Front matter."""


class Settings(BaseModel):
    """What there is to read."""

    name: str = "memory"
    """What the source is called in the library."""

    documents: tuple[Page, ...] = ()
    """The documents, in order."""


class MemorySource:
    """A source whose documents are values; ``put`` and ``remove`` change it between two fetches."""

    def __init__(self, name: str, documents: Sequence[Page] = ()) -> None:
        self.name = name
        self.skipped: Mapping[str, int] = {}
        self._pages = {page.id: page for page in documents}

    def put(self, page: Page) -> None:
        """Add a document, or replace the one with its id."""
        self._pages[page.id] = page

    def remove(self, id: str) -> None:
        """Take a document away."""
        del self._pages[id]

    async def entries(self) -> list[Entry]:
        """All documents, sorted by id."""
        pages = (self._pages[id] for id in sorted(self._pages))
        return [Entry(page.id, _digest(page), len(page.text.encode(errors="replace"))) for page in pages]

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named documents; one that is gone is Unreadable."""
        for id in ids:
            page = self._pages.get(id)
            if page is None:
                yield Unreadable(id, "no longer there")
                continue
            link, mark = page.link or page.id, _digest(page)
            yield Document(id, page.title or page.id, page.text, mark, link, "text/markdown", page.labels)


def _digest(page: Page) -> str:
    return digest(page.model_dump_json().encode(errors="replace"))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """The documents of the settings."""
    yield MemorySource(settings.name, settings.documents)
