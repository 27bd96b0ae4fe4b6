"""Documents as linked points and back, and who may see them."""

from connectors.embedding.port import Parted
from connectors.vectors.memory import matches
from connectors.vectors.port import Hit as Found
from connectors.vectors.port import Point
from knowledge.chunk import Chunk, StoredDocument, chunk_id
from knowledge.points import current, hit, newest, outline, points, readable, readers

CHUNKS = tuple(
    Chunk(chunk_id("docs/a.md", n), "docs/a.md", n, heading, f"Raise `max` {n}.")
    for n, heading in enumerate(["Pool", "Pool › Fix"])
)
DOCUMENT = StoredDocument("docs/a.md", "Pool", "https://x.example", {"service": "pay", "tags": ["a", "b"]}, CHUNKS)
SECRET = StoredDocument("docs/a.md", "Pool", "", {}, CHUNKS, ("sre", "dba"), ("staff",))


def made(document: StoredDocument, added_at: str = "2026-01-01") -> list[Point]:
    return list(points(document, [Parted([1.0, 0.0], ([0.0, 1.0],))] * 2, added_at))


def level(document: StoredDocument, name: str) -> list[Point]:
    return [point for point in made(document) if point.payload["level"] == name]


def test_chunks_link_to_sections_and_these_to_the_document() -> None:
    (document,) = level(DOCUMENT, "document")
    sections = {section.id: section for section in level(DOCUMENT, "section")}

    assert [sections[str(chunk.payload["parent"])].payload["heading"] for chunk in level(DOCUMENT, "chunk")] == [
        "Pool",
        "Pool › Fix",
    ]
    assert {section.payload["parent"] for section in sections.values()} == {document.id}


def test_only_chunks_have_vectors() -> None:
    assert {point.payload["level"] for point in made(DOCUMENT) if point.dense or point.sparse or point.parts} == {
        "chunk"
    }


def test_a_chunk_comes_back_from_its_point() -> None:
    point = level(DOCUMENT, "chunk")[1]

    found = hit(Found(point.id, 0.5, point.payload), 0.5)

    assert (found.chunk, found.title, found.link, found.score) == (CHUNKS[1], "Pool", "https://x.example", 0.5)
    assert (found.labels, found.section_id) == (DOCUMENT.labels, point.payload["parent"])


def test_a_document_is_listed_by_its_own_point() -> None:
    listed = outline(level(DOCUMENT, "document")[0].payload)

    assert (listed.id, listed.title, listed.link, listed.words) == ("docs/a.md", "Pool", "https://x.example", 6)
    assert listed.labels == DOCUMENT.labels


def test_a_document_without_text_has_no_points() -> None:
    assert list(points(StoredDocument("a", "A", "", {}, ()), [], "now")) == []


def test_every_point_of_a_document_is_hidden_from_who_may_not_read_it() -> None:
    for point in made(SECRET):
        assert matches(point.payload, readable(["staff", "dba"]))
        assert not matches(point.payload, readable(["staff"]))
        assert not matches(point.payload, readable(["sre", "dba"]))
        assert not matches(point.payload, readable([]))


def test_what_is_open_is_open_to_everybody_and_a_group_called_everybody_opens_nothing() -> None:
    assert all(matches(point.payload, readable([])) for point in made(DOCUMENT))
    assert not any(matches(point.payload, readable(["*"])) for point in made(SECRET))


def test_labels_that_are_asked_for_cannot_widen_what_may_be_read() -> None:
    where = readable([], {"readers": ["sre"], "service": ["pay"]})

    assert not matches(made(SECRET)[0].payload, where)
    assert where.any_of["readers"] == ["*"]


def test_who_may_read_it_comes_back() -> None:
    assert readers(made(SECRET)[0].payload) == (("sre", "dba"), ("staff",))
    assert readers(made(DOCUMENT)[0].payload) == ((), ())


def test_of_two_editions_the_later_one_counts() -> None:
    old, new = made(DOCUMENT)[0].payload, made(DOCUMENT, "2026-01-02")[0].payload
    latest = newest([new, old])

    assert current(new, latest)
    assert not current(old, latest)
