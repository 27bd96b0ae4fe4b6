"""Ties: among hits that are as good as equal, what people found useful comes first, then what is newer."""

from collections.abc import Iterator, Mapping, Sequence

from knowledge.chunk import Hit

CLOSE = 0.005
"""Scores that differ by less say nothing about which is better: a thirtieth of a standard deviation of a list."""


def ties_broken(hits: Sequence[Hit], standing: Mapping[str, int]) -> list[Hit]:
    """The hits, best first, where the order of a tie is by standing, then by date; else as it was.

    ``standing`` is thumbs up minus thumbs down of answers that cited a document, by its id. A date without a time is
    compared as it is written, YYYY-MM-DD; a document without one counts as older.
    """
    return [hit for tie in _ties(hits) for hit in sorted(tie, key=lambda one: _merit(one, standing), reverse=True)]


def _ties(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    tie: list[Hit] = []
    for hit in hits:
        if tie and tie[0].score - hit.score >= CLOSE:
            yield tie
            tie = []
        tie.append(hit)
    if tie:
        yield tie


def _merit(hit: Hit, standing: Mapping[str, int]) -> tuple[int, str]:
    date = hit.labels.get("date", "")
    return standing.get(hit.chunk.document_id, 0), date if isinstance(date, str) else ""
