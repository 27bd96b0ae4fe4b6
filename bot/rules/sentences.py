"""Cuts Markdown into pieces that can be checked one by one: sentences, list items, table rows, code blocks."""

import re
from dataclasses import dataclass
from textwrap import dedent

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)、])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_END = re.compile(
    r"(?<=[。！？；])(?![”’」』）)*_])|(?<=[.!?])(?<!\n\d\.)(?<!\n\d\d\.)(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!etc\.)\s+(?=[A-Z0-9\u4e00-\u9fff`*\"'(])"
)
_CITES = re.compile(r"[\[【](\d+(?:\s*[,，、]\s*\d+)*)[\]】]")
# "It is full. [2] Then …": the mark behind the full stop belongs to the sentence before it.
_LATE_CITES = re.compile(rf"([.。!！?？])((?:\s*{_CITES.pattern})+)")


@dataclass(frozen=True)
class Piece:
    """One checkable piece: its text without citation marks, the numbers it cites, and whether it is code."""

    text: str
    cites: tuple[int, ...] = ()
    code: bool = False
    prefix: str = ""


def pieces(markdown: str) -> list[Piece]:
    """All pieces of a text in order; an unclosed code block ends with the text."""
    found: list[Piece] = []
    lines = markdown.splitlines()
    position = 0
    while position < len(lines):
        line = lines[position]
        if _FENCE.match(line):
            end = next((n for n in range(position + 1, len(lines)) if _FENCE.match(lines[n])), len(lines))
            found.append(Piece(dedent("\n".join(lines[position:end])) + "\n```", code=True))
            position = end + 1
            continue
        if line.strip() and not _HEADING.match(line):
            found.extend(_of_line(line))
        position += 1
    return found


def whole(markdown: str) -> tuple[str, str]:
    """What of a growing text is complete, up to its last sentence or line, and the rest that is still growing."""
    if len(re.findall(r"^\s*(?:```|~~~)", markdown, re.MULTILINE)) % 2:
        start = max(markdown.rfind("\n```"), markdown.rfind("\n~~~"), 0)
        return markdown[:start], markdown[start:]
    # The line break in front lets a list's first number be told from the end of a sentence.
    cut = max(markdown.rfind("\n"), max((end.end() - 1 for end in _END.finditer("\n" + markdown)), default=-1) - 1)
    # The last sentence may still get its citation.
    return (markdown[: cut + 1], markdown[cut + 1 :]) if cut >= 0 else ("", markdown)


def sentences(text: str) -> list[str]:
    """The sentences of plain text, each with the citation marks that belong to it."""
    moved = _LATE_CITES.sub(lambda late: f" {late.group(2).strip()}{late.group(1)}", text)
    return [part.strip() for part in _END.split(moved) if part and part.strip()]


def cited(text: str) -> tuple[int, ...]:
    """The numbers that a text cites, in order, each once."""
    numbers = [int(n) for group in _CITES.findall(text) for n in re.split(r"\s*[,，、]\s*", group)]
    return tuple(dict.fromkeys(numbers))


def without_cites(text: str) -> str:
    """The text without its citation marks."""
    return re.sub(r"\s+([.。!?！？,，])", r"\1", _CITES.sub("", text)).strip()


def _of_line(line: str) -> list[Piece]:
    item = _ITEM.match(line)
    prefix = item.group(0) if item else ""
    parts = sentences(line[len(prefix) :].strip())
    return [Piece(without_cites(part), cited(part), prefix=prefix if n == 0 else "") for n, part in enumerate(parts)]
