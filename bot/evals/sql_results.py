"""Compares what a query gave with what it should have given, as execution accuracy counts it."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

_DIGITS = 6
_BRACES = re.compile(r"\{([^{}]*)\}")
_ASKS_FOR_ORDER = re.compile(
    r"\b(?:order(?:ed)?|sort(?:ed)?|rank(?:ed|ing)?|alphabetical(?:ly)?|ascending|descending|increasing|decreasing)\b",
    re.IGNORECASE,
)

Row = tuple[object, ...]


def alternatives(gold: str) -> list[str]:
    """Every query that counts as right: alternatives stand between semicolons, and of ``{a, b}`` any column may be had.

    The notation of https://github.com/defog-ai/sql-eval: an empty ``{}`` repeats the choice.
    """
    return [query for one in _statements(gold) for query in _chosen(one)]


def is_ordered(question: str, gold: str) -> bool:
    """Whether the order of the rows was asked for."""
    return bool(_ASKS_FOR_ORDER.search(question)) and "order by" in gold.lower()


def same(found: Sequence[Row], expected: Sequence[Row], *, ordered: bool, extra: bool) -> bool:
    """Whether the rows are those expected, whatever their columns are called and in whichever order these stand.

    ``extra`` columns do no harm then. Numbers count as equal in six digits.
    """
    if not expected or not found:
        return not expected and not found
    wide, narrow = _folded(found), _folded(expected)
    if len(wide) != len(narrow) or len(wide[0]) < len(narrow[0]) or (len(wide[0]) > len(narrow[0]) and not extra):
        return False
    return any(_equal(wide, narrow, places, ordered=ordered) for places in _matches(wide, narrow))


def _statements(gold: str) -> list[str]:
    parts = re.findall(r"(?:'(?:[^']|'')*'|[^;'])+", gold)
    return [part.strip() for part in parts if part.strip()]


def _chosen(statement: str) -> Iterator[str]:
    optional = next((found[1] for found in _BRACES.finditer(statement) if found[1].strip()), None)
    if optional is None:
        yield statement
        return
    columns = [column.strip() for column in optional.split(",")]
    for size in range(1, len(columns) + 1):
        for chosen in itertools.combinations(columns, size):
            yield _BRACES.sub(", ".join(chosen).replace("\\", r"\\"), statement)


def _folded(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    return [tuple(_fold(value) for value in row) for row in rows]


def _fold(value: object) -> str:
    text = "" if value is None else str(float(value) if isinstance(value, bool) else value).strip()
    try:
        return f"{float(text):.{_DIGITS}g}"
    except ValueError:
        return text


def _matches(wide: list[tuple[str, ...]], narrow: list[tuple[str, ...]]) -> Iterator[tuple[int, ...]]:
    """Places in ``wide`` for the columns of ``narrow`` that hold the same values, as far as one column tells."""
    held = [Counter(row[place] for row in wide) for place in range(len(wide[0]))]
    wanted = [Counter(row[place] for row in narrow) for place in range(len(narrow[0]))]
    options = [[place for place, values in enumerate(held) if values == one] for one in wanted]
    return (places for places in itertools.product(*options) if len(set(places)) == len(places))


def _equal(
    wide: list[tuple[str, ...]], narrow: list[tuple[str, ...]], places: tuple[int, ...], *, ordered: bool
) -> bool:
    chosen = [tuple(row[place] for place in places) for row in wide]
    return chosen == narrow if ordered else Counter(chosen) == Counter(narrow)
