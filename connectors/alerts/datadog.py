"""Notifications of Datadog's monitors, from its integration Webhooks.

What is sent is written in that integration out of variables (docs.datadoghq.com/integrations/webhooks); docs/alerts.md
has the payload that is read best. Datadog's own payload and a monitor as its API shows it are read as well.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import Field, JsonValue

from connectors.alerts.access import Access, Door, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, tags
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Refused, web_link

_UNFILLED = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?")
_HEADING = re.compile(
    r"^(?:\s*\[[^\]]{0,200}\]|\s*(?:re-)?(?:triggered|recovered|warn|no data)(?: on \{[^}]*\})?:)+\s*", re.I
)
_TEST = re.compile(r"\[test\b", re.IGNORECASE)
_SCOPE = re.compile(r"\{([^{}]*)\}")
_IN_TITLE = re.compile(r"\b(recovered|triggered|warn|no data)\b", re.IGNORECASE)
_SEVERITIES = {"warn": "warning", "triggered": "error", "no data": "warning"}
_WHAT = "a notification of Datadog"


class Settings(Access):
    """Who may send."""


class _Body(Shape):
    id: str = ""
    monitor_id: str = ""
    title: str = ""
    transition: str = ""
    alert_type: str = ""
    priority: str = ""
    scope: JsonValue = Field(default=None, alias="scopes")
    tags: JsonValue = None
    query: str = ""
    metric: str = ""
    status: str = ""
    body: str = ""
    message: str = ""
    hostname: str = ""
    aggreg_key: str = ""
    cycle_key: str = ""
    event_type: str = ""
    date: JsonValue = None
    last_updated: JsonValue = None
    link: str = ""
    snapshot: str = ""
    user: str = ""


def _filled(body: JsonValue) -> JsonValue:
    """The body without the variables that Datadog did not fill in, and with one name for each thing."""
    if not isinstance(body, dict):
        return body
    kept = {key: one for key, one in body.items() if not (isinstance(one, str) and _UNFILLED.fullmatch(one.strip()))}
    scope = kept.pop("scope", None) or kept.get("scopes")
    return {**kept, "scopes": scope}


def _read(body: JsonValue, call: Call) -> Received:
    sent = shaped(_Body, _filled(body), _WHAT)
    if not (sent.title or sent.body or sent.message):
        raise Refused(422, f"This is not {_WHAT}: it has no title; docs/alerts.md has the payload to set.", keep=True)
    if not sent.title:
        return received(notices=[Notice(kind="other", text=f"Datadog: {sent.event_type} {sent.body or sent.message}")])
    if _TEST.search(_heading(sent.title)):
        return received(notices=[Notice(kind="test", text=f"Datadog tries a monitor: {sent.title}")])
    return received([_alert(sent, call)])


def _alert(sent: _Body, call: Call) -> Alert:
    scope = _scope(sent)
    labels = {**tags(sent.tags), **scope}
    change = _change(sent)
    over = change == "recovered" or sent.alert_type == "success"
    at = moment(sent.date) or moment(sent.last_updated)
    began, ended = span(over=over, start=None if over else at, end=at, now=call.received_at)
    name = _HEADING.sub("", sent.title) or sent.title
    if sent.hostname and "host" not in labels:
        labels["host"] = sent.hostname
    key = f"{sent.monitor_id}:{sorted(scope.items())}" if sent.monitor_id else sent.aggreg_key or sent.cycle_key
    notes = {"status": sent.status, "cycle": sent.cycle_key, "snapshot": sent.snapshot, "transition": sent.transition}
    return Alert(
        source="datadog",
        fingerprint=same("", "datadog", key or (name, sorted(labels.items()))),
        status="resolved" if over else "firing",
        name=first(name, sent.title),
        service=labelled(labels, SERVICE),
        environment=labelled(labels, ENVIRONMENT),
        severity=severity(_SEVERITIES["warn"] if change == "warn" else "", _priority(sent), sent.alert_type,
                          _SEVERITIES.get(change, "")),
        original_severity=_priority(sent) or sent.alert_type,
        started_at=began,
        ended_at=ended,
        summary=sent.status or name,
        description=sent.body or sent.message,
        labels=labels,
        annotations={note: value for note, value in notes.items() if value},
        link=web_link(sent.link),
        runbook=runbook(labels),
        value=sent.metric,
        generator=sent.query,
    )  # fmt: skip


def _change(sent: _Body) -> str:
    found = _IN_TITLE.search(sent.transition) or _IN_TITLE.search(_heading(sent.title))
    return found[1].lower() if found else ""


def _heading(title: str) -> str:
    found = _HEADING.match(title)
    return found[0] if found else ""


def _priority(sent: _Body) -> str:
    """P1 to P5, which the API writes as a bare number."""
    return f"P{sent.priority}" if sent.priority in {"1", "2", "3", "4", "5"} else sent.priority


def _scope(sent: _Body) -> Mapping[str, str]:
    """The tags of what is in trouble; Datadog's own payload has them in the title alone."""
    inside = _SCOPE.search(_heading(sent.title))
    found = tags(sent.scope) or tags(inside[1] if inside else None)
    return {key: text for key, text in found.items() if key != "*"}


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("datadog", settings, _read)
