"""The sentences of a passage: the smallest unit that is matched."""

import re

from connectors.embedding.port import Span

_END = re.compile(r"(?<=[。！？；\n])|(?<=[.!?;])(?=\s)")
_SHORTEST, _MOST = 25, 48


def sentence_spans(text: str) -> list[Span]:
    """Where the sentences and lines of a text are; together they cover it but for blanks.

    What is too short to say anything (a list's number, one word) is joined to its neighbour; behind the 48th, the rest
    is one.
    """
    spans: list[Span] = []
    start = 0
    for part in _END.split(text):
        end = start + len(part)
        if part.strip():
            short = spans and min(end - start, spans[-1][1] - spans[-1][0]) < _SHORTEST
            if short or len(spans) == _MOST:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        start = end
    return spans
