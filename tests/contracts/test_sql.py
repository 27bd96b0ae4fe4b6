"""The SQL seam: the same tables are described, read and protected alike by the twin and by real databases."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
import pytest

from bot.guards.sql_gate import Gate
from bot.ladder import Ladder
from bot.plugins.data import Answered, Data
from bot.rules.entities import find_entities
from bot.rules.terms import content_terms
from bot.vocabulary import RewrittenQuery
from connectors.configuration import Roots
from connectors.load import load
from connectors.sql.port import AdmittedQuery, Database, Dialect, SqlRefused, SqlUnavailable
from knowledge.language import language_of
from tests.contracts import clickhouse, mariadb, postgres

ROWS = [
    (n, 1 + n % 2, "firing" if n % 3 else "resolved", 0.5 * n, f"2026-01-{1 + n % 6:02} 09:00:00") for n in range(1, 31)
]
SERVICES = [(1, "checkout"), (2, "payments")]
CREATE = (
    "CREATE TABLE service (id integer PRIMARY KEY, name varchar(40))",
    "CREATE TABLE alert (id integer PRIMARY KEY, service_id integer REFERENCES service (id), status varchar(20),"
    " minutes double precision, fired_at timestamp NULL)",
)
INSERT = (
    *(f"INSERT INTO service VALUES ({id}, '{name}')" for id, name in SERVICES),  # noqa: S608 - above
    *(f"INSERT INTO alert VALUES ({a}, {b}, '{c}', {d}, '{e}')" for a, b, c, d, e in ROWS),  # noqa: S608 - above
)
CLICKHOUSE = (
    "CREATE TABLE service (id Int32, name String) ENGINE = MergeTree ORDER BY id",
    "CREATE TABLE alert (id Int32, service_id Int32, status LowCardinality(String), minutes Float64 COMMENT 'how long',"
    " fired_at Nullable(DateTime)) ENGINE = MergeTree ORDER BY id",
)
HELD = {
    "service": {
        "columns": [{"name": "id", "type": "integer"}, {"name": "name"}],
        "rows": SERVICES,
        "key": ["id"],
    },
    "alert": {
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "service_id", "type": "integer", "references": "service.id"},
            {"name": "status"},
            {"name": "minutes", "type": "double"},
            {"name": "fired_at", "type": "timestamp"},
        ],
        "rows": ROWS,
        "key": ["id"],
    },
}
# Of a child process that starts an interpreter, as little as may be.
SECONDS = 1.0


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        plain = url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            for statement in (*CREATE, *INSERT, "COMMENT ON COLUMN alert.minutes IS 'how long it took'"):
                connection.execute(statement)
            for statement in ("CREATE ROLE reader", "GRANT SELECT ON service TO reader"):
                connection.execute(statement)
        yield plain


@pytest.fixture(scope="module")
def mariadb_port() -> Iterator[int]:
    if mariadb.program() is None:
        pytest.skip(mariadb.MISSING)
    with mariadb.server() as port:
        with mariadb.connected(port) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
            cursor.execute("USE shop")
            for statement in (*CREATE, *INSERT, "ALTER TABLE alert MODIFY minutes double COMMENT 'how long it took'"):
                cursor.execute(statement)
            for statement in ("CREATE ROLE reader", "GRANT SELECT ON shop.service TO reader"):
                cursor.execute(statement)
        yield port


@pytest.fixture(scope="module")
def clickhouse_url() -> Iterator[str]:
    if not clickhouse.installed():
        pytest.skip(clickhouse.MISSING)
    with clickhouse.server() as url:
        clickhouse.run(url, "CREATE DATABASE shop")
        for statement in (*CLICKHOUSE, *INSERT):
            clickhouse.run(url, statement, "shop")
        yield url


def sqlite_file(folder: Path) -> Path:
    with sqlite3.connect(folder / "shop.db") as file:
        for statement in (*CREATE, *INSERT):
            file.execute(statement)
    file.close()
    return folder / "shop.db"


def table(vendor: str, request: pytest.FixtureRequest, folder: Path) -> Mapping[str, object]:
    if vendor == "sqlite":
        return {"path": sqlite_file(folder)}
    if vendor == "postgres":
        return {"url": request.getfixturevalue("postgres_url")}
    if vendor == "mysql":
        return {"port": request.getfixturevalue("mariadb_port"), "user": "root", "database": "shop"}
    if vendor == "clickhouse":
        return {"url": request.getfixturevalue("clickhouse_url"), "database": "shop"}
    return {"tables": HELD}


@pytest.fixture(params=["memory", "sqlite", "postgres", "mysql", "clickhouse"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    settings = {**table(request.param, request, tmp_path), "timeout_seconds": SECONDS, "max_bytes": 1_000}
    async with load("sql", request.param, settings, Roots(tmp_path, tmp_path)) as opened:
        yield opened


ALERT = (
    "alert.fired_at",
    "alert.id",
    "alert.service_id",
    "alert.status",
    "alert.minutes",
    "service.id",
    "service.name",
)


def query(sql: str, dialect: Dialect, rows: int = 100) -> AdmittedQuery:
    return AdmittedQuery(sql, dialect, ("alert", "service"), ALERT, (), rows)


async def test_describes_tables_columns_and_keys(database: Database) -> None:
    found = await database.schema()

    alert = found.table("ALERT")
    assert [one.name for one in found.tables] == ["alert", "service"]
    assert alert is not None
    assert [one.name for one in alert.columns] == ["id", "service_id", "status", "minutes", "fired_at"]
    assert alert.key == ("id",)
    # ClickHouse declares no foreign keys.
    declared = [] if database.dialect == "clickhouse" else [(("service_id",), "service", ("id",))]
    assert [(key.columns, key.table, key.references) for key in alert.foreign_keys] == declared


async def test_shows_the_values_of_a_column_that_has_few(database: Database) -> None:
    found = await database.schema()

    samples = {column.name: column.samples for table in found.tables for column in table.columns if column.samples}
    assert samples == {"name": ("checkout", "payments"), "status": ("firing", "resolved")}


async def test_gives_rows_under_their_columns(database: Database) -> None:
    sql = "SELECT status, count(*) AS alerts, avg(minutes) AS mean FROM alert GROUP BY status ORDER BY status"

    found = await database.run(query(sql, database.dialect))

    assert found.columns == ("status", "alerts", "mean")
    assert found.rows == (("firing", 20, 7.5), ("resolved", 10, 8.25))
    assert not found.truncated


async def test_stops_at_the_cap_of_rows(database: Database) -> None:
    found = await database.run(query("SELECT id FROM alert ORDER BY id", database.dialect, rows=3))

    assert found.rows == ((1,), (2,), (3,))
    assert found.truncated


async def test_stops_at_the_cap_of_bytes(database: Database) -> None:
    sql = "SELECT concat(a.status, b.status) FROM alert a CROSS JOIN alert b"
    if database.dialect == "sqlite":
        sql = "SELECT a.status || b.status FROM alert a CROSS JOIN alert b"

    found = await database.run(query(sql, database.dialect, rows=900))

    assert 50 < len(found.rows) < 100
    assert found.truncated


async def test_a_text_with_a_percent_sign_and_a_question_mark_is_a_text(database: Database) -> None:
    found = await database.run(query("SELECT '%s ? :x %' AS text FROM service WHERE id = 1", database.dialect))

    assert found.rows == (("%s ? :x %",),)


async def test_says_what_the_database_refuses(database: Database) -> None:
    with pytest.raises(SqlRefused, match="colour"):
        await database.run(query("SELECT colour FROM alert", database.dialect))


async def test_explains_without_running(database: Database) -> None:
    plan = await database.explain(query("SELECT a.id FROM alert a CROSS JOIN alert b", database.dialect))

    assert plan.rows is None or plan.rows >= 30
    with pytest.raises(SqlRefused):
        await database.explain(query("SELECT colour FROM alert", database.dialect))


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How many firing alerts?", (20,)),
        ("average minutes of alerts per service", ("checkout", 8.0)),
        ("哪个服务的告警最多？", ("checkout", 15)),
        ("how many alerts of payments yesterday", (5,)),
        ("昨天有多少 firing 告警", (5,)),
        ("last 2 alerts", (5, 2, "firing", 2.5, "2026-01-06 09:00:00")),
    ],
)
async def test_templates_pass_the_guard_and_run_everywhere(
    database: Database, question: str, first: tuple[object, ...]
) -> None:
    if database.dialect == "clickhouse" and any(word in question for word in ("service", "服务", "payments")):
        pytest.skip("it takes a foreign key, and ClickHouse declares none")
    now = datetime(2026, 1, 7, 12, tzinfo=UTC)
    query = RewrittenQuery(
        text=question,
        asked=question,
        searches=(question,),
        language=language_of(question),
        asked_at=now,
        route="data",
        entities=find_entities(question, lambda _: (), now),
    )

    found = await Data(Gate(database), Ladder([]), content_terms).ask(query)

    assert isinstance(found, Answered), found
    assert found.by == "template"
    assert first in found.rows.rows


# Many rows that no optimizer can count without going through them.
SLOW = "SELECT count(*) FROM alert a" + "".join(f" JOIN alert b{n} ON b{n}.id + a.id > 0" for n in range(8))  # noqa: S608 - no input


async def test_a_query_that_takes_too_long_is_stopped(database: Database) -> None:
    slow = "SELECT count() FROM system.numbers" if database.dialect == "clickhouse" else SLOW
    with pytest.raises(SqlRefused, match="longer than 1 s"):
        await database.run(query(slow, database.dialect))


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO service VALUES (3, 'x')", "DELETE FROM service", "DROP TABLE alert", "CREATE TABLE x (id integer)"],
)
async def test_nothing_is_written_whatever_the_guard_let_through(database: Database, statement: str) -> None:
    with pytest.raises(SqlRefused):
        await database.run(query(statement, database.dialect))

    assert (await database.run(query("SELECT count(*) FROM service", database.dialect))).rows == ((2,),)


async def test_says_who_asks_and_what_they_could_change(database: Database) -> None:
    found = await database.rights()

    assert found.server.split()[0] in ("memory", "SQLite", "PostgreSQL", "MariaDB", "ClickHouse")
    assert found.seconds == SECONDS
    # The tests' users own what they ask.
    assert bool(found.writes) is (database.dialect != "sqlite")


async def test_a_user_who_may_only_read_could_change_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str, mariadb_port: int
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE USER looker")
        connection.execute("GRANT SELECT ON service TO looker")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with mariadb.connected(mariadb_port) as admin, admin.cursor() as cursor:
        cursor.execute("CREATE USER looker")
        cursor.execute("GRANT SELECT, SHOW VIEW ON shop.service TO looker")
        cursor.execute("GRANT SELECT (id), INSERT (id) ON shop.alert TO looker")
    tables = {
        "postgres": {"url": postgres_url.replace("nightshift@", "looker@")},
        "mysql": {"port": mariadb_port, "user": "looker", "database": "shop"},
    }
    writes = {}
    for vendor, settings in tables.items():
        async with load("sql", vendor, settings, Roots(tmp_path, tmp_path)) as opened:
            writes[vendor] = (await cast("Database", opened).rights()).writes

    assert writes == {"postgres": (), "mysql": ("INSERT on `shop`.`alert`",)}


async def test_postgres_reads_texts_and_names_as_the_guard_does_whatever_the_server_is_set_to(
    postgres_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE USER crooked")
        connection.execute("GRANT SELECT ON service TO crooked")
        connection.execute("CREATE SCHEMA trap")
        connection.execute("CREATE TABLE trap.service AS SELECT 'telltale'::text AS name")
        connection.execute("GRANT USAGE ON SCHEMA trap TO crooked")
        connection.execute("GRANT SELECT ON trap.service TO crooked")
        for setting in ("standard_conforming_strings = off", "search_path = trap, public", "client_encoding = 'SJIS'"):
            connection.execute(f"ALTER USER crooked SET {setting}")
    crooked = postgres_url.replace("nightshift@", "crooked@")
    async with load("sql", "postgres", {"url": crooked}, Roots(tmp_path, tmp_path)) as opened:
        # Were a backslash to escape, the text would go on, and what is behind it would be another query.
        texts = await opened.run(query(r"SELECT 'a\' AS a, ' UNION SELECT name FROM service --' AS b", "postgres"))
        names = await opened.run(query("SELECT name FROM service WHERE id = 1", "postgres"))
        shown = await opened.run(query("SELECT current_setting('client_encoding'), '表' AS c", "postgres"))

    assert texts.rows == (("a\\", " UNION SELECT name FROM service --"),)
    assert names.rows == (("checkout",),)
    assert shown.rows == (("UTF8", "表"),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM sqlite_master",
        "SELECT id FROM alert",
        "SELECT id FROM service",
        "SELECT * FROM service",
        "SELECT load_extension('x')",
        "SELECT hex(randomblob(1000000000))",
        "SELECT * FROM pragma_database_list",
        "ATTACH 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "SELECT name FROM service; SELECT name FROM service",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
    ],
)
async def test_sqlite_reads_only_what_was_admitted(tmp_path: Path, sql: str) -> None:
    settings = {"path": sqlite_file(tmp_path), "timeout_seconds": SECONDS}
    async with load("sql", "sqlite", settings, Roots(tmp_path, tmp_path)) as opened:
        admitted = AdmittedQuery(sql, "sqlite", ("service",), ("service.name",), ("service.id",), 10)

        with pytest.raises(SqlRefused):
            await cast("Database", opened).run(admitted)


async def test_sqlite_counts_rows_and_reads_views_and_json(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path)
    with sqlite3.connect(path) as file:
        file.execute("CREATE VIEW names AS SELECT name FROM service")
    file.close()
    async with load("sql", "sqlite", {"path": path}, Roots(tmp_path, tmp_path)) as opened:
        counting = AdmittedQuery("SELECT count(*) FROM service", "sqlite", ("service",), (), (), 10)
        reading = AdmittedQuery("SELECT value FROM json_each('[1, 2]')", "sqlite", (), (), (), 10)
        viewing = AdmittedQuery("SELECT name FROM names", "sqlite", ("names",), ("names.name",), (), 10)

        assert (await opened.run(counting)).rows == ((2,),)
        assert (await opened.run(reading)).rows == ((1,), (2,))
        assert (await opened.run(viewing)).rows == (("checkout",), ("payments",))


@pytest.mark.parametrize("vendor", ["postgres", "mysql"])
async def test_asks_as_a_role(request: pytest.FixtureRequest, tmp_path: Path, vendor: str) -> None:
    async with load("sql", vendor, table(vendor, request, tmp_path), Roots(tmp_path, tmp_path)) as opened:
        dialect = cast("Dialect", opened.dialect)

        assert (await opened.run(query("SELECT count(*) FROM service", dialect), "reader")).rows == ((2,),)
        if vendor == "postgres":
            with pytest.raises(SqlRefused, match="permission denied"):
                await opened.run(query("SELECT count(*) FROM alert", dialect), "reader")
            assert [one.name for one in (await opened.schema("reader")).tables] == ["service"]


@pytest.mark.parametrize("vendor", ["postgres", "mysql"])
async def test_a_role_that_is_not_there_is_a_mistake_in_the_settings(
    request: pytest.FixtureRequest, tmp_path: Path, vendor: str
) -> None:
    async with load("sql", vendor, table(vendor, request, tmp_path), Roots(tmp_path, tmp_path)) as opened:
        with pytest.raises(SqlUnavailable, match=r"roles under \[data\]"):
            await opened.run(query("SELECT count(*) FROM service", opened.dialect), "nobody")


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [
        ("postgres", {"url": "postgresql://nobody:secret@127.0.0.1:1/x", "connect_seconds": 1}),
        ("mysql", {"port": 1, "user": "nobody", "password": "secret", "database": "x", "connect_seconds": 1}),
        ("sqlite", {"path": "missing.db"}),
        ("clickhouse", {"url": "http://127.0.0.1:1", "password": "secret", "connect_seconds": 1}),
    ],
)
async def test_says_how_to_mend_it(tmp_path: Path, vendor: str, settings: Mapping[str, object]) -> None:
    async with load("sql", vendor, settings, Roots(tmp_path, tmp_path)) as opened:
        with pytest.raises(SqlUnavailable, match=rf"connectors\.sql\.{vendor}") as raised:
            await opened.schema()

    assert "secret" not in str(raised.value)
