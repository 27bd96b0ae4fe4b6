"""The remedies' part of the state seam: proposals, votes, executions, switches, and the audit that nobody rewrites."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

ProposalStatus: TypeAlias = Literal["pending", "approved", "rejected", "expired", "withdrawn"]
ExecutionStatus: TypeAlias = Literal["started", "done", "failed", "stale", "unknown"]


@dataclass(frozen=True)
class StoredProposal:
    """A proposal: ``body`` is all of it as JSON, ``digest`` that of its action; ``target`` is what would be changed.

    ``card`` is what is to be shown, as JSON, and ``version`` counts its changes from 1.
    """

    id: str
    incident_id: str
    remedy: str
    target: str
    digest: str
    status: ProposalStatus
    proposed_at: datetime
    expires_at: datetime
    body: str
    card: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Vote:
    """What an entitled person said; one of each person counts, and a rejection ends it."""

    proposal_id: str
    person: str
    approves: bool
    given_at: datetime
    event_id: str


@dataclass(frozen=True)
class Execution:
    """An approved proposal being carried out: claimed once, by the insertion of its row.

    ``outcome`` is what came of it and of its verification, as JSON.
    """

    proposal_id: str
    target: str
    remedy: str
    status: ExecutionStatus
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Switch:
    """Something that is on or off for all: ``stop`` (nothing is carried out), ``freeze``, levels of autonomy."""

    name: str
    value: str
    set_by: str
    set_at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the audit. ``detail`` is JSON; ``actor`` is a person, or ``nightshift``."""

    at: datetime
    actor: str
    event: str
    subject: str
    detail: str = "{}"


@dataclass(frozen=True)
class Sealed(Entry):
    """An entry in the chain: ``hash`` is the SHA-256 over ``previous`` and the entry in its canonical form."""

    number: int = 0
    previous: str = ""
    hash: str = ""


@dataclass(frozen=True)
class Standing:
    """What a ruling is made on, all of it read in the transaction that it is written in."""

    proposal: StoredProposal
    votes: Sequence[Vote] = ()
    switches: Mapping[str, Switch] = field(default_factory=dict)
    execution: Execution | None = None
    recent: Sequence[Execution] = ()
    """Executions at the same target, or of the same remedy, latest first."""


@dataclass(frozen=True)
class Ruling:
    """What becomes of a click, all of it in one transaction; a field that is empty changes nothing.

    ``work`` is enqueued as the work ``execute`` under the proposal's id. ``verdict`` is what it is called in the audit.
    """

    verdict: str
    entries: Sequence[Entry]
    vote: Vote | None = None
    proposal: StoredProposal | None = None
    work: bool = False


Rule: TypeAlias = Callable[[Standing], Ruling]
"""Decides on what it is given and nothing else; it is quick, waits for nothing, and may be called again."""


class Remedies(Protocol):
    """Proposals and what became of them. Every change carries its audit entries in the same transaction."""

    async def propose(self, proposal: StoredProposal, entries: Sequence[Entry]) -> bool:
        """Keep a proposal; False when there is one with this id already, which stays as it is."""

    async def rule(self, proposal_id: str, event_id: str, rule: Rule) -> Ruling | None:
        """Decide on a click: lock the proposal, read, decide, write, audit and enqueue, in one transaction.

        None: this event was ruled on before, and nothing is changed. KeyError: there is no such proposal. An empty
        event id is never the same as another.
        """

    async def claim_execution(self, execution: Execution, rule: Rule) -> Ruling | None:
        """Claim it by its row, after a last decision on what holds now; None: it was claimed before."""

    async def settle_execution(self, execution: Execution, entries: Sequence[Entry]) -> None:
        """Put what came of it in the place of its row."""

    async def execution(self, proposal_id: str) -> Execution | None:
        """How far a proposal's execution is; None: not begun."""

    async def unsettled(self) -> tuple[Execution, ...]:
        """Executions that were started and never settled."""

    async def proposal(self, proposal_id: str) -> StoredProposal | None:
        """One proposal."""

    async def proposals(
        self, *, incident_id: str = "", status: str = "", limit: int = 100
    ) -> tuple[StoredProposal, ...]:
        """Proposals, the latest first."""

    async def votes(self, proposal_id: str) -> tuple[Vote, ...]:
        """The votes on a proposal, in their order."""

    async def expired(self, now: datetime, limit: int = 100) -> tuple[StoredProposal, ...]:
        """Pending proposals whose time is over."""

    async def switch(self, switch: Switch, entries: Sequence[Entry]) -> None:
        """Put a switch in the place of one with its name."""

    async def switches(self, now: datetime) -> Mapping[str, Switch]:
        """Switches that hold now, by name."""

    async def audit(self, entries: Sequence[Entry]) -> None:
        """Add entries to the chain, which nothing else changes: what is written stays."""

    async def audited(self, after: int = 0, limit: int = 1000, subject: str = "") -> tuple[Sealed, ...]:
        """Entries with a number above ``after``, in their order; of one subject where it is given."""

    async def head(self) -> Sealed | None:
        """The last entry of the chain."""
