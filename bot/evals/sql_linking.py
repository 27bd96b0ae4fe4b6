"""Evaluates which part of a schema is chosen for a question: are the tables of the gold query in it, and how much more.

The folder is that of the suite ``sql``. Its databases are taken one by one, or together as one large database, in which
tables of the same name in another one are left out.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bot.evals.cases import BadCases
from bot.evals.sql import Case, open_database, read_cases
from bot.evals.sql_results import alternatives
from bot.guards.sql_gate import Gate, NotRun
from bot.rules.sql_linking import link
from bot.rules.sql_wording import document
from bot.rules.terms import content_terms
from connectors.sql.port import Schema
from knowledge.annex import Annex


@dataclass(frozen=True)
class Trial:
    """How the part is chosen: with so much room, by words alone or (with an annex) by meaning too."""

    room: int
    together: bool
    server: str
    annex: Annex | None


@dataclass(frozen=True)
class Outcome:
    """What was chosen for a case. ``best`` is the cosine of the nearest table."""

    case: Case
    needed: frozenset[str]
    chosen: frozenset[str]
    columns: int
    relevant: bool
    best: float


async def evaluate(folder: Path, trial: Trial) -> list[Outcome]:
    """Choose for every question whose gold query the guard admits. Raises BadCases."""
    cases = read_cases(folder / "questions.jsonl")
    needed: dict[str, frozenset[str]] = {}
    schemas: dict[str, Schema] = {}
    async with AsyncExitStack() as stack:
        for name in dict.fromkeys(case.db for case in cases):
            gate = Gate((await stack.enter_async_context(open_database(folder, name, trial.server))).database)
            readable = await gate.readable(())
            schemas[name] = readable.shown
            for case in (one for one in cases if one.db == name):
                try:
                    needed[case.id] = frozenset(gate.admitted(alternatives(case.gold)[0], readable).tables)
                except NotRun:
                    continue
    asked = _together(schemas) if trial.together else schemas
    chosen = [await _outcome(case, needed[case.id], asked[case.db], trial) for case in cases if case.id in needed]
    if not chosen:
        raise BadCases(f"{folder}: no gold query can be read.")
    return chosen


def report(outcomes: Sequence[Outcome]) -> str:
    """The questions without some of their tables, and the figures as JSON on the last line."""
    lines = [
        f"{one.case.id} ({one.case.db}): without {', '.join(sorted(one.needed - one.chosen))}: {one.case.question}"
        for one in outcomes
        if not one.needed <= one.chosen
    ]
    return "\n".join([*lines, json.dumps(figures(outcomes))])


def figures(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """Shares: of questions with all their tables, of tables; the mean of columns shown; of questions held relevant."""
    tables = sum(len(one.needed) for one in outcomes)
    return {
        "complete": round(sum(one.needed <= one.chosen for one in outcomes) / len(outcomes), 4),
        "tables": round(sum(len(one.needed & one.chosen) for one in outcomes) / max(1, tables), 4),
        "columns": round(sum(one.columns for one in outcomes) / len(outcomes), 1),
        "relevant": round(sum(one.relevant for one in outcomes) / len(outcomes), 4),
        "n": len(outcomes),
    }


async def _outcome(case: Case, needed: frozenset[str], schema: Schema, trial: Trial) -> Outcome:
    near, best = {}, 0.0
    if trial.annex:
        await trial.annex.keep(case.db, {table.name: document(table) for table in schema.tables})
        found = await trial.annex.near(case.db, case.question)
        near = {name: one.score for name, one in found.items()}
        best = max((one.similarity for one in found.values()), default=0.0)
    linked = link(case.question, schema, content_terms, (), trial.room, near)
    columns = sum(len(table.columns) for table in linked.tables)
    return Outcome(case, needed, frozenset(one.name for one in linked.tables), columns, linked.relevant, best)


def _together(schemas: Mapping[str, Schema]) -> Mapping[str, Schema]:
    """One schema of all tables for every database, but with its own ones where names are the same."""
    found = {}
    for name, own in schemas.items():
        mine = {table.name for table in own.tables}
        others = (table for other, schema in schemas.items() if other != name for table in schema.tables)
        tables = {table.name: table for table in others if table.name not in mine}
        found[name] = replace(own, tables=(*own.tables, *tables.values()))
    return found
