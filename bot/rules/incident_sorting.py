"""What becomes of a batch of reports: the change that enters their alerts into incidents, old and new ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from bot.incident import Incident
from bot.rules.alert_folding import Fold, Key, Told
from bot.rules.alert_groups import Group
from bot.rules.alert_parts import part_of
from bot.rules.incident_again import repeated, worst
from bot.rules.incident_books import Books, Shown, clearest, titled
from bot.rules.incident_modes import IncidentRules, language_of, mode_of, places_of
from bot.rules.reports import read, thread_of
from connectors.alerts.port import Alert
from connectors.state.incident_port import Change, KnownAlert, Publication, StoredIncident
from knowledge.service_graph import ServiceGraph


@dataclass(frozen=True)
class Batch:
    """Reports, the groups that their alerts are in, and what is stored of all that these touch.

    ``known`` are rows as they are stored: of the reports' alerts, of those that move, and of incidents that go into
    others. ``resolved`` are the latest that were, one of which may have come back.
    """

    fold: Fold
    groups: Sequence[Group] = ()
    known: Mapping[Key, KnownAlert] = field(default_factory=dict)
    incidents: Mapping[str, StoredIncident] = field(default_factory=dict)
    resolved: Sequence[StoredIncident] = ()


@dataclass(frozen=True)
class Plan:
    """A change, what its groups are known as once it is made, and which incident went into which."""

    change: Change
    known_as: Sequence[tuple[Group, str]] = ()
    merged: Sequence[tuple[str, str]] = ()
    incidents: Sequence[Incident] = ()


@dataclass(frozen=True)
class Circumstances:
    """What is the same for every batch, and the time."""

    graph: ServiceGraph
    rules: IncidentRules
    shown: Shown
    now: datetime


def merges(groups: Iterable[Group], incidents: Mapping[str, StoredIncident]) -> list[tuple[str, str]]:
    """Which incidents go into which: of several that turned out to be one, the younger ones into the oldest."""
    found = []
    for group in groups:
        homes = sorted(_standing(group, incidents), key=lambda id: (incidents[id].opened_at, id))
        found += [(gone, homes[0]) for gone in homes[1:]]
    return found


def plan(batch: Batch, here: Circumstances) -> Plan:
    """Enter the reports of a batch. The same batch over the same rows comes to the same change."""
    sorting = _Sorting(batch, here, Books(batch.incidents, here.graph, here.now), dict(batch.fold.rows))
    merged = merges(batch.groups, batch.incidents)
    for gone, into in merged:
        sorting.merge(gone, into)
    known_as = [(group, sorting.sort(group)) for group in batch.groups]
    for key, row in sorting.rows.items():
        sorting.books.enter(batch.known.get(key), row)
    for group, id in known_as:
        sorting.lead(group, id)
    sorting.books.settle()
    change = Change(
        sorted=[one.report.number for one in batch.fold.told],
        alerts=list(sorting.rows.values()),
        incidents=sorting.books.entries(here.shown),
        moments=sorting.books.moments,
        threads=sorting.threads(),
        publications=sorting.publications(),
    )
    return Plan(change, known_as, merged, list(sorting.books.incidents.values()))


@dataclass
class _Sorting:
    batch: Batch
    here: Circumstances
    books: Books
    rows: dict[Key, KnownAlert]

    def merge(self, gone: str, into: str) -> None:
        self.books.merge(gone, into)
        for key, row in self.batch.known.items():
            if row.incident_id == gone:
                self.rows[key] = replace(self.rows.get(key, row), incident_id=into)

    def sort(self, group: Group) -> str:
        """Put the alerts of a group into its incident, which comes back; empty where there is to be none."""
        homes = sorted(_standing(group, self.batch.incidents), key=lambda id: (self.batch.incidents[id].opened_at, id))
        id = homes[0] if homes else self._open(group)
        opening = {one.key for one in self.batch.fold.told if one.opens}
        for key in group.foreign:
            row = self.rows.get(key) or self.batch.known.get(key)
            if row and (key in opening or (id and not row.silence_id)):
                self.rows[key] = replace(row, incident_id=id)
        return id

    def lead(self, group: Group, id: str) -> None:
        # The alert where it began need not be among those that a batch is about.
        if id and group.keys and (first := self._alert(group.keys[0])):
            self.books.lead_with(id, first)
        if id:
            self.books.louden(id, self.here.rules)

    def publications(self) -> list[Publication]:
        """Where incidents are to be shown that were diagnosed in silence, and that somebody shall know of by now."""
        rules, before = self.here.rules, self.batch.incidents
        found = [one for id, one in self.books.incidents.items() if id in before and one.mode == "live"]
        told = [one for one in found if one.diagnosis_id and one.status != "merged"]
        quiet = [one for one in told if Incident.model_validate_json(before[one.id].body).mode != "live"]
        return [Publication(one.id, channel, place) for one in quiet for channel, place in places_of(one, rules)]

    def threads(self) -> dict[str, str]:
        found = {thread_of(one.alert): self.rows[one.key].incident_id for one in self.batch.fold.told}
        return {thread: id for thread, id in found.items() if thread and id}

    def _open(self, group: Group) -> str:
        told = [one for one in self.batch.fold.told if one.opens and one.key in group.keys]
        rows = [row for key in group.foreign if (row := self.rows.get(key) or self.batch.known.get(key))]
        firing = [read(row.body) for row in rows if row.firing and not row.silence_id]
        alerts = [one.alert for one in told] + firing
        if not told or worst(one.severity for one in alerts) == "info":
            return ""
        incident = self._opening(told, alerts, self._alert(group.keys[0]))
        if incident.mode == "off":
            return ""
        own = [row.incident_id for key in group.foreign if (row := self.batch.known.get(key))]
        incident = incident.model_copy(update={"again_of": self._again_of(own, incident)})
        self.books.open(incident)
        return incident.id

    def _opening(self, told: Sequence[Told], alerts: Sequence[Alert], first: Alert | None) -> Incident:
        graph, rules = self.here.graph, self.here.rules
        named = first if first and first.summary else clearest(alerts)
        parts = [part_of(one, graph).service for one in ([first] if first else []) + list(alerts)]
        opened_at = min(one.report.received_at for one in told)
        incident = Incident(
            # The same reports open the same incident, whoever sorts them, and however often.
            id=str(uuid5(NAMESPACE_URL, f"nightshift:incident:{min(one.report.number for one in told)}:{told[0].key}")),
            title=titled(named, graph),
            opened_at=opened_at,
            began=min(opened_at, *(one.started_at for one in alerts)),
            services=tuple(dict.fromkeys(one for one in parts if one)),
            severity=worst(one.severity for one in alerts),
            environment=next((one.environment for one in alerts if one.environment), ""),
        )
        return incident.model_copy(update={"mode": mode_of(incident, rules), "language": language_of(incident, rules)})

    def _again_of(self, own: Sequence[str], incident: Incident) -> str:
        before = {one.id: one for one in (*self.batch.incidents.values(), *self.batch.resolved)}
        known = [self.books.incidents.get(id) or Incident.model_validate_json(one.body) for id, one in before.items()]
        return repeated(known, own, incident, self.here.rules.again_hours)

    def _alert(self, key: Key) -> Alert | None:
        row = self.rows.get(key) or self.batch.known.get(key)
        return read(row.body) if row else None


def _standing(group: Group, incidents: Mapping[str, StoredIncident]) -> list[str]:
    return [id for id in group.homes if id in incidents and incidents[id].status != "merged"]
