"""How documents, sections and chunks are points of the vector store, linked upwards, and back again.

A point's ``parent`` is the id of the point it is part of: a chunk's is its section, a section's is its document. Only
chunks have vectors: one of the whole, one of each sentence, and a sparse one of the words.
"""

from collections.abc import Iterator, Mapping, Sequence

from connectors.embedding.port import Parted
from connectors.vectors.port import Hit as Found
from connectors.vectors.port import Layout, Payload, Point, Where
from knowledge import lexical
from knowledge.chunk import (
    Chunk,
    Hit,
    Outline,
    Section,
    StoredDocument,
    chunk_id,
    edition,
    lexical_text,
    point_id,
    sections,
)

MEANING, SENTENCES, WORDS = "text", "sentences", "words"
ABOUT = chunk_id("", -1)
"""The point that describes its collection."""

_LABEL = "label_"
_EVERYBODY = "*"
_FILTERED = ("level", "document", "edition", "parent", "readers", "source_readers")
_LABELLED = ("source", "language", "kind", "service", "component", "symptom")


def layout(dimension: int) -> Layout:
    """What the library asks of a collection."""
    keywords = (*_FILTERED, *(label_key(name) for name in _LABELLED))
    return Layout({MEANING: dimension}, (WORDS,), keywords, parts={SENTENCES: dimension})


def readable(groups: Sequence[str], labels: Mapping[str, Sequence[str]] | None = None, **keys: str) -> Where:
    """What somebody of these groups may see and that has one of the values under each label."""
    may = [_EVERYBODY, *groups]
    chosen = {label_key(name): values for name, values in (labels or {}).items()}
    # These come last, so that no label can take their place.
    return Where(any_of={**chosen, **{key: [value] for key, value in keys.items()}, **_doors(may)})


def points(document: StoredDocument, vectors: Sequence[Parted], added_at: str) -> Iterator[Point]:
    """A document's points: its chunks with their vectors (one ``Parted`` each, in order), its sections and itself."""
    mark = edition(document, added_at)
    shared = _shared(document, mark)
    described = {**shared, **_described(document)}
    words = sum(len(chunk.text.split()) for chunk in document.chunks)
    made = iter(zip(document.chunks, vectors, strict=True))
    for section in sections(document.chunks):
        for _ in section.chunks:
            chunk, vector = next(made)
            yield _chunk_point(document, section, chunk, vector, described)
        yield Point(section.id, {}, {}, {**shared, **_section_payload(section)})
    if document.chunks:
        itself: Payload = {"level": "document", "parent": "", "words": words}
        yield Point(point_id(document.id), {}, {}, {**described, **itself})


def mark(document: StoredDocument, added_at: str) -> str:
    """The edition that ``points`` gives to all of a document's points."""
    return edition(document, added_at)


def hit(found: Found, score: float, similarity: float | None = None) -> Hit:
    """The hit that a chunk's point describes."""
    stored = found.payload
    return Hit(
        chunk=Chunk(
            found.id, _text(stored, "document"), position(stored), _text(stored, "heading"), _text(stored, "text")
        ),
        title=_text(stored, "title"),
        link=_text(stored, "link"),
        score=score,
        labels=labels(stored),
        similarity=similarity,
        section_id=_text(stored, "parent"),
    )


def chunk(found: Found) -> Chunk:
    """The chunk that a point holds."""
    stored = found.payload
    heading, text = _text(stored, "heading"), _text(stored, "text")
    return Chunk(found.id, _text(stored, "document"), position(stored), heading, text)


def outline(stored: Payload) -> Outline:
    """What a document's own point says of it."""
    words = stored["words"]
    return Outline(
        _text(stored, "document"),
        _text(stored, "title"),
        _text(stored, "link"),
        labels(stored),
        int(words) if isinstance(words, int | float) else 0,
    )


def readers(stored: Payload) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who may read a document, by itself and by its source; empty is everybody."""
    both = (stored.get("readers"), stored.get("source_readers"))
    own, source = (tuple(value) if isinstance(value, list) and value != [_EVERYBODY] else () for value in both)
    return own, source


def closes(document: StoredDocument, stored: Payload) -> bool:
    """Whether somebody could read it as it is stored who may not read this version; one without text is for nobody."""
    own, source = readers(stored)
    doors = ((document.readers, own), (document.source_readers, source))
    return not document.chunks or any(narrower(now, former) for now, former in doors)


def narrower(now: Sequence[str], former: Sequence[str]) -> bool:
    """Whether a limit shuts out somebody whom the former one let in; empty lets everybody in."""
    return bool(now) and not (former and set(former) <= set(now))


def labels(stored: Payload) -> dict[str, str | list[str]]:
    """The labels of a point's document."""
    return {key.removeprefix(_LABEL): _label(value) for key, value in stored.items() if key.startswith(_LABEL)}


def label_key(name: str) -> str:
    """The key of a point's payload that holds a label."""
    return _LABEL + name


def position(stored: Payload) -> int:
    """Where a chunk stands in its document."""
    value = stored["position"]
    return int(value) if isinstance(value, int | float) else 0


def newest(stored: Sequence[Payload]) -> dict[str, str]:
    """The latest edition of each document among some payloads."""
    latest: dict[str, str] = {}
    for one in stored:
        id, of = str(one["document"]), str(one["edition"])
        latest[id] = max(of, latest.get(id, ""))
    return latest


def current(stored: Payload, latest: Mapping[str, str]) -> bool:
    """Whether a point is of its document's latest edition."""
    return stored["edition"] == latest[str(stored["document"])]


def _shared(document: StoredDocument, of: str) -> Payload:
    return {
        **{key: values or [_EVERYBODY] for key, values in _doors(document.readers, document.source_readers).items()},
        "document": document.id,
        "edition": of,
    }


def _described(document: StoredDocument) -> Payload:
    named = {_LABEL + key: value for key, value in document.labels.items()}
    return {**named, "title": document.title, "link": document.link}


def _doors(own: Sequence[str], source: Sequence[str] | None = None) -> dict[str, list[str]]:
    return {"readers": list(own), "source_readers": list(own if source is None else source)}


def _chunk_point(document: StoredDocument, section: Section, chunk: Chunk, vector: Parted, described: Payload) -> Point:
    payload: Payload = {"level": "chunk", "parent": section.id, "position": chunk.position, "text": chunk.text}
    words = lexical.document_vector(lexical_text(document, chunk))
    return Point(
        chunk.id,
        {MEANING: vector.whole},
        {WORDS: words},
        {**described, **payload, "heading": chunk.heading},
        parts={SENTENCES: vector.parts or (vector.whole,)},
    )


def _section_payload(section: Section) -> Payload:
    first = section.chunks[0]
    parent = point_id(first.document_id)
    return {"level": "section", "parent": parent, "heading": section.heading, "position": first.position}


def _text(stored: Payload, key: str) -> str:
    return str(stored[key])


def _label(value: str | float | list[str]) -> str | list[str]:
    return value if isinstance(value, list) else str(value)
