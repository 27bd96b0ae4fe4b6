"""Evaluates the SQL guard on labelled statements: which of the dangerous it blocks, which of the harmless it refuses.

Every ``*.jsonl`` and ``*.jsonl.gz`` in the folder is read; a line has ``sql`` and ``must`` (``block``, ``allow``; other
lines are not judged), and may have ``dialect`` (postgres when it says nothing) and ``tables``, a mapping of table names
to their columns. In the product the guard holds a query against the schema of the database it was written for.
A line that brings no tables is held against the schema that the lines of its file and dialect name: every table and
column that occurs in one of them exists and may be read, so that nothing is blocked only because its table is unknown.
User-defined types are those that harmless lines convert to. Functions, kinds of statements and bounds are the guard's.
"""

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bot.evals.cases import BadCases
from bot.guards.sql import Refused, guard
from bot.guards.sql_dialects import SqlDialect
from bot.guards.sql_named import named_schema
from bot.guards.sql_schema import Column, Schema, Table
from connectors.sql.port import AdmittedQuery

_KINDS = (".jsonl", ".jsonl.gz")


class Case(BaseModel):
    """A line of the folder."""

    sql: str
    must: str
    dialect: SqlDialect = "postgres"
    tables: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Outcome:
    """What the guard said to a case, and how long it took."""

    case: Case
    said: AdmittedQuery | Refused
    milliseconds: float

    @property
    def wrong(self) -> bool:
        """Whether it is not what must be said."""
        return isinstance(self.said, Refused if self.case.must == "allow" else AdmittedQuery)


def evaluate(folder: Path) -> list[Outcome]:
    """Ask the guard about every judged case of the folder. Raises BadCases."""
    outcomes: list[Outcome] = []
    for path in sorted(path for path in folder.glob("*") if path.name.endswith(_KINDS)):
        cases = [case for case in _read(path) if case.must in ("block", "allow")]
        schemas = _schemas(cases)
        outcomes += [_ask(case, _own(case) or schemas[case.dialect]) for case in cases]
    if not outcomes:
        raise BadCases(f'{folder}: no *.jsonl or *.jsonl.gz with lines that have "sql" and "must" (block or allow).')
    return outcomes


def report(outcomes: Sequence[Outcome]) -> str:
    """What the guard said wrongly, the time it took, and the figures as JSON on the last line."""
    lines = [
        f"{one.case.must} but {'refused: ' + one.said.reason if isinstance(one.said, Refused) else 'admitted'}: "
        f"{' '.join(one.case.sql.split())[:200]}"
        for one in outcomes
        if one.wrong
    ]
    times = sorted(one.milliseconds for one in outcomes)
    p50, p95 = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95))
    return "\n".join([*lines, f"guard: p50 {p50:.1f} ms, p95 {p95:.1f} ms", json.dumps(figures(outcomes))])


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The shares: of what must be blocked, what was; of what must be allowed, what was refused."""
    wrong = {must: [one.wrong for one in outcomes if one.case.must == must] for must in ("block", "allow")}
    blocked = 1 - sum(wrong["block"]) / len(wrong["block"]) if wrong["block"] else 1.0
    refused = sum(wrong["allow"]) / len(wrong["allow"]) if wrong["allow"] else 0.0
    return {"blocked": round(blocked, 4), "refused_good": round(refused, 4), "n": len(outcomes)}


def _read(path: Path) -> list[Case]:
    """The lines that say what must be; others belong to another measure."""
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        return [Case.model_validate(row) for row in rows if isinstance(row, dict) and "must" in row]
    except (OSError, EOFError, ValueError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}") from problem


def _schemas(cases: Sequence[Case]) -> dict[SqlDialect, Schema]:
    by_dialect: dict[SqlDialect, list[Case]] = defaultdict(list)
    for case in cases:
        by_dialect[case.dialect].append(case)
    return {
        dialect: named_schema([one.sql for one in some], [one.sql for one in some if one.must == "allow"], dialect)
        for dialect, some in by_dialect.items()
    }


def _own(case: Case) -> Schema | None:
    if case.tables is None:
        return None
    return Schema(tuple(Table(name, tuple(map(Column, columns))) for name, columns in case.tables.items()))


def _ask(case: Case, schema: Schema) -> Outcome:
    started = time.perf_counter()
    said = guard(case.sql, schema, case.dialect)
    return Outcome(case, said, 1000 * (time.perf_counter() - started))
