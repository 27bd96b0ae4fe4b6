"""What came out of a database becomes plain values, no more of them than the caps allow."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from connectors.sql.port import Cell

LONGEST_CELL = 2_000
MOST_SAMPLES, LONGEST_SAMPLE = 50, 60
SAMPLED_ROWS = 5_000

# A double holds 15 decimal digits whatever they are.
_EXACT_DIGITS = 15


class Basket:
    """Takes rows until one of its caps is reached."""

    def __init__(self, most_rows: int, most_bytes: int) -> None:
        self.rows: list[tuple[Cell, ...]] = []
        self.truncated = False
        self._most_rows, self._room = most_rows, most_bytes

    def add(self, values: Iterable[object]) -> bool:
        """Keep a row as plain values; False when there was no room, and then nothing more should come."""
        row = tuple(cell(value) for value in values)
        self._room -= sum(len(str(value).encode("utf-8", "replace")) for value in row)
        if len(self.rows) >= self._most_rows or self._room < 0:
            self.truncated = True
            return False
        short = tuple(_cut(value) for value in row)
        self.truncated = self.truncated or short != row
        self.rows.append(short)
        return True


def cell(value: object) -> Cell:
    """A driver's value as text, number, truth or nothing; a time as ISO 8601 with a blank, bytes in hexadecimal."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "0x" + bytes(value[:LONGEST_CELL]).hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    # Of dates, times, intervals and UUIDs this is ISO 8601 or the usual spelling.
    return str(value)


def samples(values: Sequence[object]) -> tuple[str, ...]:
    """The different texts among a column's values, in order; empty when they are many or long."""
    texts = sorted({str(value) for value in values if value not in (None, "")})
    few = len(texts) <= MOST_SAMPLES and all(len(text) <= LONGEST_SAMPLE for text in texts)
    return tuple(texts) if few else ()


def _number(value: Decimal) -> Cell:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and value.adjusted() < LONGEST_CELL:
        return int(value)
    return float(value) if len(value.as_tuple().digits) <= _EXACT_DIGITS else str(value)


def _cut(value: Cell) -> Cell:
    return value[: LONGEST_CELL - 1] + "…" if isinstance(value, str) and len(value) > LONGEST_CELL else value
