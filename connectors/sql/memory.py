"""Tables held in memory: the twin of the SQL seam, which speaks SQLite."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from pydantic import BaseModel, Field

from connectors.sql.cells import Basket, samples
from connectors.sql.limits import Limits, too_late
from connectors.sql.port import (
    AdmittedQuery,
    Cell,
    Column,
    Database,
    Dialect,
    ForeignKey,
    Plan,
    Rights,
    Rows,
    Schema,
    SqlRefused,
    Table,
)

_STEPS_BETWEEN_LOOKS = 10_000


class HeldColumn(BaseModel):
    """A column."""

    name: str
    """What a query calls it."""

    type: str = "text"
    """Its declared type."""

    comment: str = ""
    """What it means."""

    references: str = ""
    """The column of another table whose value it holds, as `table.column`."""


class HeldTable(BaseModel):
    """A table and its rows."""

    columns: tuple[HeldColumn, ...]
    """Its columns."""

    rows: tuple[tuple[Cell, ...], ...] = ()
    """Its rows, each as long as the columns."""

    key: tuple[str, ...] = ()
    """Its primary key."""

    comment: str = ""
    """What it holds."""


class Settings(Limits):
    """What there is."""

    tables: dict[str, HeldTable] = Field(default={})
    """Tables by name."""


class MemoryDatabase:
    """Answers from values. It estimates nothing, and knows no roles."""

    dialect: ClassVar[Dialect] = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def schema(self, role: str = "") -> Schema:
        """The tables that were given."""
        return Schema(tuple(_described(name, held) for name, held in sorted(self._settings.tables.items())))

    async def rights(self) -> Rights:
        """Nobody who could change a thing."""
        return Rights("memory", "", (), self._settings.timeout_seconds)

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """An empty plan, when the query can be run."""
        await asyncio.to_thread(self._asked, f"EXPLAIN {query.text}", query)
        return Plan()

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows."""
        return await asyncio.to_thread(self._asked, query.text, query)

    def _asked(self, statement: str, query: AdmittedQuery) -> Rows:
        started, basket = time.monotonic(), Basket(query.rows, self._settings.max_bytes)
        held = sqlite3.connect(":memory:", isolation_level=None)
        try:
            self._fill(held)
            held.execute("PRAGMA query_only = ON")
            ends = started + self._settings.timeout_seconds
            held.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_BETWEEN_LOOKS)
            cursor = held.execute(statement)
            for row in cursor:
                if not basket.add(row):
                    break
            columns = tuple(one[0] for one in cursor.description or ())
        except (sqlite3.Error, sqlite3.Warning) as refused:
            late = str(refused) == "interrupted"
            raise SqlRefused(too_late(self._settings.timeout_seconds) if late else str(refused)) from refused
        finally:
            held.close()
        return Rows(columns, tuple(basket.rows), basket.truncated, time.monotonic() - started)

    def _fill(self, held: sqlite3.Connection) -> None:
        for name, table in self._settings.tables.items():
            columns = ", ".join(f'"{one.name}" {one.type}' for one in table.columns)
            held.execute(f'CREATE TABLE "{name}" ({columns})')
            places = ", ".join("?" for _ in table.columns)
            held.executemany(f'INSERT INTO "{name}" VALUES ({places})', table.rows)  # noqa: S608 - our own settings


def _described(name: str, held: HeldTable) -> Table:
    columns = tuple(
        Column(one.name, one.type, one.comment, samples([row[place] for row in held.rows]) if _is_text(one) else ())
        for place, one in enumerate(held.columns)
    )
    targets = [(one.name, *one.references.split(".")) for one in held.columns if one.references]
    foreign = tuple(ForeignKey((column,), table, (target,)) for column, table, target in targets)
    return Table(name, columns, held.comment, held.key, foreign, len(held.rows))


def _is_text(column: HeldColumn) -> bool:
    return "text" in column.type.lower() or "char" in column.type.lower()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    """The tables of the settings."""
    yield MemoryDatabase(settings)
