"""Count how often the work on a question was begun, so that one that brings the process down is given up."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count; what is there starts at zero."""
    op.add_column("inbox", sa.Column("begun", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop it again."""
    op.drop_column("inbox", "begun")
