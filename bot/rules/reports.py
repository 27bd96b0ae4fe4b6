"""Reports of alerts as rows: how they are kept, and what is read back."""

from datetime import datetime

from connectors.alerts.port import Alert
from connectors.state.incident_port import Heard

_SPOKEN, _THREAD = "spoken", "nightshift_thread"


def heard(alert: Alert, at: datetime) -> Heard:
    """The row that keeps a report."""
    return Heard(alert.source, alert.fingerprint, at, alert.model_dump_json(exclude_defaults=True))


def read(body: str) -> Alert:
    """The alert of a row."""
    return Alert.model_validate_json(body)


def said_in(alert: Alert, thread_id: str) -> Alert:
    """The alert that another bot reported in a thread, which will belong to what becomes of it."""
    return alert.model_copy(update={"annotations": {**alert.annotations, _THREAD: thread_id}})


def thread_of(alert: Alert) -> str:
    """The thread in which an alert was reported; empty for one that did not come through chat."""
    # What a webhook sends has annotations of its own, and must not lay claim to a thread with one of this name.
    return alert.annotations.get(_THREAD, "") if alert.source == _SPOKEN else ""


def without_thread(alert: Alert) -> Alert:
    """The alert as its system reported it."""
    kept = {name: value for name, value in alert.annotations.items() if name != _THREAD}
    return alert.model_copy(update={"annotations": kept})
