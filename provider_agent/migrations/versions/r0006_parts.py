"""Transactions that achieve several purposes at once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Every transaction so far has one purpose."""
    op.create_table(
        "parts",
        sa.Column(
            "transaction_id", sa.Integer(), sa.ForeignKey("transactions.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("purpose", sa.Text(), primary_key=True),
        sa.Column("superseded", sa.Boolean(), nullable=False),
    )
    current = sa.text("superseded = false")
    op.create_index(
        "one_part_a_purpose", "parts", ["purpose"], unique=True, sqlite_where=current, postgresql_where=current
    )
