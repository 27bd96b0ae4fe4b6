"""Schema linking: which tables, columns and values of a database a question speaks of, found without a model."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.rules.entities import find_environments
from bot.rules.terms import Terms
from connectors.sql.port import Column, Schema, Table

ROOM = 150
FEWEST_TABLES, FEWEST_COLUMNS = 8, 8
SHORTEST_VALUE = 2
_COMMENT_WORDS = 4
_UNITS = frozenset(
    ("seconds", "minutes", "hours", "days", "ms", "sec", "secs", "min", "mins", "bytes", "mb", "gb", "pct")
)
_TABLE, _COLUMN, _COMMENT, _VALUE = 3.0, 1.0, 0.3, 2.0
# Measured, see `eval sql-linking`: the nearest table lies a few tenths before the others.
_NEAR = 24.0


@dataclass(frozen=True)
class Value:
    """A value that the question names, and the column that holds it; ``words`` are the question's for it."""

    table: str
    column: str
    value: str
    words: str


@dataclass(frozen=True)
class Linked:
    """The part of a schema that a question may need, best first, and the values it names.

    ``relevant`` is False when nothing in the question is anywhere in the schema.
    """

    tables: tuple[Table, ...]
    values: tuple[Value, ...]
    relevant: bool


def link(
    text: str,
    schema: Schema,
    terms: Terms,
    names: Sequence[str] = (),
    room: int = ROOM,
    near: Mapping[str, float] | None = None,
) -> Linked:
    """What a question speaks of. ``names`` are further names for what it says, such as a service's canonical one.

    A schema of no more than ``room`` columns stays whole; of a larger one about so many are left. ``near`` says how
    near tables are in meaning, by name; they are ordered by it as well, but what is near need not be relevant.
    """
    values = find_values(" ".join([text, *names]), schema)
    wanted = terms(text) | frozenset(term for name in names for term in terms(name))
    scores = {table.name: _score(table, wanted, values, terms) for table in schema.tables}
    relevant = any(score > 0 for score in scores.values())
    if near:
        scores = {name: score + _NEAR * near.get(name, 0.0) for name, score in scores.items()}
    ranked = sorted(schema.tables, key=lambda table: -scores[table.name])
    if sum(len(table.columns) for table in schema.tables) > room:
        chosen = [table for table in ranked[: max(FEWEST_TABLES, room // FEWEST_COLUMNS)] if scores[table.name] > 0]
        most = max(FEWEST_COLUMNS, room // max(1, len(chosen)))
        ranked = [_narrowed(table, wanted, values, terms, most) for table in _connected(chosen, schema)]
    return Linked(tuple(ranked), values, relevant)


def find_values(text: str, schema: Schema) -> tuple[Value, ...]:
    """Values of the schema's samples that stand in the text, without those that are part of a longer one."""
    folded, environments = text.casefold(), set(find_environments(text))
    found = [
        Value(table.name, column.name, sample, words)
        for table in schema.tables
        for column in table.columns
        for sample in column.samples
        if (words := _said(sample, folded, environments))
    ]
    longest = [one for one in found if not any(_inside(one.words, other.words) for other in found)]
    return tuple(dict.fromkeys(longest))


def named(one: Table | Column, wanted: frozenset[str], terms: Terms) -> frozenset[str]:
    """The content words of a name if ``wanted`` holds every word of it, of a synonym or of a short comment.

    Empty when it does not. A unit at the end of a name, as in ``duration_minutes``, need not be said.
    """
    short = one.comment if len(one.comment.split()) <= _COMMENT_WORDS else ""
    for words in map(_words, (one.name, *one.synonyms, short)):
        needed = [word for word in words if word not in _UNITS] or words
        if needed and all(terms(word) & wanted for word in needed):
            return frozenset(term for word in words for term in terms(word))
    return frozenset()


def words_of(name: str, terms: Terms) -> frozenset[str]:
    """The content words of a name such as ``service_id`` or ``openedAt``."""
    return frozenset(term for word in _words(name) for term in terms(word))


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", name).lower().split()


def _said(sample: str, text: str, environments: set[str]) -> str:
    """How the text names the value, in lower case; empty when it does not."""
    value = sample.casefold().strip()
    if len(value) < SHORTEST_VALUE or value.isdigit() or "\\" in value:
        return ""
    if not value.isascii():
        return value if value in text else ""
    if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text):
        return value
    # prod, production and 生产 are one environment, whichever of them the column holds.
    named = find_environments(sample) if len(value.split()) == 1 and len(value) <= 12 else ()
    return named[0] if named and named[0] in environments else ""


def _inside(shorter: str, longer: str) -> bool:
    return shorter != longer and shorter in longer


def _score(table: Table, wanted: frozenset[str], values: Sequence[Value], terms: Terms) -> float:
    score = _TABLE * max(_share(words_of(name, terms), wanted) for name in (table.name, *table.synonyms))
    score += _COMMENT * len(terms(table.comment) & wanted)
    score += sum(_column_score(column, wanted, terms) for column in table.columns)
    return score + _VALUE * len({one.words for one in values if one.table == table.name})


def _column_score(column: Column, wanted: frozenset[str], terms: Terms) -> float:
    named = max(_share(words_of(name, terms) - {"id"}, wanted) for name in (column.name, *column.synonyms))
    return _COLUMN * named + _COMMENT * len(terms(column.comment) & wanted)


def _share(own: frozenset[str], wanted: frozenset[str]) -> float:
    return len(own & wanted) / max(1, len(own))


def _connected(chosen: Sequence[Table], schema: Schema) -> Iterable[Table]:
    """The chosen tables, and each that joins two of them."""
    names = {table.name for table in chosen}
    between = [
        table
        for table in schema.tables
        if table.name not in names and len({key.table for key in table.foreign_keys} & names) > 1
    ]
    return [*chosen, *between]


def _narrowed(table: Table, wanted: frozenset[str], values: Sequence[Value], terms: Terms, most: int) -> Table:
    """The table with its keys, the columns that the question speaks of, and the first others."""
    if len(table.columns) <= most:
        return table
    kept = {*table.key, *(column for key in table.foreign_keys for column in key.columns)}
    kept |= {one.column for one in values if one.table == table.name}
    ranked = sorted(table.columns, key=lambda one: (one.name not in kept, -_column_score(one, wanted, terms)))
    chosen = {column.name for column in ranked[:most]}
    return replace(table, columns=tuple(column for column in table.columns if column.name in chosen))
