"""MySQL and MariaDB: one statement in one read-only transaction on one connection, which is then thrown away."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

import pymysql
from pydantic import Field, SecretStr
from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from connectors.sql.cells import LONGEST_SAMPLE, SAMPLED_ROWS, Basket, samples
from connectors.sql.grants import changes
from connectors.sql.limits import GRACE_SECONDS, ServerLimits, too_late
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

T = TypeVar("T")

# What the guard read is what runs: `"` quotes texts, a backslash escapes, `||` is OR.
# https://mariadb.com/kb/en/sql-mode/, https://dev.mysql.com/doc/refman/en/sql-mode.html
_SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
_SERVER_ERRORS = range(1000, 2000)
_MARIADB_ERRORS = range(4000, 5000)
# Access denied, unknown database, too many connections, shutting down, no such role (MariaDB, MySQL).
_NOT_THE_QUERY = frozenset((1040, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1698, 1959, 3530))
# MySQL: ER_QUERY_TIMEOUT, MariaDB: ER_STATEMENT_TIMEOUT, both: ER_QUERY_INTERRUPTED.
_TOO_LATE = frozenset((3024, 1969, 1317))

_TABLES = """
SELECT table_name, CASE table_type WHEN 'VIEW' THEN '' ELSE table_comment END, table_rows
FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"""
_COLUMNS = """
SELECT table_name, column_name, column_type, column_comment, column_key = 'PRI', data_type IN
('char', 'varchar', 'text', 'tinytext', 'mediumtext', 'longtext', 'enum', 'set')
FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"""
_KEYS = """
SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE() ORDER BY 1, 2, ordinal_position"""


class Settings(ServerLimits):
    """Which database, and how much one query may take."""

    host: str = "127.0.0.1"
    """The server."""

    port: Annotated[int, Field(ge=1, le=65535)] = 3306
    """Its port."""

    user: str
    """A user that may only read."""

    password: SecretStr = SecretStr("")
    """Their password."""

    database: str
    """The database whose tables may be asked."""

    tls_ca: Path | None = None
    """The certificate of the authority that signed the server's: then the connection is encrypted and checked."""


