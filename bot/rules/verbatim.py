"""Strangers' words inside Markdown of ours: on one line, and without a markup, link or mark of their own."""

import re

# What CommonMark takes for markup inside a line; inside a word "_" is a sign like any other.
_MARKUP = re.compile(r"[\\`*\[\]<>~|$]|(?<!\w)_|_(?!\w)")
# What opens a heading, a list, a quote or a rule at the head of a line, and so also behind the "-" of a list.
_OPENING = re.compile(r"^(?:(?P<sign>[#+=-])|(?P<number>\d{1,9})(?P<dot>[.)]))")
_MARKS = re.compile(r"\s*\[\d{1,3}\](?!\()")


def verbatim(text: str, most: int) -> str:
    """The words as they are shown, cut to so many signs; whatever they hold, they are words and nothing else."""
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * most]).split())
    words = words if len(words) <= most else f"{words[: most - 1].rstrip()}…"
    words = _MARKUP.sub(lambda sign: f"\\{sign[0]}", words)
    return _OPENING.sub(_closed, words)


def without_marks(text: str) -> str:
    """A sentence without the numbers of sources in it, which were those of another list."""
    return _MARKS.sub("", text)


def _closed(found: re.Match[str]) -> str:
    return f"\\{found['sign']}" if found["sign"] else f"{found['number']}\\{found['dot']}"
