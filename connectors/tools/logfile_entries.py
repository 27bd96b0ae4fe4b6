"""Lines of a log file as entries with their moments, and a window of a large file found without reading all of it."""

import datetime as dt
import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from connectors.tools.patterns import Line
from connectors.tools.questions import Window

_LONGEST_ENTRY = 20_000
_NEAR_ENOUGH = 65_536
_MOST_WITHOUT_A_TIME = 1_000_000
_TIME_KEYS = ("time", "timestamp", "@timestamp", "ts", "t", "datetime", "date", "asctime")
_MESSAGE_KEYS = ("message", "msg", "event", "log", "error")
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname")
_STACK_KEYS = ("stack", "stack_trace", "stacktrace", "traceback", "exc_info", "exception")
_ISO = re.compile(
    r"\W{0,2}(?:\w+=\"?)?(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?"
)
# The combined log format of web servers has its time in brackets behind the address.
_WEB = re.compile(r"[^\[\n]{0,200}\[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]")
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: n for n, name in enumerate(_NAMES, 1)}


@dataclass(frozen=True)
class Written:
    """Entries of one file within a window, in the file's order; ``whole`` is False when the beginning was left out."""

    entries: tuple[Line, ...]
    whole: bool = True


def read_window(file: Path, window: Window, zone: dt.tzinfo, most_bytes: int, origin: str) -> Written:
    """What was written in a window, at most the last ``most_bytes`` of it. Raises OSError.

    Lines are taken to be in the order of time, as one process writes them: the window's edges are found by bisection.
    """
    with opened(file) as lines:
        size = os.fstat(lines.fileno()).st_size
        first, last = 0, size
        if _tells_time(lines, size, zone):
            first = _offset(lines, size, window.start, zone)
            # A moment that is told in whole seconds covers all of its second.
            last = _offset(lines, size, window.end + 1, zone)
        begin = max(first, last - most_bytes)
        lines.seek(begin)
        raw = lines.read(last - begin)
    if begin > first:
        raw = raw.partition(b"\n")[2]
    found = entries(raw.decode(errors="replace").splitlines(), zone, origin)
    return Written(
        tuple(one for one in found if one.at is None or window.start <= one.at <= window.end), begin == first
    )


def opened(file: Path) -> BinaryIO:
    """A regular file, open for reading. Raises OSError for anything else: a pipe would never end."""
    found = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(0, "not a regular file", str(file))
    return os.fdopen(found, "rb")


def entries(lines: Sequence[str], zone: dt.tzinfo, origin: str) -> Iterator[Line]:
    """Lines with a moment begin an entry; lines without one, as those of a stack trace, belong to the one before."""
    at: float | None = None
    held: list[str] = []
    for line in lines:
        moment = moment_of(line, zone)
        if moment is None and held and at is not None:
            held.append(line)
            continue
        if held:
            yield _entry(at, held, origin)
        at, held = moment, [line] if line.strip() else []
    if held:
        yield _entry(at, held, origin)


def moment_of(line: str, zone: dt.tzinfo) -> float | None:
    """When a line was written, in seconds since 1970, by the time at its beginning or in its JSON object.

    A time without an offset is one of ``zone``. None: it does not say.
    """
    if line[:1] == "{":
        return _moment_in(line, zone)
    if found := _ISO.match(line):
        *day, fraction, offset = found.groups()
        return _moment([int(part) for part in day], fraction, offset, zone)
    if found := _WEB.match(line):
        number, month, year, *clock, offset = found.groups()
        parts = [int(year), _MONTHS.get(month, 0), int(number), *(int(part) for part in clock)]
        return _moment(parts, None, offset, zone)
    return None


def readable(line: str) -> str:
    """A JSON object as a line of a plain log: level, message, other fields, then its stack trace; else as it stands."""
    try:
        fields = json.loads(line) if line[:1] == "{" else None
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not (message := _first_of(fields, _MESSAGE_KEYS)):
        return line
    level, stack = _first_of(fields, _LEVEL_KEYS), _first_of(fields, _STACK_KEYS)
    told = {level, message, stack, _first_of(fields, _TIME_KEYS)}
    rest = " ".join(f"{key}={one}" for key, one in fields.items() if one not in (None, "") and str(one) not in told)
    return "\n".join(part for part in (" ".join(filter(None, (level.upper(), message, rest))), stack) if part)


def _first_of(fields: Mapping[str, object], keys: Sequence[str]) -> str:
    return next((str(fields[key]) for key in keys if fields.get(key)), "")


def _entry(at: float | None, lines: Sequence[str], origin: str) -> Line:
    text = "\n".join([readable(lines[0]), *lines[1:]])
    return Line(at, text.strip()[:_LONGEST_ENTRY], origin)


def _moment_in(line: str, zone: dt.tzinfo) -> float | None:
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    said = next((fields[key] for key in _TIME_KEYS if key in fields), None)
    if isinstance(said, int | float) and not isinstance(said, bool):
        # Seconds, milliseconds, microseconds or nanoseconds since 1970: only one of them is in our century.
        return next((said / unit for unit in (1, 1e3, 1e6, 1e9) if 9e8 < said / unit < 5e9), None)
    return moment_of(said, zone) if isinstance(said, str) and said[:1] != "{" else None


def _moment(parts: list[int], fraction: str | None, offset: str | None, zone: dt.tzinfo) -> float | None:
    year, month, day, hour, minute, second = parts
    try:
        whole = dt.datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset) if offset else zone)
    except ValueError:
        return None
    return whole.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


@lru_cache(maxsize=50)
def _zone(offset: str) -> dt.tzinfo:
    if offset == "Z":
        return dt.UTC
    sign = -1 if offset[0] == "-" else 1
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    return dt.timezone(sign * dt.timedelta(hours=hours % 24, minutes=minutes % 60))


def _tells_time(lines: BinaryIO, size: int, zone: dt.tzinfo) -> bool:
    """Whether any of the last lines says when it was written."""
    lines.seek(max(0, size - _NEAR_ENOUGH))
    last = lines.read(_NEAR_ENOUGH).decode(errors="replace").splitlines()
    return any(moment_of(line, zone) is not None for line in last)


def _offset(lines: BinaryIO, size: int, at: float, zone: dt.tzinfo) -> int:
    """Where the first line begins that was written at a moment or later."""
    low, high = 0, size
    while high - low > _NEAR_ENOUGH:
        middle = (low + high) // 2
        lines.seek(middle)
        found = _first(lines, middle + len(lines.readline()), high, -math.inf, zone)
        if found is None or found[1] >= at:
            high = middle
        else:
            low = found[0]
    lines.seek(low)
    found = _first(lines, low, size, at, zone)
    return found[0] if found else size


def _first(lines: BinaryIO, start: int, end: int, least: float, zone: dt.tzinfo) -> tuple[int, float] | None:
    """The first line from here on that was written at ``least`` or later: where it begins, and when it was written.

    None: none before ``end``, or none within a long stretch.
    """
    place, end = start, min(end, start + _MOST_WITHOUT_A_TIME)
    while place < end and (line := lines.readline(_LONGEST_ENTRY)):
        moment = moment_of(line.decode(errors="replace"), zone)
        if moment is not None and moment >= least:
            return place, moment
        place += len(line)
    return None
