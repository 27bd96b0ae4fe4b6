"""The remedies' part of the state in a database.

All that decides, and all that changes what is decided on, holds one row first: the audit's head. Each of these
transactions adds to the chain, so they cannot but follow each other; held from the beginning, the row also keeps
votes, switches and executions as they were read until the ruling on them is committed, in every process. With one
lock there is no order of locks that could be wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.state import audit_rows, remedy_rows
from connectors.state.queue import Queue
from connectors.state.remedy_port import Entry, Execution, Rule, Ruling, Sealed, StoredProposal, Switch, Vote
from connectors.state.ruling import as_kept, claimable
from connectors.state.storable import storable_row
from connectors.state.transactions import Database


@dataclass
class SqlRemedies(Database):
    """Proposals and what became of them."""

    queue: Queue

    async def propose(self, proposal: StoredProposal, entries: Sequence[Entry]) -> bool:
        def commit(connection: sa.Connection) -> bool:
            head = audit_rows.hold(connection)
            added = remedy_rows.add_proposal(connection, storable_row(proposal))
            audit_rows.append(connection, head, entries if added else ())
            return added

        return await self.write(commit)

    async def rule(self, proposal_id: str, event_id: str, rule: Rule) -> Ruling | None:
        def commit(connection: sa.Connection) -> Ruling | None:
            head = audit_rows.hold(connection)
            standing = remedy_rows.standing(connection, proposal_id)
            if event_id and not remedy_rows.add_event(connection, standing.proposal.id, event_id):
                return None
            ruling = as_kept(rule(standing), standing.proposal)
            remedy_rows.put_ruling(connection, ruling)
            audit_rows.append(connection, head, ruling.entries)
            if ruling.work:
                self.queue.enqueue(connection, "execute", standing.proposal.id)
            return ruling

        return await self.write(commit)

    async def claim_execution(self, execution: Execution, rule: Rule) -> Ruling | None:
        begun = storable_row(execution)

        def commit(connection: sa.Connection) -> Ruling | None:
            head = audit_rows.hold(connection)
            standing = remedy_rows.standing(connection, begun.proposal_id)
            claimable(begun, standing.proposal)
            if standing.execution is not None:
                return None
            ruling = as_kept(rule(standing), standing.proposal)
            remedy_rows.put_ruling(connection, ruling)
            audit_rows.append(connection, head, ruling.entries)
            if ruling.work:
                remedy_rows.add_execution(connection, begun)
            return ruling

        return await self.write(commit)

    async def settle_execution(self, execution: Execution, entries: Sequence[Entry]) -> None:
        settled = storable_row(execution)

        def commit(connection: sa.Connection) -> None:
            head = audit_rows.hold(connection)
            offered = remedy_rows.one(connection, settled.proposal_id)
            if offered is None:
                raise KeyError(settled.proposal_id)
            claimable(settled, offered)
            remedy_rows.put_execution(connection, settled)
            audit_rows.append(connection, head, entries)

        await self.write(commit)

    async def execution(self, proposal_id: str) -> Execution | None:
        return await self.read(lambda c: remedy_rows.one_execution(c, proposal_id))

    async def unsettled(self) -> tuple[Execution, ...]:
        return await self.read(remedy_rows.unsettled)

    async def proposal(self, proposal_id: str) -> StoredProposal | None:
        return await self.read(lambda c: remedy_rows.one(c, proposal_id))

    async def proposals(
        self, *, incident_id: str = "", status: str = "", limit: int = 100
    ) -> tuple[StoredProposal, ...]:
        return await self.read(lambda c: remedy_rows.proposals(c, incident_id, status, limit))

    async def votes(self, proposal_id: str) -> tuple[Vote, ...]:
        return await self.read(lambda c: remedy_rows.votes(c, proposal_id))

    async def expired(self, now: datetime, limit: int = 100) -> tuple[StoredProposal, ...]:
        return await self.read(lambda c: remedy_rows.expired(c, now, limit))

    async def switch(self, switch: Switch, entries: Sequence[Entry]) -> None:
        def commit(connection: sa.Connection) -> None:
            head = audit_rows.hold(connection)
            remedy_rows.put_switch(connection, storable_row(switch))
            audit_rows.append(connection, head, entries)

        await self.write(commit)

    async def switches(self, now: datetime) -> Mapping[str, Switch]:
        kept = await self.read(remedy_rows.switches)
        return {name: one for name, one in kept.items() if one.holds(now)}

    async def audit(self, entries: Sequence[Entry]) -> None:
        await self.write(lambda c: audit_rows.append(c, audit_rows.hold(c), entries))

    async def audited(self, after: int = 0, limit: int = 1000, subject: str = "") -> tuple[Sealed, ...]:
        return await self.read(lambda c: audit_rows.audited(c, after, limit, subject))

    async def head(self) -> Sealed | None:
        return await self.read(audit_rows.last)

    async def _unexecuted(self) -> tuple[str, ...]:
        return await self.read(remedy_rows.unexecuted)
