"""The SQL guard by execution: what it admits of a set of attacks is run on real databases, and nothing comes of it.

Each statement runs as the facts of the product are (a role that can only read, a read-only transaction, a time limit),
and once more as the owner without them: what the guard admits must be harmless by itself.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest

from bot.guards.sql import guard
from bot.guards.sql_dialects import SqlDialect
from bot.guards.sql_schema import Column, Schema, Table
from connectors.sql.port import AdmittedQuery
from tests.contracts import clickhouse, mariadb, postgres

ROOT = Path(__file__).parents[2]
OTHERS = ROOT.parent / "shared" / "data" / "sql-attacks" / "attacks.jsonl"
OWN = Path(__file__).with_name("sql_attacks.jsonl")
SCHEMA = Schema(
    (
        Table("t", (Column("id"), Column("v"))),
        Table("people", (Column("id"), Column("mail", "forbidden", "text"), Column("phone", "masked", "text"))),
    )
)
TELLTALE = "telltale"
QUICK_SECONDS = 2.0

TABLES = (
    "CREATE TABLE t (id int, v varchar(20))",
    "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    "CREATE TABLE secret (id int, v varchar(20))",
    "INSERT INTO secret VALUES (1, 'telltale')",
    # "later" is a column that came after the schema was read.
    "CREATE TABLE people (id int, mail varchar(20), phone varchar(20), later varchar(20))",
    "INSERT INTO people VALUES (1, 'telltale', 'telltale', 'telltale')",
)
POSTGRES = (
    *TABLES,
    "CREATE SEQUENCE s1",
    "CREATE FUNCTION evil() RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS "
    "$$ BEGIN INSERT INTO t VALUES (666, 'evil'); RETURN 1; END $$",
    "CREATE FUNCTION evil_op(int, int) RETURNS int LANGUAGE sql AS 'SELECT evil()'",
    "CREATE OPERATOR @#@ (FUNCTION = evil_op, LEFTARG = int, RIGHTARG = int)",
    "CREATE DOMAIN evil_domain AS text CHECK (evil() = 1)",
    "CREATE ROLE reader LOGIN",
    "GRANT SELECT ON t, people TO reader",
)
POSTGRES_STATE = (
    "SELECT string_agg(t::text, ',' ORDER BY t::text) FROM t",
    "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "SELECT last_value, is_called FROM s1",
    "SELECT count(*) FROM pg_largeobject_metadata",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "SELECT count(*) FROM pg_replication_slots",
    "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'",
)
MARIADB_STATE = ("SELECT GROUP_CONCAT(id, v ORDER BY id) FROM t", "SHOW TABLES", "SELECT @@general_log")

Run = Callable[[str], str]
"""Runs a statement; everything that came of it, as text."""


def attacks(dialect: SqlDialect) -> list[str]:
    lines = [line for path in (OWN, OTHERS) if path.is_file() for line in path.read_text("utf-8").splitlines()]
    return [case["sql"] for line in lines if (case := json.loads(line))["dialect"] == dialect]


def run_admitted(dialect: SqlDialect, run: Run, state: Callable[[], object]) -> int:
    """Run what the guard admits, one by one; how many those were."""
    before, ran = state(), 0
    for sql in attacks(dialect):
        query = guard(sql, SCHEMA, dialect)
        if isinstance(query, AdmittedQuery):
            started = time.monotonic()
            said = run(query.text)
            ran += 1
            assert TELLTALE not in said, query.text
            assert time.monotonic() - started < QUICK_SECONDS, query.text
            assert state() == before, query.text
    return ran


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        plain = url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            for statement in POSTGRES:
                connection.execute(statement)
        yield plain


@pytest.mark.parametrize("role", ["reader", "nightshift"])
def test_nothing_comes_of_it_in_postgres(postgres_url: str, role: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as owner:

        def state() -> object:
            return [owner.execute(statement).fetchall() for statement in POSTGRES_STATE]

        def run(text: str) -> str:
            limits = "-c statement_timeout=800 -c default_transaction_read_only=on" if role == "reader" else ""
            with psycopg.connect(postgres_url, user=role, options=limits) as connection:
                try:
                    return str(connection.execute(text).fetchall())
                except psycopg.Error as problem:
                    connection.rollback()
                    return str(problem)

        assert run_admitted("postgres", run, state) > 20


@pytest.fixture(scope="module")
def mariadb_port() -> Iterator[int]:
    if mariadb.program() is None:
        pytest.skip(mariadb.MISSING)
    with mariadb.server() as port:
        with mariadb.connected(port) as connection, connection.cursor() as cursor:
            for statement in ("CREATE DATABASE shop", "USE shop", *TABLES, "CREATE USER reader@localhost"):
                cursor.execute(statement)
            cursor.execute("GRANT SELECT ON shop.t TO reader@localhost")
            cursor.execute("GRANT SELECT ON shop.people TO reader@localhost")
        yield port


@pytest.mark.parametrize("role", ["reader", "root"])
def test_nothing_comes_of_it_in_mariadb(mariadb_port: int, role: str) -> None:
    before = ("SET SESSION TRANSACTION READ ONLY", "SET max_statement_time = 0.8") if role == "reader" else ()
    options = {"host": "127.0.0.1", "port": mariadb_port, "user": role, "database": "shop"}
    with pymysql.connect(**options) as connection, connection.cursor() as cursor:
        for statement in before:
            cursor.execute(statement)

        def state() -> object:
            with mariadb.connected(mariadb_port, "shop") as owner, owner.cursor() as other:
                return [(other.execute(statement), other.fetchall()) for statement in MARIADB_STATE]

        def run(text: str) -> str:
            try:
                cursor.execute(text)
                return str(cursor.fetchall())
            except pymysql.MySQLError as problem:
                return str(problem)

        assert run_admitted("mysql", run, state) > 8


def test_nothing_comes_of_it_in_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        for statement in TABLES:
            made.execute(statement)
    made.close()
    connection = sqlite3.connect(path)

    def state() -> object:
        return sorted(path.name for path in tmp_path.iterdir()), path.read_bytes()

    def run(text: str) -> str:
        try:
            return str(connection.execute(text).fetchall())
        except sqlite3.Error as problem:
            return str(problem)

    assert run_admitted("sqlite", run, state) > 8
    connection.close()


CLICKHOUSE = (
    "CREATE TABLE t (id Int32, v String, d DateTime, j String, name Nullable(String))"
    " ENGINE = ReplacingMergeTree ORDER BY id",
    "CREATE TABLE u (id Int32, v String, note String) ENGINE = MergeTree ORDER BY id",
    "CREATE TABLE `工单` (`编号` Int32, `服务` String, `状态` String) ENGINE = MergeTree ORDER BY `编号`",
)
HARMLESS = ROOT / "tests" / "unit" / "bot" / "guards" / "harmless_sql.txt"


@pytest.mark.skipif(not clickhouse.installed(), reason=clickhouse.MISSING)
def test_what_is_admitted_for_clickhouse_is_understood_there() -> None:
    lines = HARMLESS.read_text("utf-8").partition("== clickhouse\n")[2].partition("\n== ")[0].splitlines()
    tables = {"t": ("id", "v", "d", "j", "name"), "u": ("id", "v", "note"), "工单": ("编号", "服务", "状态")}
    schema = Schema(tuple(Table(name, tuple(map(Column, columns))) for name, columns in tables.items()))
    with clickhouse.server() as url:
        for statement in CLICKHOUSE:
            clickhouse.run(url, statement)
        for line in lines:
            query = guard(line, schema, "clickhouse")
            assert isinstance(query, AdmittedQuery), line
            clickhouse.run(url, query.text)

    assert len(lines) > 15
