"""The tables of remedies: proposals, what people said of them, what was carried out, switches, and the audit."""

import sqlalchemy as sa

from connectors.state.columns import Moment, Text
from connectors.state.tables import metadata

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("incident_id", Text, nullable=False),
    sa.Column("remedy", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("digest", Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("proposed_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("body", Text, nullable=False),
    sa.Column("card", Text, nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("proposal_incident", "incident_id", "proposed_at"),
    sa.Index("proposal_proposed", "proposed_at"),
    sa.Index("proposal_status", "status", "expires_at"),
)

ruled_event = sa.Table(
    "ruled_event",
    metadata,
    sa.Column("proposal_id", Text, primary_key=True),
    sa.Column("event_id", Text, primary_key=True),
)

vote = sa.Table(
    "vote",
    metadata,
    sa.Column("proposal_id", Text, primary_key=True),
    sa.Column("person", Text, primary_key=True),
    sa.Column("approves", sa.Boolean, nullable=False),
    sa.Column("given_at", Moment, nullable=False),
    sa.Column("event_id", Text, nullable=False),
)

execution = sa.Table(
    "execution",
    metadata,
    sa.Column("proposal_id", Text, primary_key=True),
    sa.Column("target", Text, nullable=False),
    sa.Column("remedy", Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("ended_at", Moment, nullable=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Index("execution_target", "target", "started_at"),
    sa.Index("execution_remedy", "remedy", "started_at"),
    sa.Index("execution_status", "status", "started_at"),
)

switch = sa.Table(
    "switch",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),
    sa.Column("set_by", Text, nullable=False),
    sa.Column("set_at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=True),
)

# Its rows are never changed nor deleted: triggers that the migration makes refuse it.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", Text, nullable=False),
    sa.Column("event", Text, nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("previous", Text, nullable=False),
    sa.Column("hash", Text, nullable=False),
    sa.Index("audit_subject", "subject", "number"),
)

# One row, there from the beginning: a copy of the last entry, number 0 before the first. A chain whose end was cut
# off does not end in it, and whoever decides or adds to the chain holds it until the end of the transaction.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", _NUMBER, nullable=False),
    sa.Column("at", Moment, nullable=True),
    sa.Column("actor", Text, nullable=False),
    sa.Column("event", Text, nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("previous", Text, nullable=False),
    sa.Column("hash", Text, nullable=False),
)
