"""The journal's tables: what the agent has to know after a crash.

Hashes and addresses are text with 0x, jobs are written slot.generation@requester, times are seconds since the epoch.
What the chain says is in `logs` and `blocks`; what the agent has decided and done about it is in the others.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()


_CURRENT = text("superseded = false")
_NOT_LOST = text("state <> 'lost'")

identity = Table(
    "identity",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, comment="EIP-155"),
    Column("market", String(42), nullable=False),
    Column("account", String(42), nullable=False, comment="whose transactions this journal holds"),
    Column(
        "first_block", String(66), nullable=False, comment="hash of the deployment's block: tells a restarted devnet"
    ),
    comment="Whom and what this journal is for. One row.",
)

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(66), nullable=False),
    comment="Up to where the chain was read; the older ones find the way back in a reorganisation.",
)

logs = Table(
    "logs",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("job", String(128), nullable=False, comment="which job it is about, a dispute's log included"),
    Column("event", String(40), nullable=False, comment="for people; the log has it all"),
    Column("block_hash", String(66), nullable=False),
    Column("transaction_hash", String(66), nullable=False),
    Column("address", String(42), nullable=False),
    Column("topics", Text, nullable=False, comment="separated by spaces"),
    Column("data", LargeBinary, nullable=False),
    Index("logs_by_job", "job"),
    comment="The confirmed events of jobs that are not long over. Jobs and disputes are rebuilt from them.",
)

duties = Table(
    "duties",
    metadata,
    Column("role", String(20), primary_key=True),
    Column("job", String(128), primary_key=True),
    Column("state", String(20), nullable=False, comment="see duty.State"),
    Column("reason", Text, nullable=False, comment="why the duty is in this state, for people"),
    Column("final_roots", Text, nullable=False, default="", comment="what was computed, by task, separated by spaces"),
    Column("result_id", String(66), comment="what was published"),
    Column("size", BigInteger, comment="bytes of its documents, program and inputs, once they were read"),
    Column("attempts", Integer, nullable=False, default=0, comment="faults in a row"),
    Column("retry_at", Float, nullable=False, default=0.0, comment="not before this time, after a fault"),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("duties_by_state", "state"),
    comment="What this agent does, or has decided not to do, about a job.",
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("action", String(20), primary_key=True),
    Column("subject", String(128), primary_key=True, comment="a job or a dispute"),
    Column("role", String(20), primary_key=True),
    Column("due_at", BigInteger, nullable=False, comment="chain time: the action is possible after this"),
    Index("deadlines_by_time", "due_at"),
    comment="What has to be done when the chain's time has come.",
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", Text, nullable=False, comment="what it is to achieve: nothing is signed twice for one"),
    Column("state", String(20), nullable=False, comment="intended, signed, done, failed (reverted), or lost"),
    Column("reason", Text, nullable=False, comment="what became of it, for people"),
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False, comment="its own: no other purpose ever gets it"),
    Column("target", String(42), nullable=False, comment="the contract"),
    Column("data", LargeBinary, nullable=False),
    Column("gas", BigInteger, nullable=False, comment="at most"),
    Column("superseded", Boolean, nullable=False, comment="failed or lost, and its purpose has another since"),
    Column("created_at", Float, nullable=False),
    Column("block", BigInteger, comment="the confirmed block that has it, or another one with its nonce"),
    Column("gas_used", BigInteger),
    Column("cost", String(40), comment="wei, decimal"),
    CheckConstraint("state in ('intended', 'signed', 'done', 'failed', 'lost')", name="transaction_state"),
    Index("transactions_by_state", "state"),
    Index("one_transaction_a_purpose", "purpose", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
    Index("one_purpose_a_nonce", "sender", "nonce", unique=True, sqlite_where=_NOT_LOST, postgresql_where=_NOT_LOST),
    comment="What was to be sent, and what became of it. Written before anything is signed.",
)

parts = Table(
    "parts",
    metadata,
    Column("transaction_id", Integer, ForeignKey("transactions.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("superseded", Boolean, nullable=False, comment="its transaction was in vain for this purpose"),
    Index("one_part_a_purpose", "purpose", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
    comment="The purposes that one transaction achieves together. Each counts as bound to it.",
)

ledger = Table(
    "ledger",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("job", String(128), nullable=False),
    Column("kind", String(40), nullable=False, comment="see ledger.Kind"),
    Column("amount", String(40), nullable=False, comment="base units, decimal; below zero for a loss"),
    comment="What each confirmed event brought or cost. Kept when the events of a job are forgotten.",
)

outputs = Table(
    "outputs",
    metadata,
    Column("job", String(128), primary_key=True),
    Column("blob_id", String(64), primary_key=True, comment="of the result document, or of what it names"),
    Column("dropped_at", Float, comment="nobody is owed it any more on behalf of this job"),
    Index("outputs_by_blob", "blob_id"),
    comment="What the results of the provider's jobs are made of, so that it can be dropped one day.",
)

attempts = Table(
    "attempts",
    metadata,
    Column("hash", String(66), primary_key=True),
    Column("transaction_id", Integer, ForeignKey("transactions.id", ondelete="CASCADE"), nullable=False),
    Column("raw", LargeBinary, nullable=False, comment="as signed: sent again, byte for byte, until a block has it"),
    Column("maximum_fee", BigInteger, nullable=False, comment="wei a unit of gas"),
    Column("tip", BigInteger, nullable=False, comment="wei a unit of gas"),
    Column("signed_at", Float, nullable=False),
    Index("attempts_by_transaction", "transaction_id"),
    comment="Signed versions of a transaction, which differ in their fees alone. Written before they are sent.",
)
