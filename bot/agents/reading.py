"""What a reasoning model gets to see of the evidence: previews first, pages on demand, stubs of what is old."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot.agents.prompts import one_line, section
from bot.observations import Observation, Shelf, shortened, signature
from bot.vocabulary import Evidence

FRESH_CHARACTERS, PREVIEW_CHARACTERS, PAGE_CHARACTERS = 2_400, 700, 3_000
MOST_STUBS = 60
READ_RESULT = "read_result"

Count = Callable[[str], int]


class NotRead(Exception):
    """There is nothing to read there; the message says why."""


@dataclass(frozen=True)
class Entry:
    """A piece of evidence under its number; ``turn`` is when the model was first to see it, ``of`` what answered it."""

    evidence: Evidence
    turn: int
    of: Observation | None = None


@dataclass
class Reading:
    """Evidence by its number. Numbers never change, and none is given twice."""

    shelf: Shelf
    entries: dict[int, Entry] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def take(self, evidence: Evidence, turn: int, of: Observation | None = None) -> int:
        """The number of a piece of evidence, a new one when it was not seen before."""
        if evidence.id not in self._numbers:
            self._numbers[evidence.id] = number = len(self._numbers) + 1
            self.entries[number] = Entry(evidence, turn, of)
        return self._numbers[evidence.id]

    def page(self, number: int, start: int, find: str, turn: int) -> int:
        """The number under which a part of a result now stands, from a character on or where a text is found.

        Raises NotRead.
        """
        entry = self.entries.get(number)
        if entry is None or entry.of is None:
            raise NotRead(f"There is no result {number} to read on in.")
        whole = self._whole(entry.of)
        begin = min(max(start, 0), len(whole))
        if find:
            found = re.compile(re.escape(find), re.IGNORECASE).search(whole, begin)
            if found is None:
                raise NotRead(f"{one_line(find, 80)!r} does not stand in result {number} behind character {start}.")
            begin = max(whole.rfind("\n", 0, found.start()) + 1, found.start() - PAGE_CHARACTERS // 2)
        text = shortened(whole[begin:], PAGE_CHARACTERS).removesuffix("\n…")
        if not text.strip():
            raise NotRead(f"Result {number} ends at character {len(whole)}.")
        here = f"characters {begin} to {begin + len(text)} of {len(whole)}"
        page = entry.evidence.model_copy(
            update={
                "id": f"{entry.of.id}@{begin}",
                "heading": f"{entry.evidence.heading} · {here}".strip(" ·"),
                "text": text,
                "rows": None,
                "lines": (),
            }
        )
        return self.take(page, turn, entry.of)

    def told(self, turn: int, budget: int, count: Count, wanted: Collection[str]) -> str:
        """All evidence as parts of a prompt in about ``budget`` tokens, beside one line for each that is a stub.

        What came last is shown longest; then what ``wanted`` names by id, then the latest, as previews.
        """
        ranked = sorted(
            self.entries.items(),
            key=lambda one: (one[1].turn != turn or turn == 0, one[1].evidence.id not in wanted, -one[0]),
        )
        shown: dict[int, str] = {}
        left = budget
        for number, entry in ranked:
            text = self._preview(number, entry, FRESH_CHARACTERS if entry.turn == turn and turn else PREVIEW_CHARACTERS)
            if (tokens := count(text)) <= left:
                shown[number] = text
                left -= tokens
        return "\n\n".join(self._parts(shown))

    def _parts(self, shown: Mapping[int, str]) -> list[str]:
        stubs = [(number, entry) for number, entry in self.entries.items() if number not in shown]
        lines = [f"[{number}] {_stub(entry)}" for number, entry in stubs[-MOST_STUBS:]]
        return [
            *([section("SEEN BEFORE", "\n".join(lines))] if lines else []),
            *(shown[number] for number in sorted(shown)),
        ]

    def _preview(self, number: int, entry: Entry, characters: int) -> str:
        one = entry.evidence
        text = shortened(one.text, characters)
        more = ""
        if entry.of and "@" not in one.id and len(text) < (length := self._length(entry.of)):
            more = f"\n(a part of {length} characters; {READ_RESULT} shows the rest)"
        heading = " › ".join(filter(None, (one.title, one.heading)))
        return section(f"EVIDENCE {number}", f"{heading}\n{text}{more}")

    def _length(self, of: Observation) -> int:
        # The file of a long result holds it all; its size in bytes is near enough to say how much more there is.
        file = self.shelf.folder / of.whole
        return file.stat().st_size if of.whole and file.is_file() else len(of.text)

    def _whole(self, of: Observation) -> str:
        if not of.whole:
            return of.text
        try:
            return self.shelf.whole(of.whole)
        except KeyError:
            return of.text


def _stub(entry: Entry) -> str:
    asked = signature(entry.of) if entry.of else entry.evidence.title
    first = next((line for line in entry.evidence.text.splitlines() if line.strip()), "")
    return f"{one_line(asked, 120)}: {one_line(first, 100)}"
