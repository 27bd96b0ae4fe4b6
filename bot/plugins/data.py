"""Questions to a database: answered by a template or by a model's query, and either passes the guard."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, StringConstraints

from bot.guards import sql as guards
from bot.guards import sql_schema
from bot.ladder import ALL, Ladder
from bot.rules.sql_access import Limited, Policy, visible
from bot.rules.sql_linking import Linked, link, named
from bot.rules.sql_templates import Asked, asks_for_figures, template
from bot.rules.sql_wording import answered, described
from bot.rules.terms import Terms
from bot.vocabulary import Evidence, Language, RewrittenQuery
from connectors.llm.port import Level, Prompt
from connectors.sql.port import AdmittedQuery, Database, Rows, Schema, SqlRefused, SqlUnavailable
from knowledge.language import language_of

REPAIRS = 2
LARGE: tuple[Level, ...] = ("endpoint",)
SCHEMA_SECONDS = 600.0
# Columns of a schema in the prompt: on two cores the local model reads 60 to 90 tokens a second, some 12 to a column.
ROOMS: Mapping[Level, int] = {"endpoint": 150, "local": 40}
_MOST_TOKENS = 400
# Texts that something is compared with; of a list the first one.
_COMPARED = re.compile(r"(?:=|<>|\bI?LIKE|\bIN\s*\()\s*'((?:[^']|'')*)'", re.IGNORECASE)
_HAS_LETTERS = re.compile(r"^(?!\d{4}).*[^\W\d_]")
_UNANSWERED: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "irrelevant": "nothing in its schema matches the question",
        "no model": "no template fits the question, and no model could write a query",
        "missing": "it does not hold this: {}",
        "refused": "no query for it could be run: {}",
    },
    "zh": {
        "irrelevant": "数据库结构中没有与问题相符的内容",
        "no model": "没有适合该问题的模板，也没有模型可以编写查询",
        "missing": "其中没有这些数据：{}",
        "refused": "没有可执行的查询：{}",
    },
}
_EXAMPLES = (
    (
        "DIALECT\nPostgreSQL\nSCHEMA\nhost:\n  id integer primary key\n  name text such as 'db-1', 'web-7'\nreboot:\n"
        "  host_id integer = host.id\n  at timestamp\nVALUES\nhost.name = 'db-1'\nTIME\n上周: from "
        "'2026-01-05 00:00:00' to before '2026-01-12 00:00:00'\nQUESTION\n上周 db-1 重启了几次？",
        '{"sql": "SELECT COUNT(*) FROM reboot JOIN host ON host.id = reboot.host_id WHERE host.name = \'db-1\' '
        'AND reboot.at >= \'2026-01-05 00:00:00\' AND reboot.at < \'2026-01-12 00:00:00\'", "missing": ""}',
    ),
    (
        "DIALECT\nSQLite\nSCHEMA\nhost:\n  id integer primary key\n  name text\nQUESTION\nWho won the cup in 1998?",
        '{"sql": "", "missing": "cup winners"}',
    ),
)


class Draft(BaseModel):
    """What the model is asked for: a query, or what the schema lacks."""

    sql: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
    missing: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""


@dataclass(frozen=True)
class Answered:
    """A query that ran, and what it gave."""

    query: AdmittedQuery
    rows: Rows
    by_template: bool
    repairs: int = 0


@dataclass(frozen=True)
class Unanswered:
    """Why there are no rows, in words for the person; ``sql`` is the last attempt, if there was one."""

    reason: str
    sql: str = ""


class NotRun(Exception):
    """A query was refused, by us or by the database; the message says why, so that another one can be written."""


@dataclass(frozen=True)
class Readable:
    """A database as one person may read it."""

    shown: Schema
    guarded: sql_schema.Schema
    role: str


@dataclass(frozen=True)
class Data:
    """Evidence out of a database. Whatever is asked of it has passed the guard, and was explained before it is run."""

    database: Database
    ladder: Ladder
    terms: Terms
    policy: Policy = field(default_factory=Policy)
    clock: Callable[[], float] = time.monotonic
    name: str = "database"
    _schemas: dict[str, tuple[float, Schema]] = field(default_factory=dict)

    def wants(self, query: RewrittenQuery) -> bool:
        """A question for figures, or trouble; whether it names a table, ``gather`` sees."""
        return query.route in ("data", "incident") or (query.route == "question" and asks_for_figures(query.text))

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """One piece of evidence: the rows with their query, or why there are none. Raises SqlUnavailable."""
        outcome = await self.ask(query)
        if outcome is None:
            return ()
        if isinstance(outcome, Unanswered):
            return (Evidence(id=f"failure:{self.name}", kind="failure", title=self.name, text=outcome.reason),)
        text = answered(outcome.query, outcome.rows, by_template=outcome.by_template, language=query.language)
        id = hashlib.sha256(outcome.query.text.encode()).hexdigest()[:16]
        title = "数据库" if query.language == "zh" else "Database"
        return (
            Evidence(id=f"data:{id}", kind="data", title=title, heading=", ".join(outcome.query.tables), text=text),
        )

    async def ask(self, query: RewrittenQuery) -> Answered | Unanswered | None:
        """The rows that answer a question, or why not; None when it is none for a database."""
        readable = await self.readable(query.groups)
        room = ROOMS[self.ladder.best.level if self.ladder.best else "endpoint"]
        linked = link(query.text, readable.shown, self.terms, query.entities.services, room)
        if query.route != "data" and not self._names_a_table(query.text, readable.shown):
            return None
        asked = Asked(
            query.text, linked, readable.shown, self.database.dialect, query.entities.window, self.policy.rows
        )
        if sql := template(asked, self.terms):
            try:
                admitted, rows = await self.run(sql, readable)
            except NotRun as refused:
                structlog.get_logger().warning("template refused", reason=str(refused))
            else:
                return Answered(admitted, rows, by_template=True)
        if query.route == "question":
            # It may ask for the latest runbook as well: only a template is sure that the database is meant.
            return None
        return await self._by_model(query, linked, readable)

    async def readable(self, groups: Sequence[str]) -> Readable:
        """What somebody in these groups may read. Raises SqlUnavailable."""
        role = self.policy.role(groups)
        schema = await self._schema(role)
        limits = self.policy.limits(schema, groups)
        shown = visible(schema, self.policy, limits)
        allowed = {table.name for table in shown.tables}
        return Readable(shown, _guarded(schema, allowed, limits), role)

    async def run(self, sql: str, readable: Readable) -> tuple[AdmittedQuery, Rows]:
        """What a query gives, behind guard and ceiling. Raises NotRun and SqlUnavailable."""
        limits = guards.Limits(rows=self.policy.rows)
        admitted = guards.guard(sql, readable.guarded, self.database.dialect, limits)
        if isinstance(admitted, guards.Refused):
            raise NotRun(admitted.reason)
        try:
            plan = await self.database.explain(admitted, readable.role)
            _hold("rows", plan.rows, self.policy.plan_rows)
            _hold("units of cost", plan.cost, self.policy.plan_cost)
            return admitted, await self.database.run(admitted, readable.role)
        except SqlRefused as refused:
            raise NotRun(f"The database says: {refused}") from refused

    async def _by_model(self, query: RewrittenQuery, linked: Linked, readable: Readable) -> Answered | Unanswered:
        asked, words = self.ladder.for_question(), _UNANSWERED[query.language]
        said = f"{described(self.database.dialect, linked, query.entities.window)}\nQUESTION\n{query.text}"
        material, sql, reason = said, "", words["no model" if linked.relevant else "irrelevant"]
        # A small model answers whatever it is asked. Where no word of the question is in the schema, only a large one
        # may find that it is about it all the same, in another language.
        trusted = ALL if linked.relevant else LARGE
        for repairs in range(1 + REPAIRS):
            draft = await asked.ask(prompt(material), Draft, max_tokens=_MOST_TOKENS, trusted=trusted)
            if draft is None or (draft.sql and draft.sql == sql):
                break
            sql = draft.sql
            try:
                return await self._tried(draft, said, query, readable, repairs)
            except NotRun as refused:
                reason = words["refused"].format(refused)
                material = f"{said}\nREFUSED QUERY\n{sql or 'none'}\nREASON\n{str(refused)[:500]}"
        return Unanswered(reason, sql)

    async def _tried(
        self, draft: Draft, said: str, query: RewrittenQuery, readable: Readable, repairs: int
    ) -> Answered | Unanswered:
        """What comes of a draft. Raises NotRun when another one may do better."""
        if not draft.sql:
            # Small models give up on tables that they were shown.
            if draft.missing and repairs < REPAIRS and link(draft.missing, readable.shown, self.terms).relevant:
                raise NotRun(f"The SCHEMA does hold {draft.missing}: write the query.")
            return Unanswered(_missing(draft.missing, query))
        _check_said(draft.sql, said)
        admitted, rows = await self.run(draft.sql, readable)
        if not admitted.tables:
            # It said something by itself, and read nothing.
            return Unanswered(_missing("", query), draft.sql)
        return Answered(admitted, rows, by_template=False, repairs=repairs)

    async def _schema(self, role: str) -> Schema:
        known = self._schemas.get(role)
        if known is None or self.clock() - known[0] > SCHEMA_SECONDS:
            known = self.clock(), await self.database.schema(role)
            # A role may see less than is named; what the connection's own user does not see is a mistake.
            if not role and (unknown := self.policy.unknown(known[1])):
                raise SqlUnavailable(
                    f"[data] in nightshift.toml names {', '.join(unknown)}, which is not in the database: correct it."
                )
            self._schemas[role] = known
        return known[1]

    def _names_a_table(self, text: str, schema: Schema) -> bool:
        wanted = self.terms(text)
        return any(named(table, wanted, self.terms) for table in schema.tables)


def _missing(what: str, query: RewrittenQuery) -> str:
    """What the database lacks, in the question's language."""
    own = what if language_of(what) == query.language else ""
    return _UNANSWERED[query.language]["missing"].format(own or query.text)


def prompt(material: str = "") -> Prompt:
    """The prompt for a query, or its fixed part."""
    return Prompt(_instruction(), material, _EXAMPLES)


@cache
def _instruction() -> str:
    return Path(__file__).with_suffix(".md").read_text(encoding="utf-8").strip()


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


def _check_said(sql: str, said: str) -> None:
    """Refuses a query with a text that nobody said and no column is known to hold: small models make them up."""
    folded = said.casefold()
    for text in _COMPARED.findall(sql):
        plain = text.replace("''", "'").strip("%").casefold()
        if _HAS_LETTERS.search(plain) and "%" not in plain and plain not in folded:
            raise NotRun(f"The value '{text}' is neither in the question nor in the schema.")
