"""A query as the guard admits it, for tests of what comes behind it."""

from bot.guards import sql_schema
from bot.guards.sql import guard
from connectors.sql.port import AdmittedQuery, Schema


def admitted(sql: str, schema: Schema) -> AdmittedQuery:
    tables = (sql_schema.Table(t.name, tuple(sql_schema.Column(c.name) for c in t.columns)) for t in schema.tables)
    found = guard(sql, sql_schema.Schema(tuple(tables)), "postgres")
    assert isinstance(found, AdmittedQuery), found
    return found
