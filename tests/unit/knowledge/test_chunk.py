"""A chunk as a point and back, and the text that stands for it."""

from knowledge.chunk import Chunk, StoredDocument, chunk_id, edition, hit, newest, passage, payload, plain

CHUNK = Chunk(chunk_id("docs/a.md", 1), "docs/a.md", 1, "Pool › Fix", "Raise `max`.")
DOCUMENT = StoredDocument("docs/a.md", "Pool", "https://x.example", {"service": "pay", "tags": ["a", "b"]}, (CHUNK,))


def test_a_chunk_comes_back_from_its_payload() -> None:
    found = hit(CHUNK.id, 0.5, payload(DOCUMENT, CHUNK, "now"))

    assert (found.chunk, found.title, found.link, found.score) == (CHUNK, "Pool", "https://x.example", 0.5)
    assert found.labels == DOCUMENT.labels


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


def test_of_two_editions_the_later_one_counts() -> None:
    old, new = edition(DOCUMENT, "2026-01-01"), edition(DOCUMENT, "2026-01-02")

    stored = [payload(DOCUMENT, CHUNK, new), payload(DOCUMENT, CHUNK, old)]
    assert newest(stored) == {"docs/a.md": new}
