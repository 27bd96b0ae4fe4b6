"""The tables: what came in, what went out, and the progress between."""

import sqlalchemy as sa

metadata = sa.MetaData()

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("event_id", sa.String(255), primary_key=True),
    sa.Column("question_id", sa.String(36), nullable=False, unique=True),
    sa.Column("thread_id", sa.String(255), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("inbox_thread", "thread_id", "received_at"),
    sa.Index("inbox_author", "author", "received_at"),
)

# In the database and not in files beside it: every worker of a fleet can read it, a transaction covers it together
# with its message, and one backup holds both.
attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("author", sa.String(255), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sent", sa.Boolean, nullable=False),
    sa.Index("attachment_unsent", "sent", "kept_at"),
)

answer = sa.Table(
    "answer",
    metadata,
    sa.Column("question_id", sa.String(36), primary_key=True),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)

frame = sa.Table(
    "frame",
    metadata,
    sa.Column("question_id", sa.String(36), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("question_id", sa.String(36), primary_key=True),
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("rung", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(255), nullable=False),
    sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)

posting = sa.Table(
    "posting",
    metadata,
    sa.Column("question_id", sa.String(36), primary_key=True),
    sa.Column("executor", sa.String(255), nullable=False),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("question_id", sa.String(36), primary_key=True),
    sa.Column("author", sa.String(255), primary_key=True),
    sa.Column("vote", sa.String(8), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("begun", sa.Integer, nullable=False),
)
