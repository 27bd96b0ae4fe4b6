"""What is said of a database, in prompts and in answers."""

from datetime import UTC, datetime

from bot.rules.sql_linking import link
from bot.rules.sql_wording import answered, described
from bot.rules.terms import content_terms
from bot.vocabulary import Window
from connectors.sql.port import Cell, Rows
from tests.unit.bot.plugins.sql_admitted import admitted
from tests.unit.bot.rules.sql_shop import SHOP

QUERY = admitted("SELECT name FROM service", SHOP)


def rows(*values: tuple[Cell, ...], truncated: bool = False) -> Rows:
    return Rows(("name", "number"), values, truncated, 0.1)


def test_rows_are_a_table_with_their_query() -> None:
    text = answered(QUERY, rows(("checkout", 2.50)), by="template", language="en")

    assert text.startswith("| name | number |\n| --- | --- |\n| checkout | 2.5 |\n\n1 row.")
    assert "Asked of PostgreSQL by a fixed template; tables: service; at most 1000 rows." in text
    assert text.endswith(f"```sql\n{QUERY.text}\n```")


def test_a_cell_stays_a_cell() -> None:
    text = answered(QUERY, rows(("a|b\n`c` [x](http://y)", None)), by="template", language="en")

    assert "| a\\|b \\`c\\` \\[x\\](http://y) |  |" in text


def test_a_query_cannot_close_its_fence() -> None:
    query = admitted("SELECT name FROM service WHERE name = '```\n# heading'", SHOP)

    assert "\n````sql\n" in answered(query, rows(), by="model", language="en")


def test_what_is_left_out_is_said() -> None:
    text = answered(QUERY, rows(*[("x", 1)] * 30, truncated=True), by="model", language="zh")

    assert text.count("| x | 1 |") == 20
    assert "30 行；显示前 20 行；还有更多：结果在 1000 行或字节上限处截断。" in text


def test_no_rows_are_said_to_be_none() -> None:
    assert answered(QUERY, rows(), by="template", language="zh").startswith("查询没有返回任何行。")


def test_a_prompt_holds_schema_values_and_moments() -> None:
    moment = datetime(2026, 1, 6, tzinfo=UTC)
    linked = link("how many open incidents yesterday", SHOP, content_terms)

    text = described("mysql", linked, Window(start=moment, end=moment.replace(day=7), words="yesterday"))

    assert text.startswith("DIALECT\nMySQL\nSCHEMA\nincident:")
    assert "\n  service_id integer = service.id\n" in text
    assert "\nVALUES\nincident.status = 'open'\n" in text
    assert text.endswith("TIME\nyesterday: from '2026-01-06 00:00:00' to before '2026-01-07 00:00:00'")
