"""Problems of Zabbix, from a media type of the kind webhook whose script is in docs/alerts.md.

zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location says what its parameters hold.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import JsonValue, field_validator

from connectors.alerts.access import Access, Door, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, tags
from connectors.alerts.moments import moment, span, zone_named
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Refused, Severity, web_link

_UNFILLED = re.compile(r"\{[A-Z][A-Z0-9_.$#]*\}|\*UNKNOWN\*")
_WHAT = "a problem of Zabbix, as the script in docs/alerts.md sends it"
# Its scale: not classified, information, warning, average, high, disaster.
_NUMBERS: dict[str, Severity] = {
    "0": "info", "1": "info", "2": "warning", "3": "warning", "4": "error", "5": "critical",
}  # fmt: skip


class Settings(Access):
    """Who may send, and how times are meant."""

    timezone: str = "UTC"
    """The time zone of the Zabbix server, such as Europe/Riga: its times say none."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        zone_named(name)
        return name


class _Body(Shape):
    event_id: str = ""
    event_value: str = ""
    event_update_status: str = ""
    event_source: str = ""
    trigger_id: str = ""
    name: str = ""
    severity: str = ""
    nseverity: str = ""
    host: str = ""
    ip: str = ""
    groups: str = ""
    tags: JsonValue = None
    began: str = ""
    recovered: str = ""
    opdata: str = ""
    message: str = ""
    url: str = ""
    runbook: str = ""
    expression: str = ""


def _filled(body: JsonValue) -> JsonValue:
    if not isinstance(body, dict):
        return body
    plain = {key: one for key, one in body.items() if not (isinstance(one, str) and _UNFILLED.fullmatch(one.strip()))}
    return {key: one for key, one in plain.items() if one != ""}


def _tags(value: JsonValue) -> dict[str, str]:
    """{EVENT.TAGSJSON} is JSON within JSON; {EVENT.TAGS} is ``name:value, name:value``."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return tags(json.loads(value[:100_000]))
        except (ValueError, RecursionError):
            return {}
    return tags(value)


def _read(body: JsonValue, call: Call, zone: str) -> Received:
    sent = shaped(_Body, _filled(body), _WHAT)
    if not (sent.name or sent.message):
        raise Refused(422, f"This is not {_WHAT}: it has no name.", keep=True)
    if sent.event_source not in ("", "0") or sent.event_update_status == "1" or not sent.event_value:
        kind = "update" if sent.event_update_status == "1" else "other"
        return received(notices=[Notice(kind=kind, text=f"Zabbix: {sent.name or sent.message or 'a message'}")])
    return received([_alert(sent, call, zone)])


def _alert(sent: _Body, call: Call, zone: str) -> Alert:
    over = sent.event_value == "0"
    place = zone_named(zone)
    start, end = moment(sent.began, place), moment(sent.recovered, place)
    began, ended = span(over=over, start=start, end=end, now=call.received_at)
    named = _tags(sent.tags)
    labels = {**named, "host": sent.host, "ip": sent.ip, "groups": sent.groups, "trigger": sent.trigger_id}
    key = f"{sent.trigger_id}@{sent.host}" if sent.trigger_id else sent.event_id
    name = first(sent.name)
    return Alert(
        source="zabbix",
        fingerprint=same(key, "zabbix", name, sent.host),
        status="resolved" if over else "firing",
        name=name,
        service=labelled(named, SERVICE) or sent.host,
        environment=labelled(named, ENVIRONMENT),
        severity=_NUMBERS.get(sent.nseverity) or severity(sent.severity),
        original_severity=sent.severity or sent.nseverity,
        started_at=began,
        ended_at=ended,
        summary=name,
        description=sent.message,
        labels={label: value for label, value in labels.items() if value},
        annotations={"event": sent.event_id} if sent.event_id else {},
        link=web_link(sent.url),
        runbook=web_link(sent.runbook) or runbook(named),
        value=sent.opdata,
        generator=sent.expression,
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("zabbix", settings, lambda body, call: _read(body, call, settings.timezone))
