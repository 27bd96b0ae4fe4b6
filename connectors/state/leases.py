"""Roles that one process has at a time, each for as long as it asked for."""

import sqlalchemy as sa

from connectors.state.columns import insert_into, inserted
from connectors.state.incident_tables import lease

# The database's own clock, in seconds: processes of a fleet need not agree on the time.
_SERVER_CLOCK = sa.text("extract(epoch FROM clock_timestamp())")
_FILE_CLOCK = sa.text("(julianday('now') - 2440587.5) * 86400.0")


def take(connection: sa.Connection, role: str, executor: str, seconds: float) -> bool:
    """Have a role for so long, unless another executor has it; whether it is had."""
    server = connection.dialect.name == "postgresql"
    now: float = connection.execute(
        sa.select(sa.cast(_SERVER_CLOCK if server else _FILE_CLOCK, sa.Double))
    ).scalar_one()
    insert = insert_into(connection, lease)
    taken = insert.values(role=role, executor=executor, until=now + seconds).on_conflict_do_update(
        index_elements=["role"],
        set_={"executor": insert.excluded.executor, "until": insert.excluded.until},
        where=(lease.c.executor == executor) | (lease.c.until <= now),
    )
    return inserted(connection, taken)
