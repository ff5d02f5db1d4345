"""The index's tables. All that is in them comes from the chain, so they are dropped and filled anew when they change.

Hashes and addresses are text with 0x, jobs are written slot.generation@requester, times are seconds since the epoch of
the block. `revision` is the number of the commit that wrote a row last.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

FORMAT = 1
"""Raised with every change of these tables: an index of another format is made anew."""

_DIGITS = 39


class Amount(TypeDecorator[int]):
    """Base units, too large for a database's integers: decimal text, padded so that what is not below zero sorts."""

    impl = String(_DIGITS + 1)
    cache_ok = True

    def process_bind_param(self, value: int | None, _: Dialect) -> str | None:
        """As it is stored."""
        return None if value is None else f"{value:0{_DIGITS}d}"

    def process_result_value(self, value: Any, _: Dialect) -> int | None:
        """As it is used."""
        return None if value is None else int(value)


metadata = MetaData()

identity = Table(
    "index_identity",
    metadata,
    Column("format", Integer, primary_key=True, autoincrement=False),
    Column("chain_id", BigInteger, nullable=False, comment="EIP-155"),
    Column("market", String(42), nullable=False),
    Column("revision", BigInteger, nullable=False, comment="of the last commit that changed anything"),
    Column("rewound", BigInteger, nullable=False, comment="revision of the last commit that took something back"),
    comment="Which market this is the index of. One row.",
)

blocks = Table(
    "index_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(66), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("has_events", Boolean, nullable=False, comment="others are forgotten when they are old"),
    comment="Blocks up to which all was read: the newest is the position, the others find the way back.",
)

events = Table(
    "index_events",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("name", String(40), nullable=False),
    Column("job", String(128), comment="which it is about, a dispute's event included"),
    Column("dispute", String(66)),
    Column("block_hash", String(66), nullable=False),
    Column("transaction_hash", String(66), nullable=False),
    Column("address", String(42), nullable=False),
    Column("topics", Text, nullable=False, comment="separated by spaces"),
    Column("data", LargeBinary, nullable=False),
    Index("index_events_by_job", "job", "block", "log_index"),
    comment="The logs of the market, and of the game as far as they are about it. All else follows from them.",
)

changes = Table(
    "index_changes",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("account", String(42), primary_key=True),
    Column("free", Amount, nullable=False, comment="what came, or went (below zero)"),
    Column("stake", Amount, nullable=False),
    Column("job", String(128)),
    Index("index_changes_by_account", "account", "block", "log_index"),
    comment="What each event did to each account's money in the market.",
)

jobs = Table(
    "index_jobs",
    metadata,
    Column("job", String(128), primary_key=True),
    Column("requester", String(42), nullable=False),
    Column("provider", String(42)),
    Column("machine", String(40), comment="none for a referee that the deployment does not know"),
    Column("status", String(20), nullable=False),
    Column("price", Amount, nullable=False),
    Column("bond", Amount, nullable=False),
    Column("task_count", BigInteger, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("deadline", BigInteger),
    Column("challenges", Integer, nullable=False, comment="so many were made"),
    Column("earned", Amount, nullable=False, comment="by its provider"),
    Column("lost", Amount, nullable=False, comment="of its provider's bond"),
    Column("posted_at", BigInteger, nullable=False),
    Column("posted_block", BigInteger, nullable=False),
    Column("posted_index", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Index("index_jobs_by_place", "posted_block", "posted_index"),
    Index("index_jobs_by_status", "status"),
    Index("index_jobs_by_requester", "requester"),
    Index("index_jobs_by_provider", "provider"),
    Index("index_jobs_by_revision", "revision"),
    comment="Where each job stands.",
)

disputes = Table(
    "index_disputes",
    metadata,
    Column("dispute", String(66), primary_key=True),
    Column("job", String(128), nullable=False),
    Column("task", BigInteger, nullable=False),
    Column("challenger", String(42), nullable=False),
    Column("defender", String(42), nullable=False),
    Column("status", String(20), nullable=False, comment="running, or who has won it"),
    Column("rounds", Integer, nullable=False),
    Column("turns", Integer, nullable=False, comment="lists that were posted"),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_block", BigInteger, nullable=False),
    Column("opened_index", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("index_disputes_by_job", "job"),
    Index("index_disputes_by_place", "opened_block", "opened_index"),
    Index("index_disputes_by_challenger", "challenger"),
    Index("index_disputes_by_defender", "defender"),
    Index("index_disputes_by_revision", "revision"),
    comment="Where each dispute stands.",
)

providers = Table(
    "index_providers",
    metadata,
    Column("provider", String(42), primary_key=True),
    Column("accepted", BigInteger, nullable=False, comment="jobs, whatever became of them"),
    Column("running", BigInteger, nullable=False, comment="jobs that are accepted or claimed now"),
    Column("finalized", BigInteger, nullable=False),
    Column("slashed", BigInteger, nullable=False),
    Column("missed", BigInteger, nullable=False, comment="deadlines"),
    Column("declined", BigInteger, nullable=False),
    Column("earned", Amount, nullable=False),
    Column("lost", Amount, nullable=False, comment="of bonds"),
    Column("at_risk", Amount, nullable=False, comment="bonds of the running jobs"),
    comment="The record of everybody who ever accepted a job: sums over the jobs.",
)

accounts = Table(
    "index_accounts",
    metadata,
    Column("account", String(42), primary_key=True),
    Column("free", Amount, nullable=False, comment="by the events"),
    Column("stake", Amount, nullable=False, comment="by the events"),
    Column("chain_free", Amount, comment="as the market said after checked_block"),
    Column("chain_stake", Amount),
    Column("epoch", BigInteger),
    Column("checked_block", BigInteger),
    Column("is_stale", Boolean, nullable=False, comment="something happened since it was compared"),
    Column("revision", BigInteger, nullable=False),
    Index("index_accounts_stale", "is_stale"),
    Index("index_accounts_by_revision", "revision"),
    comment="Money in the market, beside bonds and escrows.",
)
