"""What is stored and found: documents cut into chunks, and a chunk's form as a point of the vector store."""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.vectors.port import Payload

Labels = Mapping[str, str | list[str]]

FORM = "1"
"""Changes whenever chunks, passages or sparse vectors are made differently: an index of another form is not used."""

_NAMESPACE = uuid.UUID("6f1c3f0e-6a1e-5a53-9d9e-3c0f6f0d7a11")
_LABEL = "label_"


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
    labels: Labels
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, with its document's title and link.

    Scores compare only within one search; ``similarity`` is the centred cosine to the nearest of its queries, which
    compares across searches: 0 for what is not near, None when meaning was not searched.
    """

    chunk: Chunk
    title: str
    link: str
    score: float
    labels: Labels = field(default_factory=dict)
    similarity: float | None = None


def chunk_id(document_id: str, position: int) -> str:
    """The UUID of the chunk at a position: a new edition of a document writes over the old one in place."""
    return str(uuid.uuid5(_NAMESPACE, f"{document_id}\n{position}"))


def passage(document: StoredDocument, chunk: Chunk) -> str:
    """What is embedded for a chunk: title, heading path and the text without its markup."""
    return f"{document.title[:160]} › {chunk.heading[:160]}\n{plain(chunk.text)}"


def lexical_text(document: StoredDocument, chunk: Chunk) -> str:
    """What a chunk is found by word for word: its passage and the document's labels."""
    values = (value if isinstance(value, str) else "\n".join(value) for value in document.labels.values())
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


def payload(document: StoredDocument, chunk: Chunk, mark: str) -> Payload:
    """A chunk and what is shown of its document, as a point carries it."""
    labels = {_LABEL + key: value for key, value in document.labels.items()}
    return {
        **labels,
        "kind": "chunk",
        "document": document.id,
        "title": document.title,
        "link": document.link,
        "edition": mark,
        "opens": "document" if chunk.position == 0 else "",
        "position": chunk.position,
        "heading": chunk.heading,
        "text": chunk.text,
    }


def label_key(name: str) -> str:
    """The key of a point's payload that holds a label."""
    return _LABEL + name


def hit(id: str, score: float, stored: Payload, similarity: float | None = None) -> Hit:
    """The hit that a point's payload describes."""
    labels = {key.removeprefix(_LABEL): _label(value) for key, value in stored.items() if key.startswith(_LABEL)}
    position = stored["position"]
    chunk = Chunk(
        id=id,
        document_id=str(stored["document"]),
        position=int(position) if isinstance(position, (int, float)) else 0,
        heading=str(stored["heading"]),
        text=str(stored["text"]),
    )
    return Hit(chunk, str(stored["title"]), str(stored["link"]), score, labels, similarity)


def _label(value: str | float | list[str]) -> str | list[str]:
    return value if isinstance(value, list) else str(value)


def newest(stored: Sequence[Payload]) -> dict[str, str]:
    """The latest edition of each document among some payloads."""
    latest: dict[str, str] = {}
    for one in stored:
        id, mark = str(one["document"]), str(one["edition"])
        latest[id] = max(mark, latest.get(id, ""))
    return latest
