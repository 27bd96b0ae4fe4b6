"""What all experts of one diagnosis have found so far: they share findings, not transcripts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.agents.prompts import one_line
from bot.incident import Excluded, Finding, FindingKind

MOST_TOLD, LONGEST_TOLD = 40, 240


@dataclass
class Board:
    """Findings by their ids, and what is ruled out, in the order in which they came.

    ``heard`` are the sorts of findings that models made of strangers' texts.
    """

    findings: dict[str, Finding] = field(default_factory=dict)
    excluded: dict[str, Excluded] = field(default_factory=dict)
    heard: set[FindingKind] = field(default_factory=set)

    def post(self, findings: Iterable[Finding] = (), excluded: Iterable[Excluded] = ()) -> None:
        """Show findings to all; what is there already stays as it is."""
        for finding in findings:
            self.findings.setdefault(finding.id, finding)
        for one in excluded:
            self.excluded.setdefault(one.says, one)

    def told(self) -> str:
        """Everything in short, one finding on a line, the latest when there are many."""
        found = [_told(one) for one in self.findings.values()][-MOST_TOLD:]
        out = [f"ruled out: {one_line(one.says, LONGEST_TOLD)}" for one in self.excluded.values()][-MOST_TOLD:]
        return "\n".join([*found, *out])


def _told(finding: Finding) -> str:
    about = ", ".join(filter(None, (finding.kind, finding.service, finding.cause)))
    return f"{finding.by} ({about}): {one_line(finding.says, LONGEST_TOLD)}"
