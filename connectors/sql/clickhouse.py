"""ClickHouse over its HTTP interface: one statement in one request, read-only and with its limits as settings of it."""

import asyncio
import contextlib
import math
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import httpx
from pydantic import Field, HttpUrl, SecretStr

from connectors.sql.cells import LONGEST_SAMPLE, SAMPLED_ROWS, Basket, samples
from connectors.sql.clickhouse_replies import Reply, kind_of, read_reply, refusal
from connectors.sql.grants import changes
from connectors.sql.limits import GRACE_SECONDS, ServerLimits, too_late
from connectors.sql.port import (
    AdmittedQuery,
    Column,
    Database,
    Dialect,
    Plan,
    Rights,
    Rows,
    Schema,
    SqlRefused,
    SqlUnavailable,
    Table,
)

# Of texts in the reply, escaped and with their names around them, there are more bytes than of values.
_SPACIOUS = 8
# What the server tells of itself, such as its tables, may be longer than a result.
_OWN_BYTES = 64_000_000
_SAMPLE_SECONDS = 2
_TABLES = """
SELECT name, comment, total_rows, engine LIKE '%View' FROM system.tables
WHERE database = currentDatabase() AND NOT is_temporary AND NOT startsWith(name, '.inner') ORDER BY name"""
_COLUMNS = """
SELECT table, name, type, comment, is_in_primary_key FROM system.columns
WHERE database = currentDatabase() ORDER BY table, position"""


class Settings(ServerLimits):
    """Which database, and how much one query may take."""

    url: HttpUrl = HttpUrl("http://127.0.0.1:8123")
    """The server's HTTP interface."""

    user: str = "default"
    """A user that may only read."""

    password: SecretStr = SecretStr("")
    """Their password."""

    database: str = "default"
    """The database whose tables may be asked."""

    tls_ca: Path | None = None
    """The certificate of the authority that signed the server's, when it is not one that everybody knows."""

    memory_mb: Annotated[int, Field(ge=64)] = 1_000
    """How much memory of the server one query may take."""


