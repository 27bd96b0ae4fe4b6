"""Names from strangers on one line: short, without signs that steer, and still told apart."""

import re
import unicodedata
from collections.abc import Sequence

LONGEST_NAME = 80
_WORTH_A_MARK = 3


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """A name on one line without signs that steer, at most so many columns wide, cut in its middle."""
    words = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[: 50 * longest])
    words = " ".join(words.split())
    if width(words) <= longest:
        return words
    head, tail = _within(words, longest // 2), _within(words[::-1], longest - longest // 2 - 1)[::-1]
    return f"{head}…{tail}"


def told_apart(names: Sequence[str], longest: int) -> list[str]:
    """Names as short as asked for; what long ones begin and end with alike is left out, so that they stay different."""
    if len(names) < 2 or all(width(name) <= longest for name in names):
        return [clean(name, longest) for name in names]
    head, backwards = _alike(names), [name[::-1] for name in names]
    tail = min(_alike(backwards), min(map(len, names)) - head)
    marks = "…" if head else "", "…" if tail else ""
    return [clean(f"{marks[0]}{name[head : len(name) - tail]}{marks[1]}", longest) for name in names]


def _alike(names: Sequence[str]) -> int:
    """How many signs all names begin with, back to the end of a word; a few are not worth a mark."""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    cut = max(first.rfind(sign, 0, same) + 1 for sign in ' ,{}"=/:')
    return cut if cut > _WORTH_A_MARK else 0


def file_name(title: str) -> str:
    """A title as the name of a file, without its ending: letters, digits and hyphens, never empty."""
    return re.sub(r"[\W_]+", "-", title)[:LONGEST_NAME].strip("-") or "file"


def width(text: str) -> int:
    """Columns of a terminal, in which a Chinese sign takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "FW" else 1 for sign in text)


def _within(text: str, columns: int) -> str:
    text = text[:columns]
    while width(text) > columns:
        text = text[:-1]
    return text
