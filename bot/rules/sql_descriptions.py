"""A team's own words for its database: descriptions and synonyms of tables and columns, and verified queries."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from connectors.configuration import BadSettings
from connectors.sql.port import Column, Schema, Table

Place: TypeAlias = tuple[str | int, ...]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class BadDescriptions(BadSettings):
    """The file cannot be used; each line of the message names file and line, and says what is wrong there."""


def _plain(value: object) -> object:
    return {"description": value} if isinstance(value, str) else value


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DescribedColumn(_Entry):
    """What a column means, and what else people call it."""

    description: str = ""
    synonyms: tuple[Words, ...] = ()


class DescribedTable(DescribedColumn):
    """What a table holds, what else people call it, and its columns; a column may be described by a text alone."""

    columns: dict[str, Annotated[DescribedColumn, BeforeValidator(_plain)]] = {}


class Example(_Entry):
    """A question, and the query that the team has checked for it."""

    question: Words
    sql: Query


class _File(_Entry):
    tables: dict[str, Annotated[DescribedTable, BeforeValidator(_plain)]] = {}
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Descriptions:
    """What a team says about its database; empty when it says nothing."""

    tables: Mapping[str, DescribedTable] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    path: Path = Path()
    lines: Mapping[Place, int] = field(default_factory=dict)

    def described(self, schema: Schema) -> Schema:
        """The schema in the team's words, which stand in for the database's own comments."""
        own = {name.casefold(): table for name, table in self.tables.items()}
        return replace(schema, tables=tuple(_described(one, own.get(one.name.casefold())) for one in schema.tables))

    def unknown(self, schema: Schema) -> Iterator[str]:
        """A line for each table or column that is described but not there."""
        for name, described in self.tables.items():
            table = schema.table(name)
            if table is None:
                yield self.mistake(("tables", name), f"there is no table {name}{_near(name, schema.tables)}")
                continue
            for column in described.columns:
                if table.column(column) is None:
                    place = ("tables", name, "columns", column)
                    yield self.mistake(place, f"{name} has no column {column}{_near(column, table.columns)}")

    def mistake(self, place: Place, text: str) -> str:
        """The text, led by file and line of an entry of the file."""
        return f"{self.path}:{_line(self.lines, place)}: {text}"


def read_descriptions(path: Path | None) -> Descriptions:
    """The file, checked for its form. Raises BadDescriptions."""
    if path is None:
        return Descriptions()
    try:
        text = path.read_text("utf-8")
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(top)) if top else {}
        found = _File.model_validate(yaml.safe_load(text) or {})
    except (OSError, UnicodeDecodeError) as failure:
        raise BadDescriptions(f"{path} cannot be read ({failure}); check data.descriptions.") from failure
    except yaml.YAMLError as mistake:
        mark = getattr(mistake, "problem_mark", None)
        what = getattr(mistake, "problem", None) or "it cannot be read"
        raise BadDescriptions(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {what}") from mistake
    except ValidationError as wrong:
        said = [f"{path}:{_line(lines, one['loc'])}: {_named(one['loc'])}: {one['msg']}" for one in wrong.errors()]
        raise BadDescriptions("\n".join(said)) from wrong
    return Descriptions(found.tables, found.examples, path, lines)


def _described(table: Table, own: DescribedTable | None) -> Table:
    if own is None:
        return table
    columns = {name.casefold(): one for name, one in own.columns.items()}
    return replace(
        table,
        comment=own.description or table.comment,
        synonyms=own.synonyms,
        columns=tuple(_described_column(one, columns.get(one.name.casefold())) for one in table.columns),
    )


def _described_column(column: Column, own: DescribedColumn | None) -> Column:
    if own is None:
        return column
    return replace(column, comment=own.description or column.comment, synonyms=own.synonyms)


def _near(name: str, there: tuple[Table, ...] | tuple[Column, ...]) -> str:
    near = difflib.get_close_matches(name, [one.name for one in there], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _lines(node: yaml.Node, above: Place = ()) -> Iterator[tuple[Place, int]]:
    """The line of every entry, by the keys and numbers that lead to it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*above, str(key.value)), key.start_mark.line + 1
            yield from _lines(value, (*above, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*above, number), value.start_mark.line + 1
            yield from _lines(value, (*above, number))


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of an entry, or of the nearest one around it."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 1)


def _named(place: Place) -> str:
    return ".".join(map(str, place)) or "the file"
