"""Every statement on alerts, each a function of a connection and plain values."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

import sqlalchemy as sa

from connectors.state.columns import columns, every, portions, put
from connectors.state.incident_port import (
    LONGEST_REFUSED,
    MOST_REFUSED,
    Heard,
    KnownAlert,
    Outdated,
    RefusedCall,
    Report,
    Silence,
)
from connectors.state.incident_tables import alert, refused_call, report, silence

# Any number that nothing else in the database locks.
_ONE_AT_A_TIME = 7_204_119


def hear(connection: sa.Connection, reports: Sequence[Heard]) -> None:
    """Add reports that wait."""
    if connection.dialect.name == "postgresql":
        # It gives numbers before it commits: without this, a report could come to light behind later ones.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    names = [one.name for one in fields(Heard)]
    connection.execute(report.insert(), [{name: getattr(one, name) for name in names} for one in reports])


def unsorted(connection: sa.Connection, limit: int) -> tuple[Report, ...]:
    """Reports that wait, in their order."""
    return every(connection, Report, sa.select(*columns(report, Report)).order_by(report.c.number).limit(limit))


def waiting(connection: sa.Connection) -> int:
    """How many reports wait."""
    return connection.execute(sa.select(sa.func.count()).select_from(report)).scalar_one()


def forget(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Drop reports that were sorted. Raises Outdated when one of them is gone."""
    for some in portions(sorted(set(numbers))):
        if connection.execute(report.delete().where(report.c.number.in_(some))).rowcount < len(some):
            raise Outdated("a report has been sorted by another process")


def put_alerts(connection: sa.Connection, alerts: Sequence[KnownAlert]) -> None:
    """Keep alerts as they are known now."""
    put(connection, alert, map(vars, alerts))


def known(connection: sa.Connection, keys: Sequence[tuple[str, str]]) -> tuple[KnownAlert, ...]:
    """Alerts by source and fingerprint."""
    found: list[KnownAlert] = []
    # Source by source: for pairs that are one of many, SQLite would read the whole table.
    for source in sorted({source for source, _ in keys}):
        of_source = alert.c.source == source
        for some in portions(sorted({fingerprint for other, fingerprint in keys if other == source})):
            query = sa.select(*columns(alert, KnownAlert)).where(of_source, alert.c.fingerprint.in_(some))
            found += every(connection, KnownAlert, query)
    return tuple(found)


def recent(connection: sa.Connection, since: datetime, limit: int) -> tuple[KnownAlert, ...]:
    """Alerts heard of since, the longest ago first."""
    return _last_heard(connection, alert.c.heard_at >= since, limit)


def alerts_of(connection: sa.Connection, incident_id: str, limit: int) -> tuple[KnownAlert, ...]:
    """An incident's alerts, the longest ago first."""
    return _last_heard(connection, alert.c.incident_id == incident_id, limit)


def _last_heard(connection: sa.Connection, where: sa.ColumnElement[bool], limit: int) -> tuple[KnownAlert, ...]:
    latest = (alert.c.heard_at.desc(), alert.c.source.desc(), alert.c.fingerprint.desc())
    query = sa.select(*columns(alert, KnownAlert)).where(where).order_by(*latest).limit(limit)
    return every(connection, KnownAlert, query)[::-1]


def refuse(connection: sa.Connection, call: RefusedCall) -> None:
    """Keep a refused call, and the latest ones of its receiver."""
    connection.execute(refused_call.insert().values(vars(replace(call, body=call.body[:LONGEST_REFUSED]))))
    same = refused_call.c.receiver == call.receiver
    kept = sa.select(refused_call.c.number).where(same).order_by(refused_call.c.number.desc())
    oldest = kept.offset(MOST_REFUSED - 1).limit(1).scalar_subquery()
    connection.execute(refused_call.delete().where(same, refused_call.c.number < oldest))


def refused(connection: sa.Connection, limit: int) -> tuple[RefusedCall, ...]:
    """Refused calls, the latest first."""
    latest = sa.select(*columns(refused_call, RefusedCall)).order_by(refused_call.c.number.desc())
    return every(connection, RefusedCall, latest.limit(limit))


def put_silence(connection: sa.Connection, given: Silence) -> None:
    """Keep a silence."""
    put(connection, silence, [{**vars(given), "matchers": dict(given.matchers)}])


def silences(connection: sa.Connection, now: datetime) -> tuple[Silence, ...]:
    """Silences that have not ended, the first to end first."""
    lasting = sa.select(*columns(silence, Silence)).where(silence.c.ends_at > now)
    return every(connection, Silence, lasting.order_by(silence.c.ends_at, silence.c.id))
