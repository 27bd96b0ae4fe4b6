"""A chunk as a point and back, and the text that stands for it."""

from dataclasses import replace

from knowledge.chunk import Chunk, StoredDocument, chunk_id, passage, plain, sections

CHUNK = Chunk(chunk_id("docs/a.md", 1), "docs/a.md", 1, "Pool › Fix", "Raise `max`.")
DOCUMENT = StoredDocument("docs/a.md", "Pool", "https://x.example", {"service": "pay", "tags": ["a", "b"]}, (CHUNK,))


def test_a_chunk_keeps_its_id_when_its_text_changes_and_differs_by_position() -> None:
    assert chunk_id("docs/a.md", 1) == CHUNK.id != chunk_id("docs/a.md", 2)


def test_a_passage_opens_with_title_and_headings() -> None:
    assert passage(DOCUMENT, CHUNK).startswith("Pool › Pool › Fix\n")


def test_plain_text_keeps_words_and_drops_markup() -> None:
    markdown = (
        "## A [link](https://x.example) ![shot](a.png)\n\n**Set** `max_size` 2011\\-12\n"
        "```sh\nls -l\n```\n| a | b |\n|---|---|\n"
    )

    assert plain(markdown) == "A link shot\nSet max_size 2011-12\nls -l\na b"


def test_plain_text_keeps_comparisons_and_wildcards() -> None:
    assert plain("if a < b and c > d: rm *.log") == "if a < b and c > d: rm *.log"


def test_chunks_in_a_row_under_one_heading_are_a_section() -> None:
    headings = ["Pool", "Pool", "Pool › Fix", "Pool"]
    chunks = [replace(CHUNK, id=str(n), position=n, heading=heading) for n, heading in enumerate(headings)]

    found = list(sections(chunks))

    assert [[chunk.position for chunk in section.chunks] for section in found] == [[0, 1], [2], [3]]
    assert [section.heading for section in found] == ["Pool", "Pool › Fix", "Pool"]
    assert len({section.id for section in found}) == 3
