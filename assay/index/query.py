"""What is asked of an index. Every function reads within one transaction that it is given."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, desc, func, or_, select

from assay.chain.deployments import Deployment
from assay.chain.events import JobAccepted, JobChallenged, JobClaimed, JobEnded, SignedJobClaimed
from assay.chain.history import Book
from assay.index import rows, schema
from assay.index.batch import entries_of, times_of


@dataclass(frozen=True)
class Place:
    """Where in the chain something began: pages go on from there, whatever was added since."""

    block: int
    index: int


@dataclass(frozen=True)
class Position:
    """How far an index is."""

    block: int
    hash: str
    timestamp: int
    revision: int
    """Of the last commit that changed anything."""
    rewound: int
    """Of the last one that took something back."""


@dataclass(frozen=True)
class Bucket:
    """A stretch of time in a market's history; amounts in base units."""

    start: int
    """Seconds since the epoch, inclusive."""
    posted: int
    accepted: int
    claimed: int
    ended: int
    challenged: int
    offered: int
    """The prices of the jobs that were posted."""
    paid: int
    """To providers."""
    staked: int
    """Of everybody, at its end."""


Condition = ColumnElement[bool]


def position(connection: Connection) -> Position | None:
    """How far the index is; None before its first block."""
    table = schema.blocks
    row = connection.execute(select(table).order_by(table.c.number.desc()).limit(1)).first()
    if row is None:
        return None
    identity = connection.execute(select(schema.identity)).one()
    return Position(row.number, row.hash, row.timestamp, identity.revision, identity.rewound)


def count_by_status(connection: Connection, table: Table) -> dict[str, int]:
    """How many jobs, or disputes, have each status."""
    counted = select(table.c.status, func.count()).group_by(table.c.status)
    return {row[0]: int(row[1]) for row in connection.execute(counted)}


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def jobs(
    connection: Connection,
    *,
    status: str | None = None,
    requester: str | None = None,
    provider: str | None = None,
    machine: str | None = None,
    before: Place | None = None,
    limit: int,
) -> list[Row[Any]]:
    """Jobs, the newest first."""
    table = schema.jobs
    wanted = {"status": status, "requester": requester, "provider": provider, "machine": machine}
    conditions = [table.c[name] == value for name, value in wanted.items() if value is not None]
    return _page(connection, table, "posted", conditions, before, limit)


def disputes(
    connection: Connection,
    *,
    running: bool | None = None,
    party: str | None = None,
    before: Place | None = None,
    limit: int,
) -> list[Row[Any]]:
    """Disputes, the newest first; `party` is either side."""
    table = schema.disputes
    conditions: list[Condition] = []
    if running is not None:
        conditions.append(table.c.status == rows.RUNNING if running else table.c.status != rows.RUNNING)
    if party is not None:
        conditions.append(or_(table.c.challenger == party, table.c.defender == party))
    return _page(connection, table, "opened", conditions, before, limit)


def _page(
    connection: Connection, table: Table, began: str, conditions: list[Condition], before: Place | None, limit: int
) -> list[Row[Any]]:
    block, index = table.c[f"{began}_block"], table.c[f"{began}_index"]
    if before is not None:
        conditions = [*conditions, or_(block < before.block, and_(block == before.block, index < before.index))]
    chosen = select(table).where(*conditions).order_by(desc(block), desc(index)).limit(limit)
    return list(connection.execute(chosen).all())


def one(connection: Connection, table: Table, column: str, value: str) -> Row[Any] | None:
    """The row of a job, a dispute, a provider or an account."""
    return connection.execute(select(table).where(table.c[column] == value)).first()


def disputes_of(connection: Connection, job: str) -> list[Row[Any]]:
    """The disputes about a job, the oldest first."""
    table = schema.disputes
    order = (table.c.opened_block, table.c.opened_index)
    return list(connection.execute(select(table).where(table.c.job == job).order_by(*order)).all())


def book_of(connection: Connection, deployment: Deployment, job: str) -> tuple[Book, dict[int, int]]:
    """All that happened to a job and in its disputes, and the time of each block in which something did."""
    entries = entries_of(connection, deployment, job)
    return Book(deployment.market, entries), times_of(connection, {entry.block for entry in entries})


