"""The gate before a database: what somebody may read of it, and queries that pass guard and ceiling."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bot.guards import sql as guards
from bot.guards import sql_schema
from bot.guards.sql_samples import without_secrets
from bot.rules.sql_access import Limited, Policy, visible
from bot.rules.sql_descriptions import BadDescriptions, Descriptions, read_descriptions
from connectors.sql.port import AdmittedQuery, Database, Rows, Schema, SqlRefused, SqlUnavailable, Table

SCHEMA_SECONDS = 600.0


class NotRun(Exception):
    """A query was refused, by us or by the database; the message says why, so that another one can be written."""


@dataclass(frozen=True)
class Readable:
    """A database as one person may read it. ``common`` is what everybody of the same role may, samples included."""

    shown: Schema
    common: Schema
    guarded: sql_schema.Schema
    role: str


@dataclass
class Gate:
    """Whatever is asked of the database passes here: the guard first, then the database's own estimate.

    Nothing is asked while the policy or the team's file names what is not there: a column that is misspelt in the
    policy would be open.
    """

    database: Database
    policy: Policy = field(default_factory=Policy)
    descriptions: Descriptions = field(default_factory=Descriptions)
    clock: Callable[[], float] = time.monotonic
    _known: tuple[float, Mapping[str, Schema]] | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def readable(self, groups: Sequence[str]) -> Readable:
        """What somebody in these groups may read. Raises SqlUnavailable and BadDescriptions."""
        role = self.policy.role(groups)
        schema = (await self.schemas())[role]
        limits = self.policy.limits(schema, groups)
        shown = visible(schema, self.policy, limits)
        common = visible(schema, self.policy, self.policy.limits(schema, ()))
        return Readable(shown, common, _guarded(schema, {one.name for one in shown.tables}, limits), role)

    async def schemas(self) -> Mapping[str, Schema]:
        """The schema by role, in the team's words; ``""`` is the connection's own user. Raises as ``readable``."""
        async with self._reading:
            if self._known is None or self.clock() - self._known[0] > SCHEMA_SECONDS:
                read = {role: await self._read(role) for role in ("", *self.policy.roles.values())}
                self._check(_union(read.values()))
                said = {role: without_secrets(self.descriptions.described(schema)) for role, schema in read.items()}
                self._known = self.clock(), said
            return self._known[1]

    async def _read(self, role: str) -> Schema:
        try:
            return await self.database.schema(role)
        except SqlRefused as refused:
            # A slow catalogue, or one that the user may not look at.
            raise SqlUnavailable(f"The database does not tell its tables: {refused}.") from refused

    def admitted(self, sql: str, readable: Readable) -> AdmittedQuery:
        """The query as it may run. Raises NotRun."""
        limits = guards.Limits(rows=self.policy.rows)
        admitted = guards.guard(sql, readable.guarded, self.database.dialect, limits)
        if isinstance(admitted, guards.Refused):
            raise NotRun(admitted.reason)
        return admitted

    def allows(self, sql: str, readable: Readable) -> bool:
        """Whether somebody may run a query, and so may know of what it names."""
        try:
            self.admitted(sql, readable)
        except NotRun:
            return False
        return True

    async def run(self, sql: str, readable: Readable) -> tuple[AdmittedQuery, Rows]:
        """What a query gives, behind guard and ceiling. Raises NotRun and SqlUnavailable."""
        admitted = self.admitted(sql, readable)
        try:
            plan = await self.database.explain(admitted, readable.role)
            _hold("rows", plan.rows, self.policy.plan_rows)
            _hold("units of cost", plan.cost, self.policy.plan_cost)
            return admitted, await self.database.run(admitted, readable.role)
        except SqlRefused as refused:
            raise NotRun(f"The database says: {refused}") from refused

    def _check(self, schema: Schema) -> None:
        if unknown := self.policy.unknown(schema):
            raise SqlUnavailable(
                f"[data] in nightshift.toml names {', '.join(unknown)}, which is not in the database: correct it."
            )
        everything = Readable(schema, schema, _guarded(schema, {one.name for one in schema.tables}, {}), "")
        wrong = list(self.descriptions.unknown(schema))
        for number, example in enumerate(self.descriptions.examples):
            try:
                self.admitted(example.sql, everything)
            except NotRun as refused:
                wrong.append(
                    self.descriptions.mistake(("examples", number, "sql"), f"this query may not run: {refused}")
                )
        if wrong:
            raise BadDescriptions("\n".join(wrong))


def open_gate(database: Database, about: Mapping[str, Any]) -> Gate:
    """The gate as a table ``[data]`` describes it. Raises BadDescriptions."""
    policy = Policy(**{one.name: about[one.name] for one in fields(Policy)})
    return Gate(database, policy, read_descriptions(about["descriptions"]))


def _union(schemas: Iterable[Schema]) -> Schema:
    """All that any role sees: nobody need see everything that the policy names."""
    tables: dict[str, Table] = {}
    several = list(schemas)
    for table in (table for schema in several for table in schema.tables):
        known = tables.setdefault(table.name, table)
        more = tuple(one for one in table.columns if known.column(one.name) is None)
        tables[table.name] = replace(known, columns=(*known.columns, *more))
    return replace(several[0], tables=tuple(tables.values()))


def _guarded(schema: Schema, allowed: set[str], limits: Mapping[tuple[str, str], Limited]) -> sql_schema.Schema:
    tables = tuple(
        sql_schema.Table(
            table.name,
            tuple(
                sql_schema.Column(column.name, limits.get((table.name, column.name), "open"), column.type)
                for column in table.columns
            ),
        )
        for table in schema.tables
        if table.name in allowed
    )
    return sql_schema.Schema(tables, schema.default, frozenset(schema.enumerations))


def _hold(what: str, expected: float | None, most: float) -> None:
    if expected is not None and expected > most:
        raise NotRun(f"It would take about {expected:,.0f} {what}, and {most:,.0f} are allowed: ask for less.")
