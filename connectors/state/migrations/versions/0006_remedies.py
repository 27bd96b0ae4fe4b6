"""Keep proposals, votes, executions, switches, and an audit that nobody rewrites: proposal to audit_head."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_NEW = ("audit_head", "audit", "switch", "execution", "vote", "ruled_event", "proposal")
_REFUSED = "an entry of the audit is never changed"
# REPLACE deletes a row without asking the trigger on deletes, so a number that is taken is refused by itself.
_ON_SQLITE = (
    "CREATE TRIGGER audit_updated BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{0}'); END",
    "CREATE TRIGGER audit_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{0}'); END",
    "CREATE TRIGGER audit_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)"
    " BEGIN SELECT RAISE(ABORT, '{0}'); END",
)
_ON_POSTGRESQL = (
    "CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN RAISE EXCEPTION '{0}' USING ERRCODE = 'integrity_constraint_violation'; END$$",
    "CREATE TRIGGER audit_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()",
)


def upgrade() -> None:
    """Create the tables; the audit refuses changes from its first row on."""
    _create_proposals()
    _create_executions()
    _create_audit()


def downgrade() -> None:
    """Drop the tables, newest first, and the audit with them."""
    for name in _NEW:
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refused()")


def _create_proposals() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Text, primary_key=True),
        _text("incident_id"),
        _text("remedy"),
        _text("target"),
        _text("digest"),
        sa.Column("status", sa.String(16), nullable=False),
        _moment("proposed_at"),
        _moment("expires_at"),
        _text("body"),
        sa.Column("card", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("proposal_incident", "proposal", ["incident_id", "proposed_at"])
    op.create_index("proposal_proposed", "proposal", ["proposed_at"])
    op.create_index("proposal_status", "proposal", ["status", "expires_at"])
    op.create_table(
        "ruled_event",
        sa.Column("proposal_id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
    )
    op.create_table(
        "vote",
        sa.Column("proposal_id", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("approves", sa.Boolean, nullable=False),
        _moment("given_at"),
        _text("event_id"),
    )


def _create_executions() -> None:
    op.create_table(
        "execution",
        sa.Column("proposal_id", sa.Text, primary_key=True),
        _text("target"),
        _text("remedy"),
        sa.Column("status", sa.String(16), nullable=False),
        _moment("started_at"),
        _moment("ended_at", nullable=True),
        _text("outcome"),
    )
    for name in ("target", "remedy", "status"):
        op.create_index(f"execution_{name}", "execution", [name, "started_at"])
    op.create_table(
        "switch",
        sa.Column("name", sa.Text, primary_key=True),
        _text("value"),
        _text("set_by"),
        _moment("set_at"),
        _moment("until", nullable=True),
    )


def _create_audit() -> None:
    texts = ("actor", "event", "subject", "detail", "previous", "hash")
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        _moment("at"),
        *map(_text, texts),
    )
    op.create_index("audit_subject", "audit", ["subject", "number"])
    for statement in _ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _ON_SQLITE:
        op.execute(statement.format(_REFUSED))
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", _NUMBER, nullable=False),
        _moment("at", nullable=True),
        *map(_text, texts),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "at": None, **dict.fromkeys(texts, "")}])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
