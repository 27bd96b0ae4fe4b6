"""What a Markdown text says, told apart: running text, rows of tables with their header, and configuration."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LONGEST = 2000
_CONFIGURATION = {"yaml", "yml", "toml", "ini", "properties", "env", "dotenv", "conf", "cfg"}


@dataclass(frozen=True)
class Prose:
    """A paragraph, a list item's text or a heading."""

    text: str


@dataclass(frozen=True)
class Row:
    """A row of a table below its header."""

    header: Sequence[str]
    cells: Sequence[str]

    @property
    def text(self) -> str:
        """The row as it reads."""
        return " | ".join(self.cells)


@dataclass(frozen=True)
class Configured:
    """A line of a block of configuration; other code is commands and output, which state nothing."""

    text: str


def lines(markdown: str) -> Iterator[Prose | Row | Configured]:
    """The text in reading order, with its inline markup; a line of more than 2,000 characters is left out."""
    cells: list[str] | None = None
    header: Sequence[str] = ()
    for token in _parser().parse(markdown):
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            if header:
                yield Row(header, tuple(cells or ()))
            header, cells = header or tuple(cells or ()), None
        elif token.type == "table_close":
            header = ()
        elif token.type == "inline" and cells is not None:
            cells.append(token.content.strip())
        else:
            yield from _said(token)


def _said(token: "Token") -> Iterator[Prose | Configured]:
    if token.type == "inline" and len(token.content) <= _LONGEST:
        yield Prose(re.sub(r"\s*\n\s*", " ", token.content))
    elif token.type == "fence" and (token.info.split() or [""])[0].lower() in _CONFIGURATION:
        yield from (Configured(line) for line in token.content.split("\n") if 0 < len(line) <= _LONGEST)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")
