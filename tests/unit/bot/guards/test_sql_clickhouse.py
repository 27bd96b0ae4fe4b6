"""What the SQL guard refuses of ClickHouse: it reads files and networks from within a SELECT, more than others do."""

from pathlib import Path

import pytest

from bot.guards.sql import Refused, guard
from bot.guards.sql_schema import Column, Schema, Table

REFUSED = Path(__file__).with_name("clickhouse_refused.txt").read_text("utf-8").splitlines()
SCHEMA = Schema(
    (
        Table("t", tuple(map(Column, ("id", "v", "d", "at")))),
        Table("people", (Column("id"), Column("mail", "forbidden", "String"), Column("phone", "masked", "String"))),
    ),
    "shop",
)


@pytest.mark.parametrize("sql", REFUSED)
def test_refuses(sql: str) -> None:
    assert isinstance(guard(sql, SCHEMA, "clickhouse"), Refused)
