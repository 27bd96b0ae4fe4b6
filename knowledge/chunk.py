"""What is stored and found: documents cut into chunks, the sections these make up, and their texts."""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

Labels = Mapping[str, str | list[str]]

FORM = "2"
"""Changes whenever chunks, passages or their vectors are made differently: an index of another form is built anew."""

# Labels that many documents share, or that say what stands in one chunk and would be found in all of them.
_SAYS_NOTHING = frozenset(
    ["kind", "language", "flags", "component", "symptom", "source", "date", "owner", "cause", "fix"]
)
_NAMESPACE = uuid.UUID("6f1c3f0e-6a1e-5a53-9d9e-3c0f6f0d7a11")


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
    """A document as the library has it, its chunks in reading order.

    Who reads it must be in one of its ``readers`` and in one of its source's; none means everybody.
    """

    id: str
    title: str
    link: str
    labels: Labels
    chunks: tuple[Chunk, ...]
    readers: tuple[str, ...] = ()
    source_readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """The chunks that follow each other under one heading path: the parent of its chunks, and the document's child."""

    id: str
    chunks: tuple[Chunk, ...]

    @property
    def heading(self) -> str:
        """The heading path of all its chunks."""
        return self.chunks[0].heading


@dataclass(frozen=True)
class Outline:
    """A document without its text, for lists. ``words`` is how long it is."""

    id: str
    title: str
    link: str
    labels: Labels
    words: int


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, with its document's title and link, and the section it belongs to.

    Scores compare only within one search; ``similarity`` is the centred cosine to the nearest of its queries, which
    compares across searches: 0 for what is not near, None when meaning was not searched.
    """

    chunk: Chunk
    title: str
    link: str
    score: float
    labels: Labels = field(default_factory=dict)
    similarity: float | None = None
    section_id: str = ""


def chunk_id(document_id: str, position: int) -> str:
    """The UUID of the chunk at a position: a new edition of a document writes over the old one in place."""
    return str(uuid.uuid5(_NAMESPACE, f"{document_id}\n{position}"))


def point_id(document_id: str) -> str:
    """The UUID of the point that stands for a document."""
    return str(uuid.uuid5(_NAMESPACE, f"{document_id}\ndocument"))


def sections(chunks: Sequence[Chunk]) -> Iterator[Section]:
    """The sections of one document's chunks, in reading order."""
    for heading, run in groupby(chunks, key=lambda chunk: chunk.heading):
        together = tuple(run)
        first = together[0]
        yield Section(str(uuid.uuid5(_NAMESPACE, f"{first.document_id}\nsection {first.position} {heading}")), together)


def passage(document: StoredDocument, chunk: Chunk) -> str:
    """What is embedded for a chunk: title, heading path and the text without its markup."""
    return f"{document.title[:160]} › {chunk.heading[:160]}\n{plain(chunk.text)}"


def lexical_text(document: StoredDocument, chunk: Chunk) -> str:
    """What a chunk is found by word for word: its passage and the document's labels."""
    told = (value for key, value in document.labels.items() if key not in _SAYS_NOTHING)
    values = (value if isinstance(value, str) else "\n".join(value) for value in told)
    return "\n".join([passage(document, chunk), *values])


def plain(markdown: str) -> str:
    """Markdown without markup: targets of links, emphasis, escapes, fences and table rules go, words stay."""
    text = re.sub(r"!?\[([^\]\n]*)\]\([^)\n]*\)", r"\1", markdown)
    text = re.sub(r"</?[a-zA-Z][^<>\n]{0,200}>", " ", text)
    text = re.sub(r"^[ \t]*(?:```.*|~~~.*|\|[ |:-]+\|[ \t]*|[-*_]{3,})$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t]*(?:#{1,6}|>+)[ \t]+|\*\*|(?<!\w)`|`(?!\w)", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("|", " ")
    return re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*", "\n", text)).strip()


def edition(document: StoredDocument, added_at: str) -> str:
    """Names one version of a document; of two, the later one sorts higher."""
    digest = hashlib.sha256("\0".join(chunk.text for chunk in document.chunks).encode(errors="replace"))
    return f"{added_at} {digest.hexdigest()[:12]}"
