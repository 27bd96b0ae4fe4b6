"""Boxes become text as a person would read it."""

from connectors.ocr.layout import as_text, in_reading_order
from connectors.ocr.port import TextLine

WIDE, HIGH = 10, 20


def line(text: str, column: int, row: float) -> TextLine:
    left, top = WIDE * column, round(HIGH * row)
    return TextLine(text=text, left=left, top=top, right=left + WIDE * len(text), bottom=top + 16)


def read(*lines: TextLine) -> str:
    return as_text(in_reading_order(lines))


def test_a_table_keeps_its_rows_and_columns() -> None:
    text = read(line("READY", 8, 0), line("NAME", 0, 0), line("cart-1", 0, 1), line("0/1", 8, 1.1), line("1/1", 8, 2))

    assert text.splitlines() == ["NAME    READY", "cart-1  0/1", "        1/1"]


def test_a_stack_trace_keeps_its_order_and_indentation() -> None:
    text = read(line("at Order.load", 4, 1), line("OutOfMemoryError", 0, 0), line("at Order.find", 4, 2))

    assert text.splitlines() == ["OutOfMemoryError", "    at Order.load", "    at Order.find"]


def test_panels_side_by_side_are_read_one_after_the_other() -> None:
    channels = [line(name, 0, row) for row, name in enumerate(["alerts", "deploys", "random", "team"])]
    messages = [line(text, 30, row * 1.4 + 0.5) for row, text in enumerate(["cart is", "slow since", "noon today"])]

    text = read(*messages, *channels)

    assert [one.strip() for one in text.splitlines()] == [
        "alerts", "deploys", "random", "team", "cart is", "slow since", "noon today",
    ]  # fmt: skip


def test_columns_of_a_long_table_are_no_panels() -> None:
    cells = [line(f"{name}-{row}", column, row) for row in range(6) for column, name in ((0, "a"), (40, "b"))]

    assert [one.split() for one in read(*cells).splitlines()] == [[f"a-{row}", f"b-{row}"] for row in range(6)]


def test_chinese_takes_two_places() -> None:
    service = TextLine(text="服务", left=0, top=0, right=40, bottom=16)
    delay = TextLine(text="延迟", left=80, top=0, right=120, bottom=16)

    assert read(service, delay) == "服务    延迟"


def test_a_picture_without_text_is_empty() -> None:
    assert read() == ""
