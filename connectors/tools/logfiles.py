"""Log files on this machine as read-only tools: patterns of their lines first, then the last lines."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, field_validator

from connectors.checkup import Fact
from connectors.configuration import HomePath
from connectors.tools.logfile_entries import Written, opened, read_window
from connectors.tools.patterns import Line, sampled, told
from connectors.tools.port import Arguments, Result, Series, Table, Tool
from connectors.tools.questions import Question, Questions, Span, Window, step_for
from connectors.tools.summary import clock, summarised
from connectors.tools.untrusted import one_line

_SERVICE = "{service}"
_MOST_PATTERNS, _MOST_FILES, _MOST_NAMES = 25, 200, 40
_NAME = r"[\w.@-]+"


def _below(pattern: str) -> str:
    parts = PurePosixPath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts:
        raise ValueError("has to be a pattern below the folder, without a leading / and without ..")
    return pattern


Pattern = Annotated[str, AfterValidator(_below)]


class Settings(BaseModel):
    """Which files. They are only read; links that lead out of the folder are not followed."""

    folder: HomePath
    """The folder below which log files lie, such as ``/var/log/shop``."""

    files: Pattern = "{service}.log"
    """Where a service's files lie in it, with ``*`` for any letters, such as ``{service}/*.log``."""

    services: Mapping[str, Pattern] = Field(default_factory=dict)
    """Services whose files lie elsewhere in it: ``payments = "java/payments-api*.log"``."""

    timezone: str = "UTC"
    """Of times in the files that name no offset, such as ``Europe/Riga``."""

    max_bytes: int = Field(default=8_000_000, gt=0)
    """How much is read for one answer, the newest of it."""

    @field_validator("files")
    @classmethod
    def _names_the_service(cls, value: str) -> str:
        if value.count(_SERVICE) != 1:
            raise ValueError("has to have {service} in it once")
        return value

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError) as unknown:
            raise ValueError(f"{value!r} is no time zone, such as Europe/Riga") from unknown
        return value


class Search(Span):
    """What is in the log files: patterns of lines with their counts, those of trouble first, and the newest lines."""

    service: str = Field(default="", max_length=200)
    """Only this service; all when left out."""

    text: str = Field(default="", max_length=500)
    """Only entries with these words in them, as they are written; capitals do not count."""

    limit: int = Field(default=20, ge=0, le=500)
    """How many of the newest entries are shown."""


class Tail(Span):
    """The last entries of a service's log files up to the end of a span."""

    service: str = Field(min_length=1, max_length=200)
    """The service."""

    lines: int = Field(default=50, ge=1, le=500)
    """How many entries."""


@dataclass(frozen=True)
class _Read:
    """What was read of some files: entries in the order of time, and what there is to say about the rest."""

    entries: Sequence[Line]
    notes: tuple[str, ...]


