"""The agent's durable record. What is in it was committed before anything was sent or relied on.

The statements are SQLAlchemy Core's, and mean the same to every database that `database.py` opens.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, false, func, insert, select, update

from assay.chain.fees import Fees
from assay.chain.node import Log, Receipt
from assay.chain.sender import Intent, Pending, Transaction
from assay.errors import InputError, IntegrityError
from provider_agent import schema
from provider_agent.database import Database
from provider_agent.duty import LIVE, Deadline, Duty, State
from provider_agent.ledger import Item, Kind

KEPT_BLOCKS = 512
"""How many positions are remembered: a reorganisation that is deeper has the chain read again from the start."""


@dataclass(frozen=True)
class Position:
    """A block up to which the chain was read."""

    number: int
    hash: bytes


@dataclass(frozen=True)
class Identity:
    """Whom and what a journal is for."""

    chain_id: int
    market: str
    account: str
    first_block: bytes
    """Hash of the block that the deployment starts at."""


@dataclass(frozen=True)
class SubjectLog:
    """A log, and the job that it is about."""

    log: Log
    job: str
    event: str


class Journal:
    """The record in one database. Also the sender's `TransactionJournal`."""

    def __init__(self, location: str, clock: Callable[[], float] = time.time, writable: bool = True) -> None:
        """Open the journal, or make a new one (`Database`). Who only looks changes nothing, and hinders no agent."""
        self._clock = clock
        self._database = Database(location, writable)
        self.name = self._database.name

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written in the `with` block is committed at its end, and dropped if it fails."""
        with self._database.transaction():
            yield

    def lock_key(self, chain_id: int, account: str) -> None:
        """Let no other agent of this database sign for `account`. Raises `InputError` if one does."""
        self._database.lock(f"key {chain_id} {account}", f"the key of {account}")

    def _write(self, statement: Any) -> None:
        with self._database.transaction() as connection:
            connection.execute(statement)

    def _rows(self, statement: Any) -> Sequence[Row[Any]]:
        with self._database.transaction() as connection:
            return connection.execute(statement).all()

    # Identity and position

    def bind(self, identity: Identity) -> None:
        """Make the journal that of `identity`. Raises `InputError` if it is another's."""
        wanted = {
            "chain_id": identity.chain_id,
            "market": identity.market,
            "account": identity.account,
            "first_block": _text(identity.first_block),
        }
        rows = self._rows(select(schema.identity))
        if not rows:
            self._write(insert(schema.identity).values(wanted))
            return
        has = rows[0]._asdict()
        if different := [name for name in wanted if wanted[name] != has[name]]:
            name = different[0]
            raise InputError(
                f"the journal belongs to another agent: its {name} is {has[name]}, and this agent's {wanted[name]}; "
                "name another journal, or, after a local network was started afresh, remove the old one"
            )

    def position(self) -> Position | None:
        """The last block that was read; None before the first."""
        rows = self._rows(select(schema.blocks).order_by(schema.blocks.c.number.desc()).limit(1))
        return _position(rows[0]) if rows else None

    def positions(self) -> Iterator[Position]:
        """The blocks that are remembered as read, newest first."""
        for row in self._rows(select(schema.blocks).order_by(schema.blocks.c.number.desc())):
            yield _position(row)

    def advance(self, position: Position, logs: Iterable[SubjectLog]) -> None:
        """Everything up to `position` was read, and these are the logs since the last position."""
        with self.transaction():
            for log in logs:
                self._write(insert(schema.logs).values(_log_values(log)))
            self._write(insert(schema.blocks).values(number=position.number, hash=_text(position.hash)))
            kept = select(schema.blocks.c.number).order_by(schema.blocks.c.number.desc()).limit(KEPT_BLOCKS)
            oldest = min(row.number for row in self._rows(kept))
            self._write(delete(schema.blocks).where(schema.blocks.c.number < oldest))

    def rewind(self, number: int) -> None:
        """Forget what was read after block `number`; what had ended, or was settled, because of it is open again.

        So is what was decided about a job of which nothing is left: another one may get its place, and so its id.
        """
        with self.transaction():
            undone = select(schema.logs.c.job).where(schema.logs.c.block > number)
            left = select(schema.logs.c.job).where(schema.logs.c.block <= number)
            ended, gone = schema.duties.c.state == State.ENDED, schema.duties.c.job.not_in(left)
            reopen = schema.duties.c.job.in_(undone) & (ended | (gone & schema.duties.c.state.in_(LIVE)))
            self._write(update(schema.duties).where(reopen).values(state=State.CONSIDERING, reason="reorganisation"))
            self._write(delete(schema.logs).where(schema.logs.c.block > number))
            self._write(delete(schema.ledger).where(schema.ledger.c.block > number))
            # Those that another one has taken the place of since, too: their nonces have to be used by something.
            unsettle = schema.transactions.c.block > number
            values = {"state": "signed", "reason": "", "block": None, "gas_used": None, "cost": None}
            self._write(update(schema.transactions).where(unsettle).values(values))
            self._write(delete(schema.blocks).where(schema.blocks.c.number > number))

    def logs(self) -> Iterator[Log]:
        """The logs of all jobs that were not forgotten, in the chain's order."""
        order = (schema.logs.c.block, schema.logs.c.log_index)
        for row in self._rows(select(schema.logs).order_by(*order)):
            yield _log(row)

    def log_keys(self, first: int) -> set[tuple[int, int]]:
        """Block and index of the logs from block `first` on."""
        table = schema.logs
        chosen = select(table.c.block, table.c.log_index).where(table.c.block >= first)
        return {(row.block, row.log_index) for row in self._rows(chosen)}

    def forget_job(self, job: str) -> None:
        """Drop the logs of a job that is long over."""
        self._write(delete(schema.logs).where(schema.logs.c.job == job))

    # Duties

    def add_duty(self, role: str, job: str, reason: str, revive: bool = False) -> Duty:
        """The duty to consider something. If there is one already it stays as it is, unless `revive` is set."""
        known = self.duty(role, job)
        if known is not None:
            return self.set_duty(known, State.CONSIDERING, reason) if revive and not known.state.is_live else known
        now = self._clock()
        duty = Duty(role, job, State.CONSIDERING, reason)
        values = {"role": role, "job": job, "state": duty.state, "reason": _plain(reason)}
        self._write(insert(schema.duties).values(**values, created_at=now, updated_at=now))
        return duty

    def duty(self, role: str, job: str) -> Duty | None:
        """What is recorded about a job in a role."""
        key = (schema.duties.c.role == role) & (schema.duties.c.job == job)
        rows = self._rows(select(schema.duties).where(key))
        return _duty(rows[0]) if rows else None

    def live_duties(self) -> list[Duty]:
        """What is left to do, oldest first."""
        live = select(schema.duties).where(schema.duties.c.state.in_(LIVE)).order_by(schema.duties.c.created_at)
        return [_duty(row) for row in self._rows(live)]

    def count_duties(self, role: str, states: Collection[State]) -> int:
        """How many duties of a role are in these states."""
        table = schema.duties
        counted = select(func.count()).select_from(table).where((table.c.role == role) & table.c.state.in_(states))
        return int(self._rows(counted)[0][0])

    def recent_duties(self, count: int) -> list[Duty]:
        """The duties changed last, newest first."""
        recent = select(schema.duties).order_by(schema.duties.c.updated_at.desc()).limit(count)
        return [_duty(row) for row in self._rows(recent)]

    def set_duty(self, duty: Duty, state: State, reason: str) -> Duty:
        """Record that `duty` is in `state` now; the duty as it is then."""
        return self._update_duty(duty, state=state, reason=reason, attempts=0, retry_at=0.0)

    def set_computed(self, duty: Duty, reason: str, final_roots: Sequence[bytes], result_id: bytes) -> Duty:
        """Record what was computed and published, before it is claimed; the duty as it is then."""
        roots = " ".join(_text(root) for root in final_roots)
        values = {"state": State.COMPUTED, "reason": reason, "final_roots": roots, "result_id": _text(result_id)}
        return self._update_duty(duty, **values, attempts=0, retry_at=0.0)

    def set_size(self, duty: Duty, size: int) -> Duty:
        """Record how many bytes a job's documents, program and inputs have; the duty as it is then."""
        return self._update_duty(duty, reason=duty.reason, size=size)

    def note(self, duty: Duty, reason: str) -> None:
        """Record why nothing happens at present."""
        if duty.reason != _plain(reason):
            self._update_duty(duty, reason=reason)

    def postpone(self, duty: Duty, reason: str, seconds: float) -> None:
        """Try again after a fault, not before `seconds` from now."""
        retry_at = self._clock() + seconds
        self._update_duty(duty, reason=reason, attempts=duty.attempts + 1, retry_at=retry_at)

    def _update_duty(self, duty: Duty, **values: Any) -> Duty:
        key = (schema.duties.c.role == duty.role) & (schema.duties.c.job == duty.job)
        values["reason"] = _plain(values["reason"])
        self._write(update(schema.duties).where(key).values(**values, updated_at=self._clock()))
        return _duty(self._rows(select(schema.duties).where(key))[0])

    # Money

    def enter(self, block: int, log_index: int, item: Item) -> None:
        """What an event brought or cost. Once, however often the event is read."""
        table = schema.ledger
        with self.transaction():
            self._write(delete(table).where((table.c.block == block) & (table.c.log_index == log_index)))
            values = {"job": item.job, "kind": item.kind.value, "amount": str(item.amount)}
            self._write(insert(table).values(block=block, log_index=log_index, **values))

    def earnings(self) -> dict[Kind, int]:
        """By kind, base units; below zero for losses."""
        sums = dict.fromkeys(Kind, 0)
        for row in self._rows(select(schema.ledger.c.kind, schema.ledger.c.amount)):
            sums[Kind(row.kind)] += int(row.amount)
        return sums

    def costs(self) -> dict[str, int]:
        """What gas has cost, wei, by the first word of the purpose."""
        table = schema.transactions
        sums: dict[str, int] = {}
        for row in self._rows(select(table.c.purpose, table.c.cost).where(table.c.cost.is_not(None))):
            kind = row.purpose.partition(" ")[0]
            sums[kind] = sums.get(kind, 0) + int(row.cost)
        return sums

    def count_transactions(self) -> dict[str, int]:
        """By their state."""
        table = schema.transactions
        rows = self._rows(select(table.c.state, func.count().label("number")).group_by(table.c.state))
        return {str(row.state): int(row.number) for row in rows}

    def count_all_duties(self) -> dict[tuple[str, str], int]:
        """By role and state."""
        table = schema.duties
        counted = select(table.c.role, table.c.state, func.count().label("number")).group_by(
            table.c.role, table.c.state
        )
        return {(str(row.role), str(row.state)): int(row.number) for row in self._rows(counted)}

    def identity(self) -> str | None:
        """The account that this journal is for, once an agent has run with it."""
        rows = self._rows(select(schema.identity.c.account))
        return str(rows[0].account) if rows else None

    # Outputs

    def unlisted(self) -> Duty | None:
        """A job with results that are not listed yet."""
        table = schema.duties
        listed = select(schema.outputs.c.job)
        has_results = (table.c.role == "provider") & table.c.result_id.is_not(None)
        rows = self._rows(select(table).where(has_results & table.c.job.not_in(listed)).limit(1))
        return _duty(rows[0]) if rows else None

    def list_outputs(self, job: str, blob_ids: Iterable[str]) -> None:
        """These are the blobs that a job's results are made of."""
        with self.transaction():
            for blob_id in blob_ids:
                self._write(insert(schema.outputs).values(job=job, blob_id=blob_id))

    def droppable(self, before: float) -> str | None:
        """A job that ended before a time, with outputs that are kept; None while another may be putting the same."""
        duties, outputs = schema.duties, schema.outputs
        if self.count_duties("provider", (State.TAKEN,)):
            return None
        kept = select(outputs.c.job).where(outputs.c.dropped_at.is_(None))
        ended = (duties.c.role == "provider") & (duties.c.state == State.ENDED) & (duties.c.updated_at < before)
        rows = self._rows(select(duties.c.job).where(ended & duties.c.job.in_(kept)).limit(1))
        return str(rows[0].job) if rows else None

    def outputs_of_no_other(self, job: str) -> set[str]:
        """The blobs of a job's results that no other job's results need."""
        table = schema.outputs
        shared = select(table.c.blob_id).where((table.c.job != job) & table.c.dropped_at.is_(None))
        rows = self._rows(select(table.c.blob_id).where((table.c.job == job) & table.c.blob_id.not_in(shared)))
        return {row.blob_id for row in rows}

    def drop_outputs(self, job: str) -> None:
        """Nobody is owed a job's outputs any more."""
        table = schema.outputs
        self._write(update(table).where(table.c.job == job).values(dropped_at=self._clock()))

    # Deadlines

    def set_deadline(self, deadline: Deadline) -> None:
        """Record when an action becomes possible; replaces what was recorded for the same action and subject."""
        with self.transaction():
            self.drop_deadline(deadline)
            values = {"action": deadline.action, "subject": deadline.subject, "role": deadline.role}
            self._write(insert(schema.deadlines).values(**values, due_at=deadline.due_at))

    def drop_deadline(self, deadline: Deadline) -> None:
        """The action is done, or moot; whatever time was recorded for it."""
        table = schema.deadlines
        same_subject = (table.c.action == deadline.action) & (table.c.subject == deadline.subject)
        self._write(delete(table).where((table.c.role == deadline.role) & same_subject))

    def deadlines(self, before: int | None = None) -> list[Deadline]:
        """The deadlines that lie before a time (all, without one), earliest first."""
        chosen = select(schema.deadlines).order_by(schema.deadlines.c.due_at)
        if before is not None:
            chosen = chosen.where(schema.deadlines.c.due_at < before)
        return [Deadline(row.role, row.action, row.subject, row.due_at) for row in self._rows(chosen)]

    # Transactions

    def find(self, purpose: str) -> Transaction | None:
        """The newest one signed for a purpose; None if there is none, or it can never take effect any more."""
        table, parts = schema.transactions, schema.parts
        bound = select(parts.c.transaction_id).where((parts.c.purpose == purpose) & ~parts.c.superseded)
        own = (table.c.purpose == purpose) & ~table.c.superseded
        current = (own | table.c.id.in_(bound)) & table.c.state.in_(("signed", "done"))
        found = self._pending(select(table).where(current))
        return found[0].latest if found else None

    def next_nonce(self, sender: str) -> int:
        """One above the highest nonce that anything was signed with; 0 if there is none."""
        table = schema.transactions
        mine = (table.c.sender == sender) & (table.c.state != "intended")
        rows = self._rows(select(func.max(table.c.nonce)).where(mine))
        return 0 if rows[0][0] is None else int(rows[0][0]) + 1

    def reopen(self, purpose: str, before: int | None = None) -> bool:
        """Unbind a purpose from a transaction that is done and has not achieved it; whether it was bound to one.

        Without `before`, from a transaction for several purposes, which may have left this one out. With it, from any
        that a block before that one has: by then it is sure that a node was wrong about it.
        """
        table, parts = schema.transactions, schema.parts
        done = table.c.state == "done"
        if before is not None:
            done &= table.c.block < before
        of_done = parts.c.transaction_id.in_(select(table.c.id).where(done))
        bound = (parts.c.purpose == purpose) & ~parts.c.superseded & of_done
        own = (table.c.purpose == purpose) & ~table.c.superseded & (false() if before is None else done)
        with self.transaction():
            found = bool(self._rows(select(table.c.id).where(own)) or self._rows(select(parts.c.purpose).where(bound)))
            if found:
                self._write(update(parts).where(bound).values(superseded=True))
                self._write(update(table).where(own).values(superseded=True))
        return found

    def intend(self, intent: Intent) -> None:
        """Bind a nonce to a purpose, before anything is signed for it. Whatever was intended and not signed is off.

        The database refuses a purpose that has a transaction, unless that has failed, and a nonce that has a purpose.
        """
        table, parts = schema.transactions, schema.parts
        purposes = (intent.purpose, *intent.parts)
        with self.transaction():
            self._drop_intended(table.c.state == "intended")
            in_vain = table.c.state.in_(("failed", "lost"))
            self._write(update(table).where(table.c.purpose.in_(purposes) & in_vain).values(superseded=True))
            bound = parts.c.transaction_id.in_(select(table.c.id).where(in_vain))
            self._write(update(parts).where(parts.c.purpose.in_(purposes) & bound).values(superseded=True))
            # The database sees to each of the two tables, and not to what is in both.
            own = select(table.c.purpose).where(table.c.purpose.in_(intent.parts) & ~table.c.superseded)
            other = select(parts.c.purpose).where((parts.c.purpose == intent.purpose) & ~parts.c.superseded)
            if twice := [*self._rows(own), *self._rows(other)]:
                raise IntegrityError(f"{twice[0].purpose!r} has a transaction already: this is a mistake of the agent")
            self._write(
                insert(table).values(
                    purpose=intent.purpose,
                    state="intended",
                    reason="",
                    sender=intent.sender,
                    nonce=intent.nonce,
                    target=intent.to,
                    data=intent.data,
                    gas=intent.gas,
                    superseded=False,
                    created_at=self._clock(),
                )
            )
            number = self._rows(select(table.c.id).where(table.c.state == "intended"))[0].id
            for purpose in intent.parts:
                self._write(insert(parts).values(transaction_id=number, purpose=purpose, superseded=False))

    def _drop_intended(self, chosen: Any) -> None:
        table, parts = schema.transactions, schema.parts
        with self.transaction():
            self._write(delete(parts).where(parts.c.transaction_id.in_(select(table.c.id).where(chosen))))
            self._write(delete(table).where(chosen))

    def withdraw(self, intent: Intent) -> None:
        """Nothing was signed for this intent, and nothing will be: its nonce is free again."""
        table = schema.transactions
        self._drop_intended((table.c.purpose == intent.purpose) & (table.c.state == "intended"))

    def record(self, transaction: Transaction) -> None:
        """Remember a signed version of what was intended, before it is sent."""
        table = schema.transactions
        with self.transaction():
            own = (table.c.sender == transaction.sender) & (table.c.nonce == transaction.nonce)
            meant = own & (table.c.purpose == transaction.purpose) & table.c.state.in_(("intended", "signed"))
            rows = self._rows(select(table.c.id).where(meant))
            if not rows:
                raise IntegrityError(
                    f"nothing was intended for {transaction.purpose!r}: this is a mistake of the agent"
                )
            self._write(
                insert(schema.attempts).values(
                    hash=_text(transaction.hash),
                    transaction_id=rows[0].id,
                    raw=transaction.raw,
                    maximum_fee=transaction.fees.maximum,
                    tip=transaction.fees.tip,
                    signed_at=self._clock(),
                )
            )
            self._write(update(table).where(table.c.id == rows[0].id).values(state="signed"))

    def unsettled(self) -> list[Pending]:
        """The transactions that no confirmed block has yet, in the order of their nonces."""
        table = schema.transactions
        return self._pending(select(table).where(table.c.state == "signed").order_by(table.c.nonce))

    def settle(self, intent: Intent, block: int, receipt: Receipt | None, reason: str) -> None:
        """A confirmed block has the transaction (`receipt`), or another one with its nonce (None)."""
        state = "lost" if receipt is None else "done" if receipt.succeeded else "failed"
        values: dict[str, Any] = {"state": state, "reason": reason, "block": block}
        if receipt is not None:
            values |= {"gas_used": receipt.gas_used, "cost": str(receipt.cost)}
        table = schema.transactions
        own = (table.c.sender == intent.sender) & (table.c.nonce == intent.nonce) & (table.c.state == "signed")
        self._write(update(table).where(own).values(**values))

    def _pending(self, chosen: Any) -> list[Pending]:
        with self.transaction():
            rows = self._rows(chosen)
            table = schema.attempts
            of_rows = table.c.transaction_id.in_([row.id for row in rows])
            order = (table.c.maximum_fee, table.c.signed_at)
            attempts = self._rows(select(table).where(of_rows).order_by(*order)) if rows else []
        return [_pending(row, [attempt for attempt in attempts if attempt.transaction_id == row.id]) for row in rows]


