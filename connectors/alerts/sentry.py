"""Alerts of Sentry, from an internal integration: alert rules on issues and on metrics, and issues that change state.

docs.sentry.io/organization/integrations/integration-platform/webhooks: the signature, and a page for each resource. The
older plugin "WebHooks" is read too; it signs nothing, so it needs a header or a token in front of it.
"""

import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field, JsonValue

from connectors.alerts.access import Door, SignedAccess, equal, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, first, labelled, same, severity, tags
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Refused, Status, web_link

_WHAT = "a webhook of Sentry"
_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")
_ISSUES = {"created": "firing", "unresolved": "firing", "triggered": "firing", "resolved": "resolved"}


class Settings(SignedAccess):
    """Who may send."""


class _Project(Shape):
    slug: str = ""
    name: str = ""


class _Event(Shape):
    issue_id: str = ""
    title: str = ""
    message: str = ""
    culprit: str = ""
    level: str = ""
    environment: str = ""
    release: str = ""
    url: str = ""
    web_url: str = ""
    tags: JsonValue = None
    datetime: JsonValue = None
    timestamp: JsonValue = None

    @property
    def known(self) -> bool:
        """Whether it says what happened."""
        return bool(self.title or self.message or self.culprit)


class _Issue(Shape):
    id: str = ""
    short_id: str = Field(default="", alias="shortId")
    title: str = ""
    culprit: str = ""
    level: str = ""
    project: _Project = _Project()
    first_seen: JsonValue = Field(default=None, alias="firstSeen")
    last_seen: JsonValue = Field(default=None, alias="lastSeen")
    web_url: str = ""
    permalink: str = ""
    substatus: str = ""
    count: str = ""


class _Rule(Shape):
    id: str = ""
    name: str = ""
    environment: str = ""
    aggregate: str = ""
    query: str = ""
    projects: tuple[str, ...] = ()


class _Metric(Shape):
    id: str = ""
    title: str = ""
    alert_rule: _Rule = _Rule()
    date_started: JsonValue = None
    date_closed: JsonValue = None
    projects: tuple[str, ...] = ()


class _Data(Shape):
    event: _Event | None = None
    error: _Event | None = None
    issue: _Issue | None = None
    metric_alert: _Metric | None = None
    triggered_rule: str = ""
    description_title: str = ""
    description_text: str = ""
    web_url: str = ""


class _Body(Shape):
    action: str = ""
    data: _Data = _Data()
    # The older plugin has the event and its issue at the top.
    id: str = ""
    project: str = ""
    project_slug: str = ""
    culprit: str = ""
    level: str = ""
    message: str = ""
    url: str = ""
    event: _Event | None = None


def _genuine(settings: Settings, call: Call) -> bool:
    if settings.secret is None:
        return True
    return equal(call.headers.get("sentry-hook-signature", "").lower(), settings.digest(call.body))


def _read(body: JsonValue, call: Call) -> Received:
    sent = shaped(_Body, body, _WHAT)
    data, now = sent.data, call.received_at
    if data.metric_alert:
        return received([_of_metric(sent, data.metric_alert, now)])
    event = data.event or data.error
    if event and event.known:
        return received([_of_event(event, sent, now)])
    if sent.event and (sent.event.known or sent.message):
        return received([_of_plugin(sent, sent.event, now)])
    if data.issue and sent.action in _ISSUES:
        return received([_of_issue(data.issue, sent, now)])
    resource = call.headers.get("sentry-hook-resource", "")
    if not (sent.action and resource):
        raise Refused(422, f"This is not {_WHAT}: it has no action, or no header Sentry-Hook-Resource.", keep=True)
    about = data.issue.title if data.issue else ""
    return received(notices=[Notice(kind="update", text=f"Sentry: {resource} {sent.action} {about}")])


def _of_event(event: _Event, sent: _Body, now: dt.datetime) -> Alert:
    labels = tags(event.tags)
    project = _PROJECT.search(event.url)
    name = first(event.title, event.message, event.culprit)
    return Alert(
        source="sentry",
        fingerprint=same(f"issue:{event.issue_id}" if event.issue_id else "", "sentry", name, event.culprit),
        status="firing",
        name=name,
        service=project[1] if project else "",
        environment=event.environment or labelled(labels, ENVIRONMENT),
        severity=severity(event.level, otherwise="error"),
        original_severity=event.level,
        started_at=moment(event.datetime) or moment(event.timestamp) or now,
        summary=name,
        description="\n".join(filter(None, (event.culprit, event.message))),
        labels=labels,
        annotations={"release": event.release} if event.release else {},
        link=event.web_url,
        generator=sent.data.triggered_rule,
    )


def _of_plugin(sent: _Body, event: _Event, now: dt.datetime) -> Alert:
    filled = event.model_copy(
        update={
            "issue_id": sent.id,
            "title": event.title or sent.message,
            "message": sent.message,
            "culprit": sent.culprit,
            "level": sent.level or event.level,
            "web_url": sent.url,
        }
    )
    return _of_event(filled, sent, now).model_copy(update={"service": sent.project_slug or sent.project})


def _of_issue(issue: _Issue, sent: _Body, now: dt.datetime) -> Alert:
    over = _ISSUES[sent.action] == "resolved"
    seen = moment(issue.first_seen)
    began, ended = span(over=over, start=seen, end=None, now=now)
    name = first(issue.title, issue.short_id)
    return Alert(
        source="sentry",
        fingerprint=same(f"issue:{issue.id}" if issue.id else "", "sentry", name, issue.culprit),
        status="resolved" if over else "firing",
        name=name,
        service=issue.project.slug or issue.project.name,
        severity=severity(issue.level, otherwise="error"),
        original_severity=issue.level,
        started_at=began,
        ended_at=ended,
        summary=name,
        description=issue.culprit,
        annotations={"issue": issue.short_id, "substatus": issue.substatus},
        link=web_link(issue.web_url) or web_link(issue.permalink),
        value=f"{issue.count} events" if issue.count else "",
    )


def _of_metric(sent: _Body, metric: _Metric, now: dt.datetime) -> Alert:
    rule = metric.alert_rule
    status: Status = "resolved" if sent.action == "resolved" else "firing"
    start, end = moment(metric.date_started), moment(metric.date_closed)
    began, ended = span(over=status == "resolved", start=start, end=end, now=now)
    projects = metric.projects or rule.projects
    name = first(rule.name, metric.title, sent.data.description_title)
    key = f"rule:{rule.id}" if rule.id else metric.id and f"metric:{metric.id}"
    return Alert(
        source="sentry",
        fingerprint=same(key, "sentry", name),
        status=status,
        name=name,
        service=projects[0] if projects else "",
        environment=rule.environment,
        severity=severity(sent.action, otherwise="error"),
        original_severity=sent.action,
        started_at=began,
        ended_at=ended,
        summary=sent.data.description_title,
        description=sent.data.description_text,
        labels={"projects": ", ".join(projects)} if projects else {},
        link=sent.data.web_url,
        generator=f"{rule.aggregate} {rule.query}",
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("sentry", settings, _read, lambda call: _genuine(settings, call))
