"""Alerts of Grafana Alerting, from a contact point of the kind webhook.

grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from pydantic import Field, JsonValue

from connectors.alerts.access import Door, SignedAccess, equal
from connectors.alerts.groups import Reading, noticed
from connectors.alerts.meaning import SERVICE
from connectors.alerts.port import Call, Received, Receiver, Severity

_FRESH_SECONDS = 300
_WHAT = "a notification of Grafana"


class Settings(SignedAccess):
    """Who may send, and how alerts are read."""

    methods: ClassVar[frozenset[str]] = frozenset({"POST", "PUT"})

    signature_header: str = "X-Grafana-Alerting-Signature"
    """The header of the signature, as the contact point names it."""

    timestamp_header: str = ""
    """The header of the time that is signed, as the contact point names it; then calls that are old are refused."""

    service_labels: tuple[str, ...] = ()
    """Labels that name the service, asked before those that everybody uses: service, app, application … job."""

    severity: Severity = "warning"
    """How bad an alert is whose labels do not say."""

    fresh_seconds: int = Field(default=_FRESH_SECONDS, gt=0)
    """How old a signed call may be."""


def _genuine(settings: Settings, call: Call) -> bool:
    if settings.secret is None:
        return True
    signed = call.body
    if settings.timestamp_header:
        at = call.headers.get(settings.timestamp_header.lower(), "")
        if not (at.isascii() and at.isdigit() and len(at) <= 12):
            return False
        if abs(call.received_at.timestamp() - int(at)) > settings.fresh_seconds:
            return False
        signed = at.encode() + b":" + call.body
    given = call.headers.get(settings.signature_header.lower(), "")
    return equal(given.lower(), settings.digest(signed))


def _is_test(body: JsonValue) -> bool:
    """Whether it is what Grafana sends to try a contact point, with nothing about it changed."""
    alerts = body.get("alerts") if isinstance(body, dict) else None
    only = alerts[0] if isinstance(alerts, list) and len(alerts) == 1 else None
    labels, notes = (only.get("labels"), only.get("annotations")) if isinstance(only, dict) else (None, None)
    named = isinstance(labels, dict) and labels.get("alertname") == "TestAlert" and labels.get("instance") == "Grafana"
    return named and isinstance(notes, dict) and notes.get("summary") == "Notification test"


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    reading = Reading("grafana", (*settings.service_labels, *SERVICE), settings.severity, link_first=True)

    def read(body: JsonValue, call: Call) -> Received:
        if _is_test(body):
            return noticed("test", "Grafana tries its contact point; it reaches us.")
        return reading.group(body, call, _WHAT)

    yield Door("grafana", settings, read, lambda call: _genuine(settings, call))
