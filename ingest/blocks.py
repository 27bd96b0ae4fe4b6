"""Markdown as a sequence of blocks, each with the headings above it, by the CommonMark rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.chunk import plain

Kind = Literal["heading", "code", "table", "list", "prose"]

_KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
}


@dataclass(frozen=True)
class Block:
    """A block as it stands in the text, and the headings it stands under; a heading stands under itself.

    ``items`` are the top items of a list.
    """

    kind: Kind
    text: str
    path: tuple[str, ...]
    items: tuple[str, ...] = ()


def blocks(text: str) -> Iterator[Block]:
    """The top-level blocks, in order. Blank lines between blocks are no part of any; nothing else is left out."""
    lines = text.split("\n")
    headings: list[tuple[int, str]] = []
    parsed = _parser().parse(text)
    done = 0
    for index, token in enumerate(parsed):
        if token.level or token.map is None:
            continue
        start, end = token.map
        path = tuple(name for _, name in headings)
        # The parser keeps definitions of links to itself; they are text like any other.
        yield from _block("prose", lines, (done, start), path)
        done = end
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = [(depth, name) for depth, name in headings if depth < level]
            headings.append((level, " ".join(plain(parsed[index + 1].content).split())))
            path = tuple(name for _, name in headings)
        items = tuple(_items(lines, parsed[index + 1 :])) if token.type.endswith("list_open") else ()
        yield from _block(_KINDS.get(token.type, "prose"), lines, token.map, path, items)
    yield from _block("prose", lines, (done, len(lines)), tuple(name for _, name in headings))


def _block(
    kind: Kind, lines: Sequence[str], span: Sequence[int], path: tuple[str, ...], items: tuple[str, ...] = ()
) -> Iterator[Block]:
    text = _text(lines, span)
    if text:
        yield Block(kind, text, path, items)


def _items(lines: Sequence[str], rest: Sequence[Token]) -> Iterator[str]:
    for token in rest:
        if token.level == 0:
            return
        if token.level == 1 and token.type == "list_item_open" and token.map:
            yield _text(lines, token.map)


def _text(lines: Sequence[str], span: Sequence[int]) -> str:
    return "\n".join(lines[span[0] : span[1]]).rstrip().strip("\n")


@cache
def _parser() -> MarkdownIt:
    # Blocks are all that is of interest, and inline rules are what takes long on a hostile line.
    return MarkdownIt("commonmark").enable("table").disable("inline")
