"""Incidents of PagerDuty, from a generic webhook, version 3.

developer.pagerduty.com/docs/webhooks-overview (events and their data) and …/docs/verifying-webhook-signatures.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field, JsonValue

from connectors.alerts.access import Door, SignedAccess, equal, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import first, same, severity
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Severity

_FIRES = {"incident.triggered", "incident.reopened", "incident.unacknowledged", "incident.escalated"}
_FIRES |= {"incident.priority_updated"}
_OVER = "incident.resolved"
_SIGNATURE = "x-pagerduty-signature"
_URGENCY: dict[str, Severity] = {"high": "critical", "low": "warning"}


class Settings(SignedAccess):
    """Who may send."""


class _Reference(Shape):
    id: str = ""
    summary: str = ""


class _Data(Shape):
    id: str = ""
    html_url: str = ""
    number: str = ""
    title: str = ""
    incident_key: str = ""
    created_at: JsonValue = None
    service: _Reference = _Reference()
    priority: _Reference = _Reference()
    urgency: str = ""
    escalation_policy: _Reference = _Reference()
    teams: tuple[_Reference, ...] = ()
    assignees: tuple[_Reference, ...] = ()
    resolve_reason: JsonValue = None


class _Event(Shape):
    id: str = ""
    event_type: str = Field(min_length=1)
    occurred_at: JsonValue = None
    data: _Data = _Data()


class _Body(Shape):
    event: _Event


def _genuine(settings: Settings, call: Call) -> bool:
    if settings.secret is None:
        return True
    # While a secret is replaced, there is a signature of each, with a comma between.
    given = call.headers.get(_SIGNATURE, "").split(",")[:10]
    expected = f"v1={settings.digest(call.body)}"
    return any([equal(one.strip(), expected) for one in given])


def _read(body: JsonValue, call: Call) -> Received:
    event = shaped(_Body, body, "an event of PagerDuty (webhooks, version 3)").event
    if event.event_type == "pagey.ping":
        return received(notices=[Notice(kind="test", text="PagerDuty tries its webhook; it reaches us.")])
    if event.data.id and event.event_type in {*_FIRES, _OVER}:
        return received([_alert(event, call)])
    about = event.data.title or event.data.id
    return received(notices=[Notice(kind="update", text=f"PagerDuty: {event.event_type} {about}")])


def _alert(event: _Event, call: Call) -> Alert:
    data = event.data
    over = event.event_type == _OVER
    start, end = moment(data.created_at), moment(event.occurred_at)
    began, ended = span(over=over, start=start or end, end=end, now=call.received_at)
    told = data.priority.summary or data.urgency
    labels = {
        "service_id": data.service.id,
        "incident": data.number,
        "urgency": data.urgency,
        "priority": data.priority.summary,
        "escalation_policy": data.escalation_policy.summary,
        "teams": ", ".join(team.summary for team in data.teams),
        "assignees": ", ".join(person.summary for person in data.assignees),
    }
    return Alert(
        source="pagerduty",
        fingerprint=same(data.incident_key or data.id),
        status="resolved" if over else "firing",
        name=first(data.title, f"incident {data.number or data.id}"),
        service=data.service.summary,
        severity=severity(data.priority.summary, otherwise=_URGENCY.get(data.urgency, "error")),
        original_severity=told,
        started_at=began,
        ended_at=ended,
        summary=data.title,
        labels={key: value for key, value in labels.items() if value},
        annotations={"event": event.event_type},
        link=data.html_url,
        generator=data.service.summary,
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("pagerduty", settings, _read, lambda call: _genuine(settings, call))
