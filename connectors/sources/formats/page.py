"""What every format reader returns, and how it refuses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Labels = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Page:
    """A file turned into Markdown. ``title`` is empty when the file names none."""

    title: str
    text: str
    labels: Labels = field(default_factory=dict)


class CannotRead(Exception):
    """The bytes are not a readable document; the message is the reason, in a few words."""


def fence(code: str, language: str = "") -> str:
    """A fenced code block; the fence is longer than any run of backticks inside."""
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{ticks}{language}\n{code.strip(chr(10))}\n{ticks}"


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table whose first row is the header; short rows are filled up. Empty when there are no cells."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    filled = [[*(_cell(cell) for cell in row), *[""] * (width - len(row))] for row in rows]
    lines = [filled[0], ["---"] * width, *filled[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
