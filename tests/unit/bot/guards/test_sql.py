"""What the SQL guard refuses, one case of each class, and what it must let through in every dialect."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot.expressions as exp
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guards import sql_dialects
from bot.guards.sql import Limits, Refused, guard
from bot.guards.sql_allowed import NODES, may_call
from bot.guards.sql_dialects import SqlDialect
from bot.guards.sql_schema import Column, Schema, Table
from connectors.sql.port import AdmittedQuery

ROOT = Path(__file__).parents[4]


def open_table(name: str, *columns: str, schema: str = "") -> Table:
    return Table(name, tuple(map(Column, columns)), schema)


SCHEMA = Schema(
    (
        open_table("t", "id", "v", "d", "j", "name"),
        open_table("u", "id", "v", "note"),
        open_table("工单", "编号", "服务", "状态"),
        open_table("audit", "id", schema="ops"),
    ),
    types=frozenset({"order_status"}),
)
PEOPLE = Schema(
    (
        Table("users", (Column("id"), Column("mail", "forbidden", "text"), Column("phone", "masked", "varchar(20)"))),
        open_table("orders", "id", "user_id", "mail"),
    )
)


def refusal(sql: str, dialect: SqlDialect = "postgres", schema: Schema = SCHEMA) -> str:
    said = guard(sql, schema, dialect)
    assert isinstance(said, Refused), said
    return said.reason


def admitted(sql: str, dialect: SqlDialect = "postgres", schema: Schema = SCHEMA) -> AdmittedQuery:
    said = guard(sql, schema, dialect)
    assert isinstance(said, AdmittedQuery), said
    return said


@pytest.mark.parametrize(
    ("sql", "dialect", "reason"),
    [
        pytest.param("SELECT 1\x00", "postgres", "control characters", id="nul"),
        pytest.param("SELECT\u00a0v FROM t", "postgres", "unusual white space", id="no-break-space"),
        pytest.param("SELECT\u200bv FROM t", "postgres", "unusual white space", id="zero-width-space"),
        pytest.param('SELECT U&"pg\\005fsleep"(1)', "postgres", "Unicode escapes", id="escaped-name"),
        pytest.param("SELECT 1 /*!50000 INTO OUTFILE 'x' */", "mysql", "Comments", id="executable-comment"),
        pytest.param("SELECT 1 /*M! UNION SELECT 2 */", "mysql", "Comments", id="mariadb-comment"),
        pytest.param("SELECT " + "1," * 10_000 + "1", "postgres", "longer than", id="too-long"),
        pytest.param("SELECT " + "(" * 30 + "1" + ")" * 30, "postgres", "nested too deeply", id="too-deep"),
        pytest.param("SELECT " + "ARRAY[" * 12 + "1" + "]" * 12, "postgres", "nested too deeply", id="slow-to-read"),
        pytest.param("SELECT 1; DELETE FROM t", "postgres", "exactly one", id="two-statements"),
        pytest.param("", "postgres", "exactly one", id="nothing"),
        pytest.param("SELECT FROM WHERE", "postgres", "could not be read", id="no-sql"),
        pytest.param("DELETE FROM t", "postgres", "Only a SELECT", id="delete"),
        pytest.param("VACUUM t", "postgres", "Only a SELECT", id="command"),
        pytest.param("EXPLAIN ANALYZE DELETE FROM t", "postgres", "Only a SELECT", id="explain"),
        pytest.param("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "postgres", "Delete", id="delete-in-cte"),
        pytest.param("SELECT * INTO n FROM t", "postgres", "into", id="into"),
        pytest.param("SELECT 1 INTO @a", "mysql", "into", id="into-variable"),
        pytest.param("SELECT * FROM t FOR UPDATE", "postgres", "locks", id="lock"),
        pytest.param("SELECT @@version", "mysql", "SessionParameter", id="session-variable"),
        pytest.param("SELECT @a := 1", "mysql", "PropertyEQ", id="assignment"),
        pytest.param("SELECT v FROM t WHERE id = $1", "postgres", "", id="parameter"),
        pytest.param("SELECT v FROM t WHERE id = :id", "sqlite", "Placeholder", id="named-parameter"),
        pytest.param("SELECT 1 OPERATOR(public.@#@) 2", "postgres", "Operator", id="operator-by-schema"),
        pytest.param("SELECT 1 @#@ 2", "postgres", "", id="own-operator"),
        pytest.param("SELECT v FROM t SETTINGS max_threads = 1", "clickhouse", "settings", id="settings"),
        pytest.param("SELECT pg_sleep(1)", "postgres", "pg_sleep", id="function"),
        pytest.param('SELECT "evil"()', "postgres", "evil", id="quoted-function"),
        pytest.param("SELECT pg_catalog.pg_read_file('x')", "postgres", "pg_read_file", id="function-by-schema"),
        pytest.param("SELECT public.upper('x')", "postgres", "schema", id="allowed-name-of-another-schema"),
        pytest.param("SELECT x.* FROM t, LATERAL (SELECT evil()) x", "postgres", "evil", id="function-in-lateral"),
        pytest.param("SELECT * FROM dblink('x', 'y') AS z(a int)", "postgres", "dblink", id="function-in-from"),
        pytest.param("SELECT * FROM pragma_table_info('t')", "sqlite", "pragma_table_info", id="table-function"),
        pytest.param("SELECT * FROM url('http://x')", "clickhouse", "url", id="network-function"),
        pytest.param("SELECT upper(v) FROM file('x')", "clickhouse", "file", id="file-function"),
        pytest.param("SELECT current_setting('data_directory')", "postgres", "settings", id="setting"),
        pytest.param("SELECT 'x'::evil_domain", "postgres", "evil_domain", id="own-type"),
        pytest.param("SELECT null::t", "postgres", "type", id="row-type"),
        pytest.param("SELECT * FROM json_to_record('{}') AS x(a evil)", "postgres", "evil", id="type-in-column-list"),
        pytest.param("SELECT json_value('1', '$' RETURNING evil)", "postgres", "evil", id="type-in-json-call"),
        pytest.param("SELECT repeat('x', 500000000)", "postgres", "too much", id="repeat"),
        pytest.param("SELECT repeat(repeat('x', 1000), 1000)", "postgres", "too much", id="repeat-repeated"),
        pytest.param("SELECT repeat('x', id) FROM t", "postgres", "plain number", id="repeat-by-column"),
        pytest.param("SELECT printf('%.*c', 500000000, 'x')", "sqlite", "format", id="wide-format"),
        pytest.param("SELECT 1 FROM generate_series(1, 9999999)", "postgres", "too much", id="series"),
        pytest.param(
            "SELECT 1 FROM generate_series(1, 9999) a, generate_series(1, 9999) b",
            "postgres",
            "too much",
            id="series-x2",
        ),
        pytest.param("SELECT generate_series(1, 10, 0.0000001)", "postgres", "too much", id="series-of-small-steps"),
        pytest.param("SELECT generate_series(1, 99999999, length('1 day'))", "postgres", "plain numbers", id="step"),
        pytest.param(
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
            "postgres",
            "no condition",
            id="endless-recursion",
        ),
        pytest.param(
            "WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
            "sqlite",
            "no condition",
            id="endless-recursion-without-the-word",
        ),
        pytest.param("SELECT * FROM secret", "postgres", "no table", id="table"),
        pytest.param('SELECT * FROM "T"', "postgres", "no table", id="table-of-another-case"),
        pytest.param("SELECT * FROM audit", "postgres", "no table", id="table-of-another-schema-without-it"),
        pytest.param("SELECT * FROM pg_catalog.t", "postgres", "no table", id="schema-that-is-not-listed"),
        pytest.param("SELECT rolpassword FROM pg_authid", "postgres", "no table", id="catalogue"),
        pytest.param("SELECT sql FROM sqlite_master", "sqlite", "no table", id="sqlite-master"),
        pytest.param(
            "WITH t AS (SELECT 1) SELECT * FROM (WITH x AS (SELECT 1) SELECT 1) y, x",
            "postgres",
            "no table",
            id="cte-out-of-scope",
        ),
        pytest.param("WITH secret AS (SELECT * FROM secret) SELECT 1", "postgres", "no table", id="cte-hides-a-table"),
        pytest.param("SELECT v FROM t WHERE v IN secret", "clickhouse", "IN takes", id="table-behind-in"),
        pytest.param("SELECT missing FROM t", "postgres", "no column 'missing'", id="column"),
        pytest.param("SELECT t.missing FROM t", "postgres", "no column 'missing'", id="qualified-column"),
        pytest.param('SELECT "V" FROM t', "postgres", "no column 'V'", id="column-of-another-case"),
        pytest.param("SELECT * FROM t JOIN u USING (missing)", "postgres", "missing", id="joined-column"),
    ],
)
def test_refuses(sql: str, dialect: SqlDialect, reason: str) -> None:
    assert reason in refusal(sql, dialect)


@pytest.mark.parametrize("table", ["pg_authid", "pg_shadow", "pg_user_mapping"])
def test_credentials_stay_out_even_when_the_schema_lists_them(table: str) -> None:
    assert "no table" in refusal(f"SELECT * FROM {table}", schema=Schema((open_table(table, "id"),)))  # noqa: S608 - asks nobody


def harmless() -> Iterator[tuple[str, str]]:
    dialect = ""
    for line in Path(__file__).with_name("harmless_sql.txt").read_text("utf-8").splitlines()[1:]:
        if line.startswith("== "):
            dialect = line.removeprefix("== ")
        elif line:
            yield dialect, line


@pytest.mark.parametrize(("dialect", "sql"), list(harmless()))
def test_admits(dialect: SqlDialect, sql: str) -> None:
    assert "LIMIT" in admitted(sql, dialect).text


@pytest.mark.parametrize(
    ("sql", "dialect", "text"),
    [
        ("SELECT v FROM t -- x", "postgres", "SELECT v FROM t LIMIT 1000"),
        ("SELECT v FROM t LIMIT 5", "postgres", "SELECT v FROM t LIMIT 5"),
        ("SELECT v FROM t LIMIT 99999", "postgres", "SELECT v FROM t LIMIT 1000"),
        ("SELECT v FROM t LIMIT ALL", "postgres", "SELECT * FROM (SELECT v FROM t LIMIT ALL) AS answer LIMIT 1000"),
        ("SELECT v FROM t LIMIT 2 + 1", "postgres", "SELECT * FROM (SELECT v FROM t LIMIT 2 + 1) AS answer LIMIT 1000"),
        ("SELECT 1 LIMIT 2 BY 1", "clickhouse", "SELECT * FROM (SELECT 1 LIMIT 2 BY 1) AS answer LIMIT 1000"),
        ("SELECT v FROM t FETCH FIRST ROW ONLY", "postgres", "SELECT v FROM t LIMIT 1"),
        ("VALUES (1), (2)", "postgres", "VALUES (1), (2) LIMIT 1000"),
        ("SELECT * FROM u", "postgres", 'SELECT "id", "v", "note" FROM u LIMIT 1000'),
        ("SELECT id FROM u WHERE v = \"a\"", "sqlite", "SELECT id FROM u WHERE v = 'a' LIMIT 1000"),
        ("SELECT to_char(d, 'HH24') FROM t", "postgres", "SELECT to_char(d, 'HH24') FROM t LIMIT 1000"),
        ("SELECT v REGEXP 'a' FROM t", "mysql", "SELECT v REGEXP 'a' FROM t LIMIT 1000"),
        ("SELECT 0xFF, 1_000, 0b11", "postgres", "SELECT 255, 1000, 3 LIMIT 1000"),
        ("SELECT '\\'; DELETE FROM t; -- '", "mysql", "SELECT '''; DELETE FROM t; -- ' LIMIT 1000"),
    ],
)  # fmt: skip
def test_what_runs_is_written_anew(sql: str, dialect: SqlDialect, text: str) -> None:
    assert admitted(sql, dialect).text == text


def test_says_what_it_reads() -> None:
    query = admitted("SELECT u.id, v FROM users AS u, (SELECT mail AS v FROM orders) AS o", schema=PEOPLE)

    assert query.tables == ("users", "orders")
    assert query.columns == ("users.id", "orders.mail")
    assert query.withheld == ("users.mail", "users.phone")


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT * FROM users", 'SELECT "id", "phone" FROM SEEN AS users LIMIT 1000'),
        ("SELECT phone AS p FROM users AS u", "SELECT phone AS p FROM SEEN AS u LIMIT 1000"),
        ("SELECT row_to_json(u) FROM users u", "SELECT row_to_json(u) FROM SEEN AS u LIMIT 1000"),
        ("SELECT users.*::text FROM users", "SELECT CAST(users.* AS TEXT) FROM SEEN AS users LIMIT 1000"),
        ("SELECT (u).mail FROM users u", "SELECT (u).mail FROM SEEN AS u LIMIT 1000"),
        ("SELECT x.b FROM users AS x (a, b)", "SELECT x.b FROM SEEN AS x(a, b) LIMIT 1000"),
    ],
)
def test_a_limited_table_is_read_through_what_may_be_seen(sql: str, text: str) -> None:
    seen = """(SELECT "id", '***' AS "phone" FROM users)"""

    assert admitted(sql, schema=PEOPLE).text == text.replace("SEEN", seen)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT mail FROM users",
        "SELECT u.mail FROM users u",
        "SELECT id FROM users ORDER BY mail",
        "SELECT id FROM users WHERE mail LIKE 'a%'",
        "SELECT a FROM (SELECT mail AS a FROM users) x",
        "SELECT mail FROM users, orders",
        "SELECT * FROM users JOIN orders USING (mail)",
        "SELECT * FROM users NATURAL JOIN orders",
        "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM users WHERE users.mail = o.mail)",
        "SELECT l.x FROM users u, LATERAL (SELECT u.mail AS x) l",
        "SELECT sum(id) FILTER (WHERE mail > 'a') OVER (ORDER BY mail) FROM users",
        "SELECT xmlforest(mail) FROM users",
        "SELECT json_object('a': mail) FROM users",
        "SELECT id FROM orders LIMIT (SELECT length(mail) FROM users LIMIT 1)",
    ],
)
def test_a_forbidden_column_stands_nowhere(sql: str) -> None:
    assert "may not" in refusal(sql, schema=PEOPLE)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT upper(phone) FROM users",
        "SELECT count(DISTINCT phone) FROM users",
        "SELECT id FROM users WHERE phone = '1'",
        "SELECT phone AS p FROM users GROUP BY p",
        "SELECT id FROM users ORDER BY phone",
    ],
)
def test_a_masked_column_is_listed_and_nothing_else(sql: str) -> None:
    assert "masked" in refusal(sql, schema=PEOPLE)


def test_admitted_queries_are_made_by_the_guard_only() -> None:
    makers = {
        file.name
        for package in ("bot", "knowledge", "ingest", "connectors")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "AdmittedQuery"
    }

    assert makers == {"sql.py"}


def test_every_kind_of_node_on_the_list_exists() -> None:
    assert [kind for kind in NODES if not hasattr(exp, kind) and not hasattr(sql_dialects, kind)] == []


@pytest.mark.parametrize("name", ["sumIf", "uniqExactArrayIf", "quantileOrNull"])
def test_combinators_of_clickhouse_belong_to_its_aggregates(name: str) -> None:
    assert may_call(name, "clickhouse")
    assert not may_call("sleepIf", "clickhouse")


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """
    SELECT FROM WHERE t u v id ( ) [ ] , . ; ' " ` * + - / < > = :: -> @ # $$ $1 ? | & ~ ! AS WITH RECURSIVE UNION
    VALUES CASE WHEN THEN END NOT IN EXISTS OVER LATERAL JOIN USING NATURAL ON CAST interval 'a' 1 0x1 JSON_TABLE
    COLUMNS NULL GROUP BY ORDER LIMIT FETCH FIRST ROWS ONLY INTO FOR UPDATE DELETE INSERT SET 工单 E'\\'' U& /* */ -- :x
    """,
    )
)
DIALECT = st.sampled_from(("postgres", "mysql", "sqlite", "clickhouse"))


@settings(max_examples=300, deadline=None)
@given(sql=st.one_of(st.text(), st.lists(WORDS, max_size=40).map(" ".join)), dialect=DIALECT)
def test_never_raises(sql: str, dialect: SqlDialect) -> None:
    assert isinstance(guard(sql, PEOPLE, dialect), AdmittedQuery | Refused)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="a'\\\";-/*$ \n", max_size=12), dialect=DIALECT)
def test_a_text_stays_one_text(text: str, dialect: SqlDialect) -> None:
    escaped = text.replace("\\", "\\\\") if dialect in ("mysql", "clickhouse") else text
    literal = "'" + escaped.replace("'", "''") + "'"
    said = guard(f"SELECT {literal} AS x", SCHEMA, dialect)

    assert isinstance(said, AdmittedQuery) or "/*" in text
    assert isinstance(said, Refused) or sql_dialects.DIALECTS[dialect].parse(said.text)[0].selects[0].this.name == text


@pytest.mark.parametrize(
    "opener", ["(", "abs(", "ARRAY[", "decimal(", "CASE WHEN ", "(SELECT ", "NOT ", "[", "f(x -> "]
)
@pytest.mark.parametrize("times", [8, 24, 4000])
def test_is_quick_however_deep(opener: str, times: int) -> None:
    started = time.process_time()
    for dialect in ("postgres", "mysql", "sqlite", "clickhouse"):
        guard("SELECT " + opener * times, SCHEMA, dialect)  # type: ignore[arg-type]  # a loop forgets the literal

    assert time.process_time() - started < 2


def test_a_megabyte_is_refused_at_once() -> None:
    assert "longer than" in refusal("SELECT '" + "x" * 1_000_000 + "'")


def test_the_number_of_rows_is_a_limit() -> None:
    said = guard("SELECT v FROM t", SCHEMA, "postgres", Limits(rows=7))

    assert isinstance(said, AdmittedQuery)
    assert (said.rows, said.text) == (7, "SELECT v FROM t LIMIT 7")
