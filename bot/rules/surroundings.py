"""What stands around a sentence or a command in a Markdown text: the sentence before it, its list item, its heading."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import dedent

from bot.rules.extracts import Block, blocks, sections
from bot.rules.sentences import sentences
from bot.vocabulary import Evidence

LISTED = re.compile(r"^\s*(?:[-*+]|\d+[.)、])\s+")
ROW = re.compile(r"^\s*\|")
_COMMENT = re.compile(r"^\s*(?:#|--|//)\s?(.*)$", re.MULTILINE)


def statements(text: str) -> list[str]:
    """The sentences of a Markdown text in order, with wrapped lines joined and without the marks of lists."""
    return [sentence for block in blocks(text) if not block.code for sentence in _sentences(block)]


def reading(text: str) -> list[str]:
    """All that is read in a text, in order: its sentences, and the lines of its blocks of code."""
    each = (block.text.splitlines()[1:-1] if block.code else _sentences(block) for block in blocks(text))
    return [line for block in each for line in block]


def led_in(text: str) -> Mapping[str, str]:
    """The sentences of a text that stand right before a block of code, each with this."""
    return {
        said[-1]: dedent(code.text)
        for section in sections(text)
        for block, code in pairwise(section.blocks)
        if code.code and not block.code and (said := statements(block.text))
    }


def places(evidence: Evidence, command: str) -> list[str]:
    """What stands around a command, wherever the passage holds it: heading, text before it, its item or comments."""
    page = {evidence.title, ""}
    found: list[str] = []
    for section in sections(evidence.text):
        heading = next((one for one in (section.heading, evidence.heading) if one not in page), "")
        found += [f"{heading}\n{place}" for place in _around(section.blocks, spaced(command))]
    return found


def spaced(text: str) -> str:
    """The text with its blanks and line breaks made single blanks."""
    return " ".join(text.split())


def _sentences(block: Block) -> list[str]:
    return [sentence for item in _items(block.text) for sentence in sentences(LISTED.sub("", item))]


def _items(text: str) -> list[str]:
    """A block's paragraphs, list items and rows, each on one line."""
    found: list[str] = []
    for line in text.splitlines():
        if not found or LISTED.match(line) or ROW.match(line):
            found.append(line.strip())
        else:
            joint = "" if found[-1][-1:] >= "\u2e80" and line.strip()[:1] >= "\u2e80" else " "
            found[-1] = f"{found[-1]}{joint}{line.strip()}"
    return found


def _around(inside: Sequence[Block], command: str) -> list[str]:
    found: list[str] = []
    before = ""
    for block in inside:
        if block.code:
            if command in spaced(block.text):
                found.append("\n".join([before, *_COMMENT.findall(block.text)]))
            continue
        items = [spaced(item) for item in _items(block.text)]
        opening = "" if LISTED.match(items[0]) else items[0]
        found += [f"{opening}\n{item}".replace(command, " ") for item in items if command in item]
        before = items[-1]
    return found
