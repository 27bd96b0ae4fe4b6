"""The incidents' part of the state seam: alerts as they came, what they became, and where people were told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True)
class Heard:
    """A report of an alert as it came: ``body`` is the alert as JSON."""

    source: str
    fingerprint: str
    received_at: datetime
    body: str


@dataclass(frozen=True)
class Report(Heard):
    """A report that waits to be sorted; numbers grow in the order in which reports were committed."""

    number: int = 0


@dataclass(frozen=True)
class KnownAlert:
    """An alert as it is known: ``body`` is its latest report, ``history`` what it did before, both as JSON.

    ``incident_id`` is the incident that it belongs to now, empty for none; ``silence_id`` what keeps it quiet.
    """

    source: str
    fingerprint: str
    body: str
    history: str
    heard_at: datetime
    firing: bool
    incident_id: str = ""
    silence_id: str = ""
    reports: int = 1


@dataclass(frozen=True)
class Moment:
    """One line of an incident's timeline: ``kind`` is such as ``alert``, ``verdict``, ``posted``, ``said``."""

    incident_id: str
    at: datetime
    kind: str
    text: str
    reference: str = ""
    """What it is about: a fingerprint, the id of a diagnosis, a message."""


@dataclass(frozen=True)
class StoredIncident:
    """An incident: ``body`` is all of it as JSON, the rest is what rows are looked up by.

    ``version`` counts its changes from 1; 0 is one that is not kept yet. ``card`` is what is to be shown, as JSON.
    """

    id: str
    status: Literal["open", "resolved", "merged"]
    opened_at: datetime
    updated_at: datetime
    body: str
    card: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Publication:
    """A message that shows an incident: where, and the version that it shows, 0 while there is none."""

    incident_id: str
    channel: str
    conversation: str
    thread_id: str = ""
    message_id: str = ""
    rung: str = ""
    version: int = 0


@dataclass(frozen=True)
class StoredDiagnosis:
    """One run of diagnosing: ``body`` is what came of it as JSON, empty while it runs."""

    id: str
    incident_id: str
    begun_at: datetime
    body: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Silence:
    """Alerts whose labels have all these values are kept and open no incident, from ``begins_at`` until ``ends_at``.

    A value may have ``*`` for any letters. Lifted early, it ends then.
    """

    id: str
    matchers: Mapping[str, str]
    begins_at: datetime
    ends_at: datetime
    author: str
    reason: str


@dataclass(frozen=True)
class Judgement:
    """A person's word on an incident's cause; the last one of a person counts. ``cause`` is what it was, in words."""

    incident_id: str
    author: str
    right: bool
    cause: str
    given_at: datetime


@dataclass(frozen=True)
class RefusedCall:
    """A call of a monitoring system that was not taken, kept to be looked at."""

    receiver: str
    received_at: datetime
    status: int
    message: str
    body: bytes


@dataclass(frozen=True)
class Change:
    """What changes in one transaction. A field that is empty changes nothing.

    ``sorted`` are the numbers of reports that need no more work: they are forgotten, so name each in one change.
    ``alerts`` and ``incidents`` are put in the place of what there was; an incident's ``version`` is the one that is
    changed, 0 for a new one, and is one higher afterwards. ``publications`` are places where an incident is to be
    shown, one for each conversation; one that is known stays as it is. ``threads`` are threads that incidents belong
    to, by the thread. ``diagnoses`` begin: each is enqueued as the work ``diagnose`` under its id, once.
    """

    sorted: Sequence[int] = ()
    alerts: Sequence[KnownAlert] = ()
    incidents: Sequence[StoredIncident] = ()
    moments: Sequence[Moment] = ()
    publications: Sequence[Publication] = ()
    threads: Mapping[str, str] = field(default_factory=dict)
    diagnoses: Sequence[StoredDiagnosis] = ()


class Outdated(Exception):
    """Somebody else has changed the incident, or sorted the report, since it was read; nothing was changed.

    Read what there is now, and try again.
    """


MOST_REFUSED = 200
"""How many refused calls of a receiver are kept, the latest ones."""

LONGEST_REFUSED = 64 * 1024
"""How many bytes of a refused body are kept."""


class AlertLog(Protocol):
    """Alerts as they came."""

    async def hear(self, reports: Sequence[Heard]) -> None:
        """Keep reports, in one transaction; they wait to be sorted into incidents.

        Calls that come at the same time may share a transaction; each returns when its own reports are committed.
        """

    async def unsorted(self, limit: int = 500) -> tuple[Report, ...]:
        """Reports that wait, in the order of their numbers."""

    async def known_alerts(self, keys: Sequence[tuple[str, str]]) -> tuple[KnownAlert, ...]:
        """What is known of alerts, by source and fingerprint, in any order; unknown ones are left out."""

    async def recent_alerts(self, since: datetime, limit: int = 20_000) -> tuple[KnownAlert, ...]:
        """The latest alerts that were heard of since, the longest ago first."""

    async def alerts_of(self, incident_id: str, limit: int = 200) -> tuple[KnownAlert, ...]:
        """The latest alerts of an incident, the one whose last report is the longest ago first."""

    async def refuse(self, call: RefusedCall) -> None:
        """Keep a call that was not taken, LONGEST_REFUSED bytes of it; of each receiver the last MOST_REFUSED stay."""

    async def refused(self, limit: int = 50) -> tuple[RefusedCall, ...]:
        """Calls that were not taken, the latest first."""

    async def silence(self, silence: Silence) -> None:
        """Keep a silence, in the place of one with this id."""

    async def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Silences that have not ended, the first to end first."""


class Incidents(Protocol):
    """Incidents, what was found out about them, and where they are shown."""

    async def change(self, change: Change) -> None:
        """Do all of it in one transaction or nothing. Raises Outdated."""

    async def incident(self, incident_id: str) -> StoredIncident | None:
        """One incident."""

    async def incidents(
        self, *, status: str = "", before: datetime | None = None, limit: int = 50
    ) -> tuple[StoredIncident, ...]:
        """Incidents, those opened last first; of a status, and opened before a moment, where these are given."""

    async def moments(self, incident_id: str) -> tuple[Moment, ...]:
        """An incident's timeline, in the order of time."""

    async def incident_in(self, thread_id: str) -> str:
        """The incident that a thread belongs to; empty for none."""

    async def diagnosis(self, diagnosis_id: str) -> StoredDiagnosis | None:
        """One run of diagnosing."""

    async def record_diagnosis(self, diagnosis: StoredDiagnosis) -> None:
        """Keep a run of diagnosing, in the place of what there is under its id."""

    async def diagnoses(self, incident_id: str) -> tuple[StoredDiagnosis, ...]:
        """An incident's runs of diagnosing, the latest first."""

    async def publications(self, incident_id: str) -> tuple[Publication, ...]:
        """Where an incident is shown."""

    async def unpublished(self, limit: int = 100) -> tuple[Publication, ...]:
        """Publications that show an older version than their incident has a card for, the oldest incident first."""

    async def record_publication(self, publication: Publication) -> None:
        """Keep what is shown where. Its thread belongs to the incident from then on."""

    async def judge(self, judgement: Judgement) -> bool:
        """Keep a person's word; False when there is no such incident."""

    async def judgements(self, incident_id: str) -> tuple[Judgement, ...]:
        """What people said of an incident's cause, the latest first."""

    async def lead(self, role: str, seconds: float) -> bool:
        """Whether this process has a role that one process has at a time, for so long from now on; ask again before.

        Time is the database's, so that clocks that differ do no harm. A process that hangs for longer can wake up
        when another one has the role already: what both then do is told apart by Outdated.
        """
