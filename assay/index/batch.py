"""One commit of the index: events taken in, or taken back, with all that follows from them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from assay.chain.deployments import Deployment
from assay.chain.events import DisputeEvent, DisputeOpened, Entry, JobEvent, MoneyEvent, decode_logs
from assay.chain.history import Book
from assay.chain.node import Block, Log
from assay.chain.records import JobId
from assay.index import rows, schema
from assay.index.money import changes_of
from assay.index.rows import text_of

KEPT_BLOCKS = 512
"""Blocks without events that are remembered. Those with events all are, so every reorganisation finds its fork."""

_AT_ONCE = 500
"""Values in one statement."""


class Batch:
    """What one transaction of the database does. Nothing of it is kept if any of it fails."""

    def __init__(self, connection: Connection, deployment: Deployment, fee_recipient: str) -> None:
        self._connection = connection
        self._deployment = deployment
        self._fee_recipient = fee_recipient
        self._book = Book(deployment.market)
        self._loaded: set[str] = set()
        self._jobs: dict[str, None] = {}
        self._money: dict[str, tuple[int, int]] = {}
        """What each account has more, or less: free, and stake."""
        identity = connection.execute(select(schema.identity).with_for_update()).one()
        self.revision = identity.revision + 1

    # Going on

    def take_in(self, logs: Iterable[Log], blocks: Mapping[int, Block]) -> None:
        """Take in the next logs, in the chain's order; `blocks` are those that have them.

        Raises `IntegrityError` if one does not fit what is there.
        """
        events: list[dict[str, Any]] = []
        changes: list[dict[str, Any]] = []
        for log in logs:
            for entry in decode_logs([log], self._deployment):
                subject = self._subject_of(entry)
                if subject is None:
                    continue
                job, dispute = subject
                if job is not None:
                    self._load(job)
                    self._jobs[job] = None
                self._book.add(entry)
                events.append(rows.event_row(log, entry, job, dispute))
                for change in changes_of(entry.event, self._book, self._fee_recipient):
                    self._change(change.account, change.free, change.stake)
                    where = {"block": log.block, "log_index": log.index, "account": change.account, "job": job}
                    changes.append({**where, "free": change.free, "stake": change.stake})
        self._insert(schema.events, events)
        self._insert(schema.changes, changes)
        self._remember(blocks.values(), has_events=True)

    def advance(self, block: Block) -> None:
        """All up to `block` was read."""
        self._remember([block], has_events=False)
        table = schema.blocks
        old = (table.c.number < block.number - KEPT_BLOCKS) & ~table.c.has_events
        self._connection.execute(delete(table).where(old))

    # Going back

    def rewind(self, number: int) -> None:
        """Take back all that was read of the blocks after `number`."""
        self._connection.execute(update(schema.identity).values(rewound=self.revision, revision=self.revision))
        if number < self._deployment.start_block:
            # Whatever had gone wrong, nothing of it is left.
            for table in reversed(schema.metadata.sorted_tables):
                if table is not schema.identity:
                    self._connection.execute(delete(table))
            return
        events, changes = schema.events, schema.changes
        undone = select(events.c.job).where((events.c.block > number) & events.c.job.is_not(None)).distinct()
        self._jobs.update(dict.fromkeys(self._connection.scalars(undone)))
        for row in self._connection.execute(select(changes).where(changes.c.block > number)):
            self._change(row.account, -row.free, -row.stake)
        for table, column in ((schema.events, "block"), (schema.changes, "block"), (schema.blocks, "number")):
            self._connection.execute(delete(table).where(table.c[column] > number))
        for job in self._jobs:
            self._load(job)

    # What follows from the events

    def finish(self) -> None:
        """Bring the rows of all that was touched up to date."""
        if not (self._jobs or self._money):
            return
        self._connection.execute(update(schema.identity).values(revision=self.revision))
        times = self._times()
        for job in self._jobs:
            self._put_job(job, times)
        for account, (free, stake) in self._money.items():
            self._put_account(account, free, stake)

    def _put_job(self, job: str, times: Mapping[int, int]) -> None:
        table, connection = schema.jobs, self._connection
        before = connection.execute(select(table).where(table.c.job == job)).first()
        history = self._book.jobs.get(JobId.parse(job))
        connection.execute(delete(table).where(table.c.job == job))
        connection.execute(delete(schema.disputes).where(schema.disputes.c.job == job))
        after = None
        if history is not None:
            after = rows.job_row(history, self._book, self._deployment, times)
            connection.execute(insert(table).values(**after, revision=self.revision))
            disputes = [rows.dispute_row(dispute, times) for dispute in self._book.disputes_of(history.job.job_id)]
            self._insert(schema.disputes, [{**row, "revision": self.revision} for row in disputes])
        self._record(None if before is None else before._asdict(), after)

    def _record(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        """Bring the providers' records up to date with what became of one job."""
        table = schema.providers
        for row, sign in ((before, -1), (after, 1)):
            if row is None or row["provider"] is None:
                continue
            own = table.c.provider == row["provider"]
            found = self._connection.execute(select(table).where(own)).first()
            known = {} if found is None else found._asdict()
            sums = {name: known.get(name, 0) + sign * amount for name, amount in rows.record_of(row).items()}
            self._connection.execute(delete(table).where(own))
            if sums["accepted"]:
                self._connection.execute(insert(table).values(provider=row["provider"], **sums))

    def _change(self, account: str, free: int, stake: int) -> None:
        known = self._money.get(account, (0, 0))
        self._money[account] = (known[0] + free, known[1] + stake)

    def _put_account(self, account: str, free: int, stake: int) -> None:
        table = schema.accounts
        own = table.c.account == account
        found = self._connection.execute(select(table).where(own)).first()
        values: dict[str, Any] = {"is_stale": True, "revision": self.revision}
        if found is None:
            self._connection.execute(insert(table).values(account=account, free=free, stake=stake, **values))
        else:
            sums = {"free": found.free + free, "stake": found.stake + stake}
            self._connection.execute(update(table).where(own).values(**sums, **values))

    # Helpers

    def _subject_of(self, entry: Entry) -> tuple[str | None, bytes | None] | None:
        """The job and the dispute that an event is about; None for one that is none of this market's."""
        event = entry.event
        if isinstance(event, JobEvent):
            return str(event.job_id), None
        if isinstance(event, DisputeOpened):
            return (str(event.terms.job_id), event.dispute_id) if event.terms.market == self._book.market else None
        if isinstance(event, DisputeEvent):
            job = self._job_of(event.dispute_id)
            return None if job is None else (job, event.dispute_id)
        return (None, None) if isinstance(event, MoneyEvent) else None

    def _job_of(self, dispute_id: bytes) -> str | None:
        if (dispute := self._book.disputes.get(dispute_id)) is not None:
            return str(dispute.terms.job_id)
        table = schema.disputes
        return self._connection.scalar(select(table.c.job).where(table.c.dispute == text_of(dispute_id)))

    def _load(self, job: str) -> None:
        """Have the book know what is kept about a job."""
        if job not in self._loaded:
            self._loaded.add(job)
            for entry in entries_of(self._connection, self._deployment, job):
                self._book.add(entry)

    def _times(self) -> dict[int, int]:
        jobs, disputes = self._book.jobs.values(), self._book.disputes.values()
        entries = [each.entries for each in jobs] + [each.entries for each in disputes]
        needed = {entry.block for those in entries for entry in those}
        return times_of(self._connection, needed)

    def _remember(self, blocks: Iterable[Block], has_events: bool) -> None:
        table = schema.blocks
        for block in blocks:
            row = {"hash": text_of(block.hash), "timestamp": block.timestamp}
            if self._connection.scalar(select(table.c.number).where(table.c.number == block.number)) is None:
                self._connection.execute(insert(table).values(number=block.number, has_events=has_events, **row))

    def _insert(self, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
        for first in range(0, len(values), _AT_ONCE):
            self._connection.execute(insert(table), values[first : first + _AT_ONCE])


def entries_of(connection: Connection, deployment: Deployment, job: str) -> list[Entry]:
    """The events of a job and its disputes that are kept, in the chain's order."""
    table = schema.events
    chosen = select(table).where(table.c.job == job).order_by(table.c.block, table.c.log_index)
    return decode_logs([rows.log_of(row) for row in connection.execute(chosen)], deployment)


def times_of(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
    """The time of each of these blocks, seconds since the epoch."""
    table, wanted = schema.blocks, sorted(numbers)
    times: dict[int, int] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        some = table.c.number.in_(wanted[first : first + _AT_ONCE])
        times.update((row.number, row.timestamp) for row in connection.execute(select(table).where(some)))
    return times
