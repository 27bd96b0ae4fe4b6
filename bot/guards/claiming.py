"""The last decision before a remedy is carried out: everything that was true at the click has to be true still."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.guards.autonomy import in_the_way
from bot.guards.cases import NIGHTSHIFT, Case, Offer, Rules, kept_proposal, offer_of
from bot.guards.verdicts import Detail, Verdict, entry
from connectors.directory.port import Person
from connectors.remediation.port import ApprovedAction
from connectors.state.remedy_port import Execution, Ruling, Standing, Vote

_Refusal: TypeAlias = tuple[Verdict, Detail]


class NotApproved(Exception):
    """What was asked for may not be carried out: it is not approved, not claimed, or its time is over."""


def rule_claim(rules: Rules, people: Sequence[Person], now: datetime, standing: Standing) -> Ruling:
    """Whether it may be carried out now. If not, the proposal is withdrawn, so that nothing takes it up later."""
    stored = standing.proposal
    offer = offer_of(stored, rules.remedies)
    if stored.status != "approved":
        refusal: _Refusal | None = ("stale: not approved", {"status": stored.status})
    elif offer is None:
        refusal = ("stale: changed", {})
    else:
        refusal = _Claim(Case(rules, people, offer, now, standing.votes, standing.switches), standing.recent).refusal()
    verdict, detail = refusal or ("claimed", {"by": [one.person for one in standing.votes if one.approves]})
    about = {"remedy": stored.remedy, "target": stored.target, "digest": stored.digest}
    entries = (entry(verdict, NIGHTSHIFT, stored.id, now, {**about, **detail}),)
    withdrawn = replace(stored, status="withdrawn") if refusal and stored.status == "approved" else None
    return Ruling(verdict, entries, proposal=withdrawn, work=refusal is None)


def approved(rules: Rules, standing: Standing, now: datetime) -> ApprovedAction:
    """The action that may be carried out, once it is claimed: ``standing`` holds its votes and its execution's row.

    The same comes back for every attempt. Raises NotApproved.
    """
    stored, begun = standing.proposal, standing.execution
    proposal, votes = kept_proposal(stored), [one for one in standing.votes if one.approves]
    if proposal is None or stored.status != "approved" or not votes:
        raise NotApproved(f"proposal {stored.id} is not approved")
    if begun is None or begun.proposal_id != stored.id or begun.status != "started":
        raise NotApproved(f"proposal {stored.id} is not claimed")
    if proposal.action.remedy not in rules.remedies:
        raise NotApproved(f"proposal {stored.id} is of a remedy that the catalogue does not hold")
    at = max(one.given_at for one in votes)
    until = _until(rules, Offer(proposal, rules.remedies[stored.remedy]), votes)
    if until <= now:
        raise NotApproved(f"the time of proposal {stored.id} is over")
    return ApprovedAction(
        action=proposal.action,
        proposal_id=stored.id,
        key=f"{stored.id}-{stored.digest[:16]}",
        approved_by=tuple(one.person for one in votes),
        approved_at=at,
        until=until,
    )


def said_of(freeze: tuple[str, datetime | None]) -> Detail:
    """What the audit says of a freeze that is in the way."""
    name, until = freeze
    return {"name": name, "until": until.isoformat() if until else None}


def _until(rules: Rules, offer: Offer, votes: Sequence[Vote]) -> datetime:
    """The end of the execution window: it begins with the approval that was the last one needed."""
    seconds = min(offer.remedy.window_seconds, rules.terms.window_seconds)
    return max(one.given_at for one in votes) + timedelta(seconds=seconds)


@dataclass(frozen=True)
class _Claim:
    """One claim. The checks stand in the order in which people are told what is in the way."""

    case: Case
    recent: Sequence[Execution]

    def refusal(self) -> _Refusal | None:
        return (
            self._stopped()
            or self._frozen()
            or self._approvals()
            or self._window()
            or self._busy()
            or self._blast()
            or self._cooldown()
        )

    def _stopped(self) -> _Refusal | None:
        stop = self.case.stopped
        return ("refused: stopped", {"by": stop.set_by, "at": stop.set_at.isoformat()}) if stop else None

    def _frozen(self) -> _Refusal | None:
        return ("refused: frozen", said_of(self.case.frozen)) if self.case.frozen else None

    def _approvals(self) -> _Refusal | None:
        """Whoever approved is asked about again: a right that was taken away in between is gone."""
        if any(one.person == NIGHTSHIFT and one.approves for one in self.case.votes):
            why = in_the_way(self.case, self.recent)
            return ("refused: not automatic", {"why": why}) if why else None
        have, needed = len(self.case.approvals()), self.case.needed
        return None if have >= needed else ("refused: not enough approvals", {"have": have, "needed": needed})

    def _window(self) -> _Refusal | None:
        votes = [one for one in self.case.votes if one.approves]
        until = _until(self.case.rules, self.case.offer, votes)
        return ("stale: window over", {"until": until.isoformat()}) if until <= self.case.now else None

    def _busy(self) -> _Refusal | None:
        target = self.case.offer.proposal.action.target
        return ("refused: target busy", {"target": target}) if target in self._running(any_remedy=True) else None

    def _blast(self) -> _Refusal | None:
        running, most = len(self._running(any_remedy=False)), self.case.offer.remedy.blast.targets
        return ("refused: blast radius", {"running": running, "most": most}) if running >= most else None

    def _cooldown(self) -> _Refusal | None:
        """The same remedy at the same target, whether it helped or not; taking something back is never too early."""
        offer = self.case.offer
        length = timedelta(seconds=offer.remedy.cooldown_seconds)
        ends = [
            (one.ended_at or one.started_at) + length
            for one in self.recent
            if (one.remedy, one.target) == (offer.remedy.id, offer.proposal.action.target)
            and one.status != "stale"
            and one.proposal_id != offer.proposal.undoes
        ]
        until = max(ends, default=self.case.now)
        if until <= self.case.now:
            return None
        return "refused: cooldown", {"target": offer.proposal.action.target, "until": until.isoformat()}

    def _running(self, *, any_remedy: bool) -> set[str]:
        """The targets at which something is running; what is unknown is not waited for: the cooldown sees to that."""
        remedy = self.case.offer.remedy.id
        return {one.target for one in self.recent if _runs(one) and (any_remedy or one.remedy == remedy)}


def _runs(one: Execution) -> bool:
    return one.status == "started"
