"""What is due now: diagnoses of incidents that have waited or have grown, and alerts whose silence has ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.analysis.fingerprints import FLAPPING_SECONDS
from bot.incident import Incident
from bot.rules.alert_history import calmed, flaps
from bot.rules.incident_again import wants_another
from bot.rules.incident_books import Books, Shown, entry
from bot.rules.incident_modes import IncidentRules, places_of
from bot.rules.incident_words import TIMELINE
from connectors.state.incident_port import (
    Change,
    Heard,
    KnownAlert,
    Moment,
    Outdated,
    Publication,
    StoredDiagnosis,
    StoredIncident,
)
from connectors.state.port import State
from knowledge.service_graph import ServiceGraph

log = structlog.get_logger()

LOOK_AGAIN = timedelta(seconds=15)
QUIET_FOR = timedelta(days=7)
"""What fired longer ago, under a silence that ends now, may long be over without anybody having said so."""
_MOST_AT_ONCE, _MOST_OPEN, _PAGE, _MOST_OF_ONE = 20, 5_000, 200, 20_000


@dataclass
class Triage:
    """Remembers open incidents; ``restore`` finds out again what that was. ``new_id`` names runs of diagnosing."""

    state: State
    graph: ServiceGraph
    rules: IncidentRules
    now: Callable[[], datetime]
    shown: Shown
    new_id: Callable[[], str]
    _due: dict[str, datetime] = field(default_factory=dict, init=False)
    _watched: set[str] = field(default_factory=set, init=False)
    _looked_at: datetime | None = field(default=None, init=False)

    def watch(self, incident: Incident) -> None:
        """Take note of an incident as it is now."""
        self._due.pop(incident.id, None)
        self._watched.discard(incident.id)
        if incident.status == "open" and not incident.diagnosis_id:
            self._due[incident.id] = incident.opened_at + timedelta(seconds=self.rules.wait_seconds)
        if incident.status == "open" and (incident.diagnosis_id or incident.flapping):
            self._watched.add(incident.id)

    async def restore(self) -> None:
        """Take note of all that is open."""
        self._due, self._watched, self._looked_at = {}, set(), None
        before: datetime | None = None
        for _ in range(_MOST_OPEN // _PAGE):
            page = await self.state.incidents(status="open", before=before, limit=_PAGE)
            for one in page:
                self.watch(Incident.model_validate_json(one.body))
            if len(page) < _PAGE:
                return
            before = page[-1].opened_at

    async def look(self) -> None:
        """Begin the diagnoses that are due, and now and then look at what flapped or has grown."""
        now = self.now()
        due = sorted((at, id) for id, at in self._due.items() if at <= now)
        for _, id in due[:_MOST_AT_ONCE]:
            await self._first(id)
        if self._looked_at is None or now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            for id in sorted(self._watched):
                await self._again(id)

    async def _first(self, id: str) -> None:
        stored = await self.state.incident(id)
        incident = Incident.model_validate_json(stored.body) if stored else None
        if stored and incident and incident.status == "open" and not incident.diagnosis_id:
            await self._begin(stored, incident, "diagnosing")
        elif incident:
            self.watch(incident)
        else:
            self._due.pop(id, None)

    async def _again(self, id: str) -> None:
        stored = await self.state.incident(id)
        incident = Incident.model_validate_json(stored.body) if stored else None
        if stored is None or incident is None or incident.status != "open":
            self._watched.discard(id)
            return
        if incident.flapping:
            await self._calm(stored, incident)
            return
        runs, moments = await self.state.diagnoses(id), await self.state.moments(id)
        answer = wants_another(incident, runs, moments, self.now())
        if answer == "now":
            await self._begin(stored, incident, "worse")
        elif answer == "no":
            # Only a change of the incident can make it another answer, and the sorter will tell of that.
            self._watched.discard(id)

    async def _begin(self, stored: StoredIncident, incident: Incident, words: str) -> None:
        now, run = self.now(), self.new_id()
        begun = incident.model_copy(update={"diagnosis_id": run})
        places = places_of(begun, self.rules) if begun.mode == "live" else ()
        change = Change(
            incidents=[entry(begun, stored, now, self.shown)],
            moments=[Moment(begun.id, now, "diagnosis", TIMELINE[begun.language][words], run)],
            publications=[Publication(begun.id, channel, place) for channel, place in places],
            diagnoses=[StoredDiagnosis(run, begun.id, now)],
        )
        if await self._changed(change):
            self.watch(begun)
            log.info("diagnosis begins", incident=begun.id, diagnosis=run, title=begun.title)

    async def _calm(self, stored: StoredIncident, incident: Incident) -> None:
        rows = await self.state.alerts_of(incident.id, _MOST_OF_ONE)
        quiet = {one: after for one in rows if (after := calmed(one, self.now(), FLAPPING_SECONDS))}
        left = sum(flaps(one) for one in rows) - len(quiet)
        if left and not quiet:
            return
        books = Books({stored.id: stored}, self.graph, self.now())
        for before, after in quiet.items():
            books.enter(before, after)
        if not left:
            books.calm(stored.id)
        books.settle()
        entries = books.entries(self.shown)
        if await self._changed(Change(alerts=list(quiet.values()), incidents=entries, moments=books.moments)):
            self.watch(books.incidents[stored.id])

    async def _changed(self, change: Change) -> bool:
        """Whether the change was made; one that came too late is tried again at the next look."""
        try:
            await self.state.change(change)
        except Outdated:
            return False
        return True


@dataclass
class Silenced:
    """Hears alerts again that still fire when their silence ends: many systems say only once that one fires."""

    state: State
    now: Callable[[], datetime]
    _lasting: frozenset[str] | None = field(default=None, init=False)
    _looked_at: datetime | None = field(default=None, init=False)

    async def look(self) -> bool:
        """Look now and then whether a silence has ended, and once after a start; whether something was heard again."""
        now, over = self.now(), list[KnownAlert]()
        if self._looked_at is not None and now - self._looked_at < LOOK_AGAIN:
            return False
        lasting = frozenset(one.id for one in await self.state.silences(now))
        if self._lasting is None or not self._lasting <= lasting:
            quiet = [one for one in await self.state.recent_alerts(now - QUIET_FOR) if one.firing and one.silence_id]
            over = [one for one in quiet if one.silence_id not in lasting]
            await self.state.hear([Heard(one.source, one.fingerprint, now, one.body) for one in over])
        self._lasting, self._looked_at = lasting, now
        return bool(over)