class LogFiles:
    """Reads what lies in the folder at the time of the question."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._zone = ZoneInfo(settings.timezone)
        self._questions = Questions(
            Question("log_search", "Patterns in log files", "logs", Search, self.search),
            Question("log_tail", "Last lines of log files", "logs", Tail, self.tail),
        )

    async def list(self) -> Sequence[Tool]:
        """Both questions."""
        return await self._questions.list()

    async def call(self, name: str, arguments: Arguments) -> Result:
        """Ask one of them."""
        return await self._questions.call(name, arguments)

    async def search(self, asked: Search) -> Result:
        """Patterns that tell of trouble first, how many entries there were over time, then the newest entries."""
        window = asked.window(self._now())
        exact = _exact(asked.service, window, asked.text)
        chosen = self._chosen(asked.service)
        if not chosen:
            return self._stranger(asked.service, exact)
        read = await asyncio.to_thread(self._read, chosen, window)
        wanted = asked.text.casefold()
        found = [one for one in read.entries if wanted in one.text.casefold()]
        if not found:
            about = f" with {asked.text!r}" if asked.text else ""
            return Result("\n".join([f"No entries{about} {window} in {', '.join(chosen)}.", *read.notes]), exact)
        text, table, more = told(found, _MOST_PATTERNS)
        counts, step = _counts(found, window)
        last = found[-asked.limit :] if asked.limit else []
        shown = [f"The newest {len(last)} of {len(found)}:", *map(sampled, last)] if last else []
        lines = [text, summarised(counts, step), *shown, *read.notes]
        cut = more or bool(read.notes) or len(last) < len(found)
        return Result("\n".join(lines), exact, table=table, series=(counts,), truncated=cut)

    async def tail(self, asked: Tail) -> Result:
        """The newest entries, the oldest of them first."""
        window = asked.window(self._now())
        exact = f"{_exact(asked.service, window)} | tail -n {asked.lines}"
        chosen = self._chosen(asked.service)
        if not chosen:
            return self._stranger(asked.service, exact)
        read = await asyncio.to_thread(self._read, chosen, window)
        last = read.entries[-asked.lines :]
        if not last:
            return Result("\n".join([f"No entries {window} in {', '.join(chosen)}.", *read.notes]), exact)
        rows = tuple((clock(one.at) if one.at else "", one.origin, one.text) for one in last)
        text = [f"The last {len(last)} of {len(read.entries)} entries:", *map(sampled, last), *read.notes]
        cut = len(last) < len(read.entries) or bool(read.notes)
        return Result("\n".join(text), exact, table=Table(("time", "origin", "line"), rows), truncated=cut)

    async def checkup(self) -> tuple[Fact, ...]:
        """Whether there are files, whether they can be read, and whether their lines say when."""
        folder = self._settings.folder
        mend = "Check folder and files in connectors.tools.logfiles; see docs/tools.md."
        if not folder.is_dir():
            return (Fact("FAIL", f"no folder {folder} for log files", mend),)
        there = self._services()
        if not there:
            return (Fact("WARN", f"no log file in {folder} is called {self._settings.files}", mend),)
        count = sum(map(len, there.values()))
        found = [Fact("OK", f"log files: {count} of {len(there)} services, such as {one_line(next(iter(there)))}")]
        closed = await asyncio.to_thread(_closed, [file for files in there.values() for file in files])
        if closed:
            found.append(Fact("FAIL", f"log files that cannot be read: {', '.join(closed[:5])}", "Give read access."))
        return tuple(found)

    def _services(self) -> Mapping[str, Sequence[Path]]:
        """Files by the service that they are of, both in the order of their names."""
        found: dict[str, list[Path]] = {}
        own = re.escape(self._settings.files).replace(re.escape(_SERVICE), f"(?P<service>{_NAME})")
        shape = re.compile(own.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*").replace(r"\?", "[^/]"))
        for relative, file in self._matching(self._settings.files.replace(_SERVICE, "*")):
            name = shape.fullmatch(relative)
            if name and name["service"] not in self._settings.services:
                found.setdefault(name["service"], []).append(file)
        for service, pattern in self._settings.services.items():
            if files := [file for _, file in self._matching(pattern)]:
                found[service] = files
        return dict(sorted(found.items()))

    def _matching(self, pattern: str) -> Sequence[tuple[str, Path]]:
        """Regular files that match, by their place in the folder and where they really lie, which is in it too."""
        folder = self._settings.folder.resolve()
        real = [(str(one.relative_to(folder)), one.resolve()) for one in sorted(folder.glob(pattern))[:_MOST_FILES]]
        return [(name, file) for name, file in real if file.is_relative_to(folder) and os.path.isfile(file)]  # noqa: PTH113  # is_file() raises where a folder is closed to us

    def _chosen(self, service: str) -> Mapping[str, Sequence[Path]]:
        there = self._services()
        if not service:
            return there
        return {name: files for name, files in there.items() if name.casefold() == service.strip().casefold()}

    def _stranger(self, service: str, exact: str) -> Result:
        names = ", ".join(one_line(name, 60) for name in list(self._services())[:_MOST_NAMES]) or "no service"
        return Result(f"There are no log files of {service or 'any service'} here; there are those of {names}.", exact)

    def _read(self, chosen: Mapping[str, Sequence[Path]], window: Window) -> _Read:
        """All files within the budget of bytes, of which each gets its part."""
        files = [(name, file) for name, files in chosen.items() for file in files]
        share = max(self._settings.max_bytes // len(files), 1)
        found: list[Line] = []
        notes = []
        for name, file in files:
            try:
                # What was last written before the window has nothing in it.
                if file.stat().st_mtime < window.start:
                    continue
                read = read_window(file, window, self._zone, share, name)
            except OSError as closed:
                notes.append(f"{file.name} cannot be read: {closed.strerror}.")
                continue
            found += read.entries
            notes += [] if read.whole else [_cut(file, read)]
        found.sort(key=lambda one: one.at or 0)
        return _Read(found, tuple(notes))


def _cut(file: Path, read: Written) -> str:
    first = next((one.at for one in read.entries if one.at is not None), None)
    since = f" since {clock(first)} UTC" if first is not None else ""
    return f"Of {file.name} only the last {len(read.entries)} entries{since} were read: shorten the span."


def _counts(found: Sequence[Line], window: Window) -> tuple[Series, int]:
    """How many entries there were in each step of the window, from the first of them on."""
    first = min((one.at for one in found if one.at is not None), default=window.start)
    step = step_for(first, window.end, least=1)
    counted = dict.fromkeys(range(int(first // step), int(window.end // step) + 1), 0.0)
    for one in found:
        if one.at is not None and one.at // step in counted:
            counted[int(one.at // step)] += 1
    return Series("entries", tuple((float(at * step), count) for at, count in counted.items())), step


def _closed(files: Sequence[Path]) -> Sequence[str]:
    found = []
    for file in files:
        try:
            opened(file).close()
        except OSError as closed:
            found.append(f"{one_line(file.name)} ({closed.strerror})")
    return found


def _exact(service: str, window: Window, text: str = "") -> str:
    about = f" | grep -iF {text!r}" if text else ""
    return f"log files of {service or 'all services'} {window}{about}"


@asynccontextmanager
async def connect(settings: Settings, now: Callable[[], float] = time) -> AsyncIterator[LogFiles]:
    """The tools; files are looked for at each call."""
    yield LogFiles(settings, now)
