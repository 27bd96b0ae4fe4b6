"""PostgreSQL: one statement in one read-only transaction on one connection, which is then thrown away."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, LiteralString, cast

import psycopg
from psycopg import sql
from pydantic import JsonValue, SecretStr

from connectors.sql.cells import LONGEST_SAMPLE, SAMPLED_ROWS, Basket, samples
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

_SCHEMA_SECONDS, _SAMPLE_MILLISECONDS = 60.0, 2_000
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, authorization, no such database, too many
# connections, shutting down.
_CONNECTION_STATES = ("08", "28", "3D", "53300", "57P")

_TABLES = """
SELECT c.oid, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), c.reltuples::bigint
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND NOT c.relispartition AND has_any_column_privilege(c.oid, 'SELECT') ORDER BY c.relname"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, NULL),
coalesce(col_description(a.attrelid, a.attnum), ''),
t.typcategory IN ('S', 'E') FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
AND has_column_privilege(a.attrelid, a.attnum, 'SELECT') ORDER BY a.attrelid, a.attnum"""
_KEYS = """
SELECT k.conrelid, k.contype = 'p', k.conkey, k.confrelid, k.confkey FROM pg_constraint k
WHERE k.conrelid = ANY(%s) AND k.contype IN ('p', 'f') ORDER BY k.conname"""
_ENUMERATIONS = (
    "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = to_regnamespace(%s) ORDER BY typname"
)

_RIGHTS = """
SELECT version(), current_user::text, current_setting('statement_timeout'), pg_is_in_recovery(),
(SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
has_schema_privilege(current_user, to_regnamespace(%(namespace)s), 'CREATE'),
ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(namespace)s)
AND c.relkind IN ('r', 'p', 'v', 'f') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
ORDER BY c.relname)"""


class Settings(ServerLimits):
    """Which database, and how much one query may take."""

    url: SecretStr
    """`postgresql://user:password@host/database`. Give it a user that may only read, on a replica if there is one."""

    namespace: str = "public"
    """The schema whose tables may be asked."""


@dataclass(frozen=True)
class PostgresDatabase:
    """One database. A connection lives for one call: what a statement did to its session is gone with it."""

    settings: Settings
    dialect: ClassVar[Dialect] = "postgres"

    async def schema(self, role: str = "") -> Schema:
        """Tables, views and foreign tables of the namespace; samples come from their first rows."""
        async with self._session(role, _SCHEMA_SECONDS) as connection:
            return await _described(connection, self.settings.namespace)

    async def rights(self) -> Rights:
        """Privileges on the namespace and its tables; on a replica nobody has any."""
        async with self._session("") as connection:
            cursor = await connection.execute(_RIGHTS, {"namespace": self.settings.namespace})
            version, user, limit, replica, super_, creates, tables = await cursor.fetchone() or ("",) * 7
        writes = ["everything (superuser)"] if super_ else [*tables, *(["new tables"] if creates else [])]
        return Rights(str(version).split(" (")[0], user, () if replica else tuple(writes), _seconds(str(limit)))

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """The planner's estimates; https://www.postgresql.org/docs/current/using-explain.html."""
        async with self._session(role) as connection:
            cursor = await connection.execute(f"EXPLAIN (FORMAT JSON) {query.text}")
            row = await cursor.fetchone()
        top = cast("list[dict[str, dict[str, JsonValue]]]", row[0] if row else [])
        return _plan(top[0]["Plan"]) if top else Plan()

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows, read one by one: a result that is too large never is in memory."""
        started, basket = time.monotonic(), Basket(query.rows, self.settings.max_bytes)
        async with self._session(role) as connection:
            cursor = connection.cursor()
            async with aclosing(cast("AsyncGenerator[tuple[object, ...], None]", cursor.stream(query.text))) as rows:
                async for row in rows:
                    if not basket.add(row):
                        break
            columns = tuple(one.name for one in cursor.description or ())
        return Rows(columns, tuple(basket.rows), basket.truncated, time.monotonic() - started)

    @asynccontextmanager
    async def _session(self, role: str, seconds: float = 0) -> AsyncIterator[psycopg.AsyncConnection]:
        """A read-only transaction with its limits set. What goes wrong in it is raised as this seam's errors."""
        connection = await self._connected()
        try:
            # Giving up makes psycopg cancel the statement at the server.
            async with asyncio.timeout((seconds or self.settings.timeout_seconds) + GRACE_SECONDS):
                for statement in self._opening():
                    await connection.execute(statement)
                await _take(role, connection)
                yield connection
        except (psycopg.errors.QueryCanceled, TimeoutError):
            raise SqlRefused(too_late(self.settings.timeout_seconds)) from None
        except psycopg.Error as error:
            # Without a state, or with one of these, it was the connection; else it was the query.
            if error.sqlstate is None or error.sqlstate.startswith(_CONNECTION_STATES):
                raise _unavailable(error) from error
            raise SqlRefused(_said(error)) from error
        finally:
            await connection.close()

    async def _connected(self) -> psycopg.AsyncConnection:
        try:
            async with asyncio.timeout(self.settings.connect_seconds + GRACE_SECONDS):
                return await psycopg.AsyncConnection.connect(
                    self.settings.url.get_secret_value(),
                    autocommit=True,
                    connect_timeout=self.settings.connect_seconds,
                    prepare_threshold=None,
                    # In some encodings a backslash is the second byte of a character.
                    client_encoding="utf-8",
                    application_name="nightshift",
                )
        except (psycopg.Error, TimeoutError) as failed:
            raise _unavailable(failed) from failed

    def _opening(self) -> Iterator[sql.SQL | sql.Composed]:
        milliseconds = int(self.settings.timeout_seconds * 1000)
        yield sql.SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield sql.SQL("SET LOCAL search_path = {}, pg_temp").format(sql.Identifier(self.settings.namespace))
        # What the guard read is what runs: a backslash is a backslash.
        yield sql.SQL("SET LOCAL standard_conforming_strings = on")
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            yield sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(milliseconds))


