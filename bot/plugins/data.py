"""Questions to a database: answered by a template, a verified query or a model's, and each of them passes the guard."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, StringConstraints

from bot.guards.redaction import redact
from bot.guards.sql_gate import Gate, NotRun, Readable
from bot.ladder import ALL, Ladder
from bot.plugin import SECONDS
from bot.rules.sql_descriptions import Example
from bot.rules.sql_examples import alike, compared, constants, word_for_word
from bot.rules.sql_linking import Linked, link, named
from bot.rules.sql_search import Search
from bot.rules.sql_templates import Asked, asks_for_figures, template
from bot.rules.sql_wording import UNANSWERED, Way, answered, described, verified
from bot.rules.terms import Terms
from bot.vocabulary import Evidence, RewrittenQuery, Rows, Spent
from connectors.llm.port import Level, Prompt
from connectors.sql.port import AdmittedQuery, Schema, SqlUnavailable
from connectors.sql.port import Rows as Found
from knowledge.language import language_of

KIND = "data"
"""What the database is called among the kinds of systems that a channel may ask."""
REPAIRS = 2
LARGE: tuple[Level, ...] = ("endpoint",)
# Columns of a schema in the prompt: on two cores the local model reads 60 to 90 tokens a second, some 12 to a column.
ROOMS: Mapping[Level, int] = {"endpoint": 150, "local": 40}
PATIENCE: Mapping[Level, float] = {"endpoint": 60.0, "local": 150.0}
"""Seconds for a query and its repairs; on two cores the local model takes 20 to 60 for each of them."""
_MOST_TOKENS = 400
_HAS_LETTERS = re.compile(r"^(?!\d{4}).*[^\W\d_]")
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
    rows: Found
    by: Way
    repairs: int = 0
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True)
class Unanswered:
    """Why there are no rows, in words for the person; ``sql`` is the last attempt, if there was one."""

    reason: str
    sql: str = ""
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True)
class Brief:
    """What a model is told for one question: ``said`` is what it may take values from, ``examples`` come before it."""

    query: RewrittenQuery
    readable: Readable
    linked: Linked
    said: str
    examples: Sequence[Example]
    trusted: Collection[Level]


@dataclass(frozen=True)
class Data:
    """Evidence out of a database. Whatever is asked of it has passed the gate.

    ``shows`` are the levels of models that may see sample values.
    """

    gate: Gate
    ladder: Ladder
    terms: Terms
    search: Search = field(default_factory=lambda: Search(None))
    shows: Collection[Level] = ALL
    clock: Callable[[], float] = time.monotonic
    name: str = "database"

    @property
    def seconds(self) -> float:
        """How long it is waited for, by the model that would write a query now."""
        best = self.ladder.best
        return PATIENCE[best.level] if best else SECONDS

    def wants(self, query: RewrittenQuery) -> bool:
        """A question for figures, or trouble, where a database may be asked; ``gather`` sees if it names a table."""
        if query.scope.tools is not None and KIND not in query.scope.tools:
            return False
        if query.route in ("data", "incident"):
            return True
        return query.route == "question" and (asks_for_figures(query.text) or self._verified(query) is not None)

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """One piece of evidence: the rows with their query, or why there are none. Raises SqlUnavailable."""
        outcome = await self.ask(query)
        if outcome is None:
            return ()
        if isinstance(outcome, Unanswered):
            id, text = f"failure:{self.name}", outcome.reason
            return (Evidence(id=id, kind="failure", title=self.name, text=text, spent=outcome.spent),)
        found, asked = outcome.rows, outcome.query
        capped = found.truncated or len(found.rows) == asked.rows
        return (
            Evidence(
                id=f"data:{hashlib.sha256(asked.text.encode()).hexdigest()[:16]}",
                kind="data",
                title="数据库" if query.language == "zh" else "Database",
                heading=", ".join(asked.tables),
                text=answered(asked, found, by=outcome.by, language=query.language),
                query=asked.text,
                rows=Rows(columns=found.columns, rows=found.rows, total=len(found.rows), capped=capped),
                spent=outcome.spent,
            ),
        )

    async def check(self) -> None:
        """Raises BadDescriptions when the team's file does not fit the database.

        One that is down or slow is left for the first question.
        """
        try:
            async with asyncio.timeout(SECONDS):
                await self.gate.schemas()
        except (SqlUnavailable, TimeoutError) as down:
            structlog.get_logger().warning("database not checked", reason=str(down) or "it takes too long")

    async def ask(self, query: RewrittenQuery) -> Answered | Unanswered | None:
        """The rows that answer a question, or why not; None when it is none for a database."""
        readable = await self.gate.readable(query.groups)
        example = self._verified(query)
        if example and (found := await self._known(example.sql, "verified", readable)):
            return found
        if query.route != "data" and not self._names_a_table(query.text, readable.shown):
            return None
        linked = link(query.text, readable.shown, self.terms, query.entities.services)
        asked = Asked(
            query.text, linked, readable.shown, self.gate.database.dialect, query.entities.window, self.gate.policy.rows
        )
        sql = template(asked, self.terms)
        if sql and (found := await self._known(sql, "template", readable)):
            return found
        if query.route == "question":
            # It may ask for the latest runbook as well: only a template is sure that the database is meant.
            return None
        return await self._by_model(await self._brief(query, readable))

    async def _known(self, sql: str, by: Way, readable: Readable) -> Answered | None:
        """What a query gives that was there before the question; None when it may not run for this asker."""
        try:
            return Answered(*await self.gate.run(sql, readable), by=by)
        except NotRun as refused:
            # The reason of a template's may quote what somebody asked, which is for no log.
            structlog.get_logger().warning("query refused", by=by, reason=str(refused) if by == "verified" else "")
            return None

    async def _brief(self, query: RewrittenQuery, readable: Readable) -> Brief:
        level: Level = self.ladder.best.level if self.ladder.best else "endpoint"
        known = self.gate.descriptions.examples
        near = await self.search.near(query.text, readable.role, readable.common, known)
        linked = link(query.text, readable.shown, self.terms, query.entities.services, ROOMS[level], near.scores)
        linked = replace(linked, relevant=linked.relevant or near.relevant)
        shown = level in self.shows
        told = described(self.gate.database.dialect, linked, query.entities.window, samples=shown)
        # A small model answers whatever it is asked. Where nothing of the question is in the schema, only a large one
        # may find that it is about it all the same. What one model may see, another may not.
        trusted = [one for one in (ALL if linked.relevant else LARGE) if not shown or one in self.shows]
        like = alike(query.text, known, readable.shown, self.terms, near.similar)
        close = [one for one in like if self.gate.allows(one.sql, readable)]
        return Brief(query, readable, linked, f"{told}\nQUESTION\n{query.text}", close, trusted)

    async def _by_model(self, brief: Brief) -> Answered | Unanswered:
        asked, words, started = self.ladder.for_question(), UNANSWERED[brief.query.language], self.clock()
        told = f"{verified(brief.examples)}{brief.said}"
        material, sql, reason = told, "", words["no model" if brief.linked.relevant else "irrelevant"]
        for repairs in range(1 + REPAIRS):
            draft = await asked.ask(prompt(material), Draft, max_tokens=_MOST_TOKENS, trusted=brief.trusted)
            if draft is None or (draft.sql and draft.sql == sql):
                break
            sql = draft.sql
            try:
                return replace(await self._tried(draft, brief, repairs), spent=asked.spent())
            except NotRun as refused:
                reason = words["refused"].format(refused)
                # A database quotes the value that it stumbles over.
                why = redact(str(refused)[:500]).text
                material = f"{told}\nREFUSED QUERY\n{sql or 'none'}\nREASON\n{why}"
            if self.clock() - started > self.seconds / 2:
                break
        return Unanswered(reason, sql, asked.spent())

    async def _tried(self, draft: Draft, brief: Brief, repairs: int) -> Answered | Unanswered:
        """What comes of a draft. Raises NotRun when another one may do better."""
        if not draft.sql:
            # Small models give up on tables that they were shown.
            held = draft.missing and link(draft.missing, brief.readable.shown, self.terms).relevant
            if held and repairs < REPAIRS:
                raise NotRun(f"The SCHEMA does hold {draft.missing}: write the query.")
            return Unanswered(_missing(draft.missing, brief.query))
        _check_said(draft.sql, brief)
        admitted, rows = await self.gate.run(draft.sql, brief.readable)
        if not admitted.tables:
            # It said something by itself, and read nothing.
            return Unanswered(_missing("", brief.query), draft.sql)
        return Answered(admitted, rows, by="model", repairs=repairs)

    def _verified(self, query: RewrittenQuery) -> Example | None:
        # A follow-up means what its thread makes of it, whatever its own words are.
        said = (query.text,) if query.follow_up else (query.text, query.asked)
        found = (word_for_word(text, self.gate.descriptions.examples) for text in said)
        return next((one for one in found if one), None)

    def _names_a_table(self, text: str, schema: Schema) -> bool:
        wanted = self.terms(text)
        return any(named(table, wanted, self.terms) for table in schema.tables)


def _missing(what: str, query: RewrittenQuery) -> str:
    """What the database lacks, in the question's language."""
    own = what if language_of(what) == query.language else ""
    return UNANSWERED[query.language]["missing"].format(own or query.text)


def prompt(material: str = "") -> Prompt:
    """The prompt for a query, or its fixed part."""
    return Prompt(_instruction(), material, _EXAMPLES)


@cache
def _instruction() -> str:
    return Path(__file__).with_suffix(".md").read_text(encoding="utf-8").strip()


def _check_said(sql: str, brief: Brief) -> None:
    """Refuses a query with a text that nobody said and no column is known to hold: small models make them up."""
    meant = [text for one in brief.examples for text in constants(one)]
    held = [text for table in brief.readable.shown.tables for column in table.columns for text in column.samples]
    said = "\n".join([brief.said, *meant, *held]).casefold()
    for text in compared(sql):
        plain = text.strip("%").casefold()
        if _HAS_LETTERS.search(plain) and "%" not in plain and plain not in said:
            raise NotRun(f"The value '{text}' is neither in the question nor in the schema.")
