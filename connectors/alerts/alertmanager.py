"""Alerts of Alertmanager, or of Prometheus, Mimir, Thanos and VictoriaMetrics without it.

Alertmanager sends groups, version 4 (prometheus.io/docs/alerting/latest/configuration, "webhook_config"); Prometheus
sends lists of alerts (Alertmanager's api/v2/openapi.yaml, ``postableAlerts``).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import JsonValue

from connectors.alerts.access import Access, Door
from connectors.alerts.groups import Reading
from connectors.alerts.meaning import SERVICE
from connectors.alerts.port import Call, Received, Receiver, Severity


class Settings(Access):
    """Who may send, and how alerts are read."""

    service_labels: tuple[str, ...] = ()
    """Labels that name the service, asked before those that everybody uses: service, app, application … job."""

    severity: Severity = "warning"
    """How bad an alert is whose labels do not say."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    reading = Reading("alertmanager", (*settings.service_labels, *SERVICE), settings.severity)

    def read(body: JsonValue, call: Call) -> Received:
        listed: JsonValue = {"alerts": body} if isinstance(body, list) else body
        return reading.group(listed, call, "a notification of Alertmanager (version 4)")

    yield Door("alertmanager", settings, read)