@dataclass(frozen=True)
class MysqlDatabase:
    """One database. PyMySQL blocks, so each call has a thread of its own, and no call outlives its deadline."""

    settings: Settings
    dialect: ClassVar[Dialect] = "mysql"

    async def schema(self, role: str = "") -> Schema:
        """Tables and views of the database; samples come from their first rows."""
        return await self._within_time(role, self._described)

    async def rights(self) -> Rights:
        """Every privilege but those to read and to look; MariaDB and MySQL name them alike."""
        return await self._within_time("", _rights)

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """How many rows the joins of the largest SELECT go through, by the optimizer's estimates; no cost."""

        def rows(connection: Connection) -> Plan:
            with connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(f"EXPLAIN {query.text}")
                return _plan(cursor.fetchall())

        return await self._within_time(role, rows)

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows, read one by one: a result that is too large never is in memory."""
        started = time.monotonic()

        def read(connection: Connection) -> Rows:
            basket = Basket(query.rows, self.settings.max_bytes)
            # Leaving it reads what is left, and keeps none of it: the protocol knows no other way to stop.
            with connection.cursor(SSCursor) as cursor:
                # DDL ends a read-only transaction and goes through; EXPLAIN takes no DDL.
                cursor.execute(f"EXPLAIN {query.text}")
                cursor.fetchall()
                cursor.execute(query.text)
                columns = tuple(one[0] for one in cursor.description or ())
                for row in cursor.fetchall_unbuffered():
                    if not basket.add(row):
                        break
            return Rows(columns, tuple(basket.rows), basket.truncated, time.monotonic() - started)

        return await self._within_time(role, read)

    async def _within_time(self, role: str, work: Callable[[Connection], T]) -> T:
        connection, id, version = await asyncio.to_thread(self._known)
        busy = asyncio.ensure_future(
            asyncio.to_thread(self._worked, connection, _opening(self.settings.timeout_seconds, version, role), work)
        )
        try:
            async with asyncio.timeout(self.settings.timeout_seconds + GRACE_SECONDS):
                return await asyncio.shield(busy)
        except TimeoutError:
            raise SqlRefused(too_late(self.settings.timeout_seconds)) from None
        finally:
            if not busy.done():
                await asyncio.to_thread(self._kill, id)
                with contextlib.suppress(SqlRefused, SqlUnavailable):
                    await busy

    def _connected(self) -> Connection:
        own = self.settings
        with self._said():
            return pymysql.connect(
                host=own.host,
                port=own.port,
                user=own.user,
                password=own.password.get_secret_value(),
                database=own.database,
                charset="utf8mb4",
                sql_mode=_SQL_MODE,
                autocommit=True,
                connect_timeout=own.connect_seconds,
                # The last resort, when the server is gone and nothing can be cancelled.
                read_timeout=own.timeout_seconds + 2 * GRACE_SECONDS,
                local_infile=False,
                ssl={"ca": str(own.tls_ca)} if own.tls_ca else None,
            )

    def _known(self) -> tuple[Connection, int, str]:
        """A connection, the id by which another one can stop its query, and the server's version."""
        connection = self._connected()
        with self._said(), connection.cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID(), VERSION()")
            id, version = cursor.fetchone() or (0, "")
            return connection, id, version

    def _worked(self, connection: Connection, opening: Iterable[str], work: Callable[[Connection], T]) -> T:
        with self._said():
            try:
                with connection.cursor() as cursor:
                    for statement in opening:
                        cursor.execute(statement)
                return work(connection)
            finally:
                connection.close()

    def _kill(self, id: int) -> None:
        with (
            contextlib.suppress(SqlUnavailable, SqlRefused),
            self._said(),
            self._connected() as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("KILL QUERY %s", (id,))

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Raises what goes wrong as this seam's errors."""
        try:
            yield
        except pymysql.Error as error:
            code, text = (*error.args, "")[:2] if len(error.args) > 1 else (0, str(error))
            if code in _TOO_LATE:
                raise SqlRefused(too_late(self.settings.timeout_seconds)) from None
            if code in _NOT_THE_QUERY or not (code in _SERVER_ERRORS or code in _MARIADB_ERRORS or code > 3000):
                raise SqlUnavailable(
                    f"MySQL cannot be asked ({text}); check [connectors.sql.mysql], and roles under [data]."
                ) from error
            raise SqlRefused(str(text)) from error

    def _described(self, connection: Connection) -> Schema:
        with connection.cursor() as cursor:
            read = []
            for query in (_TABLES, _COLUMNS, _KEYS):
                cursor.execute(query)
                read.append(cursor.fetchall())
        tables, columns, keys = read
        found = []
        for name, comment, rows in tables:
            own = [one for one in columns if one[0] == name]
            seen = _first_rows(connection, name, [one[1] for one in own if one[5]])
            found.append(
                Table(
                    name,
                    tuple(Column(one[1], one[2], one[3], seen.get(one[1], ())) for one in own),
                    comment=comment,
                    key=tuple(one[1] for one in own if one[4]),
                    foreign_keys=tuple(_foreign_keys([key for key in keys if key[0] == name])),
                    rows=rows,
                )
            )
        return Schema(tuple(found), self.settings.database)


def _opening(seconds: float, version: str, role: str) -> Iterator[str]:
    if role:
        yield f"SET ROLE {_quoted(role)}"
    if "MariaDB" in version:
        yield f"SET SESSION max_statement_time = {seconds:f}"
    else:
        yield f"SET SESSION max_execution_time = {int(seconds * 1000)}"
    yield "START TRANSACTION READ ONLY"


def _rights(connection: Connection) -> Rights:
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), CURRENT_USER()")
        version, user = cursor.fetchone() or ("", "")
        limit = "max_statement_time" if "MariaDB" in version else "max_execution_time / 1000"
        cursor.execute(f"SELECT @@SESSION.{limit}")
        (seconds,) = cursor.fetchone() or (0,)
        cursor.execute("SHOW GRANTS")
        grants = [str(row[0]) for row in cursor.fetchall()]
    product = "MariaDB" if "MariaDB" in version else "MySQL"
    return Rights(
        f"{product} {version.split('-')[0]}", user, tuple(filter(None, map(changes, grants))), float(seconds) or None
    )


def _foreign_keys(parts: Sequence[tuple[str, ...]]) -> Iterator[ForeignKey]:
    for name in dict.fromkeys(part[1] for part in parts):
        own = [part for part in parts if part[1] == name]
        yield ForeignKey(tuple(part[2] for part in own), own[0][3], tuple(part[4] for part in own))


def _first_rows(connection: Connection, table: str, columns: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    if not columns:
        return {}
    shown = ", ".join(f"left({_quoted(column)}, {LONGEST_SAMPLE + 1})" for column in columns)
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT {shown} FROM {_quoted(table)} LIMIT {SAMPLED_ROWS}")  # noqa: S608 - quoted names
        except pymysql.Error:
            # A view that cannot be read now is described all the same.
            return {}
        rows = cursor.fetchall()
    return {column: samples([row[place] for row in rows]) for place, column in enumerate(columns)}


def _plan(steps: Sequence[Mapping[str, object]]) -> Plan:
    products: dict[object, float] = {}
    for step in steps:
        rows = step.get("rows")
        if isinstance(rows, int | float | str) and str(rows).isdigit():
            products[step.get("id")] = products.get(step.get("id"), 1.0) * max(1, int(rows))
    return Plan(rows=max(products.values(), default=None))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    """The database; it is connected to anew for every query."""
    yield MysqlDatabase(settings)
