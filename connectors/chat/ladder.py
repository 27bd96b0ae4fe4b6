"""The delivery ladder of every pushed-to platform: one form of an answer after the other until one is taken."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.chat.port import Delivery, Undeliverable

RungName = Literal["card", "split", "text", "file", "link"]
Measure = Callable[[str], int]

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_DELIMITERS = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
# What belongs to the character before it: joiners, variation selectors, skin tones (Unicode UAX #29, in the main).
_JOINERS = re.compile("[\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


class Refused(Exception):
    """The platform does not take this content in this form; the message is its reason. Another form may arrive."""


@dataclass(frozen=True)
class Rung:
    """One form of an answer. ``send`` gives the message's id, or raises ``Refused`` for what the message holds.

    What has nothing to do with the content (a network, a credential) it raises as it is: no other form would help.
    """

    name: RungName
    send: Callable[[], Awaitable[str]]


async def descend(channel: str, rungs: Iterable[Rung]) -> Delivery:
    """The receipt of the first rung that is taken. Raises ``Undeliverable`` with the reason of each when none is."""
    reasons: list[str] = []
    for rung in rungs:
        try:
            return Delivery(channel=channel, rung=rung.name, message_id=await rung.send())
        except Refused as refused:
            reasons.append(f"{rung.name}: {refused}")
    raise Undeliverable(f"{channel} refused the answer in every form. " + "; ".join(reasons))


async def in_order(channel: str, parts: Sequence[Iterable[Rung]]) -> str:
    """Send the parts of one answer one after the other, each down rungs of its own; the id of the first message.

    A part goes out only when the one before it has arrived. Raises ``Refused`` when one arrives in no form.
    """
    if not parts:
        raise Refused("there is nothing to say")
    sent: list[str] = []
    for number, rungs in enumerate(parts, start=1):
        try:
            sent.append((await descend(channel, rungs)).message_id)
        except Undeliverable as undeliverable:
            raise Refused(f"part {number} of {len(parts)}: {undeliverable}") from undeliverable
    return sent[0]


def mark(number: int, total: int) -> str:
    """Which part of how many this is, such as (2/3); empty when it is the only one."""
    return f"({number}/{total})" if total > 1 else ""


def pages(markdown: str, most: int, measure: Measure = len) -> list[str]:
    """Markdown in pages of at most ``most``, in order, with nothing left out; a text of blanks has no page.

    It is cut between blocks if it can be, else between lines, words, characters. Code that goes on is fenced again, a
    table that goes on gets its head again. ``measure`` must add up: that of two strings joined is at most their sum.
    """
    blocks, found = list(_blocks(markdown)), list[str]()
    if blocks and all(block.closed for block in blocks) and measure(markdown) <= most:
        return [markdown]
    for block in blocks:
        for piece in block.cut(most, measure):
            joined = f"{found[-1]}\n\n{piece}" if found else piece
            if found and measure(joined) <= most:
                found[-1] = joined
            else:
                found.append(piece)
    return found


@dataclass(frozen=True)
class _Block:
    """Lines that belong together; ``head`` and ``tail`` are repeated around each part when it is cut.

    Not ``closed`` is code whose fence nobody closed.
    """

    lines: tuple[str, ...]
    head: str = ""
    tail: str = ""
    closed: bool = True

    def cut(self, most: int, measure: Measure) -> list[str]:
        whole = self._wrapped(self.lines)
        if measure(whole) <= most:
            return [whole]
        room = most - measure(self._wrapped(("",)))
        if self.head and room < most // 2:
            # A head that fills the page is text like any other.
            return _Block((self.head, *self.lines, self.tail)).cut(most, measure)
        return [self._wrapped(lines) for lines in _filled(self.lines, room, measure)]

    def _wrapped(self, lines: Sequence[str]) -> str:
        return "\n".join((*filter(None, (self.head,)), *lines, *filter(None, (self.tail,))))


def _filled(lines: Iterable[str], room: int, measure: Measure) -> Iterator[list[str]]:
    page: list[str] = []
    used = 0
    for line in (part for whole in lines for part in _cut_line(whole, room, measure)):
        needed = measure(line + "\n")
        if page and used + needed > room:
            yield page
            page, used = [], 0
        page.append(line)
        used += needed
    if page:
        yield page


def _cut_line(line: str, room: int, measure: Measure) -> Iterator[str]:
    while measure(line + "\n") > room and len(line) > 1:
        low, high = 1, len(line) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if measure(line[:middle] + "\n") <= room else (low, middle - 1)
        end = _border(line, low)
        yield line[:end]
        line = line[end:]
    yield line


def _border(line: str, end: int) -> int:
    """The best place to cut at or before ``end``: behind a blank that is near, else between visible characters."""
    blank = line.rfind(" ", end * 3 // 4, end)
    if blank > 0:
        return blank + 1
    border = end
    while border > 1 and (_clings(line[border]) or line[border - 1] == "\u200d"):
        border -= 1
    return border if border > 1 else end


def _clings(character: str) -> bool:
    return unicodedata.combining(character) > 0 or _JOINERS.match(character) is not None


def _blocks(markdown: str) -> Iterator[_Block]:
    lines = markdown.replace("\r\n", "\n").split("\n")
    start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        end = _end(lines, start)
        yield _block(lines[start:end])
        start = end


def _end(lines: Sequence[str], start: int) -> int:
    fence = _FENCE.match(lines[start])
    end = start + 1
    while end < len(lines):
        if fence and lines[end].strip().startswith(fence[1]) and not lines[end].strip().strip(fence[1][0]):
            return end + 1
        if not fence and (not lines[end].strip() or _FENCE.match(lines[end])):
            return end
        end += 1
    return end


def _block(lines: Sequence[str]) -> _Block:
    fence = _FENCE.match(lines[0])
    if fence:
        closed = len(lines) > 1 and lines[-1].strip().startswith(fence[1]) and not lines[-1].strip().strip(fence[1][0])
        # At another depth than it was opened a fence would close the list around it, and open a new one.
        depth = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
        return _Block(tuple(lines[1:-1] if closed else lines[1:]), lines[0], f"{depth}{fence[1]}", closed)
    if len(lines) > 2 and "|" in lines[0] and "|" in lines[1] and _DELIMITERS.match(lines[1]):
        return _Block(tuple(lines[2:]), f"{lines[0]}\n{lines[1]}")
    return _Block(tuple(lines))