def providers(connection: Connection, *, after: str | None = None, limit: int) -> list[Row[Any]]:
    """Providers by their address."""
    table = schema.providers
    chosen = select(table).order_by(table.c.provider).limit(limit)
    return list(connection.execute(chosen if after is None else chosen.where(table.c.provider > after)).all())


def accounts(connection: Connection, *, after: str | None = None, limit: int) -> list[Row[Any]]:
    """Accounts by their address."""
    table = schema.accounts
    chosen = select(table).order_by(table.c.account).limit(limit)
    return list(connection.execute(chosen if after is None else chosen.where(table.c.account > after)).all())


def changes_of(connection: Connection, account: str, limit: int) -> list[Row[Any]]:
    """What has happened to an account's money last, the newest first, each with its event and the block's time."""
    table, events, blocks = schema.changes, schema.events, schema.blocks
    own = (table.c.block == events.c.block) & (table.c.log_index == events.c.log_index)
    chosen = (
        select(table, events.c.name, events.c.transaction_hash, blocks.c.timestamp)
        .join(events, own)
        .join(blocks, table.c.block == blocks.c.number)
        .where(table.c.account == account)
        .order_by(table.c.block.desc(), table.c.log_index.desc())
        .limit(limit)
    )
    return list(connection.execute(chosen).all())


def total(connection: Connection, column: Any) -> int:
    """The sum of a column of amounts."""
    return sum(connection.scalars(select(column)))


def changed_since(connection: Connection, revision: int, limit: int) -> dict[str, list[str]]:
    """The jobs, disputes and accounts that commits after `revision` wrote, `limit` of each at most."""
    kinds = {"jobs": (schema.jobs, "job"), "disputes": (schema.disputes, "dispute")}
    found = {}
    for name, (table, column) in {**kinds, "accounts": (schema.accounts, "account")}.items():
        chosen = select(table.c[column]).where(table.c.revision > revision).order_by(table.c.revision).limit(limit)
        found[name] = list(connection.scalars(chosen))
    return found


_COUNTED = {
    JobAccepted.__name__: "accepted",
    JobClaimed.__name__: "claimed",
    SignedJobClaimed.__name__: "claimed",
    JobEnded.__name__: "ended",
    JobChallenged.__name__: "challenged",
}


def history(connection: Connection, period: int, count: int) -> list[Bucket]:
    """The last `count` periods of so many seconds, up to the newest block; the oldest first."""
    now = position(connection)
    if now is None:
        return []
    last = now.timestamp // period * period
    starts = [last - period * back for back in reversed(range(count))]
    sums = {start: dict.fromkeys(Bucket.__dataclass_fields__, 0) | {"start": start} for start in starts}
    blocks, events, table = schema.blocks, schema.events, schema.jobs
    in_time = blocks.c.timestamp >= starts[0]
    counted = (
        select(events.c.name, blocks.c.timestamp // period * period, func.count())
        .join(blocks, events.c.block == blocks.c.number)
        .where(in_time, events.c.name.in_(_COUNTED))
        .group_by(events.c.name, blocks.c.timestamp // period * period)
    )
    for name, start, number in connection.execute(counted):
        if start in sums:
            sums[start][_COUNTED[name]] += number
    for posted_at, price in connection.execute(
        select(table.c.posted_at, table.c.price).where(table.c.posted_at >= starts[0])
    ):
        sums[posted_at // period * period]["posted"] += 1
        sums[posted_at // period * period]["offered"] += price
    for ended_at, earned in connection.execute(
        select(table.c.ended_at, table.c.earned).where(table.c.ended_at >= starts[0])
    ):
        sums[ended_at // period * period]["paid"] += earned
    staked = total(connection, schema.accounts.c.stake)
    changes = schema.changes
    moved = (
        select(blocks.c.timestamp, changes.c.stake)
        .join(blocks, changes.c.block == blocks.c.number)
        .where(in_time, changes.c.stake != 0)
    )
    by_bucket: dict[int, int] = {}
    for timestamp, stake in connection.execute(moved):
        by_bucket[timestamp // period * period] = by_bucket.get(timestamp // period * period, 0) + stake
    for start in reversed(starts):
        sums[start]["staked"] = staked
        staked -= by_bucket.get(start, 0)
    return [Bucket(**sums[start]) for start in starts]
