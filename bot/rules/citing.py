"""Sentences with the numbers of what says so, and the list of those sources in the order in which they are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.incident import Finding
from bot.rules.announcements import moment
from bot.rules.verbatim import verbatim, without_marks
from bot.vocabulary import Evidence
from connectors.alerts.port import one_line, web_link
from connectors.chat.card_port import Citation

LINE, MOST_SOURCES = 160, 20
"""How long a sentence gets, and how many sources a card has."""
_QUOTE, _TITLE = 200, 120
_MOST_MARKS = 2

Cited = tuple[str, str]
"""The id of evidence and what is quoted from it; empty: its first line."""


@dataclass
class Sources:
    """The evidence that there is, by id, and what of it has been cited so far."""

    known: dict[str, Evidence]
    citations: dict[Cited, Citation] = field(default_factory=dict)

    def line(self, says: str, cites: Sequence[str], most: int = LINE) -> str:
        """A stranger's sentence and its sources; one that is not known is left out."""
        return self.quoting(says, [(cite, "") for cite in cites], most)

    def finding(self, one: Finding) -> str:
        """What was found, when, and its sources, the first with the finding's quote."""
        at = f"{moment(one.at)[11:]} — " if one.at else ""
        return at + self.quoting(one.says, cited(one))

    def quoting(self, says: str, cites: Iterable[Cited], most: int = LINE) -> str:
        """A stranger's sentence and its sources with what is quoted of each."""
        marks = [self._mark(id, quote) for id, quote in cites if id in self.known]
        said = verbatim(without_marks(says), most)
        return f"{said} {''.join(dict.fromkeys(marks[:_MOST_MARKS]))}".rstrip()

    def _mark(self, id: str, quote: str) -> str:
        before = next((one for (of, said), one in self.citations.items() if of == id and quote in ("", said)), None)
        if before is None and len(self.citations) >= MOST_SOURCES:
            return ""
        if before is None:
            one = self.known[id]
            quote = one_line(quote or _first_line(one.text), _QUOTE)
            before = self.citations[id, quote] = Citation(
                number=len(self.citations) + 1,
                document_id=one.document_id,
                chunk_id=one.chunk_id,
                title=one_line(one.title, _TITLE),
                heading=one_line(one.heading, _TITLE),
                quote=quote,
                link=web_link(one.link),
            )
        return f"[{before.number}]"


def cited(finding: Finding) -> list[Cited]:
    """What a finding cites; its quote stands in what it cites first."""
    return [(id, "" if place else finding.quote) for place, id in enumerate(finding.cites)]


def telling(findings: Iterable[Finding]) -> list[Finding]:
    """The weightiest first; what only tells what was remembered comes last."""
    return sorted(findings, key=lambda one: (one.kind == "recall", -one.weight, one.at is None))


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
