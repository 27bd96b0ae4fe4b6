"""When a found chunk is widened to its section or document, and when it stands alone."""

from collections.abc import Sequence

from knowledge.chunk import Chunk, Hit, Section, sections
from knowledge.passages import Passage, merged

HEADINGS = ["Pool", "Pool", "Pool › Fix", "Pool › Fix", "Pool › Fix"]
CHUNKS = tuple(Chunk(f"c{n}", "pool.md", n, heading, f"part {n}") for n, heading in enumerate(HEADINGS))
DOCUMENT: list[Section] = list(sections(CHUNKS))


def widened(positions: Sequence[int], room: int = 100) -> list[Passage]:
    hits = [Hit(CHUNKS[n], "Pool", "", 1 - n / 10) for n in positions]
    return merged(hits, {"pool.md": DOCUMENT}, room, lambda text: len(text.split()))


def shown(passages: Sequence[Passage]) -> list[list[int]]:
    return [[chunk.position for chunk in passage.chunks] for passage in passages]


def test_a_chunk_alone_stays_a_chunk() -> None:
    assert shown(widened([3])) == [[3]]


def test_two_of_three_become_their_section() -> None:
    (section,) = widened([4, 2])

    assert shown([section]) == [[2, 3, 4]]
    assert (section.hit.chunk, section.heading, section.text) == (CHUNKS[4], "Pool › Fix", "part 2\n\npart 3\n\npart 4")


def test_most_of_a_document_becomes_the_document() -> None:
    (whole,) = widened([0, 2, 4])

    assert shown([whole]) == [[0, 1, 2, 3, 4]]
    assert whole.heading == "Pool"


def test_what_does_not_fit_is_not_widened() -> None:
    assert shown(widened([0, 2, 4], room=9)) == [[0], [2, 3, 4]]
    assert shown(widened([0, 2, 4], room=5)) == [[0], [2], [4]]


def test_passages_keep_the_order_of_their_best_hits_and_no_chunk_comes_twice() -> None:
    assert shown(widened([1, 4, 2], room=9)) == [[1], [2, 3, 4]]


def test_hits_of_documents_that_are_not_given_stay_as_they_are() -> None:
    other = Hit(Chunk("x", "other.md", 0, "", "text"), "Other", "", 0.5)

    assert [passage.chunks for passage in merged([other], {}, 100, len)] == [(other.chunk,)]
