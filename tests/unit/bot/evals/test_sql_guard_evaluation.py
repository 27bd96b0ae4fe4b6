"""The evaluation of the SQL guard: what it reads, what it holds a statement against, what it reports."""

import gzip
import json
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.sql_guard import evaluate, figures, report
from bot.guards.sql import Refused, guard
from bot.guards.sql_dialects import SqlDialect
from bot.guards.sql_named import named_schema
from bot.guards.sql_schema import Column, Schema, Table

GOLD = Path(__file__).parents[5] / "shared" / "data" / "bird-minidev-goldsql"


def write(folder: Path, *rows: dict[str, object], name: str = "cases.jsonl") -> Path:
    text = "\n".join(json.dumps(row) for row in rows)
    (folder / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return folder


def test_shares_of_what_must_be_blocked_and_allowed(tmp_path: Path) -> None:
    write(tmp_path, {"sql": "DELETE FROM t", "must": "block"}, {"sql": "SELECT v FROM t", "must": "block"})
    write(tmp_path, {"sql": "SELECT a FROM u", "must": "allow"}, {"sql": "x", "must": "policy"}, name="more.jsonl.gz")

    assert figures(evaluate(tmp_path)) == {"blocked": 0.5, "refused_good": 0.0, "n": 3}


def test_the_figures_are_the_last_line(tmp_path: Path) -> None:
    lines = report(evaluate(write(tmp_path, {"sql": "SELECT evil()", "must": "allow"}))).splitlines()

    assert lines[0].startswith("allow but refused: The function evil")
    assert "p95" in lines[1]
    assert json.loads(lines[-1]) == {"blocked": 1.0, "refused_good": 1.0, "n": 1}


def test_a_case_may_bring_its_tables(tmp_path: Path) -> None:
    case = {"sql": "SELECT v FROM secret", "must": "block", "dialect": "mysql"}

    assert figures(evaluate(write(tmp_path, {**case, "tables": {"t": ["v"]}})))["blocked"] == 1
    assert figures(evaluate(write(tmp_path, case)))["blocked"] == 0


@pytest.mark.parametrize(
    "text", ["", '{"sql": "SELECT 1"}', "not JSON", '{"sql": "SELECT 1", "must": "allow", "dialect": "x"}']
)
def test_a_folder_without_cases_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "cases.jsonl").write_text(text, "utf-8")

    with pytest.raises(BadCases, match=r"cases|must"):
        evaluate(tmp_path)


def test_the_named_schema_gives_columns_to_the_tables_they_are_named_with() -> None:
    schema = named_schema(["SELECT x.a, (SELECT b FROM u) FROM t AS x WHERE x.c::mood = 'd'"], [], "postgres")

    assert {table.name: {column.name for column in table.columns} for table in schema.tables} == {
        "t": {"a", "b", "c"},
        "u": {"b"},
    }
    assert schema.types == frozenset()


def test_types_are_taken_from_what_is_trusted() -> None:
    assert named_schema([], ["SELECT 'd'::mood", "DELETE"], "postgres").types == frozenset({"mood"})


@pytest.mark.skipif(not GOLD.is_dir(), reason="the gold queries are not there")
@pytest.mark.parametrize(("named", "dialect"), [("sqlite", "sqlite"), ("postgresql", "postgres")])
def test_every_gold_query_is_admitted(named: str, dialect: SqlDialect) -> None:
    schemas = {each["db_id"]: schema_of(each, dialect) for each in json.loads(read(GOLD / "tables.json.gz"))}
    gold = [
        case for line in read(GOLD / "gold.jsonl.gz").splitlines() if (case := json.loads(line))["dialect"] == named
    ]

    assert len(gold) == 500
    assert [
        case["SQL"] for case in gold if isinstance(guard(case["SQL"], schemas[case["db_id"]], dialect), Refused)
    ] == []


def read(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def schema_of(described: dict[str, list[str]], dialect: SqlDialect) -> Schema:
    def stored(name: str) -> str:
        return name.lower() if dialect == "postgres" and name.replace("_", "").isalnum() else name

    columns: dict[int, list[Column]] = {}
    for number, name in described["column_names_original"]:
        columns.setdefault(int(number), []).append(Column(stored(name)))
    names = enumerate(described["table_names_original"])
    return Schema(tuple(Table(stored(name), tuple(columns[number])) for number, name in names))
