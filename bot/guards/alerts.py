"""Admits what a monitoring system says of an alert: without the secrets that somebody put into its texts."""

from bot.guards.redaction import redact
from connectors.alerts.port import Alert


def admit(alert: Alert) -> Alert:
    """The alert as it may be kept, shown and asked about; what identifies it stays as it was sent."""
    texts = {name: redact(getattr(alert, name)).text for name in ("name", "summary", "description", "value")}
    pairs = {
        name: {key: redact(value).text for key, value in getattr(alert, name).items()}
        for name in ("labels", "annotations")
    }
    return alert.model_copy(update=texts | pairs)
