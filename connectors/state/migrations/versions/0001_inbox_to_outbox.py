"""Create the tables of a question's journey: inbox, frame, answer, delivery, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "inbox",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("event_id", sa.String(255), primary_key=True),
        sa.Column("question_id", sa.String(36), nullable=False, unique=True),
        sa.Column("thread_id", sa.String(255), nullable=False),
        sa.Column("author", sa.String(255), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("inbox_thread", "inbox", ["thread_id", "received_at"])
    op.create_index("inbox_author", "inbox", ["author", "received_at"])
    op.create_table(
        "answer",
        sa.Column("question_id", sa.String(36), primary_key=True),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "frame",
        sa.Column("question_id", sa.String(36), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("question_id", sa.String(36), primary_key=True),
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("rung", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "feedback",
        sa.Column("question_id", sa.String(36), primary_key=True),
        sa.Column("author", sa.String(255), primary_key=True),
        sa.Column("vote", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop them again, newest first."""
    for name in ("feedback", "delivery", "frame", "answer", "inbox"):
        op.drop_table(name)
