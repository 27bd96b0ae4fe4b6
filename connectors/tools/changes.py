"""Changes that other systems report (deployments, flags, configuration, migrations), kept in a file and asked for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import time
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from connectors.configuration import HomePath
from connectors.tools import change_rows
from connectors.tools.change_rows import named, told
from connectors.tools.port import Arguments, BadArguments, Change, Result, Tool, ToolUnavailable
from connectors.tools.questions import Day, Question, Questions, Window

T = TypeVar("T")
_SCHEMA = 1
_TABLES = (
    "CREATE TABLE IF NOT EXISTS changes (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS changes_by_time ON changes (at)",
    f"PRAGMA user_version = {_SCHEMA}",
)
_DAY = 86400
_MOST_FOUND = 1000


class Settings(BaseModel):
    """Where changes are kept, and how many."""

    file: HomePath = Path("changes.sqlite")
    """The file, an SQLite database. Several processes of one machine can share it."""

    keep_days: float = Field(default=90, gt=0)
    """Changes that are older are forgotten."""

    keep: int = Field(default=20_000, gt=0)
    """How many changes are kept at most; of more, the newest."""

    max_changes: int = Field(default=50, gt=0, le=500)
    """How many changes of an answer are told."""

    timeout_seconds: float = Field(default=5, gt=0)
    """How long to wait for another process that writes to the file."""


class Reported(Day):
    """What changed in a window, as other systems reported it: deployments, flags, configuration, migrations."""

    service: str = Field(default="", max_length=200)
    """Only this service."""

    environment: str = Field(default="", max_length=100)
    """Only this environment, such as production, and changes that name none."""

    sort: str = Field(default="", max_length=100)
    """Only this sort of change, such as flag or migration."""


class ReportedChanges:
    """The Tools port with one question, and the ChangeLog that fills what it answers from."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._questions = Questions(
            Question("changes_reported", "Changes that were reported", "changes", Reported, self.reported)
        )

    async def list(self) -> Sequence[Tool]:
        """The one question."""
        return await self._questions.list()

    async def call(self, name: str, arguments: Arguments) -> Result:
        """Ask it."""
        return await self._questions.call(name, arguments)

    async def add(self, change: Change) -> bool:
        """Keep it, and forget what is too old or too much."""
        oldest = self._now() - self._settings.keep_days * _DAY
        if change.at.timestamp() < oldest:
            raise BadArguments(f"at ({change.at:%Y-%m-%d}) is more than {self._settings.keep_days:g} days ago.")
        if change.at.timestamp() > self._now() + _DAY:
            raise BadArguments(f"at ({change.at:%Y-%m-%d}) lies in the future.")
        return await self._done(lambda file: self._added(file, change, oldest))

    async def reported(self, asked: Reported) -> Result:
        """Changes of a window, the newest first."""
        window = asked.window(self._now())
        found = await self._done(lambda file: self._found(file, asked, window))
        filters = {"service": asked.service, "environment": asked.environment, "sort": asked.sort}
        given = ", ".join(f"{key} {value}" for key, value in filters.items() if value)
        what = f"changes reported {window}{' for ' + given if given else ''}"
        return told(found, change_rows.Asked(what, what), self._settings.max_changes, cut=len(found) >= _MOST_FOUND)

    async def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._opened, work)

    def _opened(self, work: Callable[[sqlite3.Connection], T]) -> T:
        path = self._settings.file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=self._settings.timeout_seconds, isolation_level=None)) as file:
                _prepare(file, path)
                return work(file)
        except sqlite3.OperationalError as stuck:
            raise ToolUnavailable(f"{path} cannot be used now: {stuck}.", passing=True) from stuck
        except sqlite3.DatabaseError as damaged:
            raise ToolUnavailable(f"{path} is damaged ({damaged}): move it away; a new one is begun.") from damaged
        except OSError as refused:
            raise ToolUnavailable(f"{path} cannot be written: {refused.strerror}; check file.") from refused

    def _added(self, file: sqlite3.Connection, change: Change, oldest: float) -> bool:
        with file:
            file.execute("BEGIN IMMEDIATE")
            row = (change.id, change.at.timestamp(), change.model_dump_json())
            new = file.execute("INSERT OR IGNORE INTO changes (id, at, body) VALUES (?, ?, ?)", row).rowcount == 1
            file.execute("DELETE FROM changes WHERE at < ?", (oldest,))
            beyond = "SELECT id FROM changes ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?"
            file.execute(f"DELETE FROM changes WHERE id IN ({beyond})", (self._settings.keep,))  # noqa: S608  # no value
        return new

    def _found(self, file: sqlite3.Connection, asked: Reported, window: Window) -> Sequence[Change]:
        rows = file.execute(
            "SELECT body FROM changes WHERE at BETWEEN ? AND ? ORDER BY at DESC, id DESC", (window.start, window.end)
        )
        found: list[Change] = []
        for (body,) in rows:
            one = _read(body)
            if one and _fits(asked, one):
                found.append(one)
            if len(found) >= _MOST_FOUND:
                break
        return found


def _fits(asked: Reported, one: Change) -> bool:
    # A change that names no environment may have been to any of them.
    there = named(asked.environment, one.environment) or not one.environment
    return there and named(asked.service, one.service) and named(asked.sort, one.kind)


def _read(body: str) -> Change | None:
    """A kept change; None for one that another program wrote there, and that is none."""
    try:
        return Change.model_validate_json(body)
    except ValidationError:
        return None


def _prepare(file: sqlite3.Connection, path: Path) -> None:
    """Tables in a new file. Raises ToolUnavailable for a file of another version."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version == _SCHEMA:
        return
    if version:
        raise ToolUnavailable(f"{path} has version {version} and not {_SCHEMA}: set file to another path.")
    # Readers do not wait for a writer, and a crash leaves all or nothing of a change.
    file.execute("PRAGMA journal_mode = WAL")
    for statement in _TABLES:
        file.execute(statement)


@asynccontextmanager
async def connect(settings: Settings, now: Callable[[], float] = time) -> AsyncIterator[ReportedChanges]:
    """The tool and the log; the file is made when it is first needed."""
    yield ReportedChanges(settings, now)
