"""Transactions that are written down before they are signed, and may be signed again with higher fees."""

import sqlalchemy as sa
from alembic import op
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Each transaction becomes one with a single signed version; what it says is decoded from its bytes."""
    connection = op.get_bind()
    old = connection.execute(sa.text("select * from transactions order by nonce, signed_at")).mappings().all()
    op.drop_table("transactions")
    transactions = op.create_table(
        "transactions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(42), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("block", sa.BigInteger()),
        sa.Column("gas_used", sa.BigInteger()),
        sa.Column("cost", sa.String(40)),
        sa.CheckConstraint("state in ('intended', 'signed', 'done', 'failed', 'lost')", name="transaction_state"),
    )
    for name, columns, where in (
        ("one_transaction_a_purpose", ["purpose"], "superseded = false"),
        ("one_purpose_a_nonce", ["sender", "nonce"], "state <> 'lost'"),
    ):
        condition = sa.text(where)
        op.create_index(name, "transactions", columns, unique=True, sqlite_where=condition, postgresql_where=condition)
    op.create_index("transactions_by_state", "transactions", ["state"])
    attempts = op.create_table(
        "attempts",
        sa.Column("hash", sa.String(66), primary_key=True),
        sa.Column("transaction_id", sa.Integer(), sa.ForeignKey("transactions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("maximum_fee", sa.BigInteger(), nullable=False),
        sa.Column("tip", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.Float(), nullable=False),
    )
    op.create_index("attempts_by_transaction", "attempts", ["transaction_id"])
    for row in old:
        signed = TypedTransaction.from_bytes(HexBytes(row["raw"])).as_dict()
        # What had failed without a block had lost its nonce to another program's transaction.
        state = "lost" if row["state"] == "failed" and row["block"] is None else row["state"]
        kept = {name: row[name] for name in ("purpose", "reason", "sender", "nonce", "block", "gas_used", "cost")}
        added = connection.scalar(
            transactions.insert()
            .values(
                **kept,
                state=state,
                target=f"0x{bytes(signed['to']).hex()}",
                data=bytes(signed["data"]),
                gas=signed["gas"],
                superseded=False,
                created_at=row["signed_at"],
            )
            .returning(transactions.c.id)
        )
        connection.execute(
            attempts.insert().values(
                hash=row["hash"],
                transaction_id=added,
                raw=row["raw"],
                maximum_fee=signed["maxFeePerGas"],
                tip=signed["maxPriorityFeePerGas"],
                signed_at=row["signed_at"],
            )
        )
