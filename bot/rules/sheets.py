"""Rows as text: a few of them to be looked at, and all of them as a file that no spreadsheet takes for a program."""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping

from bot.rules.short_names import clean
from bot.vocabulary import Cell, Language, Rows
from connectors.chat.card_port import Table

SHOWN_ROWS, SHOWN_COLUMNS, LONGEST_CELL, LONGEST_TITLE = 20, 8, 60, 120
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
# What makes a spreadsheet run a cell, in the widths that some of them fold into one another.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NOTES: Mapping[Language, Mapping[str, str]] = {
    "en": {"columns": "{n} of {all} columns", "more": "there are more rows", "all": " ({})", ", ": ", "},
    "zh": {"columns": "{all} 列中的 {n} 列", "more": "还有更多行", "all": "（{}）", ", ": "，"},
}


def table(title: str, rows: Rows, language: Language) -> Table:
    """The first rows and columns to look at; the title says when columns are left out, or when there are more rows."""
    words, shown = _NOTES[language], rows.columns[:SHOWN_COLUMNS]
    notes = [
        words["columns"].format(n=len(shown), all=len(rows.columns)) if len(rows.columns) > len(shown) else "",
        words["more"] if rows.capped else "",
    ]
    noted = words[", "].join(note for note in notes if note)
    return Table(
        title=clean(title, LONGEST_TITLE) + (words["all"].format(noted) if noted else ""),
        columns=tuple(clean(name, LONGEST_CELL) for name in shown),
        rows=tuple(tuple(map(_shown, row[:SHOWN_COLUMNS])) for row in rows.rows[:SHOWN_ROWS]),
        total=max(rows.total, len(rows.rows)),
    )


def spreadsheet(rows: Rows) -> bytes:
    """All rows as CSV (RFC 4180) in UTF-8 with the mark by which spreadsheets know it.

    A text that a spreadsheet would run gets an apostrophe in front: owasp.org/www-community/attacks/CSV_Injection.
    """
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    lines.writerow(map(_harmless, rows.columns))
    lines.writerows(map(_cell, row) for row in rows.rows)
    return file.getvalue().encode("utf-8-sig", "replace")


def _cell(value: Cell) -> str:
    return _harmless(value) if isinstance(value, str) else _spelled(value, 17)


def _harmless(text: str) -> str:
    text = text.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _shown(value: Cell) -> str:
    if not isinstance(value, str):
        return _spelled(value, 10)
    # Cut at its end and not in its middle: in a column beginnings are compared.
    words = " ".join("".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in value[:1000]).split())
    return words if len(words) <= LONGEST_CELL else f"{words[: LONGEST_CELL - 1]}…"


def _spelled(value: Cell, digits: int) -> str:
    """A number in full, as it would be typed; a double with as many digits as asked for."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    return repr(value) if digits > 15 else f"{value:.{digits}g}"
