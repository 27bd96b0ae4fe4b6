"""What a report says of an alert whose history is kept: reports come late, twice, in any order, and by other clocks."""

from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from bot.analysis.fingerprints import History, Report, What, happened
from bot.rules.reports import read
from connectors.alerts.port import Alert
from connectors.state.incident_port import KnownAlert

STALE = timedelta(hours=24)
"""A system that was silent for so long about an alert that fired may have forgotten to tell that it was over."""
_SAME_START = timedelta(seconds=1)
_HISTORY = TypeAdapter(History)


def history_of(row: KnownAlert) -> History | None:
    """What an alert did before; None when that cannot be read."""
    try:
        return _HISTORY.validate_json(row.history)
    except ValidationError:
        return None


def written(history: History) -> str:
    """A history as it is kept."""
    return _HISTORY.dump_json(history).decode()


def told(known: KnownAlert | None, alert: Alert, received_at: datetime) -> tuple[History, What]:
    """The history with a report, and what the report tells that is new."""
    before, firing = history_of(known) if known else None, alert.status == "firing"
    at = _moment(alert, received_at)
    if known is None or before is None:
        return happened(None, Report(alert.fingerprint, at, firing))
    last = read(known.body)
    before = _settled(before, last, alert, received_at - known.heard_at)
    if at < before.since and firing != before.firing and _is_newer(alert, last):
        # Its own clock, or ours, is behind: what began later did not end before.
        at = before.since
    after, what = happened(before, Report(alert.fingerprint, at, firing))
    if what == "repeated" and firing:
        # Where the end between two firings is still on its way, it must not end the second one.
        after = replace(after, since=max(after.since, at))
    return after, what


def counts(row: KnownAlert) -> bool:
    """Whether an alert keeps its incident open: it fires, or it flaps and will fire again."""
    return row.firing or flaps(row)


def flaps(row: KnownAlert) -> bool:
    """Whether an alert changes too often to be believed."""
    history = history_of(row)
    return history is not None and history.flapping


def calmed(row: KnownAlert, now: datetime, after_seconds: float) -> KnownAlert | None:
    """An alert that flapped and has not changed for so long, as it is from now on; None for any other."""
    history = history_of(row)
    if history is None or not history.flapping or now.timestamp() - history.since < after_seconds:
        return None
    return replace(row, history=written(replace(history, flapping=False)))


def _moment(alert: Alert, received_at: datetime) -> float:
    at = alert.started_at if alert.status == "firing" else alert.ended_at or received_at
    return min(at, received_at).timestamp()


def _is_newer(alert: Alert, last: Alert) -> bool:
    """Whether a report is about the firing that was last told of, or one after it."""
    if alert.status == "firing":
        return alert.started_at > last.started_at + _SAME_START
    return alert.started_at >= last.started_at - _SAME_START


def _settled(before: History, last: Alert, alert: Alert, silent: timedelta) -> History:
    """The history; ended where an alert begins anew after a long silence, for its end was not told."""
    ended = before.firing and alert.status == "firing" and silent > STALE
    if not ended or alert.started_at <= last.started_at + _SAME_START:
        return before
    since = max(before.since, last.started_at.timestamp())
    return replace(before, firing=False, since=since, changes=(), flapping=False)
