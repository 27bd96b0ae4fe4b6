"""Keep alerts and incidents, and count how often work of any kind was begun: report to lease, and work."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_NEW = (
    "work",
    "lease",
    "judgement",
    "diagnosis",
    "incident_thread",
    "publication",
    "moment",
    "incident",
    "silence",
    "refused_call",
    "alert",
    "report",
)


def upgrade() -> None:
    """Create the tables; the counts of questions move to that of all work."""
    _create_alerts()
    _create_incidents()
    _create_what_incidents_have()
    op.create_table(
        "work",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("begun", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO work (id, begun) SELECT question_id, begun FROM inbox WHERE begun > 0")
    op.drop_column("inbox", "begun")


def downgrade() -> None:
    """Put the counts of questions back, and drop the tables, newest first."""
    op.add_column("inbox", sa.Column("begun", sa.Integer, nullable=False, server_default="0"))
    op.execute(
        "UPDATE inbox SET begun = (SELECT work.begun FROM work WHERE work.id = inbox.question_id) "
        "WHERE question_id IN (SELECT id FROM work)"
    )
    for name in _NEW:
        op.drop_table(name)


def _create_alerts() -> None:
    op.create_table(
        "report",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        _moment("received_at"),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alert",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("history", sa.Text, nullable=False),
        _moment("heard_at"),
        sa.Column("firing", sa.Boolean, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("silence_id", sa.Text, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
    )
    op.create_index("alert_heard", "alert", ["heard_at"])
    op.create_index("alert_incident", "alert", ["incident_id", "heard_at"])
    op.create_table(
        "refused_call",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("receiver", sa.Text, nullable=False),
        _moment("received_at"),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("refused_call_receiver", "refused_call", ["receiver", "number"])
    op.create_table(
        "silence",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("matchers", sa.JSON, nullable=False),
        _moment("begins_at"),
        _moment("ends_at"),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("silence_end", "silence", ["ends_at"])


def _create_incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        _moment("opened_at"),
        _moment("updated_at"),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("card", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("incident_opened", "incident", ["opened_at"])
    op.create_index("incident_status", "incident", ["status", "opened_at"])
    op.create_table(
        "moment",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("incident_id", sa.Text, nullable=False),
        _moment("at"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
    )
    op.create_index("moment_incident", "moment", ["incident_id", "at"])
    op.create_table(
        "publication",
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("thread_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("rung", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("behind", sa.Boolean, nullable=False),
    )
    op.create_index("publication_behind", "publication", ["behind"])


def _create_what_incidents_have() -> None:
    op.create_table(
        "incident_thread",
        sa.Column("thread_id", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text, nullable=False),
    )
    op.create_table(
        "diagnosis",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text, nullable=False),
        _moment("begun_at"),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("diagnosis_incident", "diagnosis", ["incident_id", "begun_at"])
    op.create_index("diagnosis_end", "diagnosis", ["ended_at"])
    op.create_table(
        "judgement",
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("author", sa.Text, primary_key=True),
        sa.Column("right", sa.Boolean, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        _moment("given_at"),
    )
    op.create_table(
        "lease",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("executor", sa.Text, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
