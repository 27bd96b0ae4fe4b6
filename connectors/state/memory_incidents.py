"""The incidents' part of the state's twin: alerts and incidents in dictionaries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from connectors.state.incident_port import (
    LONGEST_REFUSED,
    MOST_REFUSED,
    Change,
    Heard,
    Judgement,
    KnownAlert,
    Moment,
    Outdated,
    Publication,
    RefusedCall,
    Report,
    Silence,
    StoredDiagnosis,
    StoredIncident,
)
from connectors.state.memory_work import MemoryWork
from connectors.state.storable import storable, storable_row


@dataclass
class MemoryAlertLog(MemoryWork):
    """Reports that wait, alerts that are known, calls that were refused, and silences."""

    waiting: dict[int, Report] = field(default_factory=dict, kw_only=True)
    alerts: dict[tuple[str, str], KnownAlert] = field(default_factory=dict, kw_only=True)
    refusals: list[RefusedCall] = field(default_factory=list, kw_only=True)
    quiet: dict[str, Silence] = field(default_factory=dict, kw_only=True)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), kw_only=True)

    async def hear(self, reports: Sequence[Heard]) -> None:
        for one in map(storable_row, reports):
            number = next(self._numbers)
            self.waiting[number] = Report(one.source, one.fingerprint, one.received_at, one.body, number)

    async def unsorted(self, limit: int = 500) -> tuple[Report, ...]:
        return tuple(self.waiting.values())[:limit]

    async def known_alerts(self, keys: Sequence[tuple[str, str]]) -> tuple[KnownAlert, ...]:
        wanted = dict.fromkeys((storable(source), storable(fingerprint)) for source, fingerprint in keys)
        return tuple(self.alerts[key] for key in wanted if key in self.alerts)

    async def recent_alerts(self, since: datetime, limit: int = 20_000) -> tuple[KnownAlert, ...]:
        return _last_heard([one for one in self.alerts.values() if one.heard_at >= since], limit)

    async def alerts_of(self, incident_id: str, limit: int = 200) -> tuple[KnownAlert, ...]:
        return _last_heard([one for one in self.alerts.values() if one.incident_id == incident_id], limit)

    async def refuse(self, call: RefusedCall) -> None:
        self.refusals.append(storable_row(replace(call, body=call.body[:LONGEST_REFUSED])))
        same = [one for one in self.refusals if one.receiver == call.receiver]
        if len(same) > MOST_REFUSED:
            self.refusals.remove(same[0])

    async def refused(self, limit: int = 50) -> tuple[RefusedCall, ...]:
        return tuple(self.refusals[::-1][:limit])

    async def silence(self, silence: Silence) -> None:
        self.quiet[silence.id] = storable_row(silence)

    async def silences(self, now: datetime) -> tuple[Silence, ...]:
        lasting = [one for one in self.quiet.values() if one.ends_at > now]
        return tuple(sorted(lasting, key=lambda one: (one.ends_at, one.id)))


def _last_heard(alerts: Sequence[KnownAlert], limit: int) -> tuple[KnownAlert, ...]:
    return tuple(sorted(alerts, key=lambda one: (one.heard_at, one.source, one.fingerprint))[-limit:])


@dataclass
class MemoryIncidents(MemoryAlertLog):
    """Incidents, and what belongs to each."""

    incident_rows: dict[str, StoredIncident] = field(default_factory=dict, kw_only=True)
    timeline: list[Moment] = field(default_factory=list, kw_only=True)
    shown: dict[tuple[str, str, str], Publication] = field(default_factory=dict, kw_only=True)
    belongs: dict[str, str] = field(default_factory=dict, kw_only=True)
    runs: dict[str, StoredDiagnosis] = field(default_factory=dict, kw_only=True)
    words: dict[tuple[str, str], Judgement] = field(default_factory=dict, kw_only=True)

    async def change(self, change: Change) -> None:
        self.incident_rows = self._changed(change)
        for number in change.sorted:
            self.waiting.pop(number, None)
        self.alerts |= {(one.source, one.fingerprint): one for one in map(storable_row, change.alerts)}
        self.timeline += map(storable_row, change.moments)
        for place in map(storable_row, change.publications):
            self.shown.setdefault(_place(place), place)
        self.belongs |= {storable(thread): incident_id for thread, incident_id in change.threads.items()}
        for run in map(storable_row, change.diagnoses):
            if run.id not in self.runs:
                self.runs[run.id] = run
                self._begin("diagnose", run.id)

    def _changed(self, change: Change) -> dict[str, StoredIncident]:
        if not self.waiting.keys() >= set(change.sorted):
            raise Outdated("a report has been sorted by another process")
        found = dict(self.incident_rows)
        for one in map(storable_row, change.incidents):
            version = found[one.id].version if one.id in found else 0
            if version != one.version:
                raise Outdated(f"incident {one.id} is at version {version}, not {one.version}")
            found[one.id] = replace(one, version=version + 1)
        return found

    async def incident(self, incident_id: str) -> StoredIncident | None:
        return self.incident_rows.get(incident_id)

    async def incidents(
        self, *, status: str = "", before: datetime | None = None, limit: int = 50
    ) -> tuple[StoredIncident, ...]:
        found = [
            one
            for one in self.incident_rows.values()
            if status in ("", one.status) and (before is None or one.opened_at < before)
        ]
        return tuple(sorted(found, key=lambda one: (one.opened_at, one.id), reverse=True)[:limit])

    async def moments(self, incident_id: str) -> tuple[Moment, ...]:
        own = [one for one in self.timeline if one.incident_id == incident_id]
        return tuple(sorted(own, key=lambda one: one.at))

    async def incident_in(self, thread_id: str) -> str:
        return self.belongs.get(thread_id, "")

    async def diagnosis(self, diagnosis_id: str) -> StoredDiagnosis | None:
        return self.runs.get(diagnosis_id)

    async def record_diagnosis(self, diagnosis: StoredDiagnosis) -> None:
        self.runs[diagnosis.id] = storable_row(diagnosis)

    async def diagnoses(self, incident_id: str) -> tuple[StoredDiagnosis, ...]:
        own = [one for one in self.runs.values() if one.incident_id == incident_id]
        return tuple(sorted(own, key=lambda one: (one.begun_at, one.id), reverse=True))

    async def publications(self, incident_id: str) -> tuple[Publication, ...]:
        own = [one for one in self.shown.values() if one.incident_id == incident_id]
        return tuple(sorted(own, key=_place))

    async def unpublished(self, limit: int = 100) -> tuple[Publication, ...]:
        found = [(self.incident_rows.get(one.incident_id), one) for one in self.shown.values()]
        older = [
            (incident.opened_at, _place(one), one)
            for incident, one in found
            if incident and incident.card is not None and one.version < incident.version
        ]
        return tuple(one for *_, one in sorted(older, key=lambda row: row[:2])[:limit])

    async def record_publication(self, publication: Publication) -> None:
        one = storable_row(publication)
        self.shown[_place(one)] = one
        if one.thread_id:
            self.belongs[one.thread_id] = one.incident_id

    async def judge(self, judgement: Judgement) -> bool:
        if judgement.incident_id not in self.incident_rows:
            return False
        self.words[judgement.incident_id, judgement.author] = storable_row(judgement)
        return True

    async def judgements(self, incident_id: str) -> tuple[Judgement, ...]:
        own = [one for one in self.words.values() if one.incident_id == incident_id]
        return tuple(sorted(own, key=lambda one: (one.given_at, one.author), reverse=True))

    async def lead(self, role: str, seconds: float) -> bool:
        """Nobody shares this memory."""
        return True

    def _unended(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.runs.values() if one.ended_at is None)


def _place(one: Publication) -> tuple[str, str, str]:
    return one.incident_id, one.channel, one.conversation
