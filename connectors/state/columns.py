"""How rows are written and read alike on SQLite and PostgreSQL: types of columns, and rows in the place of others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connectors.state.storable import storable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
R = TypeVar("R", bound="DataclassInstance")
Row = Mapping[str, Any]


class Text(sa.TypeDecorator[str]):
    """Text of any length, without what PostgreSQL refuses."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Of what is stored and of what is looked for."""
        return None if value is None else storable(value)


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Of what is stored and of what is looked for."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """With its time zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def columns(table: sa.Table, shape: type[R]) -> list[sa.Column[Any]]:
    """The columns of the table that make up a value of this shape; they have the names of its fields."""
    return [table.c[one.name] for one in fields(shape)]


def every(connection: sa.Connection, shape: type[R], query: sa.Select[Any]) -> tuple[R, ...]:
    """What the query finds, as values of this shape."""
    return tuple(shape(**row) for row in connection.execute(query).mappings())


def put(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    """Put rows in the place of those with the same key; of several with one key the last one stays."""
    keys = [column.name for column in table.primary_key]
    last = {tuple(row[key] for key in keys): row for row in rows}
    if not last:
        return
    statement = insert_into(connection, table)
    # In the same order everywhere: transactions that wait for each other's rows would never end.
    ordered = [dict(last[key]) for key in sorted(last)]
    others = {name: statement.excluded[name] for name in ordered[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), ordered)


def add(connection: sa.Connection, table: sa.Table, row: Row) -> bool:
    """Add a row, unless there is one with its key; whether it was added."""
    return inserted(connection, insert_into(connection, table).on_conflict_do_nothing().values(**row))


def inserted(connection: sa.Connection, statement: postgresql.Insert | sqlite.Insert) -> bool:
    """Whether the insert of one row did anything."""
    # How many rows an insert has added is forgotten unless it is asked for.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def portions(values: Sequence[T], most: int = 1000) -> Iterable[Sequence[T]]:
    """The values, so many at a time: databases bound how many one statement may name."""
    return (values[first : first + most] for first in range(0, len(values), most))


def insert_into(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can be told what to do about a row with the same key."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