@dataclass(frozen=True)
class ClickhouseDatabase:
    """One database. A request has no session: nothing is left of it but what it gave back.

    https://clickhouse.com/docs/interfaces/http, https://clickhouse.com/docs/operations/settings/permissions-for-queries
    """

    settings: Settings
    client: httpx.AsyncClient
    _known: dict[str, str] = field(default_factory=dict)
    dialect: ClassVar[Dialect] = "clickhouse"

    async def schema(self, role: str = "") -> Schema:
        """Tables and views of the database; a primary key is what they are sorted by, and need not be unique."""
        tables = await self._asked(_TABLES, role)
        columns = (await self._asked(_COLUMNS, role)).rows
        found = []
        for name, comment, rows, view in tables.rows:
            own = [one for one in columns if one[0] == name]
            texts = [str(one[1]) for one in own if kind_of(str(one[2])) == "text"]
            seen = {} if view else await self._first_rows(str(name), texts, role)
            found.append(
                Table(
                    str(name),
                    tuple(Column(str(c[1]), str(c[2]), str(c[3]), seen.get(str(c[1]), ())) for c in own),
                    comment=str(comment),
                    key=tuple(str(c[1]) for c in own if c[4]),
                    rows=rows if isinstance(rows, int) else None,
                )
            )
        return Schema(tuple(found), self.settings.database)

    async def rights(self) -> Rights:
        """The user's grants but those to read and to look; none where their profile is read-only."""
        version, user = (await self._asked("SELECT version(), currentUser()")).rows[0]
        known = await self._profile()
        granted = () if known["readonly"] != "0" else (await self._asked("SHOW GRANTS")).rows
        most = float(known.get("max_execution_time", "0")) if known["readonly"] == "1" else self._seconds
        writes = tuple(filter(None, (changes(str(row[0])) for row in granted)))
        return Rights(f"ClickHouse {version}", str(user), writes, most or None)

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """How many rows of its tables it would read, by their indexes; nothing of what joins make of them."""
        read = await self._asked(f"EXPLAIN ESTIMATE {query.text}", role)
        place = read.columns.index("rows") if "rows" in read.columns else None
        if place is None or not read.rows:
            return Plan()
        return Plan(rows=float(sum(int(str(row[place])) for row in read.rows)))

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows."""
        started, basket = time.monotonic(), Basket(query.rows, self.settings.max_bytes)
        # One more than wanted, so that it shows when there are more.
        most = {"max_result_rows": query.rows + 1, "max_result_bytes": _SPACIOUS * self.settings.max_bytes}
        reply = await self._asked(query.text, role, most)
        for row in reply.rows:
            if not basket.add(row):
                break
        cut = basket.truncated or reply.cut
        return Rows(reply.columns, tuple(basket.rows), cut, time.monotonic() - started)

    @property
    def _seconds(self) -> int:
        return max(1, math.ceil(self.settings.timeout_seconds))

    async def _asked(self, sql: str, role: str = "", limits: Mapping[str, int] | None = None) -> Reply:
        wanted = {**self._limits(), **(limits or {})}
        known = await self._profile()
        sent = {name: str(value) for name, value in wanted.items() if name in known and known["readonly"] != "1"}
        if known["readonly"] != "0":
            # It may not be said again, though it is what we would say.
            sent.pop("readonly", None)
        return await self._posted(sql, {**sent, **({"role": role} if role else {})}, int(wanted["max_result_bytes"]))

    def _limits(self) -> Mapping[str, int | str]:
        return {
            "readonly": 1,
            "max_execution_time": self._seconds,
            "timeout_overflow_mode": "throw",
            "max_result_rows": 0,
            "max_result_bytes": _OWN_BYTES,
            "result_overflow_mode": "break",
            "max_memory_usage": self.settings.memory_mb * 1_000_000,
            "cancel_http_readonly_queries_on_client_close": 1,
            "session_timezone": "UTC",
            "transform_null_in": 0,
        }

    async def _profile(self) -> Mapping[str, str]:
        """Those of our settings that the server knows, with the user's values; a read-only user may change none."""
        if not self._known:
            names = ", ".join(f"'{name}'" for name in self._limits())
            query = f"SELECT name, value FROM system.settings WHERE name IN ({names})"  # noqa: S608 - our own names
            asked = await self._posted(query, {}, _OWN_BYTES)
            self._known.update((str(name), str(value)) for name, value in asked.rows)
        return self._known

    async def _posted(self, sql: str, sent: Mapping[str, str], most: int) -> Reply:
        id = str(uuid.uuid4())
        # The whole result is made before the first byte is sent, so that an error is never in the middle of rows.
        fixed = {
            "database": self.settings.database,
            "query_id": id,
            "default_format": "JSONCompactEachRowWithNamesAndTypes",
            "wait_end_of_query": "1",
        }
        try:
            async with asyncio.timeout(self.settings.timeout_seconds + GRACE_SECONDS):
                return await self._read(sql, {**sent, **fixed}, 2 * most)
        except (TimeoutError, httpx.ReadTimeout):
            await asyncio.shield(self._kill(id))
            raise SqlRefused(too_late(self.settings.timeout_seconds)) from None
        except asyncio.CancelledError:
            await asyncio.shield(self._kill(id))
            raise
        except httpx.HTTPError as failed:
            raise _unavailable(str(failed) or type(failed).__name__) from failed

    async def _read(self, sql: str, parameters: Mapping[str, str], most: int) -> Reply:
        body = bytearray()
        async with self.client.stream("POST", "/", params=dict(parameters), content=sql.encode()) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > most:
                    break
        if response.status_code == httpx.codes.OK:
            return read_reply(bytes(body))
        raise refusal(
            response.status_code,
            bytes(body).decode("utf-8", "replace"),
            too_late(self.settings.timeout_seconds),
            role="role" in parameters,
        )

    async def _kill(self, id: str) -> None:
        """Ask the server to stop a query; it does so by itself at its time limit, or when it sees that we are gone."""
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self.client.post("/", content=f"KILL QUERY WHERE query_id = '{id}' ASYNC")

    async def _first_rows(self, table: str, columns: Sequence[str], role: str) -> Mapping[str, tuple[str, ...]]:
        if not columns:
            return {}
        shown = ", ".join(f"substringUTF8(toString({_quoted(one)}), 1, {LONGEST_SAMPLE + 1})" for one in columns)
        query = f"SELECT {shown} FROM {_quoted(table)} LIMIT {SAMPLED_ROWS}"  # noqa: S608 - quoted names
        try:
            reply = await self._asked(query, role, {"max_execution_time": _SAMPLE_SECONDS})
        except SqlRefused:
            # A table that cannot be read now is described all the same.
            return {}
        return {column: samples([row[place] for row in reply.rows]) for place, column in enumerate(columns)}


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _unavailable(reason: str) -> SqlUnavailable:
    return SqlUnavailable(f"ClickHouse cannot be asked ({reason}); check [connectors.sql.clickhouse].")


@asynccontextmanager
async def connect(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Database]:
    """The database; ``transport`` stands in for the network."""
    verify = ssl.create_default_context(cafile=str(settings.tls_ca)) if settings.tls_ca else True
    headers = {"X-ClickHouse-User": settings.user}
    if password := settings.password.get_secret_value():
        headers["X-ClickHouse-Key"] = password
    async with httpx.AsyncClient(
        base_url=str(settings.url).rstrip("/"),
        headers=headers,
        timeout=httpx.Timeout(settings.timeout_seconds + 2 * GRACE_SECONDS, connect=settings.connect_seconds),
        transport=transport or httpx.AsyncHTTPTransport(verify=verify, retries=1),
    ) as client:
        yield ClickhouseDatabase(settings, client)
