"""The incidents' part of the state in a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.state import alert_rows, incident_rows, leases
from connectors.state.hearing import Hearing
from connectors.state.incident_port import (
    Change,
    Heard,
    Judgement,
    KnownAlert,
    Moment,
    Publication,
    RefusedCall,
    Report,
    Silence,
    StoredDiagnosis,
    StoredIncident,
)
from connectors.state.queue import Queue
from connectors.state.transactions import Database


@dataclass
class SqlAlertLog(Database):
    """Alerts as they came."""

    def __post_init__(self) -> None:
        self._hearing = Hearing(lambda reports: self.write(lambda c: alert_rows.hear(c, reports)))

    async def hear(self, reports: Sequence[Heard]) -> None:
        await self._hearing.hear(reports)

    async def unsorted(self, limit: int = 500) -> tuple[Report, ...]:
        return await self.read(lambda c: alert_rows.unsorted(c, limit))

    async def known_alerts(self, keys: Sequence[tuple[str, str]]) -> tuple[KnownAlert, ...]:
        return await self.read(lambda c: alert_rows.known(c, keys))

    async def recent_alerts(self, since: datetime, limit: int = 20_000) -> tuple[KnownAlert, ...]:
        return await self.read(lambda c: alert_rows.recent(c, since, limit))

    async def alerts_of(self, incident_id: str, limit: int = 200) -> tuple[KnownAlert, ...]:
        return await self.read(lambda c: alert_rows.alerts_of(c, incident_id, limit))

    async def refuse(self, call: RefusedCall) -> None:
        await self.write(lambda c: alert_rows.refuse(c, call))

    async def refused(self, limit: int = 50) -> tuple[RefusedCall, ...]:
        return await self.read(lambda c: alert_rows.refused(c, limit))

    async def silence(self, silence: Silence) -> None:
        await self.write(lambda c: alert_rows.put_silence(c, silence))

    async def silences(self, now: datetime) -> tuple[Silence, ...]:
        return await self.read(lambda c: alert_rows.silences(c, now))


@dataclass
class SqlIncidents(SqlAlertLog):
    """Incidents, and what belongs to each."""

    queue: Queue

    async def change(self, change: Change) -> None:
        await self.write(lambda c: self._change(c, change))

    async def incident(self, incident_id: str) -> StoredIncident | None:
        return await self.read(lambda c: incident_rows.one(c, incident_id))

    async def incidents(
        self, *, status: str = "", before: datetime | None = None, limit: int = 50
    ) -> tuple[StoredIncident, ...]:
        return await self.read(lambda c: incident_rows.incidents(c, status, before, limit))

    async def moments(self, incident_id: str) -> tuple[Moment, ...]:
        return await self.read(lambda c: incident_rows.moments(c, incident_id))

    async def incident_in(self, thread_id: str) -> str:
        return await self.read(lambda c: incident_rows.incident_in(c, thread_id))

    async def diagnosis(self, diagnosis_id: str) -> StoredDiagnosis | None:
        return await self.read(lambda c: incident_rows.one_diagnosis(c, diagnosis_id))

    async def record_diagnosis(self, diagnosis: StoredDiagnosis) -> None:
        await self.write(lambda c: incident_rows.put_diagnosis(c, diagnosis))

    async def diagnoses(self, incident_id: str) -> tuple[StoredDiagnosis, ...]:
        return await self.read(lambda c: incident_rows.diagnoses(c, incident_id))

    async def publications(self, incident_id: str) -> tuple[Publication, ...]:
        return await self.read(lambda c: incident_rows.publications(c, incident_id))

    async def unpublished(self, limit: int = 100) -> tuple[Publication, ...]:
        return await self.read(lambda c: incident_rows.unpublished(c, limit))

    async def record_publication(self, publication: Publication) -> None:
        await self.write(lambda c: incident_rows.put_publication(c, publication))

    async def judge(self, judgement: Judgement) -> bool:
        return await self.write(lambda c: incident_rows.judge(c, judgement))

    async def judgements(self, incident_id: str) -> tuple[Judgement, ...]:
        return await self.read(lambda c: incident_rows.judgements(c, incident_id))

    async def lead(self, role: str, seconds: float) -> bool:
        return await self.write(lambda c: leases.take(c, role, self.queue.executor, seconds))

    async def _unended(self) -> tuple[str, ...]:
        return await self.read(incident_rows.unended)

    def _change(self, connection: sa.Connection, change: Change) -> None:
        alert_rows.forget(connection, change.sorted)
        # In the same order everywhere: two changes that wait for each other's incidents would never end.
        for incident in sorted(change.incidents, key=lambda one: one.id):
            incident_rows.put_incident(connection, incident)
        alert_rows.put_alerts(connection, change.alerts)
        incident_rows.add_moments(connection, change.moments)
        for publication in change.publications:
            incident_rows.add_publication(connection, publication)
        incident_rows.put_threads(connection, change.threads)
        for diagnosis in change.diagnoses:
            if incident_rows.add_diagnosis(connection, diagnosis):
                self.queue.enqueue(connection, "diagnose", diagnosis.id)
