"""Evaluates questions to databases: execution accuracy, and whether what cannot be answered is refused.

A folder holds ``questions.jsonl``, ``unanswerable.jsonl`` if any, and databases: ``db/*.sqlite``, or ``schemas/*.sql``
that are loaded into a PostgreSQL server, each into a database of its own that is dropped afterwards.
"""

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from bot.evals.cases import BadCases
from bot.evals.measures import percentile
from bot.evals.sql_results import Row, alternatives, is_ordered, same
from bot.guards.sql_gate import Gate, NotRun
from bot.ladder import Ladder
from bot.plugins.data import Answered, Data, Unanswered
from bot.rules.entities import find_entities
from bot.rules.sql_access import Policy
from bot.rules.sql_search import Search
from bot.rules.terms import content_terms
from bot.vocabulary import RewrittenQuery
from connectors.configuration import Roots
from connectors.load import load
from connectors.sql.port import Database
from knowledge.language import language_of
from knowledge.library import Library

_MOST_ROWS = 20_000
_ROOMY = {"max_bytes": 20_000_000, "timeout_seconds": 30.0}
_HERE = Roots(Path(), Path())

Truth = Callable[[str], list[Row]]
"""Runs a query as it stands: what the gold queries give."""


class Case(BaseModel):
    """A line of questions.jsonl."""

    id: str
    db: str
    question: str = Field(validation_alias=AliasChoices("question", "question_en"))
    instructions: str = ""
    gold: str


@dataclass(frozen=True)
class Opened:
    """One database, as the assistant asks it and as the gold queries are run on it."""

    database: Database
    truth: Truth


@dataclass(frozen=True)
class Outcome:
    """What came of a case. ``right`` allows columns beside those asked for, ``exact`` does not."""

    case: Case
    answerable: bool
    seconds: float
    right: bool = False
    exact: bool = False
    refused: bool = False
    by_template: bool = False
    sql: str = ""
    said: str = ""


@dataclass(frozen=True)
class Trial:
    """How the cases are asked. ``gold`` feeds their own queries through guard and database instead of a model.

    Without a ``library`` the part of the schema that a model is shown is chosen by words alone.
    """

    ladder: Ladder
    now: datetime
    gold: bool
    sample: int
    server: str
    library: Library | None = None


