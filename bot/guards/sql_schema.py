"""What a database lets one asker read: the allow-list of tables and columns that a query is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Access = Literal["open", "masked", "forbidden"]


@dataclass(frozen=True)
class Column:
    """A column and what this asker may do with it. ``kind`` is its type as the database names it, if known."""

    name: str
    access: Access = "open"
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table or view and every column it has. Without ``schema`` it is in the database's default one."""

    name: str
    columns: tuple[Column, ...]
    schema: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Its columns by their names as stored."""
        return {column.name: column for column in self.columns}

    @cached_property
    def by_folded(self) -> Mapping[str, Column]:
        """Its columns by their names in lower case."""
        return {column.name.lower(): column for column in self.columns}

    @cached_property
    def limited(self) -> bool:
        """Whether there is a column that this asker may not see as it is."""
        return any(column.access != "open" for column in self.columns)


@dataclass(frozen=True)
class Schema:
    """The tables an asker may read. A table, column or type that is not listed does not exist for a query.

    ``default`` is where a name without a schema is looked up (PostgreSQL's ``public``, a MySQL database); ``types`` are
    user-defined types that may be cast to: an enumeration, never a domain whose check calls a function.
    """

    tables: tuple[Table, ...]
    default: str = ""
    types: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Table]:
        """Tables by schema and name as stored; those of the default schema also without one."""
        named = {(table.schema or self.default, table.name): table for table in self.tables}
        return named | {("", name): table for (schema, name), table in named.items() if schema == self.default}

    @cached_property
    def by_folded(self) -> Mapping[tuple[str, str], Table]:
        """The same, in lower case."""
        return {(schema.lower(), name.lower()): table for (schema, name), table in self.by_name.items()}
