"""What a reasoning model reports, turn by turn: what holds is kept and shared, the rest is counted and told once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from bot.agents.board import Board
from bot.agents.prompts import one_line
from bot.guards.findings import Claimed, FindingGuard, Refused, RuledOut
from bot.incident import Excluded, Finding

MOST_FINDINGS, MOST_REFUSALS = 8, 12

_log = structlog.get_logger()


@dataclass
class Reporting:
    """What one expert's model has reported so far; ``dropped`` counts what was not taken."""

    guard: FindingGuard
    board: Board
    findings: list[Finding] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)
    dropped: int = 0
    _refused: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def take(self, findings: Sequence[Claimed], ruled_out: Sequence[RuledOut]) -> int:
        """Keep what holds and was not known before; how much that is."""
        found = sum(self._find(one) for one in findings[:MOST_FINDINGS])
        return found + sum(self._exclude(one) for one in ruled_out[:MOST_FINDINGS])

    @property
    def cites(self) -> list[tuple[str, ...]]:
        """What each statement that was kept rests on."""
        return [*(one.cites for one in self.findings), *(one.cites for one in self.excluded)]

    def refuse(self, why: str) -> None:
        """Note a mistake that the model has to be told of."""
        self._refused.append(why)

    def mistakes(self) -> list[str]:
        """What was refused since the last time, without what was told before."""
        fresh = [one for one in dict.fromkeys(self._refused) if one not in self._told][:MOST_REFUSALS]
        self._told.update(fresh)
        self._refused = []
        return fresh

    def _find(self, claimed: Claimed) -> bool:
        try:
            finding = self.guard.admit(claimed, f"{self.guard.by}:model:{len(self.findings) + 1}")
        except Refused as why:
            self._drop(claimed.says, why)
            return False
        if any(_same(finding, known) for known in self.board.findings.values()):
            return False
        self.guard.speaks(finding)
        self.findings.append(finding)
        self.board.post([finding])
        return True

    def _exclude(self, ruled_out: RuledOut) -> bool:
        try:
            one = self.guard.exclude(ruled_out)
        except Refused as why:
            self._drop(ruled_out.says, why)
            return False
        if one.says in self.board.excluded:
            return False
        self.excluded.append(one)
        self.board.post(excluded=[one])
        return True

    def _drop(self, says: str, why: Refused) -> None:
        self.dropped += 1
        self.refuse(f"“{one_line(says, 120)}”: {why}")
        _log.info("finding dropped", expert=self.guard.by, reason=str(why)[:200])


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings say the same, or the same of the same passage."""
    if one.says.casefold() == other.says.casefold():
        return True
    return (one.cites[:1], one.quote, one.cause, one.service) == (
        other.cites[:1],
        other.quote,
        other.cause,
        other.service,
    )
