"""The remedies' part of the state's twin: proposals, votes, executions, switches and the audit in dictionaries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.state.audit_port import chained
from connectors.state.memory_work import MemoryWork
from connectors.state.remedy_port import (
    RECENT,
    Entry,
    Execution,
    Rule,
    Ruling,
    Sealed,
    Standing,
    StoredProposal,
    Switch,
    Vote,
)
from connectors.state.ruling import as_kept, claimable
from connectors.state.storable import storable, storable_row


@dataclass
class MemoryRemedies(MemoryWork):
    """Proposals and what became of them. Nothing is awaited between a look and a write, so each method is one."""

    offered: dict[str, StoredProposal] = field(default_factory=dict, kw_only=True)
    ruled: set[tuple[str, str]] = field(default_factory=set, kw_only=True)
    said: dict[tuple[str, str], Vote] = field(default_factory=dict, kw_only=True)
    claimed: dict[str, Execution] = field(default_factory=dict, kw_only=True)
    switched: dict[str, Switch] = field(default_factory=dict, kw_only=True)
    chain: list[Sealed] = field(default_factory=list, kw_only=True)
    _executing: set[str] = field(default_factory=set, kw_only=True)

    async def propose(self, proposal: StoredProposal, entries: Sequence[Entry]) -> bool:
        kept = replace(storable_row(proposal), version=1)
        if kept.id in self.offered:
            return False
        self._add(entries)
        self.offered[kept.id] = kept
        return True

    async def rule(self, proposal_id: str, event_id: str, rule: Rule) -> Ruling | None:
        standing, event = self._standing(storable(proposal_id)), storable(event_id)
        if event and (standing.proposal.id, event) in self.ruled:
            return None
        ruling = self._ruled(standing, rule)
        self.ruled |= {(standing.proposal.id, event)} if event else set()
        if ruling.work and standing.proposal.id not in self._executing:
            self._executing.add(standing.proposal.id)
            self._begin("execute", standing.proposal.id)
        return ruling

    async def claim_execution(self, execution: Execution, rule: Rule) -> Ruling | None:
        begun = storable_row(execution)
        standing = self._standing(begun.proposal_id)
        claimable(begun, standing.proposal)
        if standing.execution is not None:
            return None
        ruling = self._ruled(standing, rule)
        if ruling.work:
            self.claimed[begun.proposal_id] = begun
        return ruling

    def _standing(self, proposal_id: str) -> Standing:
        proposal = self.offered[proposal_id]
        others = [one for one in self.claimed.values() if one.proposal_id != proposal_id]
        return Standing(
            proposal=proposal,
            votes=self._votes(proposal_id),
            switches=dict(self.switched),
            execution=self.claimed.get(proposal_id),
            recent=_recent(others, proposal),
        )

    def _ruled(self, standing: Standing, rule: Rule) -> Ruling:
        ruling = as_kept(rule(standing), standing.proposal)
        self._add(ruling.entries)
        if ruling.vote:
            self.said[ruling.vote.proposal_id, ruling.vote.person] = ruling.vote
        if ruling.proposal:
            self.offered[ruling.proposal.id] = ruling.proposal
        return ruling

    async def settle_execution(self, execution: Execution, entries: Sequence[Entry]) -> None:
        settled = storable_row(execution)
        claimable(settled, self.offered[settled.proposal_id])
        if settled.proposal_id not in self.claimed:
            raise KeyError(settled.proposal_id)
        self._add(entries)
        self.claimed[settled.proposal_id] = settled

    async def execution(self, proposal_id: str) -> Execution | None:
        return self.claimed.get(proposal_id)

    async def unsettled(self) -> tuple[Execution, ...]:
        return tuple(sorted((one for one in self.claimed.values() if one.status == "started"), key=_begun))

    async def proposal(self, proposal_id: str) -> StoredProposal | None:
        return self.offered.get(proposal_id)

    async def proposals(
        self, *, incident_id: str = "", status: str = "", limit: int = 100
    ) -> tuple[StoredProposal, ...]:
        found = [
            one for one in self.offered.values() if incident_id in ("", one.incident_id) and status in ("", one.status)
        ]
        return tuple(sorted(found, key=lambda one: (one.proposed_at, one.id), reverse=True)[:limit])

    async def votes(self, proposal_id: str) -> tuple[Vote, ...]:
        return self._votes(proposal_id)

    async def expired(self, now: datetime, limit: int = 100) -> tuple[StoredProposal, ...]:
        over = [one for one in self.offered.values() if one.status == "pending" and one.expires_at <= now]
        return tuple(sorted(over, key=lambda one: (one.expires_at, one.id))[:limit])

    async def switch(self, switch: Switch, entries: Sequence[Entry]) -> None:
        self._add(entries)
        one = storable_row(switch)
        self.switched[one.name] = one

    async def switches(self, now: datetime) -> Mapping[str, Switch]:
        return {name: one for name, one in self.switched.items() if one.holds(now)}

    async def audit(self, entries: Sequence[Entry]) -> None:
        self._add(entries)

    async def audited(self, after: int = 0, limit: int = 1000, subject: str = "") -> tuple[Sealed, ...]:
        behind = (one for one in self.chain if one.number > after and subject in ("", one.subject))
        return tuple(behind)[:limit]

    async def head(self) -> Sealed | None:
        return self.chain[-1] if self.chain else None

    def _add(self, entries: Sequence[Entry]) -> None:
        self.chain += chained(self.chain[-1] if self.chain else None, entries)

    def _votes(self, proposal_id: str) -> tuple[Vote, ...]:
        own = [one for one in self.said.values() if one.proposal_id == proposal_id]
        return tuple(sorted(own, key=lambda one: (one.given_at, one.person)))

    def _unexecuted(self) -> tuple[str, ...]:
        enqueued = [one.id for one in self.offered.values() if one.status == "approved" and one.id in self._executing]
        return tuple(id for id in enqueued if id not in self.claimed or self.claimed[id].status == "started")


def _recent(others: Sequence[Execution], proposal: StoredProposal) -> tuple[Execution, ...]:
    ways: tuple[Callable[[Execution], bool], ...] = (
        lambda one: one.target == proposal.target,
        lambda one: one.remedy == proposal.remedy,
    )
    latest = sorted(others, key=_begun, reverse=True)
    found = {one.proposal_id for way in ways for one in list(filter(way, latest))[:RECENT]}
    found |= {one.proposal_id for one in latest if one.status == "started" and any(way(one) for way in ways)}
    return tuple(one for one in latest if one.proposal_id in found)


def _begun(one: Execution) -> tuple[datetime, str]:
    return one.started_at, one.proposal_id
