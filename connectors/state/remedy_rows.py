"""Every statement on proposals and what became of them, each a function of a connection and plain values."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from connectors.state.columns import add, columns, every, put
from connectors.state.remedy_port import RECENT, Execution, Ruling, Standing, StoredProposal, Switch, Vote
from connectors.state.remedy_tables import execution, proposal, ruled_event, switch, vote


def add_proposal(connection: sa.Connection, offered: StoredProposal) -> bool:
    """Keep a proposal as its first version; False when it is known."""
    return add(connection, proposal, vars(replace(offered, version=1)))


def one(connection: sa.Connection, proposal_id: str) -> StoredProposal | None:
    """One proposal."""
    return next(iter(every(connection, StoredProposal, _proposal(proposal_id))), None)


def standing(connection: sa.Connection, proposal_id: str) -> Standing:
    """What a ruling is made on, the proposal locked. Raises KeyError."""
    # The audit's head keeps other rulings away; the lock keeps away what is not one, such as somebody's own UPDATE.
    [offered] = every(connection, StoredProposal, _proposal(proposal_id).with_for_update()) or [None]
    if offered is None:
        raise KeyError(proposal_id)
    return Standing(
        proposal=offered,
        votes=votes(connection, offered.id),
        switches=switches(connection),
        execution=one_execution(connection, offered.id),
        recent=_recent(connection, offered),
    )


def add_event(connection: sa.Connection, proposal_id: str, event_id: str) -> bool:
    """Keep that an event is ruled on; False when it was before."""
    return add(connection, ruled_event, {"proposal_id": proposal_id, "event_id": event_id})


def put_ruling(connection: sa.Connection, ruling: Ruling) -> None:
    """Keep a ruling's vote and its proposal."""
    if ruling.vote:
        put(connection, vote, [vars(ruling.vote)])
    if ruling.proposal:
        put(connection, proposal, [vars(ruling.proposal)])


def proposals(connection: sa.Connection, incident_id: str, status: str, limit: int) -> tuple[StoredProposal, ...]:
    """Proposals, the latest first."""
    query = sa.select(*columns(proposal, StoredProposal))
    if incident_id:
        query = query.where(proposal.c.incident_id == incident_id)
    if status:
        query = query.where(proposal.c.status == status)
    latest = query.order_by(proposal.c.proposed_at.desc(), proposal.c.id.desc())
    return every(connection, StoredProposal, latest.limit(limit))


def expired(connection: sa.Connection, now: datetime, limit: int) -> tuple[StoredProposal, ...]:
    """Pending proposals whose time is over, the first to expire first."""
    over = (proposal.c.status == "pending") & (proposal.c.expires_at <= now)
    query = sa.select(*columns(proposal, StoredProposal)).where(over)
    return every(connection, StoredProposal, query.order_by(proposal.c.expires_at, proposal.c.id).limit(limit))


def pending(connection: sa.Connection) -> int:
    """How many proposals wait for an answer."""
    query = sa.select(sa.func.count()).select_from(proposal).where(proposal.c.status == "pending")
    return connection.execute(query).scalar_one()


def votes(connection: sa.Connection, proposal_id: str) -> tuple[Vote, ...]:
    """The votes on a proposal."""
    query = sa.select(*columns(vote, Vote)).where(vote.c.proposal_id == proposal_id)
    return every(connection, Vote, query.order_by(vote.c.given_at, vote.c.person))


def add_execution(connection: sa.Connection, begun: Execution) -> None:
    """Claim an execution that is not claimed."""
    connection.execute(execution.insert().values(**vars(begun)))


def put_execution(connection: sa.Connection, settled: Execution) -> None:
    """Put what came of a claimed execution in its place. Raises KeyError."""
    same = execution.c.proposal_id == settled.proposal_id
    if connection.execute(execution.update().where(same).values(**vars(settled))).rowcount == 0:
        raise KeyError(settled.proposal_id)


def one_execution(connection: sa.Connection, proposal_id: str) -> Execution | None:
    """How far an execution is."""
    query = sa.select(*columns(execution, Execution)).where(execution.c.proposal_id == proposal_id)
    return next(iter(every(connection, Execution, query)), None)


def unsettled(connection: sa.Connection) -> tuple[Execution, ...]:
    """Executions that never ended, the oldest first."""
    query = sa.select(*columns(execution, Execution)).where(execution.c.status == "started")
    return every(connection, Execution, query.order_by(execution.c.started_at, execution.c.proposal_id))


def unexecuted(connection: sa.Connection) -> tuple[str, ...]:
    """Approved proposals that were not carried out, or not to an end, the oldest first."""
    open_ended = execution.c.proposal_id.is_(None) | (execution.c.status == "started")
    query = (
        sa.select(proposal.c.id)
        .outerjoin(execution, execution.c.proposal_id == proposal.c.id)
        .where(proposal.c.status == "approved", open_ended)
        .order_by(proposal.c.proposed_at)
    )
    return tuple(connection.execute(query).scalars())


def put_switch(connection: sa.Connection, turned: Switch) -> None:
    """Put a switch in the place of one with its name."""
    put(connection, switch, [vars(turned)])


def switches(connection: sa.Connection) -> Mapping[str, Switch]:
    """All switches, also those that have ended, by name."""
    return {one.name: one for one in every(connection, Switch, sa.select(*columns(switch, Switch)))}


def _proposal(proposal_id: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(*columns(proposal, StoredProposal)).where(proposal.c.id == proposal_id)


def _recent(connection: sa.Connection, offered: StoredProposal) -> tuple[Execution, ...]:
    other = execution.c.proposal_id != offered.id
    ways = (execution.c.target == offered.target, execution.c.remedy == offered.remedy)
    ids = sa.select(execution.c.proposal_id)
    latest = [
        sa.select(ids.where(other, way).order_by(*_latest_first()).limit(RECENT).subquery().c.proposal_id)
        for way in ways
    ]
    # One index serves each part, however long the history is.
    found = sa.union(*latest, *(ids.where(other, way, execution.c.status == "started") for way in ways))
    query = sa.select(*columns(execution, Execution)).where(execution.c.proposal_id.in_(found))
    return every(connection, Execution, query.order_by(*_latest_first()))


def _latest_first() -> tuple[sa.UnaryExpression[object], ...]:
    return execution.c.started_at.desc(), execution.c.proposal_id.desc()
