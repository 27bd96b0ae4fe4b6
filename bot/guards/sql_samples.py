"""Sample values of a database, before anybody is shown them: no column keeps any that look secret or personal."""

from dataclasses import replace

from bot.guards.redaction import redact
from connectors.sql.port import Column, Schema


def without_secrets(schema: Schema) -> Schema:
    """The schema, with no samples of a column among whose values one is a secret or somebody's personal data.

    Such a column loses them all: what was recognised in one value may stand unrecognised in the next. People's names
    cannot be told from other words: mask their columns.
    """
    return replace(
        schema,
        tables=tuple(
            replace(table, columns=tuple(_safe(column) for column in table.columns)) for table in schema.tables
        ),
    )


def _safe(column: Column) -> Column:
    # A value like hunter2 is only known for a password by the name that stands before it.
    told = "\n".join(f"{column.name}={value}\n{value}" for value in column.samples)
    return replace(column, samples=()) if column.samples and redact(told).hidden else column
