"""The sources seam: documents as they are fetched, before anything is cut out of them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["page", "incident", "ticket", "thread"]
"""What a document is: written to be looked up, a past incident, a ticket, a conversation."""


@dataclass(frozen=True)
class Document:
    """One document with its provenance.

    ``id`` is stable across fetches and unique within the source (a relative path, a page id). ``text`` is Markdown
    (headings, fenced code, pipe tables) whatever the original format was; ``digest`` is the SHA-256 of the original.
    ``labels`` is the front matter or its like: service, symptom, language, owner, date, … ``readers`` are the groups
    that may read it at its origin; empty when the origin sets no limit.
    """

    id: str
    title: str
    text: str
    digest: str
    link: str
    media_type: str
    labels: Mapping[str, str | list[str]] = field(default_factory=dict)
    kind: Kind = "page"
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A document before it is read: enough to see whether it changed.

    ``digest`` is equal as long as the document is: a hash, or the version or time of change that its origin states.
    ``size_bytes`` is 0 when the origin does not say.
    """

    id: str
    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Unreadable:
    """A document that could not be read, and why; ingest goes on without it.

    One that is ``passing`` may well be readable tomorrow though nothing about it changes: the next run tries again.
    """

    id: str
    reason: str
    passing: bool = False


class SourceUnavailable(Exception):
    """The source cannot be listed at all; the message says what to do."""


class Source(Protocol):
    """Something documents come from. ``name`` tells sources apart in the library.

    ``skipped`` counts what the last ``entries`` passed over because it is no document, by reason.
    """

    name: str
    skipped: Mapping[str, int]

    async def entries(self) -> list[Entry]:
        """All that is there now, cheaply. Raises SourceUnavailable."""

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named documents, read and turned into Markdown, one by one."""
