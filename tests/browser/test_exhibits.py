"""Tables and charts of an answer: seen, opened, read without eyes, and taken away as a file."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.charts import png, prepare
from bot.rules.figure_words import says
from bot.rules.figures import of_lines
from bot.rules.sheets import spreadsheet, table
from bot.vocabulary import Line, Rows
from connectors.chat.card_port import Chart, Table
from connectors.state.port import KeptFile
from tests.browser.stage import Stage, ask

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOSTILE = '<img src=x onerror="document.title=1">'
ORDERS = Rows(
    columns=("id", "status", "客户", HOSTILE, "total", "a_very_long_column_name", "created_at"),
    rows=tuple((i, "paid", "王伟", HOSTILE, i * 12.5, "x" * 50, "2026-03-04 10:00:00+00") for i in range(3480)),
    total=3480,
)


@pytest.fixture
def figures(tmp_path: Path) -> Iterator[Callable[[Stage, str], tuple[Table, Chart]]]:
    prepare(tmp_path)

    def keep(stage: Stage, author: str, content: bytes, kind: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        stage.run(stage.state.keep(KeptFile(author, digest, kind, content, NOON), for_good=True))
        return digest

    def shown(stage: Stage, question_id: str) -> tuple[Table, Chart]:
        author = stage.run(stage.state.question(question_id)).author
        lines = [Line(name=f"pod-{n}", points=tuple((i * 60.0, i % 7 + n) for i in range(60))) for n in range(3)]
        drawing = of_lines("p95 of checkout", lines)
        assert drawing
        file, picture = spreadsheet(ORDERS), png(drawing, "en")
        rows = table("Database: orders", ORDERS, "en").model_copy(
            update={"file": keep(stage, author, file, "text/csv")}
        )
        chart = Chart(title=drawing.title, file=keep(stage, author, picture, "image/png"), says=says(drawing, "en"))
        return rows, chart

    yield shown
    prepare.cache_clear()


def answered(page: Page, stage: Stage, figures: Callable[[Stage, str], tuple[Table, Chart]]) -> str:
    question_id = ask(page, stage)
    rows, chart = figures(stage, question_id)
    stage.settles(question_id, tables=(rows,), charts=(chart,))
    expect(page.get_by_role("article")).to_be_visible()
    return question_id


def test_a_table_is_read_and_scrolls_by_itself(
    open_page: Open, stage: Stage, figures: Callable[[Stage, str], tuple[Table, Chart]]
) -> None:
    page = open_page(viewport={"width": 380, "height": 720})
    answered(page, stage, figures)

    shown = page.get_by_role("table", name="Database: orders")
    expect(shown.get_by_role("columnheader")).to_have_text(list(ORDERS.columns))
    expect(shown.get_by_role("row")).to_have_count(21)
    expect(page.get_by_text("20 of 3,480 rows")).to_be_visible()
    expect(shown.get_by_role("cell", name=HOSTILE).first).to_have_text(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.get_by_role("region", name="Database: orders")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    expect(box).to_be_focused()


def test_all_rows_are_had_as_csv(
    open_page: Open, stage: Stage, figures: Callable[[Stage, str], tuple[Table, Chart]]
) -> None:
    page = open_page()
    answered(page, stage, figures)

    with page.expect_download() as coming:
        page.get_by_role("button", name="Download all rows of Database: orders as CSV").press("Enter")

    assert coming.value.suggested_filename == "Database-orders.csv"
    assert coming.value.path().read_bytes() == spreadsheet(ORDERS)


def test_a_chart_is_seen_opened_and_told_in_words(
    open_page: Open, stage: Stage, figures: Callable[[Stage, str], tuple[Table, Chart]]
) -> None:
    page = open_page()
    answered(page, stage, figures)

    image = page.get_by_role("img", name=re.compile("^Line chart from 1970-01-01 00:00 to 00:59 UTC"))
    expect(image).to_have_js_property("naturalWidth", 800)
    page.get_by_role("button", name="Open the chart p95 of checkout").press("Enter")
    expect(page.get_by_role("dialog", name="p95 of checkout").get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open the chart p95 of checkout")).to_be_focused()
    page.get_by_text("The chart in words").click()
    expect(page.get_by_text("1. pod-0: first 0 at 00:00")).to_be_visible()


def test_what_is_no_longer_kept_is_said(open_page: Open, stage: Stage) -> None:
    page = open_page()
    gone = "0" * 64
    question_id = ask(page, stage)
    stage.settles(
        question_id,
        tables=(Table(title="Orders", columns=("n",), rows=(("1",),), total=1, file=gone),),
        charts=(Chart(title="p95", file=gone, says="Line chart."),),
    )

    expect(page.get_by_text("Line chart.")).to_be_visible()
    page.get_by_role("button", name="Download all rows of Orders as CSV").click()
    expect(page.get_by_text("This file is no longer kept.")).to_have_count(2)
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
