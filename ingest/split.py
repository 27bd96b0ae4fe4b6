"""Step 3, split: a document becomes chunks that keep paragraphs, lists, tables and code blocks whole."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ingest.blocks import Block, blocks
from ingest.tokens import tokens
from knowledge.chunk import Chunk, chunk_id

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

# In tokens of the embedding, which reads 512: what is above MOST, with title and headings in front, would be cut off.
SHORT, TARGET, MOST = 120, 300, 380
_SLICE = 500


@dataclass(frozen=True)
class Piece:
    """A chunk in the making: the headings it stands under, and its text."""

    path: tuple[str, ...]
    text: str


def split(document_id: str, title: str, text: str) -> tuple[Chunk, ...]:
    """The chunks in reading order; together they hold the whole text. A text without content has none."""
    pieces = _merged([piece for section in _sections(text) for piece in _packed(section)])
    return tuple(
        Chunk(chunk_id(document_id, position), document_id, position, _heading(piece.path, title), piece.text)
        for position, piece in enumerate(pieces)
    )


def _heading(path: Sequence[str], title: str) -> str:
    """The heading path without the document's own title in front."""
    below = path[1:] if path and path[0].casefold() == title.casefold() else path
    return " › ".join(below)


def _sections(text: str) -> Iterator[list[Block]]:
    """Runs of blocks under the same heading; the heading is the first of them."""
    section: list[Block] = []
    for block in blocks(text):
        if block.kind == "heading" and section:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _packed(section: list[Block]) -> Iterator[Piece]:
    """One section as few chunks as fit; only a block that is itself too long is cut."""
    held: list[str] = []
    size = 0
    for text in (part for block in section for part in _fitting(block)):
        length = tokens(text)
        # A heading alone is no chunk: it stays with whatever follows.
        if held and size + length > (MOST if size < SHORT else TARGET) and not _only_heading(held):
            yield Piece(section[0].path, "\n\n".join(held))
            held, size = [], 0
        held.append(text)
        size += length
    if held:
        yield Piece(section[0].path, "\n\n".join(held))


def _only_heading(held: Sequence[str]) -> bool:
    return len(held) == 1 and re.match(r"#{1,6}\s[^\n]*\Z", held[0]) is not None


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Short neighbours become one chunk when a heading above them covers both."""
    merged: list[Piece] = []
    for piece in pieces:
        before = merged[-1] if merged else None
        if before and _belong_together(before, piece):
            path = _common(before.path, piece.path)
            merged[-1] = Piece(path, f"{before.text}\n\n{piece.text}")
        else:
            merged.append(piece)
    return merged


def _belong_together(before: Piece, after: Piece) -> bool:
    sizes = tokens(before.text), tokens(after.text)
    related = bool(_common(before.path, after.path)) or not (before.path and after.path) or max(sizes) < SHORT
    return min(sizes) < SHORT and sum(sizes) <= TARGET and related


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return tuple(one[:shared])


def _fitting(block: Block) -> Iterator[str]:
    """The block as it is, or cut where its kind may be: code and tables at lines, lists at items, else at sentences."""
    if tokens(block.text) <= MOST:
        yield block.text
    elif block.kind == "code":
        yield from _code(block)
    elif block.kind == "table":
        head, body = block.text.split("\n")[:2], block.text.split("\n")[2:]
        yield from _lines("\n".join(head) + "\n", body, "")
    elif block.kind == "list":
        yield from _gathered(part for item in block.items for part in _item(item))
    else:
        yield from _prose(block.text)


def _item(item: str) -> Iterable[str]:
    return [item] if tokens(item) <= MOST else _lines("", item.split("\n"), "")


def _code(block: Block) -> Iterator[str]:
    lines = block.text.split("\n")
    opening = re.match(r"[ \t]*(`{3,}|~{3,})", lines[0])
    if opening is None:
        yield from _lines("", lines, "")
        return
    closed = len(lines) > 1 and lines[-1].strip().startswith(opening[1])
    yield from _lines(lines[0] + "\n", lines[1 : -1 if closed else None], "\n" + opening[0])


def _lines(head: str, lines: Sequence[str], tail: str) -> Iterator[str]:
    """Whole lines up to the limit, each part between the same head and tail unless these are long themselves."""
    frame = tokens(head) + tokens(tail)
    if frame > SHORT:
        lines, head, tail, frame = [*head.strip("\n").split("\n"), *lines, tail.strip("\n")], "", "", 0
    room = MOST - frame
    short = (part for line in lines for part in ([line] if tokens(line) <= room else _prose(line, room)))
    for part in _gathered(short, room):
        yield head + part + tail


def _gathered(parts: Iterable[str], room: int = MOST) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for part in parts:
        length = tokens(part)
        if held and size + length > room:
            yield "\n".join(held)
            held, size = [], 0
        held.append(part)
        size += length
    if held:
        yield "\n".join(held)


def _prose(text: str, room: int = MOST) -> list[str]:
    return _sentences(room).split_text(text)


@cache
def _sentences(room: int) -> "SentenceSplitter":
    from llama_index.core.node_parser import SentenceSplitter

    return SentenceSplitter(
        chunk_size=room,
        chunk_overlap=0,
        paragraph_separator="\n\n",
        tokenizer=lambda text: range(tokens(text)),
        chunking_tokenizer_fn=_sentence_ends,
        secondary_chunking_regex="[^,，、;；:：]+[,，、;；:：]?|[,，、;；:：]",
    )


def _sentence_ends(text: str) -> list[str]:
    """Sentences; of a run without any break, slices: the splitter's own way, sign by sign, makes parts too small."""
    if len(text) > _SLICE and not re.search(r"[\s,，、;；:：。！？]", text):
        return [text[start : start + _SLICE] for start in range(0, len(text), _SLICE)]
    return [part for part in re.split(r"(?<=[。！？\n])|(?<=[.!?])(?=\s)", text) if part]
