"""What the names in a query stand for: sources in FROM, what each puts out, and which column a name means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from bot.guards.sql_schema import Column, Table

_SYSTEM_COLUMNS: Mapping[str, frozenset[str]] = {
    "postgres": frozenset(("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")),
    "sqlite": frozenset(("rowid", "_rowid_", "oid")),
}
_FOLDED = ("mysql", "sqlite")


@dataclass(frozen=True)
class Outputs:
    """The columns that a query or a source puts out, in order. Not ``complete``: there may be others."""

    names: tuple[str, ...] = ()
    complete: bool = False


@dataclass(eq=False)
class Source:
    """One thing in FROM: a table of the schema, or something made in the query."""

    name: str
    node: exp.Expr
    outputs: Outputs
    table: Table | None = None

    @property
    def renamed(self) -> bool:
        """Whether its columns get new names, by position."""
        alias = self.node.args.get("alias")
        return bool(alias and alias.args.get("columns"))

    def holds(self, name: str) -> bool:
        """Whether it certainly has a column of that name."""
        return name in self.outputs.names

    def column(self, name: str, dialect: str) -> Column | None:
        """The table's column of that folded name."""
        if self.table is None or self.renamed:
            return None
        return (self.table.by_folded if dialect in _FOLDED else self.table.by_name).get(name)

    def system_column(self, name: str, dialect: str) -> bool:
        """Whether every table of the dialect has that column."""
        return self.table is not None and name in _SYSTEM_COLUMNS.get(dialect, ())


@dataclass(frozen=True)
class Using:
    """A join on columns of equal names: what stands left and right of it, and the columns."""

    left: tuple[Source, ...]
    right: tuple[Source, ...]
    columns: tuple[exp.Expr, ...]


@dataclass(eq=False)
class Scope:
    """One SELECT: its sources, the names its list defines, and the SELECT around it that it may refer to.

    ``names`` are the columns and stars that it mentions itself, each with the clause that it stands in; ``renamed`` is
    a join in parentheses whose tables are known under one name.
    """

    parent: "Scope | None" = None
    ctes: Mapping[str, Outputs] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    names: list[tuple[str, exp.Expr]] = field(default_factory=list)
    using: list[Using] = field(default_factory=list)
    natural: bool = False
    renamed: bool = False

    def around(self) -> "Iterator[Scope]":
        """It and the scopes around it, the nearest first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def tables(self) -> list[Source]:
        """Its sources that are tables of the schema."""
        return [source for source in self.sources if source.table is not None]


def fold(identifier: exp.Expr | None, dialect: str, *, table: bool = False) -> str:
    """The name as the database looks it up. MySQL tells tables apart by case, not columns."""
    if identifier is None:
        return ""
    name = identifier.name
    if dialect == "postgres":
        quoted = isinstance(identifier, exp.Identifier) and identifier.quoted
        return name if quoted else name.lower()
    if dialect == "sqlite" or (dialect == "mysql" and not table):
        return name.lower()
    return name


def listed(table: Table, dialect: str) -> Outputs:
    """What this asker sees of a table: all of its columns but the forbidden."""
    names = (column.name for column in table.columns if column.access != "forbidden")
    return Outputs(tuple(name.lower() if dialect in _FOLDED else name for name in names), complete=True)


def renamed(outputs: Outputs, alias: exp.Expr | None, dialect: str) -> Outputs:
    """The outputs under the column names of an alias, ``AS x (a, b)``."""
    given = (alias.args.get("columns") or ()) if alias else ()
    names = tuple(fold(column.this if isinstance(column, exp.ColumnDef) else column, dialect) for column in given)
    return Outputs(names + outputs.names[len(names) :], complete=outputs.complete)


def output_name(projection: exp.Expr, dialect: str) -> str:
    """The name under which an expression of a select list is put out; empty when the database makes one up."""
    if isinstance(projection, exp.Alias):
        return fold(projection.args["alias"], dialect)
    if isinstance(projection, exp.Column):
        return fold(projection.this, dialect)
    if isinstance(projection, exp.Anonymous) and dialect == "postgres":
        return projection.name.lower()
    return ""
