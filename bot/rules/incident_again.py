"""Whether an incident repeats another, whether its cause is another one this time, and when to diagnose it again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from bot.incident import Diagnosis, Incident
from connectors.alerts.port import Severity
from connectors.state.incident_port import Moment, StoredDiagnosis

SEVERITIES: Sequence[Severity] = ("info", "warning", "error", "critical")
"""The worst last."""
BETWEEN_DIAGNOSES = timedelta(minutes=10)
MOST_DIAGNOSES = 5
_ALIKE = 0.5
_UNKNOWN = (None, "unknown", "healthy")


def worst(severities: Iterable[Severity]) -> Severity:
    """The worst of them; ``info`` for none."""
    return max(severities, key=SEVERITIES.index, default="info")


def repeats(before: Incident, services: Sequence[str], at: datetime, again_hours: float) -> bool:
    """Whether what opens now, at these services, is like an incident that was resolved so recently."""
    if not _was_resolved(before, at, again_hours) or not services or not before.services:
        return False
    both, either = set(services) & set(before.services), set(services) | set(before.services)
    return services[0] == before.services[0] and len(both) >= _ALIKE * len(either)


def repeated(before: Iterable[Incident], own: Iterable[str], opening: Incident, again_hours: float) -> str:
    """The id of the incident that one which opens now repeats, the latest of them; empty for none.

    ``own`` are the incidents that its alerts belonged to before: the same alerts are surer than the same services.
    """
    known, same, at = sorted(before, key=lambda one: one.opened_at, reverse=True), set(own), opening.opened_at
    others = [one for one in known if one.id != opening.id]
    by_alert = (one.id for one in others if one.id in same and _was_resolved(one, at, again_hours))
    by_service = (one.id for one in others if repeats(one, opening.services, at, again_hours))
    return next(by_alert, "") or next(by_service, "")


def differs(before: Incident, after: Incident) -> bool:
    """Whether the cause of an incident is another one than that of the incident which it repeats.

    Both have to be known: what was never found out does not differ.
    """
    if before.cause in _UNKNOWN or after.cause in _UNKNOWN:
        return False
    if before.outcome == "inconclusive" or after.outcome == "inconclusive":
        return False
    places = {before.cause_service, after.cause_service} - {""}
    return before.cause != after.cause or len(places) == 2


def wants_another(
    incident: Incident, runs: Sequence[StoredDiagnosis], moments: Iterable[Moment], now: datetime
) -> Literal["now", "later", "no"]:
    """Whether what was found out is about less than there is now; ``runs`` are its diagnoses, the latest first.

    ``later``: one is still running, or was begun less than ten minutes ago, or it is not known yet what is wrong.
    """
    if not runs or len(runs) >= MOST_DIAGNOSES or incident.status != "open":
        return "no"
    last = runs[0]
    if last.ended_at is None or now - last.begun_at < BETWEEN_DIAGNOSES or incident.flapping:
        return "later"
    back = any(one.kind == "reopened" and one.at > last.begun_at for one in moments)
    return "now" if incident.outcome and (back or _has_grown(incident, last)) else "no"


def _has_grown(incident: Incident, run: StoredDiagnosis) -> bool:
    try:
        known = Diagnosis.model_validate_json(run.body)
    except ValueError:
        # A diagnosis that ended without a body, or that another version has written.
        return False
    worse = SEVERITIES.index(incident.severity) > SEVERITIES.index(known.trouble.severity)
    # Where it sees the cause is one of the incident's services since then, whether an alert names it or not.
    looked_at = {*known.trouble.services, *(one.service for one in known.verdict.hypotheses[:1])}
    return worse or not looked_at.issuperset(incident.services)


def _was_resolved(incident: Incident, at: datetime, again_hours: float) -> bool:
    over = incident.resolved_at
    return over is not None and incident.status == "resolved" and at - over <= timedelta(hours=again_hours)
