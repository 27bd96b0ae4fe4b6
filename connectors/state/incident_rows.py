"""Every statement on incidents and what belongs to them, each a function of a connection and plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.state.columns import add, columns, every, put
from connectors.state.incident_port import Judgement, Moment, Outdated, Publication, StoredDiagnosis, StoredIncident
from connectors.state.incident_tables import diagnosis, incident, incident_thread, judgement, moment, publication


def put_incident(connection: sa.Connection, changed: StoredIncident) -> None:
    """Keep an incident's next version. Raises Outdated when the one that it changes is not the one that is kept."""
    version = changed.version + 1
    row = {**vars(changed), "version": version}
    same = (incident.c.id == changed.id) & (incident.c.version == changed.version)
    if changed.version == 0:
        kept = add(connection, incident, row)
    else:
        kept = connection.execute(incident.update().where(same).values(**row)).rowcount == 1
    if not kept:
        raise Outdated(f"incident {changed.id} is not at version {changed.version} any more")
    behind = sa.false() if changed.card is None else publication.c.version < version
    own = publication.c.incident_id == changed.id
    connection.execute(publication.update().where(own).values(behind=behind))


def one(connection: sa.Connection, incident_id: str) -> StoredIncident | None:
    """One incident."""
    query = sa.select(*columns(incident, StoredIncident)).where(incident.c.id == incident_id)
    return next(iter(every(connection, StoredIncident, query)), None)


def incidents(
    connection: sa.Connection, status: str, before: datetime | None, limit: int
) -> tuple[StoredIncident, ...]:
    """Incidents, those opened last first."""
    query = sa.select(*columns(incident, StoredIncident))
    if status:
        query = query.where(incident.c.status == status)
    if before is not None:
        query = query.where(incident.c.opened_at < before)
    latest = query.order_by(incident.c.opened_at.desc(), incident.c.id.desc())
    return every(connection, StoredIncident, latest.limit(limit))


def opened(connection: sa.Connection) -> int:
    """How many incidents are open."""
    query = sa.select(sa.func.count()).select_from(incident).where(incident.c.status == "open")
    return connection.execute(query).scalar_one()


def add_moments(connection: sa.Connection, added: Sequence[Moment]) -> None:
    """Add lines to timelines."""
    if added:
        connection.execute(moment.insert(), [vars(line) for line in added])


def moments(connection: sa.Connection, incident_id: str) -> tuple[Moment, ...]:
    """An incident's timeline."""
    query = sa.select(*columns(moment, Moment)).where(moment.c.incident_id == incident_id)
    return every(connection, Moment, query.order_by(moment.c.at, moment.c.number))


def put_threads(connection: sa.Connection, threads: Mapping[str, str]) -> None:
    """Keep which incident each thread belongs to."""
    put(connection, incident_thread, [{"thread_id": thread, "incident_id": id} for thread, id in threads.items()])


def incident_in(connection: sa.Connection, thread_id: str) -> str:
    """The incident that a thread belongs to, or nothing."""
    query = sa.select(incident_thread.c.incident_id).where(incident_thread.c.thread_id == thread_id)
    return connection.execute(query).scalar() or ""


def add_diagnosis(connection: sa.Connection, begun: StoredDiagnosis) -> bool:
    """Add a run of diagnosing; False when it is known."""
    return add(connection, diagnosis, vars(begun))


def put_diagnosis(connection: sa.Connection, run: StoredDiagnosis) -> None:
    """Keep a run of diagnosing as it is now."""
    put(connection, diagnosis, [vars(run)])


def one_diagnosis(connection: sa.Connection, diagnosis_id: str) -> StoredDiagnosis | None:
    """One run of diagnosing."""
    return next(iter(_diagnoses(connection, diagnosis.c.id == diagnosis_id)), None)


def diagnoses(connection: sa.Connection, incident_id: str) -> tuple[StoredDiagnosis, ...]:
    """An incident's runs of diagnosing, the latest first."""
    return _diagnoses(connection, diagnosis.c.incident_id == incident_id)


def unended(connection: sa.Connection) -> tuple[str, ...]:
    """Runs of diagnosing without an end, the oldest first."""
    query = sa.select(diagnosis.c.id).where(diagnosis.c.ended_at.is_(None)).order_by(diagnosis.c.begun_at)
    return tuple(connection.execute(query).scalars())


def _diagnoses(connection: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[StoredDiagnosis, ...]:
    query = sa.select(*columns(diagnosis, StoredDiagnosis)).where(where)
    return every(connection, StoredDiagnosis, query.order_by(diagnosis.c.begun_at.desc(), diagnosis.c.id.desc()))


def add_publication(connection: sa.Connection, place: Publication) -> None:
    """Add a place where an incident is to be shown, unless it is known."""
    add(connection, publication, _with_behind(connection, place))


def put_publication(connection: sa.Connection, shown: Publication) -> None:
    """Keep what is shown where."""
    put(connection, publication, [_with_behind(connection, shown)])
    if shown.thread_id:
        put_threads(connection, {shown.thread_id: shown.incident_id})


def publications(connection: sa.Connection, incident_id: str) -> tuple[Publication, ...]:
    """Where an incident is shown."""
    query = sa.select(*columns(publication, Publication)).where(publication.c.incident_id == incident_id)
    return every(connection, Publication, query.order_by(publication.c.channel, publication.c.conversation))


def unpublished(connection: sa.Connection, limit: int) -> tuple[Publication, ...]:
    """Publications that are behind, of the oldest incident first."""
    query = (
        sa.select(*columns(publication, Publication))
        .join(incident, incident.c.id == publication.c.incident_id)
        .where(publication.c.behind.is_(True))
        .order_by(incident.c.opened_at, publication.c.incident_id, publication.c.channel, publication.c.conversation)
    )
    return every(connection, Publication, query.limit(limit))


def _with_behind(connection: sa.Connection, place: Publication) -> dict[str, Any]:
    # Held until the end of the transaction: a change of the incident comes before it or after it, not in between.
    query = sa.select(incident.c.card, incident.c.version).where(incident.c.id == place.incident_id)
    its = connection.execute(query.with_for_update(read=True)).first()
    return {**vars(place), "behind": its is not None and its.card is not None and place.version < its.version}


def judge(connection: sa.Connection, given: Judgement) -> bool:
    """Keep a person's latest word on an incident that exists."""
    if one(connection, given.incident_id) is None:
        return False
    put(connection, judgement, [vars(given)])
    return True


def judgements(connection: sa.Connection, incident_id: str) -> tuple[Judgement, ...]:
    """What people said of an incident's cause, the latest first."""
    query = sa.select(*columns(judgement, Judgement)).where(judgement.c.incident_id == incident_id)
    return every(connection, Judgement, query.order_by(judgement.c.given_at.desc(), judgement.c.author.desc()))
