"""Rows as a table to look at, and as a file for a spreadsheet."""

import csv
import io
import math

import pytest

from bot.rules.sheets import LONGEST_CELL, spreadsheet, table
from bot.vocabulary import Cell, Rows


def rows(*cells: tuple[Cell, ...], columns: tuple[str, ...] = ("a", "b"), total: int = 0, capped: bool = False) -> Rows:
    return Rows(columns=columns, rows=cells, total=total, capped=capped)


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_table_shows_the_first_rows_as_text_and_counts_all() -> None:
    shown = table("Orders", rows(*((i, 0.1 + 0.2) for i in range(50)), total=3480), "en")

    assert (shown.title, shown.columns, len(shown.rows), shown.total) == ("Orders", ("a", "b"), 20, 3480)
    assert shown.rows[19] == ("19", "0.3")


def test_cells_are_written_plainly() -> None:
    shown = table(
        "x", rows((None, True), (1_234_567, 1e21), (math.nan, "a\tb\x1b[0m\u202ec\n\n"), (-0.5, "x" * 99)), "en"
    )

    assert shown.rows == (
        ("", "true"), ("1234567", "1e+21"), ("nan", "a b [0m c"), ("-0.5", "x" * (LONGEST_CELL - 1) + "…")
    )  # fmt: skip


def test_what_is_not_shown_is_said() -> None:
    wide = rows(tuple(range(12)), columns=tuple(f"c{i}" for i in range(12)), capped=True)

    assert table("Orders", wide, "en").title == "Orders (8 of 12 columns, there are more rows)"
    assert table("订单", wide, "zh").title == "订单（12 列中的 8 列，还有更多行）"
    assert len(table("Orders", wide, "en").rows[0]) == 8


def test_a_file_holds_every_row_in_full() -> None:
    content = spreadsheet(rows(*((i, f'订单 "{i}", {"x" * 500}') for i in range(5000))))

    assert content.startswith(b"\xef\xbb\xbf")
    assert read(content)[0] == ["a", "b"]
    assert read(content)[5000] == ["4999", f'订单 "4999", {"x" * 500}']
    assert read(spreadsheet(rows((0.1 + 0.2, None)))) == [["a", "b"], ["0.30000000000000004", ""]]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1 2", "=A(\"x\")", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "-"],
)  # fmt: skip
def test_no_text_is_run_by_a_spreadsheet(text: str) -> None:
    assert read(spreadsheet(rows((text, ""), columns=(text, "b")))) == [[f"'{text}", "b"], [f"'{text}", ""]]


@pytest.mark.parametrize("text", ["-5", "+1.5e-3", " -.5", "a=b", "2026-03-04", "'quoted", ""])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    assert read(spreadsheet(rows((text, "")))) == [["a", "b"], [text, ""]]


def test_a_sign_that_cannot_be_stored_is_left_out() -> None:
    assert read(spreadsheet(rows(("a\0b", "\ud800"))))[1] == ["ab", "?"]
