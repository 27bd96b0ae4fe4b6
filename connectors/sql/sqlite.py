"""SQLite: every statement in a child process of its own, with nothing in it and little room."""

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, TypeAdapter

from connectors.configuration import HomePath
from connectors.sql.limits import Limits, too_late
from connectors.sql.port import (
    AdmittedQuery,
    Column,
    Database,
    Dialect,
    ForeignKey,
    Plan,
    Rights,
    Rows,
    Schema,
    SqlRefused,
    SqlUnavailable,
    Table,
)
from connectors.sql.sqlite_reader import Request

_START_SECONDS = 5.0


class Settings(Limits):
    """Which file, and how much one query may take."""

    path: HomePath
    """The database file; it is only read."""

    memory_mb: Annotated[int, Field(ge=64)] = 512
    """How much memory one query may take."""


class _Reply(BaseModel):
    refused: str = ""
    unavailable: str = ""


class _ReadColumn(BaseModel):
    name: str
    type: str
    samples: tuple[str, ...]


class _ReadTable(BaseModel):
    name: str
    columns: tuple[_ReadColumn, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[tuple[tuple[str, str, str | None], ...], ...]
    rows: int | None


class _ReadSchema(BaseModel):
    tables: tuple[_ReadTable, ...]


_ROWS = TypeAdapter(Rows)


@dataclass(frozen=True)
class SqliteDatabase:
    """One file. SQLite knows no roles, and says nothing of what a query will take."""

    settings: Settings
    dialect: ClassVar[Dialect] = "sqlite"

    async def schema(self, role: str = "") -> Schema:
        """Tables and views, without virtual tables and SQLite's own. Comments it has none."""
        read = _ReadSchema.model_validate_json(await self._asked(_request(self.settings)))
        keys = {table.name.casefold(): table.key for table in read.tables}
        return Schema(tuple(_table(table, keys) for table in read.tables))

    async def rights(self) -> Rights:
        """Nobody: the file is opened for reading, whoever may write to it."""
        await self.schema()
        return Rights(f"SQLite {sqlite3.sqlite_version}", "", (), self.settings.timeout_seconds)

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """An empty plan, when the query can be run."""
        await self._asked({**_request(self.settings, query), "explain": True})
        return Plan()

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows."""
        return _ROWS.validate_json(await self._asked(_request(self.settings, query)))

    async def _asked(self, request: Request) -> bytes:
        if not await asyncio.to_thread(self.settings.path.is_file):
            raise SqlUnavailable(
                f"{self.settings.path} is not there; correct path under [connectors.sql.sqlite] in nightshift.toml."
            )
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "connectors.sql.sqlite_reader"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            # Nothing is handed on: this process may come to run a stranger's code, and the environment holds secrets.
            env={},
        )
        try:
            async with asyncio.timeout(request["seconds"] + _START_SECONDS):
                out, _ = await child.communicate(json.dumps(request).encode())
        except TimeoutError:
            raise SqlRefused(too_late(request["seconds"])) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        return _judged(out, request["seconds"], self.settings)


def _judged(out: bytes, seconds: float, settings: Settings) -> bytes:
    if not out:
        raise SqlRefused(f"it needed more than {settings.memory_mb} MB of memory or {seconds:g} s")
    reply = _Reply.model_validate_json(out)
    if reply.unavailable:
        raise SqlUnavailable(
            f"{settings.path} cannot be read ({reply.unavailable}); correct path under [connectors.sql.sqlite]."
        )
    if reply.refused:
        late = reply.refused == "interrupted"
        raise SqlRefused(too_late(seconds) if late else reply.refused)
    return out


def _request(settings: Settings, query: AdmittedQuery | None = None) -> Request:
    return {
        "path": str(settings.path.absolute()),
        "sql": query.text if query else "",
        "explain": False,
        "tables": [name.casefold() for name in query.tables] if query else [],
        "withheld": [name.casefold() for name in query.withheld] if query else [],
        "rows": query.rows if query else 0,
        "bytes": settings.max_bytes,
        "seconds": settings.timeout_seconds,
        "memory_bytes": settings.memory_mb * 1_000_000,
    }


def _table(read: _ReadTable, keys: Mapping[str, tuple[str, ...]]) -> Table:
    columns = tuple(Column(one.name, one.type, samples=one.samples) for one in read.columns)
    foreign = tuple(_foreign_key(one, keys) for one in read.foreign_keys)
    return Table(read.name, columns, key=read.key, foreign_keys=foreign, rows=read.rows)


def _foreign_key(parts: tuple[tuple[str, str, str | None], ...], keys: Mapping[str, tuple[str, ...]]) -> ForeignKey:
    # Without a target column the other table's primary key is meant.
    targets = tuple(target for _, _, target in parts if target) or keys.get(parts[0][0].casefold(), ())
    return ForeignKey(tuple(column for _, column, _ in parts), parts[0][0], targets)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    """The file; it is opened anew for every query."""
    yield SqliteDatabase(settings)
