"""Every statement on the audit, each a function of a connection and plain values."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connectors.state.audit_port import chained
from connectors.state.columns import columns, every
from connectors.state.port import StateUnavailable
from connectors.state.remedy_port import Entry, Sealed
from connectors.state.remedy_tables import audit, audit_head

# A process that is frozen while it holds the head would keep everybody else from deciding anything, the stop switch
# among it. And whoever waits gives up before its caller does: what was reported as failed must not be done later.
_PATIENCE = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '20s', true)"
)


def hold(connection: sa.Connection) -> Sealed | None:
    """Keep all others from deciding, and from writing what is decided on, until the transaction ends; the last entry.

    Call it first: what is read behind it is what all who held it before have committed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_PATIENCE)
    return _last(connection, _query().with_for_update())


def last(connection: sa.Connection) -> Sealed | None:
    """The last entry, as it was kept apart."""
    return _last(connection, _query())


def append(connection: sa.Connection, previous: Sealed | None, entries: Sequence[Entry]) -> None:
    """Add entries behind the one that ``hold`` has returned. Raises StateUnavailable where the chain is not its own."""
    chain = chained(previous, entries)
    if not chain:
        return
    try:
        connection.execute(audit.insert(), [vars(one) for one in chain])
    except IntegrityError as taken:
        raise StateUnavailable("the audit goes on behind its head; see `python -m bot audit verify`") from taken
    connection.execute(audit_head.update().values(**vars(chain[-1])))


def audited(connection: sa.Connection, after: int, limit: int, subject: str) -> tuple[Sealed, ...]:
    """Entries behind a number, in their order."""
    query = sa.select(*columns(audit, Sealed)).where(audit.c.number > after)
    if subject:
        query = query.where(audit.c.subject == subject)
    return every(connection, Sealed, query.order_by(audit.c.number).limit(limit))


def _query() -> sa.Select[tuple[object, ...]]:
    return sa.select(*columns(audit_head, Sealed))


def _last(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> Sealed | None:
    row = connection.execute(query).mappings().first()
    if row is None:
        raise StateUnavailable("the audit has lost its head; see `python -m bot audit verify`")
    return Sealed(**row) if row["number"] else None
