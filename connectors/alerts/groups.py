"""Groups of alerts in the form of Alertmanager, version 4, which Grafana sends too with more in it."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from connectors.alerts.access import received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, texts
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Notice, Received, Refused, Severity, Status, web_link

Values = Mapping[str, JsonValue]
_OVER = {"resolved", "ok", "normal", "inactive"}
_HEADING = re.compile(r"^\s*\[(?:firing|resolved)(?::\d+)?[^\]]*\]\s*", re.IGNORECASE)
_SEVERITY = ("severity", "priority", "level")


class One(Shape):
    """An alert of a group."""

    status: Literal["firing", "resolved", ""] = ""
    labels: Values = Field(default_factory=dict)
    annotations: Values = Field(default_factory=dict)
    starts_at: JsonValue = Field(default=None, alias="startsAt")
    ends_at: JsonValue = Field(default=None, alias="endsAt")
    generator_url: str = Field(default="", alias="generatorURL")
    fingerprint: str = ""
    dashboard_url: str = Field(default="", alias="dashboardURL")
    panel_url: str = Field(default="", alias="panelURL")
    values: Values = Field(default_factory=dict)
    value_string: str = Field(default="", alias="valueString")
    summary: str = ""


class Group(Shape):
    """A group, as it is sent. Where ``alerts`` is missing, what holds for the whole of it is the alert."""

    status: Literal["firing", "resolved", ""] = ""
    alerts: tuple[One, ...] | None = None
    common_labels: Values = Field(default_factory=dict, alias="commonLabels")
    common_annotations: Values = Field(default_factory=dict, alias="commonAnnotations")
    external_url: str = Field(default="", alias="externalURL")
    title: str = ""
    state: str = ""
    message: str = ""
    alert_id: str = ""
    truncated: int = Field(default=0, alias="truncatedAlerts")


@dataclass(frozen=True)
class Reading:
    """How the alerts of a source are read: which labels name the service, and how bad one is that does not say."""

    source: str
    service_labels: Sequence[str] = SERVICE
    severity: Severity = "warning"
    link_first: bool = False

    def group(self, body: JsonValue, call: Call, what: str) -> Received:
        """The alerts of a group. Raises ``Refused`` when it has none."""
        # A relay puts what it adds beside the notification, which it wraps.
        if isinstance(body, dict) and "alerts" not in body and isinstance(body.get("alert"), dict):
            body = body["alert"]
        group = shaped(Group, body, what)
        ones = group.alerts if group.alerts is not None else self._whole(body, group)
        if not ones:
            raise Refused(422, f"This is not {what}: it names no alert.", keep=True)
        return received((self.alert(one, group, call.received_at) for one in ones), self._left_out(group))

    def alert(self, one: One, group: Group, now: dt.datetime) -> Alert:
        """One alert; what holds for all of its group holds for it."""
        labels = texts({**group.common_labels, **one.labels})
        notes = texts({**group.common_annotations, **one.annotations})
        start, end = moment(one.starts_at), moment(one.ends_at)
        status = _status(one, group, end, now)
        began, ended = span(over=status == "resolved", start=start, end=end, now=now)
        name = labels.get("alertname", "") or _HEADING.sub("", group.title) or one.summary or notes.get("summary", "")
        told = labelled(labels, _SEVERITY)
        about = notes.get("summary") or notes.get("message") or one.summary or _HEADING.sub("", group.title) or name
        dashboard = web_link(one.panel_url) or web_link(one.dashboard_url)
        rule = web_link(one.generator_url)
        return Alert(
            source=self.source,
            fingerprint=same(one.fingerprint or group.alert_id, self.source, labels or name),
            status=status,
            name=first(name, about),
            service=labelled(labels, self.service_labels),
            environment=labelled(labels, ENVIRONMENT),
            severity=severity(told, otherwise=self.severity),
            original_severity=told,
            started_at=began,
            ended_at=ended,
            summary=about,
            description=notes.get("description") or group.message,
            labels=labels,
            annotations=notes,
            link=(dashboard if self.link_first else "") or rule or dashboard or web_link(group.external_url),
            runbook=runbook(notes) or runbook(labels),
            value=_value(one, notes),
            generator=rule,
        )

    def _left_out(self, group: Group) -> list[Notice]:
        if group.truncated <= 0:
            return []
        text = f"{self.source} left out {group.truncated} alerts of a group; raise max_alerts there"
        return [Notice(kind="other", text=text)]

    def _whole(self, body: JsonValue, group: Group) -> tuple[One, ...]:
        alone = shaped(One, body, "an alert")
        known = alone.labels or group.common_labels or group.title
        return (alone,) if known else ()


def noticed(kind: Literal["test", "other"], text: str) -> Received:
    """Nothing but a notice."""
    return received(notices=[Notice(kind=kind, text=text)])


def _status(one: One, group: Group, end: dt.datetime | None, now: dt.datetime) -> Status:
    told = one.status or group.status or group.state.lower()
    if told:
        return "resolved" if told in _OVER else "firing"
    # Prometheus itself says no status: an alert is over when its end has passed.
    return "resolved" if end is not None and end <= now else "firing"


def _value(one: One, notes: Mapping[str, str]) -> str:
    if one.values:
        return ", ".join(f"{key}={value}" for key, value in texts(one.values).items())
    return one.value_string or notes.get("value", "") or notes.get("current_value", "")
