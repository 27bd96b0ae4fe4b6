"""From boxes on a picture to text: rows stay rows, columns stay under each other, panels are read one by one."""

import unicodedata
from collections.abc import Iterator, Sequence
from statistics import median

from connectors.ocr.port import TextLine

# Fractions of a line's height.
_SAME_ROW = 0.5
_GUTTER = 1.5
_ALIGNED = 0.35

# Two panels side by side are read as a table when so many lines of the shorter one have a partner at their height.
_TABLE = 0.6
_FEWEST_IN_PANEL = 3
_WIDEST_GAP = 32


def in_reading_order(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Rows from top to bottom, each from left to right; panels that are no table's columns come one after the other.

    A recursive XY-cut (Nagy and Seth, 1984) that cuts at vertical gutters, unless the lines on both sides stand at the
    same heights, as a table's cells do.
    """
    if not lines:
        return []
    height = median(line.bottom - line.top for line in lines)
    return list(_read(list(lines), max(height, 1.0)))


def as_text(rows: Sequence[Sequence[TextLine]]) -> str:
    """The rows on a grid of characters: indentation and columns are kept as blanks."""
    lines = [line for row in rows for line in row]
    if not lines:
        return ""
    character = max(median((line.right - line.left) / max(_width(line.text), 1) for line in lines), 1.0)
    edge = min(line.left for line in lines)
    return "\n".join(_on_grid(row, edge, character) for row in rows)


def _on_grid(row: Sequence[TextLine], edge: int, character: float) -> str:
    text = ""
    for line in row:
        gap = round((line.left - edge) / character) - _width(text)
        # Cells of a row stay apart even where their text is wider than their place.
        text += " " * min(max(gap, 2 if text else 0), _WIDEST_GAP) + line.text
    return text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _read(lines: list[TextLine], height: float) -> Iterator[list[TextLine]]:
    if (cut := _gutter(lines, height)) is not None:
        yield from _read([line for line in lines if line.right <= cut], height)
        yield from _read([line for line in lines if line.right > cut], height)
    else:
        yield from _rows(lines)


def _gutter(lines: Sequence[TextLine], height: float) -> float | None:
    """Where to cut: the widest run of columns that no line touches between two panels."""
    by_left = sorted(lines, key=lambda line: line.left)
    best, where, reach = _GUTTER * height, None, by_left[0].right
    for at, line in enumerate(by_left):
        if line.left - reach > best and _are_panels(by_left[:at], by_left[at:], height):
            best, where = line.left - reach, reach + (line.left - reach) / 2
        reach = max(reach, line.right)
    return where


def _are_panels(left: Sequence[TextLine], right: Sequence[TextLine], height: float) -> bool:
    few, many = sorted((left, right), key=len)
    if len(few) < _FEWEST_IN_PANEL:
        return False
    heights = [_middle(line) for line in many]
    aligned = sum(any(abs(_middle(line) - other) < _ALIGNED * height for other in heights) for line in few)
    return aligned < _TABLE * len(few)


def _rows(lines: Sequence[TextLine]) -> Iterator[list[TextLine]]:
    row: list[TextLine] = []
    for line in sorted(lines, key=_middle):
        if row and not _beside(line, row[-1]):
            yield sorted(row, key=lambda one: one.left)
            row = []
        row.append(line)
    if row:
        yield sorted(row, key=lambda one: one.left)


def _beside(line: TextLine, other: TextLine) -> bool:
    smaller = min(line.bottom - line.top, other.bottom - other.top)
    return abs(_middle(line) - _middle(other)) < _SAME_ROW * max(smaller, 1)


def _middle(line: TextLine) -> float:
    return (line.top + line.bottom) / 2
