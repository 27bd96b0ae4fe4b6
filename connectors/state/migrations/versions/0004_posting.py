"""Note who is posting an answer, so that no two processes post the same one at once: posting."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "posting",
        sa.Column("question_id", sa.String(36), primary_key=True),
        sa.Column("executor", sa.String(255), nullable=False),
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("posting")
