"""The database that statements were written for, as far as they say: the tables, columns and types that they name."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.guards.sql_dialects import DIALECTS, SqlDialect
from bot.guards.sql_schema import Column, Schema, Table
from bot.guards.sql_scope import fold

_UNSAID = "id"
_Tables = dict[tuple[str, str], dict[str, None]]


def named_schema(statements: Iterable[str], trusted: Iterable[str], dialect: SqlDialect) -> Schema:
    """A schema in which every table and column that the statements name exists, and is open.

    Types of their own are taken from the trusted ones only. What cannot be read adds nothing.
    """
    tables: _Tables = {}
    for query in itertools.chain.from_iterable(_read(one, dialect) for one in statements):
        _add_tables(query, tables, dialect)
    types = {
        str(kind.args.get("kind") or "").strip('"').lower()
        for query in itertools.chain.from_iterable(_read(one, dialect) for one in trusted)
        for kind in query.find_all(exp.DataType)
        if kind.this == exp.DType.USERDEFINED
    }
    return Schema(
        tuple(
            Table(name, tuple(Column(column) for column in columns or {_UNSAID: None}), schema)
            for (schema, name), columns in tables.items()
        ),
        types=frozenset(types),
    )


def _read(statement: str, dialect: SqlDialect) -> list[exp.Expr]:
    try:
        parsed = DIALECTS[dialect].parse(statement)
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        return []
    return [query for query in parsed if isinstance(query, exp.Query)]


def _add_tables(query: exp.Expr, tables: _Tables, dialect: str) -> None:
    common = {fold(cte.args["alias"].this, dialect, table=True) for cte in query.find_all(exp.CTE)}
    read: dict[str, list[dict[str, None]]] = defaultdict(list)
    for table in query.find_all(exp.Table):
        name = fold(table.this, dialect, table=True) if isinstance(table.this, exp.Identifier) else ""
        if not name or (name in common and not table.args.get("db")):
            continue
        columns = tables.setdefault((fold(table.args.get("db"), dialect, table=True), name), {})
        for called in (_called(table, dialect) or name, *_derived_around(table, dialect)):
            read[called].append(columns)
    for column in query.find_all(exp.Column):
        of, name = fold(column.args.get("table"), dialect, table=True), fold(column.this, dialect)
        if name != "*" and (of or not (name in read or _alias_of(column, name, dialect))):
            _give(name, read[of] if of in read else [] if of else list(itertools.chain(*read.values())))
    for join in query.find_all(exp.Join):
        for identifier in join.args.get("using") or ():
            _give(fold(identifier, dialect), list(itertools.chain(*read.values())))


def _called(node: exp.Expr, dialect: str) -> str:
    alias = node.args.get("alias")
    return fold(alias.this, dialect, table=True) if isinstance(alias, exp.TableAlias) and alias.this else ""


def _derived_around(table: exp.Table, dialect: str) -> Iterator[str]:
    """The names of the subqueries around a table that put out all of its columns."""
    around = table.find_ancestor(exp.Select)
    while around is not None and any(projection.is_star for projection in around.expressions):
        made = around.parent
        if isinstance(made, exp.Subquery | exp.CTE) and (name := _called(made, dialect)):
            yield name
        around = around.find_ancestor(exp.Select)


def _give(name: str, tables: list[dict[str, None]]) -> None:
    for columns in tables:
        columns[name] = None


def _alias_of(column: exp.Column, name: str, dialect: str) -> bool:
    """Whether the SELECT around a column defines that name itself."""
    around = column.find_ancestor(exp.Select)
    made: Mapping[str, None] = {
        fold(one.args["alias"], dialect): None
        for one in (around.expressions if around else ())
        if isinstance(one, exp.Alias)
    }
    return name in made
