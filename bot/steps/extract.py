"""Step 1 of an incident: what is known from its alerts before anything is asked. By rules, so that it always works."""

from collections.abc import Sequence
from datetime import datetime

from bot.guards.redaction import redact
from bot.incident import Incident, Trouble
from bot.rules.alert_parts import part_of, services_of
from bot.rules.entities import find_environments, identifiers_in
from bot.rules.incident_again import SEVERITIES, worst
from bot.rules.incident_books import titled
from bot.rules.reports import without_thread
from connectors.alerts.port import Alert
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import Taxonomy

MOST_ALERTS = 20
_MOST_LINES, _MOST_SERVICES, _MOST_IDENTIFIERS = 8, 30, 40
_LONGEST_LINE, _LONGEST_DETAILS = 300, 600
_TELLING_LABELS = ("pod", "container", "instance", "node", "host", "endpoint", "path", "route", "queue", "topic", "job")


def extract(
    incident: Incident, alerts: Sequence[Alert], graph: ServiceGraph, taxonomy: Taxonomy, now: datetime
) -> Trouble:
    """What is known of an incident: since when, what it is about in the alerts' own words, and how bad it is.

    ``alerts`` are all of them that are at hand; without any, what a person reported is its title. Who may read what is
    for the journey to add.
    """
    told = [without_thread(one) for one in _most_telling(alerts, incident.services, graph)]
    text = redact(_text(told, graph) or incident.title).text
    named = [name for one in told for name in services_of(one, graph)] or list(graph.mentioned(incident.title))
    severities = [one.severity for one in alerts if one.status == "firing"]
    return Trouble(
        id=incident.id,
        text=text,
        language=incident.language,
        at=now,
        began=min([incident.began, *(one.started_at for one in alerts)]),
        # All of the incident's stay: a diagnosis is repeated when there is a service that it did not know of.
        services=(*incident.services, *_others(named, incident.services)),
        symptom=_symptom(told, incident.title, taxonomy),
        severity=worst([incident.severity, *severities]),
        environment=incident.environment or _environment(alerts, text),
        identifiers=_identifiers(told, text, graph),
        alerts=tuple(told),
        alert_count=max(incident.alerts, len(alerts)),
    )


def _most_telling(alerts: Sequence[Alert], services: Sequence[str], graph: ServiceGraph) -> list[Alert]:
    """Where the trouble begins first, then the worst and the earliest; of what says the same only one at first."""
    places = {name: at for at, name in enumerate(services)}

    def order(one: Alert) -> tuple[int, int, bool, datetime]:
        at = places.get(part_of(one, graph).service, len(places))
        return at, -SEVERITIES.index(one.severity), one.status != "firing", one.started_at

    ordered = sorted(alerts, key=order)
    seen: set[tuple[str, str]] = set()
    first: list[Alert] = []
    again: list[Alert] = []
    for one in ordered:
        kind = one.name, part_of(one, graph).service
        (again if kind in seen else first).append(one)
        seen.add(kind)
    return (first + again)[:MOST_ALERTS]


def _text(alerts: Sequence[Alert], graph: ServiceGraph) -> str:
    lines = dict.fromkeys(_line(one, graph) for one in alerts)
    details = alerts[0].description[:_LONGEST_DETAILS] if alerts else ""
    said = list(lines)[:_MOST_LINES]
    return "\n".join([*said, details] if details and details not in "\n".join(said) else said)


def _line(alert: Alert, graph: ServiceGraph) -> str:
    title = titled(alert, graph)
    name = "" if alert.name in title else f"{alert.name}: "
    value = f" ({alert.value})" if alert.value and alert.value not in title else ""
    return f"{name}{title}{value}"[:_LONGEST_LINE]


def _symptom(alerts: Sequence[Alert], title: str, taxonomy: Taxonomy) -> str:
    """What is wrong, by the taxonomy: what the alert says where it begins, else what any of them says."""
    for one in alerts:
        for text in (one.name, one.summary, one.description):
            if found := taxonomy.mentioned("symptom", text):
                return found[0]
    return next(iter(taxonomy.mentioned("symptom", title)), "")


def _environment(alerts: Sequence[Alert], text: str) -> str:
    said = (one.environment for one in alerts if one.environment)
    return next(said, "") or next(iter(find_environments(text)), "")


def _identifiers(alerts: Sequence[Alert], text: str, graph: ServiceGraph) -> tuple[str, ...]:
    labels = [{name.lower(): value for name, value in one.labels.items()} for one in alerts]
    said = [of[name] for of in labels for name in _TELLING_LABELS if of.get(name)]
    found = dict.fromkeys([*said, *identifiers_in(text)])
    return tuple(one for one in found if one not in graph.services and len(one) <= 200)[:_MOST_IDENTIFIERS]


def _others(named: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    room = max(0, _MOST_SERVICES - len(known))
    return tuple(name for name in dict.fromkeys(named) if name not in known)[:room]
