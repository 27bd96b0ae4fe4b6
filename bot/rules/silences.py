"""Silences: which alerts they keep quiet, and how people write them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.alerts.port import Alert
from connectors.state.incident_port import Silence

LONGEST = timedelta(days=90)
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d{1,6}[mhdw])+", re.IGNORECASE)
_MATCHER = re.compile(r"""([^\s=,"']{1,100})=(?:"([^"]{1,500})"|'([^']{1,500})'|([^\s,]{1,500}))""")
_MOST_MATCHERS = 20


class BadSilence(ValueError):
    """A silence that is not one; the message says what to write."""


def silencing(alert: Alert, services: Iterable[str], at: datetime, silences: Iterable[Silence]) -> str:
    """The id of the silence that keeps an alert quiet at a moment, by the service it names or any of its own.

    Empty for none.
    """
    names = {alert.service, *services}
    return next((one.id for one in silences if one.begins_at <= at < one.ends_at and _fits(one, alert, names)), "")


def read_matchers(text: str) -> dict[str, str]:
    """What ``service=checkout severity=warning`` says; a value with blanks stands in quotes. Raises BadSilence."""
    found = {one[1].lower(): one[2] or one[3] or one[4] for one in _MATCHER.finditer(text)}
    if not found or _MATCHER.sub("", text).strip(" ,\t\n"):
        raise BadSilence('Write what to silence as name=value, such as "service=checkout severity=warning".')
    return checked(found)


def checked(matchers: Mapping[str, str]) -> dict[str, str]:
    """Matchers that leave something to be heard. Raises BadSilence."""
    kept = {name.strip().lower(): value.strip() for name, value in matchers.items()}
    if not kept or len(kept) > _MOST_MATCHERS or not all(kept) or not all(kept.values()):
        raise BadSilence(f"A silence needs 1 to {_MOST_MATCHERS} names with a value each.")
    if all(set(value) == {"*"} for value in kept.values()):
        raise BadSilence("This would silence everything; name a service, an alert or a label.")
    return kept


def read_duration(text: str) -> timedelta:
    """How long ``90m``, ``2h``, ``1d12h`` or ``1w`` is. Raises BadSilence."""
    if not _DURATION.fullmatch(text.strip()):
        raise BadSilence("Write how long as a number with m, h, d or w, such as 90m, 2h or 1d.")
    parts = re.findall(r"(\d+)([a-z])", text.lower())
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST.total_seconds():
        raise BadSilence(f"A silence lasts up to {LONGEST.days} days.")
    return timedelta(seconds=seconds)


def new_silence(  # all of it
    id: str, matchers: Mapping[str, str], lasts: str, begins_at: datetime, author: str, because: str
) -> Silence:
    """A silence that begins then and lasts so long. Raises BadSilence."""
    return Silence(id, dict(matchers), begins_at, begins_at + read_duration(lasts), author, " ".join(because.split()))


def lifted(silence: Silence, now: datetime) -> Silence:
    """The silence, over from now on."""
    return replace(silence, ends_at=now)


def _fits(silence: Silence, alert: Alert, services: set[str]) -> bool:
    return bool(silence.matchers) and all(
        any(_matches(value, one) for one in _values(name.lower(), alert, services))
        for name, value in silence.matchers.items()
    )


def _values(name: str, alert: Alert, services: set[str]) -> Iterable[str]:
    known: Mapping[str, Iterable[str]] = {
        "name": (alert.name,),
        "alertname": (alert.name,),
        "service": services,
        "environment": (alert.environment,),
        "severity": (alert.severity, alert.original_severity),
        "source": (alert.source,),
    }
    own = [value for label, value in alert.labels.items() if label.lower() == name]
    return [value for value in (*known.get(name, ()), *own) if value]


def _matches(pattern: str, value: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"\*+", pattern)]
    return re.fullmatch(".*".join(parts), value, re.IGNORECASE | re.DOTALL) is not None