def _plain(reason: str) -> str:
    """A reason as any database takes it: strangers' texts are in some, and PostgreSQL has no place for a zero byte."""
    return reason.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _text(value: bytes) -> str:
    return f"0x{value.hex()}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _position(row: Row[Any]) -> Position:
    return Position(row.number, _bytes(row.hash))


def _duty(row: Row[Any]) -> Duty:
    roots = tuple(_bytes(root) for root in row.final_roots.split())
    result_id = None if row.result_id is None else _bytes(row.result_id)
    state, tries = State(row.state), (row.attempts, row.retry_at)
    return Duty(row.role, row.job, state, row.reason, roots, result_id, *tries, row.size)


def _pending(row: Row[Any], attempts: Sequence[Row[Any]]) -> Pending:
    intent = Intent(row.purpose, row.sender, row.nonce, row.target, row.data, row.gas)
    return Pending(intent, tuple(_attempt(intent, each) for each in attempts))


def _attempt(intent: Intent, row: Row[Any]) -> Transaction:
    fees = Fees(row.maximum_fee, row.tip)
    return Transaction(intent.purpose, intent.sender, intent.nonce, _bytes(row.hash), row.raw, fees)


def _log_values(entry: SubjectLog) -> dict[str, Any]:
    log = entry.log
    return {
        "block": log.block,
        "log_index": log.index,
        "job": entry.job,
        "event": entry.event,
        "block_hash": _text(log.block_hash),
        "transaction_hash": _text(log.transaction),
        "address": log.address,
        "topics": " ".join(_text(topic) for topic in log.topics),
        "data": log.data,
    }


def _log(row: Row[Any]) -> Log:
    topics = tuple(_bytes(topic) for topic in row.topics.split())
    return Log(
        row.address, topics, row.data, row.block, _bytes(row.block_hash), row.log_index, _bytes(row.transaction_hash)
    )
