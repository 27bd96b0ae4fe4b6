"""Incidents while a batch of reports is entered: what each alert adds to one or takes from it, and what comes of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.incident import Incident
from bot.rules.alert_history import counts, flaps
from bot.rules.alert_parts import part_of, service_of
from bot.rules.incident_again import SEVERITIES, worst
from bot.rules.incident_modes import LOUDNESS, IncidentRules, mode_of
from bot.rules.incident_words import TIMELINE, title_of
from bot.rules.reports import read
from connectors.alerts.port import Alert
from connectors.state.incident_port import KnownAlert, Moment, StoredIncident
from knowledge.service_graph import ServiceGraph

MOST_TOLD = 100
"""How many alerts of an incident its timeline lists."""
MOST_SERVICES = 30
_LONGEST_TITLE = 200
Shown = Callable[[Incident], str | None]
"""The card of an incident that has changed, where it has one; None leaves the one that there is."""


@dataclass
class Books:
    """The incidents that a change touches, by id. Nothing is kept before ``entries`` are."""

    stored: Mapping[str, StoredIncident]
    graph: ServiceGraph
    now: datetime
    incidents: dict[str, Incident] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    _before: dict[str, Incident] = field(default_factory=dict)
    _anew: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._before = {id: Incident.model_validate_json(one.body) for id, one in self.stored.items()}
        self.incidents |= self._before

    def open(self, incident: Incident) -> None:
        """Enter a new incident."""
        self.incidents[incident.id] = incident
        self.say(incident, "opened", "again" if incident.again_of else "opened", title=incident.title)

    def enter(self, before: KnownAlert | None, after: KnownAlert) -> None:
        """An alert was as the one row says and is as the other says: its incidents count it accordingly."""
        was, counted = before.incident_id if before else "", counts(after)
        counted_before = counts(before) if before else False
        if was and was != after.incident_id:
            self._leave(was, counted=counted_before)
        incident = self.incidents.get(after.incident_id)
        if incident is None:
            return
        alert, joins = read(after.body), was != after.incident_id
        grown = incident.model_copy(
            update={
                "alerts": incident.alerts + joins,
                "firing": max(0, incident.firing + counted - (counted_before and not joins)),
                "severity": worst((incident.severity, alert.severity)) if counted else incident.severity,
                "began": min(incident.began, alert.started_at),
                "environment": incident.environment or alert.environment,
                "services": self._services(incident, alert) if joins else incident.services,
                "flapping": incident.flapping or flaps(after),
            }
        )
        self.incidents[incident.id] = grown
        if counted and (joins or not counted_before):
            self._anew.add(incident.id)
        self._tell(incident, grown, alert, _Change(joins, counted, counted_before))

    def merge(self, gone: str, into: str) -> None:
        """Let one incident take over another; its alerts are entered one by one."""
        younger, older = self.incidents[gone], self.incidents[into]
        self.incidents[gone] = younger.model_copy(update={"status": "merged", "merged_into": into, "firing": 0})
        mode = max(older.mode, younger.mode, key=LOUDNESS.__getitem__)
        severity = worst((older.severity, younger.severity))
        self.incidents[into] = older.model_copy(update={"severity": severity, "mode": mode})
        self.say(older, "merged", "took", title=younger.title, reference=gone)
        self.say(younger, "merged", "went", title=older.title, reference=into)

    def settle(self) -> None:
        """Resolve what nothing fires for any more, and open again what something fires anew for.

        What a person closed while its alerts fired stays closed as long as they only go on.
        """
        for id, incident in list(self.incidents.items()):
            told_by_alerts = incident.alerts or self._had_alerts(id)
            if incident.status == "open" and incident.firing == 0 and told_by_alerts:
                self.incidents[id] = incident.model_copy(update={"status": "resolved", "resolved_at": self.now})
                self.say(incident, "resolved", "resolved")
            elif incident.status == "resolved" and incident.firing > 0 and id in self._anew:
                self.incidents[id] = incident.model_copy(update={"status": "open", "resolved_at": None})
                self.say(incident, "reopened", "reopened", title=incident.title)

    def calm(self, id: str) -> None:
        """No alert of this incident flaps any more."""
        incident = self.incidents[id]
        self.incidents[id] = incident.model_copy(update={"flapping": False})
        self.say(incident, "flapping", "calm")

    def lead_with(self, id: str, alert: Alert) -> None:
        """The alert where an incident begins comes first in it; nobody who was told of it has to learn another name."""
        incident, own = self.incidents[id], part_of(alert, self.graph).service
        services = tuple(dict.fromkeys(one for one in (own, *incident.services) if one))
        title = titled(alert, self.graph) if alert.summary and not incident.diagnosis_id else incident.title
        self.incidents[id] = incident.model_copy(update={"services": services, "title": title})

    def louden(self, id: str, rules: IncidentRules) -> None:
        """The loudest mode of an incident's services holds, also of those that it has reached since."""
        incident = self.incidents[id]
        mode = max(incident.mode, mode_of(incident, rules), key=LOUDNESS.__getitem__)
        self.incidents[id] = incident.model_copy(update={"mode": mode})

    def entries(self, shown: Shown) -> list[StoredIncident]:
        """The incidents that are not as they were, each with its card."""
        changed = [one for one in self.incidents.values() if one != self._before.get(one.id)]
        return [entry(one, self.stored.get(one.id), self.now, shown) for one in changed]

    def say(self, incident: Incident, kind: str, words: str, **said: str) -> None:
        """Add a line to an incident's timeline."""
        reference, at = said.pop("reference", ""), self.now
        text = TIMELINE[incident.language][words].format(**said)
        self.moments.append(Moment(incident.id, at, kind, text, reference))

    def _leave(self, id: str, *, counted: bool) -> None:
        incident = self.incidents.get(id)
        if incident is not None and incident.status != "merged":
            # What is over keeps its alerts: they were part of it, and now begin another story.
            alerts = max(0, incident.alerts - (incident.status == "open"))
            left = {"firing": max(0, incident.firing - counted), "alerts": alerts}
            self.incidents[id] = incident.model_copy(update=left)

    def _had_alerts(self, id: str) -> bool:
        return id in self._before and self._before[id].alerts > 0

    def _services(self, incident: Incident, alert: Alert) -> tuple[str, ...]:
        own = service_of(alert, self.graph) or part_of(alert, self.graph).service
        return tuple(dict.fromkeys([*incident.services, *([own] if own else [])]))[:MOST_SERVICES]

    def _tell(self, before: Incident, after: Incident, alert: Alert, change: "_Change") -> None:
        title = titled(alert, self.graph)
        if after.flapping and not before.flapping:
            self.say(after, "flapping", "flapping", title=title, reference=alert.fingerprint)
        if after.alerts > MOST_TOLD:
            if change.joins and after.alerts == MOST_TOLD + 1:
                self.say(after, "alert", "more")
        elif not after.flapping and change.told:
            text = TIMELINE[after.language][change.told].format(title=title, severity=alert.severity)
            happened = alert.started_at if change.told == "fires" else alert.ended_at or self.now
            self.moments.append(Moment(after.id, min(happened, self.now), "alert", text, alert.fingerprint))


@dataclass(frozen=True)
class _Change:
    """What an alert does to its incident: it joins, and it counts as firing now and before."""

    joins: bool
    counts: bool
    counted: bool

    @property
    def told(self) -> str:
        if self.counts and (self.joins or not self.counted):
            return "fires"
        return "over" if self.counted and not self.counts else ""


def entry(incident: Incident, before: StoredIncident | None, now: datetime, shown: Shown) -> StoredIncident:
    """An incident as it is kept in the place of what there was; where there was a card, with the one of now."""
    card = before.card if before else None
    return StoredIncident(
        id=incident.id,
        status=incident.status,
        opened_at=incident.opened_at,
        updated_at=now,
        body=incident.model_dump_json(),
        card=card if card is None else shown(incident) or card,
        version=before.version if before else 0,
    )


def titled(alert: Alert, graph: ServiceGraph) -> str:
    """An alert in one line, with its service."""
    return title_of(alert.summary, alert.name, part_of(alert, graph).service)[:_LONGEST_TITLE]


def clearest(alerts: Iterable[Alert]) -> Alert:
    """The alert that says most clearly what is wrong: the worst that says something, the first of them."""
    return min(alerts, key=lambda one: (-SEVERITIES.index(one.severity), not one.summary, one.started_at))
