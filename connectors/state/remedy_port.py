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

    ``card`` is what is to be shown, as JSON, and ``version`` counts its changes from 1; 0 is one that is not kept yet.
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
    """What an entitled person said; one of each person counts, their last, and a rejection ends it."""

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

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until


@dataclass(frozen=True)
class Entry:
    """One line of the audit. ``detail`` is JSON; ``actor`` is a person, or ``nightshift``.

    ``subject`` is what it is about, such as the id of a proposal.
    """

    at: datetime
    actor: str
    event: str
    subject: str
    detail: str = "{}"


@dataclass(frozen=True)
class Sealed(Entry):
    """An entry in the chain: ``hash`` is the SHA-256 over ``previous`` and the entry in its canonical form.

    Numbers count from 1 without gaps. ``audit_port`` has the form, and finds the first entry that does not fit.
    """

    number: int = 0
    previous: str = ""
    hash: str = ""


RECENT = 100
"""How many executions at a target, and how many of a remedy, a ruling is made on; those not settled come on top."""


@dataclass(frozen=True)
class Standing:
    """What a ruling is made on, all of it read in the transaction that it is written in.

    Until that transaction ends nothing of it changes, not even in another process. ``switches`` are all that are kept,
    also those that have ended: the rule knows the time, and asks each whether it ``holds``.
    """

    proposal: StoredProposal
    votes: Sequence[Vote] = ()
    switches: Mapping[str, Switch] = field(default_factory=dict)
    execution: Execution | None = None
    recent: Sequence[Execution] = ()
    """Other proposals' executions at the same target, or of the same remedy, latest first.

    The latest RECENT of each, and whatever of them was started and never settled.
    """


@dataclass(frozen=True)
class Ruling:
    """What becomes of a click, all of it in one transaction; a field that is empty changes nothing.

    ``vote`` is put in the place of the person's earlier one, ``proposal`` in that of the one ruled on, its version
    counted; it may change in all but what it offers: remedy, target, digest and incident stay. ``work`` is enqueued as
    the work ``execute`` under the proposal's id, once however often it is asked for; at a claim nothing is enqueued,
    and ``work`` says that it is carried out now. ``verdict`` is what it is called in the audit.
    """

    verdict: str
    entries: Sequence[Entry]
    vote: Vote | None = None
    proposal: StoredProposal | None = None
    work: bool = False


Rule: TypeAlias = Callable[[Standing], Ruling]
"""Decides on what it is given and nothing else; it is quick, waits for nothing, and may be called again.

It is called while all other rulings wait, and not always in the thread of the event loop. What it raises is raised
by whoever asked for the ruling, and nothing is changed.
"""


class Remedies(Protocol):
    """Proposals and what became of them. Every change carries its audit entries in the same transaction."""

    async def propose(self, proposal: StoredProposal, entries: Sequence[Entry]) -> bool:
        """Keep a proposal, as version 1; False when there is one with this id, which stays, and nothing is audited."""

    async def rule(self, proposal_id: str, event_id: str, rule: Rule) -> Ruling | None:
        """Decide on a click: lock the proposal, read, decide, write, audit and enqueue, in one transaction.

        The ruling comes back as it is kept: its proposal has its new version. A click that is refused is audited as
        one that counts. None: this event was ruled on before for this proposal, and nothing is changed. An empty event
        id is never the same as another. KeyError: there is no such proposal. ValueError: the ruling is on another
        proposal, or changes what this one offers; nothing is changed.
        """

    async def claim_execution(self, execution: Execution, rule: Rule) -> Ruling | None:
        """Claim it by its row, after a last decision on what holds now; None: it was claimed before.

        Where the ruling's ``work`` is true the row is kept and the caller carries it out: of all callers in all
        processes one. Where it is false there is no row, but what the ruling says (vote, proposal, entries) is kept as
        that of any other, and it may be claimed later; a proposal that stays ``approved`` then is given up at the next
        start. KeyError: there is no such proposal. ValueError: as for ``rule``, or the execution is at another target,
        or of another remedy, than its proposal.
        """

    async def settle_execution(self, execution: Execution, entries: Sequence[Entry]) -> None:
        """Put what came of it in the place of its row. KeyError: it was never claimed.

        Again, where more is found out: of one that was ``unknown``, say.
        """

    async def execution(self, proposal_id: str) -> Execution | None:
        """How far a proposal's execution is; None: not begun."""

    async def unsettled(self) -> tuple[Execution, ...]:
        """Executions that were started and never settled, the oldest first."""

    async def proposal(self, proposal_id: str) -> StoredProposal | None:
        """One proposal, or None."""

    async def proposals(
        self, *, incident_id: str = "", status: str = "", limit: int = 100
    ) -> tuple[StoredProposal, ...]:
        """Proposals, the latest first."""

    async def votes(self, proposal_id: str) -> tuple[Vote, ...]:
        """The votes on a proposal, one of each person, in the order of time."""

    async def expired(self, now: datetime, limit: int = 100) -> tuple[StoredProposal, ...]:
        """Pending proposals whose time is over, the first to expire first; at ``expires_at`` it is over."""

    async def switch(self, switch: Switch, entries: Sequence[Entry]) -> None:
        """Put a switch in the place of one with its name."""

    async def switches(self, now: datetime) -> Mapping[str, Switch]:
        """Switches that hold now, by name; at ``until`` one has ended."""

    async def audit(self, entries: Sequence[Entry]) -> None:
        """Add entries to the chain, all of them one behind the other; what is written stays as it is."""

    async def audited(self, after: int = 0, limit: int = 1000, subject: str = "") -> tuple[Sealed, ...]:
        """Entries with a number above ``after``, in their order; of one subject where it is given."""

    async def head(self) -> Sealed | None:
        """The last entry that was added, None before the first. It is kept apart from the chain.

        Where the chain ends before it, its end was cut off.
        """
