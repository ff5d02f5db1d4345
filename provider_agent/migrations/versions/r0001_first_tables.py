"""The first tables, which journals before the first revision have already."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "identity",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True),
        sa.Column("market", sa.String(42), nullable=False),
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("first_block", sa.String(66), nullable=False),
    )
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(66), nullable=False),
    )
    op.create_table(
        "logs",
        sa.Column("block", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("log_index", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("job", sa.String(128), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("block_hash", sa.String(66), nullable=False),
        sa.Column("transaction_hash", sa.String(66), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    op.create_index("logs_by_job", "logs", ["job"])
    op.create_table(
        "duties",
        sa.Column("role", sa.String(20), primary_key=True),
        sa.Column("job", sa.String(128), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("final_roots", sa.Text(), nullable=False),
        sa.Column("result_id", sa.String(66)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Float(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )
    op.create_index("duties_by_state", "duties", ["state"])
    op.create_table(
        "deadlines",
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("subject", sa.String(128), primary_key=True),
        sa.Column("role", sa.String(20), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("deadlines_by_time", "deadlines", ["due_at"])
    op.create_table(
        "transactions",
        sa.Column("purpose", sa.String(200), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(66), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.Float(), nullable=False),
        sa.Column("block", sa.BigInteger()),
        sa.Column("gas_used", sa.BigInteger()),
        sa.Column("cost", sa.String(40)),
        sa.CheckConstraint("state in ('signed', 'done', 'failed')", name="transaction_state"),
    )
    op.create_index("transactions_by_state", "transactions", ["state"])
