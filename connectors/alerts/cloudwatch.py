"""Alarms of CloudWatch, as they stand in a message of SNS.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html has the message, and
…/cloudwatch-and-eventbridge.html the form that EventBridge gives it.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import Field, JsonValue

from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, same, severity, tags
from connectors.alerts.moments import moment, span
from connectors.alerts.port import Alert, Call, Severity, as_text

_SERVICE = (
    *SERVICE, "apiname", "loadbalancer", "targetgroup", "dbinstanceidentifier", "dbclusteridentifier", "cacheclusterid",
    "queuename", "tablename", "autoscalinggroupname", "clustername",
)  # fmt: skip
_ARN = re.compile(r"arn:aws[a-z-]*:cloudwatch:([a-z0-9-]+):(\d*):alarm:.+", re.DOTALL)


class Trigger(Shape):
    """What an alarm watches."""

    metric: str = Field(default="", alias="MetricName")
    namespace: str = Field(default="", alias="Namespace")
    dimensions: JsonValue = Field(default=None, alias="Dimensions")
    comparison: str = Field(default="", alias="ComparisonOperator")
    threshold: str = Field(default="", alias="Threshold")
    statistic: str = Field(default="", alias="Statistic")


class Alarm(Trigger):
    """An alarm that changed its state; where it has no trigger, the fields of one stand at its top."""

    name: str = Field(alias="AlarmName", min_length=1)
    description: str = Field(default="", alias="AlarmDescription")
    account: str = Field(default="", alias="AWSAccountId")
    state: str = Field(default="ALARM", alias="NewStateValue")
    reason: str = Field(default="", alias="NewStateReason")
    changed: JsonValue = Field(default=None, alias="StateChangeTime")
    region: str = Field(default="", alias="Region")
    arn: str = Field(default="", alias="AlarmArn")
    trigger: Trigger | None = Field(default=None, alias="Trigger")
    priority: str = Field(default="", alias="Priority")
    application: str = Field(default="", alias="Application")


def alarm_in(message: JsonValue) -> Alarm | None:
    """The alarm of a message; None when it is about something else. Raises ``Refused`` (422) for a broken one."""
    if not isinstance(message, dict):
        return None
    if "AlarmName" in message:
        return shaped(Alarm, message, "an alarm of CloudWatch")
    detail = message.get("detail")
    if message.get("detail-type") == "CloudWatch Alarm State Change" and isinstance(detail, dict):
        return shaped(Alarm, _from_event(message, detail), "an alarm of CloudWatch from EventBridge")
    return None


def alert(alarm: Alarm, call: Call, otherwise: Severity) -> Alert | None:
    """The alert that an alarm is; None while it has too little data to say."""
    if alarm.state not in ("ALARM", "OK"):
        return None
    over = alarm.state == "OK"
    watched = alarm.trigger or alarm
    region, account = _place(alarm)
    at = moment(alarm.changed)
    began, ended = span(over=over, start=None if over else at, end=at, now=call.received_at)
    labels = {**tags(watched.dimensions), "application": alarm.application, "region": region, "account": account}
    return Alert(
        source="sns",
        fingerprint=same(alarm.arn, "cloudwatch", alarm.name, account, region, alarm.application),
        status="resolved" if over else "firing",
        name=first(alarm.name),
        service=labelled(labels, _SERVICE),
        environment=labelled(labels, ENVIRONMENT),
        severity=severity(alarm.priority, otherwise=otherwise),
        original_severity=alarm.priority,
        started_at=began,
        ended_at=ended,
        summary=alarm.description or alarm.reason or alarm.name,
        description=alarm.reason,
        labels={key: value for key, value in labels.items() if value},
        link=_link(alarm, region),
        generator=_condition(watched),
    )


def _from_event(message: Mapping[str, JsonValue], detail: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    state = detail.get("state")
    resources = message.get("resources")
    said = state if isinstance(state, dict) else {}
    return {
        "AlarmName": detail.get("alarmName"),
        "AWSAccountId": message.get("account"),
        "NewStateValue": said.get("value"),
        "NewStateReason": said.get("reason"),
        "StateChangeTime": said.get("timestamp"),
        "AlarmArn": resources[0] if isinstance(resources, list) and resources else None,
    }


def _place(alarm: Alarm) -> tuple[str, str]:
    """The region and the account; ``Region`` itself is written for people: US East (N. Virginia)."""
    found = _ARN.fullmatch(alarm.arn)
    return (found[1], found[2] or alarm.account) if found else (alarm.region, alarm.account)


def _link(alarm: Alarm, region: str) -> str:
    if not _ARN.fullmatch(alarm.arn):
        return ""
    ending = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    host = f"console.{ending}" if region.startswith("cn-") else f"{region}.console.{ending}"
    return (
        f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(alarm.name, safe='', errors='replace')}"
    )


def _condition(watched: Trigger) -> str:
    parts = (
        watched.statistic,
        f"{watched.namespace}/{watched.metric}".strip("/"),
        watched.comparison,
        watched.threshold,
    )
    return " ".join(filter(None, map(as_text, parts)))
