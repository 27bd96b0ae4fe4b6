"""Alembic's entry point: runs the revisions on the connection that the state adapter hands over."""

from alembic import context

from connectors.state import incident_tables, remedy_tables  # noqa: F401  # their tables belong to the same metadata
from connectors.state.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