async def evaluate(folder: Path, trial: Trial, progress: Callable[[int, int], None]) -> list[Outcome]:
    """Ask every case, or every so many of them. Raises BadCases."""
    answerable = _sampled(read_cases(folder / "questions.jsonl"), trial.sample)
    others = folder / "unanswerable.jsonl"
    unanswerable = [] if trial.gold or not others.exists() else _sampled(read_cases(others), trial.sample)
    cases = [*((case, True) for case in answerable), *((case, False) for case in unanswerable)]
    outcomes = []
    async with AsyncExitStack() as stack:
        opened: dict[str, Data] = {}
        truths: dict[str, Truth] = {}
        for number, (case, expects) in enumerate(cases):
            if case.db not in opened:
                found = await stack.enter_async_context(open_database(folder, case.db, trial.server))
                policy = Policy(rows=_MOST_ROWS, plan_rows=1e12, plan_cost=1e12)
                search = Search(trial.library.annex(f"eval-{case.db}") if trial.library else None)
                opened[case.db] = Data(Gate(found.database, policy), trial.ladder, content_terms, search)
                truths[case.db] = found.truth
            outcomes.append(await _outcome(case, opened[case.db], truths[case.db], trial, answerable=expects))
            progress(number + 1, len(cases))
    return outcomes


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares: of answerable questions answered right, exactly and wrongly refused; of the others rightly refused."""
    asked = [one for one in outcomes if one.answerable]
    others = [one for one in outcomes if not one.answerable]
    return {
        "accuracy": _share([one.right for one in asked]),
        "exact": _share([one.exact for one in asked]),
        "refused_answerable": _share([one.refused for one in asked]),
        "by_template": _share([one.by_template for one in asked]),
        **({"refused_unanswerable": _share([one.refused for one in others])} if others else {}),
        "seconds_p50": round(percentile([one.seconds for one in outcomes], 0.5), 3),
        "n": len(outcomes),
    }


def report(outcomes: Sequence[Outcome]) -> str:
    """What went wrong, one line each, and the figures as JSON on the last line."""
    lines = [
        f"{one.case.id} ({one.case.db}): {one.said or ('wrong rows' if one.answerable else 'answered')}: "
        f"{one.case.question} | {' '.join(one.sql.split())}"
        for one in outcomes
        if (not one.right if one.answerable else not one.refused)
    ]
    return "\n".join([*lines, json.dumps(figures(outcomes))])


async def _outcome(case: Case, data: Data, truth: Truth, trial: Trial, *, answerable: bool) -> Outcome:
    golds = alternatives(case.gold) if answerable else []
    expected = [truth(gold) for gold in golds]
    if trial.gold:
        return await _fed(case, list(zip(golds, expected, strict=True)), data)
    started = time.perf_counter()
    outcome = await data.ask(_query(case, trial.now))
    seconds = time.perf_counter() - started
    if not isinstance(outcome, Answered):
        said = outcome.reason if isinstance(outcome, Unanswered) else "it was not asked"
        last = outcome.sql if isinstance(outcome, Unanswered) else ""
        return Outcome(case, answerable, seconds, refused=True, sql=last, said=said)
    rows, ordered = outcome.rows.rows, is_ordered(case.question, case.gold)
    return Outcome(
        case,
        answerable,
        seconds,
        right=any(same(rows, one, ordered=ordered, extra=True) for one in expected),
        exact=any(same(rows, one, ordered=ordered, extra=False) for one in expected),
        by_template=outcome.by == "template",
        sql=outcome.query.text,
    )


async def _fed(case: Case, golds: Sequence[tuple[str, list[Row]]], data: Data) -> Outcome:
    """Every alternative of the gold query goes through guard and database, and must give what it gives by itself."""
    started, said = time.perf_counter(), ""
    readable = await data.gate.readable(())
    right = True
    for gold, expected in golds:
        try:
            _, found = await data.gate.run(gold, readable)
        except NotRun as refused:
            said, right = str(refused), False
            continue
        right = right and same(found.rows, expected, ordered=is_ordered(case.question, gold), extra=False)
    seconds = time.perf_counter() - started
    return Outcome(
        case, answerable=True, seconds=seconds, right=right, exact=right, refused=bool(said), sql=case.gold, said=said
    )


def _query(case: Case, now: datetime) -> RewrittenQuery:
    text = f"{case.question}\n{case.instructions}".strip()
    entities = find_entities(case.question, lambda _: (), now)
    return RewrittenQuery(
        text=text,
        asked=case.question,
        searches=(text,),
        language=language_of(case.question),
        asked_at=now,
        route="data",
        entities=entities,
    )


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. Raises BadCases."""
    try:
        cases = [Case.model_validate_json(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    if not cases:
        raise BadCases(f"{path}: there is no case in it.")
    return cases


def _sampled(cases: list[Case], most: int) -> list[Case]:
    """At most so many cases, evenly spread over all; all of them for 0."""
    if not most or len(cases) <= most:
        return cases
    return [cases[number * len(cases) // most] for number in range(most)]


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


@asynccontextmanager
async def open_database(folder: Path, name: str, server: str) -> AsyncIterator[Opened]:
    """The database of that name in a folder of cases. Raises BadCases."""
    file = folder / "db" / f"{name}.sqlite"
    if file.is_file():
        async with load("sql", "sqlite", {"path": file.absolute(), **_ROOMY}, _HERE) as database:
            yield Opened(database, lambda query: _sqlite_rows(file, query))
        return
    script = folder / "schemas" / f"{name}.sql"
    if not script.is_file():
        raise BadCases(f"{folder}: there is no db/{name}.sqlite and no schemas/{name}.sql.")
    if not server:
        raise BadCases(f"{script} needs a PostgreSQL server that lets us create databases: add --server URL.")
    with _loaded(script, server) as url:
        async with load("sql", "postgres", {"url": url, **_ROOMY}, _HERE) as database:
            yield Opened(database, lambda query: _postgres_rows(url, query))


def _sqlite_rows(file: Path, query: str) -> list[Row]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _postgres_rows(url: str, query: str) -> list[Row]:
    with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on") as connection:
        return connection.execute(query).fetchall()


@contextmanager
def _loaded(script: Path, server: str) -> Iterator[str]:
    """A database of its own out of a script and the descriptions beside it; dropped at the end."""
    name = sql.Identifier(f"nightshift_eval_{script.stem}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            url = psycopg.conninfo.make_conninfo(server, dbname=f"nightshift_eval_{script.stem}")
            with psycopg.connect(url, autocommit=True) as loading:
                loading.execute(script.read_text("utf-8"))
                _describe(loading, script.with_suffix(".json"))
            yield url
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _describe(connection: psycopg.Connection, file: Path) -> None:
    """Put a file's descriptions of columns into the database, where the schema is read from."""
    if not file.is_file():
        return
    described: Mapping[str, list[Mapping[str, str]]] = json.loads(file.read_text("utf-8"))["table_metadata"]
    known = {
        (row[0], row[1])
        for row in connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
    }
    for table, columns in described.items():
        for column in columns:
            place = (table.lower(), column["column_name"].lower())
            if place in known:
                comment = sql.SQL("COMMENT ON COLUMN {} IS {}").format(
                    sql.Identifier(*place), sql.Literal(column["column_description"])
                )
                connection.execute(comment)
