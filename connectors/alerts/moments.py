"""Times in the many forms that monitoring systems write them, as aware UTC."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from pydantic import JsonValue

_EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
_LONGEST = 64
# Seconds, and what counts in thousands, millions and billions of them: which it is shows in its size.
_UNITS = (1, 10**3, 10**6, 10**9)
_FORMS = (
    "%Y/%m/%d %H:%M:%S%z",
    "%Y.%m.%d %H:%M:%S%z",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y%z",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S%z",
    "%a, %d %b %Y %H:%M:%S",
)


def moment(value: JsonValue, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """The time that is meant, or None: an unknown form, the zero time of Go, a time before 1990 or after 2200.

    Numbers count seconds since 1970, or thousandths of them and smaller. ``zone`` holds where none is written.
    """
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return None
    text = str(value).strip()[:_LONGEST]
    number = re.fullmatch(r"(\d{1,19})(\.\d+)?", text)
    found = _since_1970(float(text)) if number else _written(text)
    if found is None:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    # Compared before it is converted, for at the ends of the calendar conversion fails.
    if not _EARLIEST.year <= found.year < _LATEST.year:
        return None
    return found.astimezone(dt.UTC)


def span(
    *, over: bool, start: dt.datetime | None, end: dt.datetime | None, now: dt.datetime
) -> tuple[dt.datetime, dt.datetime | None]:
    """When it began and ended, as far as is known: in this order, and no end for what is not over."""
    if not over:
        return start or now, None
    ended = end or now
    return min(start or ended, ended), ended


def zone_named(name: str) -> ZoneInfo:
    """A time zone by its name, such as Asia/Shanghai. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as unknown:
        raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin") from unknown


def _since_1970(number: float) -> dt.datetime | None:
    for unit in _UNITS:
        seconds = number / unit
        if seconds < _LATEST.timestamp():
            return dt.datetime.fromtimestamp(seconds, dt.UTC)
    return None


def _written(text: str) -> dt.datetime | None:
    text = re.sub(r"\s+(?:UTC|GMT|Z)\b", "+00:00", text)
    # Go writes the offset and the zone's name, one after the other.
    text = re.sub(r"\s*([+-]\d{2}):?[.]?(\d{2})(?:\+00:00)?(?=$|\s)", r"\1:\2", text)
    # Where the year comes last, the zone stands before it.
    text = re.sub(r"(\+00:00) (\d{4})$", r" \2\1", text)
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007  # a missing zone is given by the caller
        except ValueError:
            continue
    return None
