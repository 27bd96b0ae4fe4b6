"""Alerts of Opsgenie and of Jira Service Management, from their outgoing webhook.

support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data lists the actions and the fields.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field, JsonValue

from connectors.alerts.access import Access, Door, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, tags, texts
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, web_link

_FIRES = {"create", "updatepriority", "escalate", "unacknowledge", "reopen"}
_OVER = {"close", "delete"}


class Settings(Access):
    """Who may send."""

    console: str = "https://app.opsgenie.com"
    """Where people open Opsgenie."""


class _Alert(Shape):
    id: str = Field(default="", alias="alertId")
    message: str = ""
    description: str = ""
    alias: str = ""
    tiny_id: str = Field(default="", alias="tinyId")
    entity: str = ""
    priority: str = ""
    source: str = ""
    tags: JsonValue = None
    details: dict[str, JsonValue] = Field(default_factory=dict)
    team: str = ""
    created_at: JsonValue = Field(default=None, alias="createdAt")
    updated_at: JsonValue = Field(default=None, alias="updatedAt")


class _Body(Shape):
    action: str = Field(min_length=1)
    alert: _Alert
    integration_name: str = Field(default="", alias="integrationName")


def _read(body: JsonValue, call: Call, console: str) -> Received:
    sent = shaped(_Body, body, "an alert action of Opsgenie")
    action = sent.action.replace(" ", "").lower()
    if action not in _FIRES | _OVER or not (sent.alert.id or sent.alert.alias):
        text = f"Opsgenie: {sent.action} {sent.alert.message or sent.alert.id}"
        return received(notices=[Notice(kind="update", text=text)])
    return received([_alert(sent, call, console, over=action in _OVER)])


def _alert(sent: _Body, call: Call, console: str, *, over: bool) -> Alert:
    alert = sent.alert
    details = texts(alert.details)
    labels = {**tags(alert.tags), **details}
    start, end = moment(alert.created_at), moment(alert.updated_at)
    began, ended = span(over=over, start=start, end=end, now=call.received_at)
    link = f"{console.rstrip('/')}/alert/detail/{alert.id}/details" if alert.id else ""
    return Alert(
        source="opsgenie",
        fingerprint=same(alert.alias or alert.id),
        status="resolved" if over else "firing",
        name=first(alert.message, alert.alias, alert.id),
        service=labelled(labels, SERVICE) or alert.entity,
        environment=labelled(labels, ENVIRONMENT),
        # Opsgenie itself takes an alert without a priority for P3.
        severity=severity(alert.priority),
        original_severity=alert.priority,
        started_at=began,
        ended_at=ended,
        summary=alert.message,
        description=alert.description,
        labels=labels,
        annotations={"action": sent.action, "team": alert.team, "source": alert.source},
        link=web_link(link),
        runbook=runbook(details),
        generator=sent.integration_name,
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("opsgenie", settings, lambda body, call: _read(body, call, settings.console))