async def _take(role: str, connection: psycopg.AsyncConnection) -> None:
    if not role:
        return
    try:
        await connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    except psycopg.DatabaseError as error:
        raise SqlUnavailable(f"The role {role} cannot be taken ({_said(error)}); check roles under [data].") from error


async def _described(connection: psycopg.AsyncConnection, namespace: str) -> Schema:
    tables = await _fetched(connection, _TABLES, namespace)
    ids = [table[0] for table in tables]
    # A slow view costs its samples, not the schema.
    await connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(_SAMPLE_MILLISECONDS)))
    columns = await _fetched(connection, _COLUMNS, ids)
    keys = await _fetched(connection, _KEYS, ids)
    names = {(one[0], one[1]): str(one[2]) for one in columns}
    titles = {table[0]: str(table[1]) for table in tables}
    found = []
    for id, name, comment, estimate in tables:
        own = [one for one in columns if one[0] == id]
        seen = await _first_rows(connection, namespace, str(name), [str(one[2]) for one in own if one[5]])
        primary = [_named(names, id, one[2]) for one in keys if one[0] == id and one[1]]
        foreign = [
            ForeignKey(_named(names, id, one[2]), titles[one[3]], _named(names, one[3], one[4]))
            for one in keys
            if one[0] == id and not one[1] and one[3] in titles
        ]
        found.append(
            Table(
                str(name),
                tuple(Column(str(c[2]), str(c[3]), str(c[4]), seen.get(str(c[2]), ())) for c in own),
                comment=str(comment),
                key=primary[0] if primary else (),
                foreign_keys=tuple(foreign),
                rows=cast("int", estimate) if cast("int", estimate) >= 0 else None,
            )
        )
    enumerations = await _fetched(connection, _ENUMERATIONS, namespace)
    return Schema(tuple(found), namespace, tuple(str(one[0]) for one in enumerations))


async def _fetched(
    connection: psycopg.AsyncConnection, query: LiteralString, *values: object
) -> list[tuple[object, ...]]:
    return list(await (await connection.execute(query, values)).fetchall())


def _named(names: Mapping[tuple[object, object], str], table: object, numbers: object) -> tuple[str, ...]:
    return tuple(names[table, number] for number in cast("Sequence[int]", numbers) if (table, number) in names)


async def _first_rows(
    connection: psycopg.AsyncConnection, namespace: str, table: str, columns: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    if not columns:
        return {}
    width = sql.Literal(LONGEST_SAMPLE + 1)
    shown = sql.SQL(", ").join(
        sql.SQL("left({}::text, {})").format(sql.Identifier(column), width) for column in columns
    )
    query = sql.SQL("SELECT {} FROM {} LIMIT {}").format(
        shown, sql.Identifier(namespace, table), sql.Literal(SAMPLED_ROWS)
    )
    try:
        async with connection.transaction():
            rows = await (await connection.execute(query)).fetchall()
    except psycopg.DatabaseError:
        return {}
    return {column: samples([row[place] for row in rows]) for place, column in enumerate(columns)}


def _plan(node: Mapping[str, JsonValue]) -> Plan:
    def rows(one: Mapping[str, JsonValue]) -> float:
        below = cast("list[Mapping[str, JsonValue]]", one.get("Plans") or [])
        return max([float(cast("float", one.get("Plan Rows", 0))), *map(rows, below)])

    return Plan(rows(node), float(cast("float", node.get("Total Cost", 0))))


def _seconds(limit: str) -> float | None:
    """What SHOW statement_timeout says: 0, or a number with its unit."""
    found = re.fullmatch(r"(\d+)(ms|s|min|h)", limit)
    return int(found[1]) * {"ms": 0.001, "s": 1, "min": 60, "h": 3600}[found[2]] if found else None


def _said(error: psycopg.Error) -> str:
    said = error.diag
    parts = (said.message_primary, said.message_detail, said.message_hint)
    return "; ".join(part for part in parts if part) or str(error)


def _unavailable(error: Exception) -> SqlUnavailable:
    reason = " ".join(str(error).split()) or type(error).__name__
    return SqlUnavailable(f"PostgreSQL cannot be asked ({reason}); check url under [connectors.sql.postgres].")


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    """The database; it is connected to anew for every query."""
    yield PostgresDatabase(settings)
