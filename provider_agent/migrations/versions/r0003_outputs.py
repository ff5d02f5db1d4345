"""What each job's results are made of, so that it can be dropped when nobody is owed it any more."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The agent fills the table for the jobs that it has results of."""
    op.create_table(
        "outputs",
        sa.Column("job", sa.String(128), primary_key=True),
        sa.Column("blob_id", sa.String(64), primary_key=True),
        sa.Column("dropped_at", sa.Float()),
    )
    op.create_index("outputs_by_blob", "outputs", ["blob_id"])
