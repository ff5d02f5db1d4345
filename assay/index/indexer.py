"""Keeps an index at the head of the chain: reads, goes back where the chain did, and compares with its state."""

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from assay.chain.connection import Chain
from assay.chain.events import DisputeEvent, DisputeOpened, JobEvent, MoneyEvent, decode_logs, read_logs
from assay.chain.history import Book
from assay.chain.node import Block, Log
from assay.chain.records import JobId, Status, words
from assay.errors import ChainError, InputError, IntegrityError, TransientError
from assay.index import schema
from assay.index.batch import Batch, entries_of
from assay.index.database import Database
from assay.index.rows import text_of

log = logging.getLogger(__name__)

BATCH = 2_000
"""Blocks that are read and committed at once."""

OVERLAP = 16
"""Blocks that are read again with each new one: nodes leave logs out for a while, and answer as if nothing were."""

RECONCILE_EVERY = 60.0
"""Seconds between two looks at whether the chain says the same of all jobs. Accounts are compared at once."""

_AT_ONCE = 50
"""Jobs or accounts that are asked about in one request."""

_LIVE = ("disputed", *map(words, Status))


class Indexer:
    """Fills one index from one chain. Several may fill the same: what another one was faster with is dropped."""

    def __init__(self, chain: Chain, database: Database, batch: int = BATCH) -> None:
        """Raises `InputError` if the index is another market's."""
        self._chain = chain
        self._database = database
        self._batch = batch
        self._fee_recipient = chain.market.parameters().fee_recipient
        self._reconciled_at = -RECONCILE_EVERY
        self._back = OVERLAP
        self.trouble: str | None = None
        """Why it does not go on at present, in words, if it does not."""
        self._doubted: set[str] = set()
        """What was read again once because the chain said otherwise."""
        with database.writing() as connection:
            self._bind(connection)

    def follow(self, stop: threading.Event, poll: float = 1.0) -> None:
        """Go on until `stop` is set. What may pass, and a node that contradicts itself, is tried again, ever later."""
        faults = 0
        while not stop.is_set():
            try:
                while self.step() and not stop.is_set():
                    pass
                faults, self.trouble = 0, None
            except (TransientError, IntegrityError, ChainError) as fault:
                faults, self.trouble = faults + 1, str(fault)
                log.warning("the index does not go on: %s", fault)
            stop.wait(min(poll * 2.0 ** min(faults, 6), 30.0) if faults else poll)

    def step(self) -> bool:
        """Read one batch, or go back, or compare with the chain; whether there may be more to do at once.

        Raises `TransientError`, `ChainError` (a node that refuses), and `IntegrityError`.
        """
        position, head = self._position(), self._chain.node.head()
        if position is not None and not self._is_on_chain(position, head):
            return self._go_back_to_fork(head)
        start = self._chain.deployment.start_block
        read = start - 1 if position is None else position[0]
        if head.number <= read:
            return self._reconcile(position)
        first, last = max(start, read + 1 - OVERLAP), min(read + self._batch, head.number)
        # The same block before and after: so all logs between are of one chain, the one that ends with it.
        end = self._chain.node.block(last)
        logs = [entry for page in read_logs(self._chain.node, self._chain.deployment, first, last) for entry in page]
        new = [entry for entry in logs if entry.block > read]
        blocks = {number: self._chain.node.block(number) for number in sorted({entry.block for entry in new})}
        if any(blocks[entry.block].hash != entry.block_hash for entry in new) or self._chain.node.block(last) != end:
            raise TransientError("the chain was reorganised while it was read")
        if late := self._late([entry for entry in logs if entry.block <= read], first):
            self._rewind(position, min(late) - 1, f"{len(late)} events were missing before")
            return True
        try:
            self._take_in(position, new, blocks, end)
        except IntegrityError as unfitting:
            self._back *= 2
            self._rewind(position, read - self._back, str(unfitting))
            raise
        self._back = OVERLAP
        return True

    # Reading

    def _take_in(
        self, position: tuple[int, str] | None, logs: Sequence[Log], blocks: dict[int, Block], end: Block
    ) -> None:
        with self._database.writing() as connection:
            batch = Batch(connection, self._chain.deployment, self._fee_recipient)
            if _position(connection) != position:
                return  # another one was faster
            batch.take_in(logs, blocks)
            batch.advance(end)
            batch.finish()

    def _late(self, logs: Sequence[Log], first: int) -> list[int]:
        """Blocks of those of `logs`, which were read before, that should be in the index and are not."""
        events, disputes = schema.events, schema.disputes
        with self._database.reading() as connection:
            chosen = select(events.c.block, events.c.log_index).where(events.c.block >= first)
            known = {(row.block, row.log_index) for row in connection.execute(chosen)}
            late = []
            for entry in decode_logs(
                [each for each in logs if (each.block, each.index) not in known], self._chain.deployment
            ):
                event = entry.event
                if isinstance(event, DisputeOpened):
                    concerns = event.terms.market == self._chain.market.address
                elif isinstance(event, DisputeEvent):
                    found = select(disputes.c.job).where(disputes.c.dispute == text_of(event.dispute_id))
                    concerns = connection.scalar(found) is not None
                else:
                    concerns = isinstance(event, JobEvent | MoneyEvent)
                if concerns:
                    late.append(entry.block)
        return late

    # Going back

    def _go_back_to_fork(self, head: Block) -> bool:
        table = schema.blocks
        with self._database.reading() as connection:
            position = _position(connection)
            newest = select(table).where(table.c.number <= head.number).order_by(table.c.number.desc())
            known = [(row.number, row.hash) for row in connection.execute(newest)]
        # From the fork on, none of them is on the chain any more; so few have to be asked for, however deep it is.
        at = bisect_left(known, True, key=lambda each: self._is_on_chain(each, head))
        fork = known[at] if at < len(known) else None
        if fork is not None and fork == known[0] and position is not None and position[0] > head.number:
            raise TransientError(f"the node is behind: at block {head.number}, and {position[0]} was read")
        self._rewind(position, -1 if fork is None else fork[0], "the chain was reorganised")
        return True

    def _rewind(self, position: tuple[int, str] | None, number: int, reason: str) -> None:
        log.warning("the index goes back to block %d: %s", number, reason)
        with self._database.writing() as connection:
            batch = Batch(connection, self._chain.deployment, self._fee_recipient)
            if _position(connection) != position:
                return
            batch.rewind(number)
            batch.finish()

    # Comparing

    def _reconcile(self, position: tuple[int, str] | None) -> bool:
        """Compare accounts that have changed with the chain, now and then all jobs; whether events were missing."""
        if position is None:
            return False
        if self._check_accounts(position):
            return True
        if time.monotonic() - self._reconciled_at < RECONCILE_EVERY:
            return False
        wrong = self._contradicted(position)
        self._reconciled_at = time.monotonic()
        if wrong is None:
            return False
        self._rewind(position, wrong - 1, "the chain says otherwise of a job")
        return True

    def _check_accounts(self, position: tuple[int, str]) -> bool:
        table = schema.accounts
        with self._database.reading() as connection:
            chosen = select(table).where(table.c.is_stale).order_by(table.c.account)
            stale = connection.execute(chosen).all()
        for first in range(0, len(stale), _AT_ONCE):
            some = stale[first : first + _AT_ONCE]
            found = self._chain.market.accounts_of([row.account for row in some], position[0])
            if self._chain.node.block(position[0]).hash.hex() != position[1][2:]:
                raise TransientError("the chain was reorganised while it was read")
            for row, account in zip(some, found, strict=True):
                if (row.free, row.stake) != (account.free, account.stake) and row.account not in self._doubted:
                    self._doubted.add(row.account)
                    self._rewind(position, -1, f"the market has another balance of {row.account} than its events tell")
                    return True
            with self._database.writing() as connection:
                if _position(connection) != position:
                    return True
                for row, account in zip(some, found, strict=True):
                    says = {"chain_free": account.free, "chain_stake": account.stake, "epoch": account.epoch}
                    own = table.c.account == row.account
                    checked = {"checked_block": position[0], "is_stale": False}
                    connection.execute(update(table).where(own).values(**says, **checked))
        return False

    def _contradicted(self, position: tuple[int, str]) -> int | None:
        """The first block of a job of which the chain says something else than the events do."""
        table, deployment = schema.jobs, self._chain.deployment
        with self._database.reading() as connection:
            live = list(connection.scalars(select(table.c.job).where(table.c.status.in_(_LIVE)).order_by(table.c.job)))
        for first in range(0, len(live), _AT_ONCE):
            some = live[first : first + _AT_ONCE]
            with self._database.reading() as connection:
                book = Book(
                    deployment.market, (entry for job in some for entry in entries_of(connection, deployment, job))
                )
            histories = [book.jobs[JobId.parse(job)] for job in some]
            states = self._chain.market.are_current([history.job for history in histories], position[0])
            for history, (is_current, disputes) in zip(histories, states, strict=True):
                name = str(history.job.job_id)
                running = sum(not dispute.resolved for dispute in book.disputes_of(history.job.job_id))
                if (is_current, disputes) != (True, running) and name not in self._doubted:
                    self._doubted.add(name)
                    return history.entries[0].block
        return None

    # Helpers

    def _position(self) -> tuple[int, str] | None:
        with self._database.reading() as connection:
            return _position(connection)

    def _is_on_chain(self, position: tuple[int, str], head: Block) -> bool:
        number, block_hash = position
        if number > head.number:
            return False
        found = head if number == head.number else self._chain.node.block(number)
        return found.hash.hex() == block_hash[2:]

    def _bind(self, connection: Connection) -> None:
        """Make the index that of this market, if it is nobody's yet."""
        deployment, table = self._chain.deployment, schema.identity
        found = connection.execute(select(table)).first()
        if found is None:
            wanted = {"format": schema.FORMAT, "chain_id": deployment.chain_id, "market": deployment.market}
            connection.execute(delete(table))
            connection.execute(insert(table).values(**wanted, revision=0, rewound=0))
        elif (found.chain_id, found.market) != (deployment.chain_id, deployment.market):
            raise InputError(
                f"the index {self._database.name} is of the market {found.market} on chain {found.chain_id}, not of "
                f"{deployment.market} on chain {deployment.chain_id}: name another database"
            )


def _position(connection: Connection) -> tuple[int, str] | None:
    """The last block up to which all was read, and its hash."""
    table = schema.blocks
    row = connection.execute(select(table).order_by(table.c.number.desc()).limit(1)).first()
    return None if row is None else (row.number, row.hash)
