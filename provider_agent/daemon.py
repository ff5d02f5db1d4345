"""The loop: new confirmed events, deadlines due, duties, pending transactions, sleep.

Only the events tell what happened, and only confirmed ones: a transaction's receipt changes nothing here. Everything
that is decided or computed is in the journal before it is relied on, so the loop can be killed anywhere and goes on.
"""

import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from assay.chain.events import DisputeEvent, Event, JobEvent, decode_logs, read_logs
from assay.chain.history import Book, JobHistory
from assay.chain.node import Block, Log
from assay.chain.records import JobId
from assay.errors import AssayError, ChainError, IntegrityError, TransientError
from provider_agent.clocks import Clock
from provider_agent.context import Context
from provider_agent.duty import Duty, State
from provider_agent.executor import JobFaultError
from provider_agent.gate import Gate
from provider_agent.journal import KEPT_BLOCKS, Position, SubjectLog
from provider_agent.keeper import Keeper
from provider_agent.ledger import items_of, risk_of
from provider_agent.logs import about
from provider_agent.operations import Operations
from provider_agent.reconcile import OVERLAP, RECONCILE_EVERY, contradicted, late_logs
from provider_agent.roles.base import Role
from provider_agent.stop import Stop

log = logging.getLogger(__name__)

JOB_FAULT_LIMIT = 8
"""Faults in a row after which a job is given up, if nothing is at risk in it."""


class Daemon:
    """One agent, running."""

    def __init__(
        self, context: Context, roles: Sequence[Role], stop: Stop, operations: Operations | None = None
    ) -> None:
        self._context = context
        self._roles = {role.name: role for role in roles}
        self._stop = stop
        self._keeper = Keeper(context)
        self._gate = Gate(context)
        self._operations = operations
        self._in_danger: set[Clock] = set()
        self._book_is_current = False
        self._newest, self._newest_since = -1, 0.0
        self._reconciled_at = time.monotonic()
        self._back = OVERLAP

    def run(self) -> None:
        """Go on until told to stop.

        Raises `AssayError` when the node's faults do not end, and at once whatever is no passing fault.
        """
        settings = self._context.settings.loop
        faults = 0
        while not self._stop.requested:
            pause = settings.poll
            try:
                self.tick()
                faults = 0
                self._report()
                if self._stop.draining and self._is_drained():
                    self._stop.request("drained: nothing is at risk any more")
                    break
            except TransientError as fault:
                faults += 1
                if self._operations is not None:
                    self._operations.failed(faults)
                if faults >= settings.fault_limit:
                    raise AssayError(f"gave up after {faults} faults in a row; the last one: {fault}") from fault
                pause = _backoff(faults, settings.retry, settings.retry_limit)
                log.warning("fault", extra=about(count=faults, retry_in=pause, reason=fault))
            self._context.executor.wait(pause, self._stop.fileno())
        self._gate.close()
        log.info("stopping", extra=about(reason=self._stop.reason))

    def tick(self) -> None:
        """One pass of the loop."""
        context = self._context
        if not self._book_is_current:
            self._rebuild_book()
        head = context.chain.node.head()
        self._watch_stall(head)
        context.begin_pass(head.timestamp)
        confirmed = self._confirmed(head)
        self._follow(confirmed)
        self._meet_deadlines()
        self._act()
        context.batch.send()
        context.outbox.settle(confirmed.number)
        self._keeper.tick()

    def _report(self) -> None:
        """Tell the operators how it goes, and loudly what may go wrong."""
        if self._operations is None:
            return
        danger = set(self._operations.passed(self._context, self._stop.draining))
        for clock in danger - self._in_danger:
            if clock.what == "dispute":
                log.error("dispute in danger", extra=about(dispute=clock.subject, seconds=clock.left))
            else:
                log.error("deadline in danger", extra=about(job=clock.subject, seconds=clock.left))
        self._in_danger = danger

    def _watch_stall(self, head: Block) -> None:
        """Leave a node that answers, and has no new blocks any more while another one has."""
        now = time.monotonic()
        if head.number != self._newest:
            self._newest, self._newest_since = head.number, now
        elif now - self._newest_since >= self._context.settings.chain.stall:
            self._newest_since = now
            self._context.chain.node.leave_if_stalled()

    # Events

    def _confirmed(self, head: Block) -> Block:
        number = head.number - self._context.settings.chain.confirmations
        return head if number == head.number else self._context.chain.node.block(max(number, 0))

    def _follow(self, confirmed: Block) -> None:
        """Take in the events of all blocks up to `confirmed`."""
        journal, chain = self._context.journal, self._context.chain
        position = journal.position()
        if position is not None and position.hash == confirmed.hash:
            return
        if position is not None and confirmed.number < position.number:
            raise TransientError(f"the node is behind: at block {confirmed.number}, and {position.number} was read")
        if position is not None and not self._is_on_chain(position):
            with self._taking_in():
                position = self._rewind(position)
        start = chain.deployment.start_block
        read = start - 1 if position is None else position.number
        if confirmed.number <= read:
            return
        first = max(start, read + 1 - OVERLAP)
        logs = [entry for page in read_logs(chain.node, chain.deployment, first, confirmed.number) for entry in page]
        if chain.node.block(confirmed.number).hash != confirmed.hash:
            raise TransientError("the chain was reorganised while it was read")
        again = [entry for entry in logs if entry.block <= read]
        if late := late_logs(again, journal.log_keys(first), self._context.book, chain.deployment):
            self._go_back(min(entry.block for entry in late) - 1, f"{len(late)} were missing before")
        try:
            with self._taking_in(), journal.transaction():
                new = self._take_in(entry for entry in logs if entry.block > read)
                journal.advance(Position(confirmed.number, confirmed.hash), new)
        except IntegrityError as unfitting:
            self._rebuild_book()
            self._back *= 2
            self._go_back(read - self._back, str(unfitting))
        self._back = OVERLAP
        self._forget_old(confirmed.number)
        self._reconcile(Position(confirmed.number, confirmed.hash))

    def _reconcile(self, position: Position) -> None:
        """Compare what the events say with the chain's state, now and then."""
        context, now = self._context, time.monotonic()
        if now - self._reconciled_at < RECONCILE_EVERY:
            return
        try:
            wrong = contradicted(context.chain, context.book, context.account, position.number)
        except (ChainError, IntegrityError) as fault:  # a node without the state of that block, for example
            log.warning("not compared", extra=about(block=position.number, reason=fault))
            wrong = []
        counts = bool(wrong) and self._is_on_chain(position)
        self._reconciled_at = now
        if counts:
            jobs = ", ".join(str(history.job.job_id) for history in wrong[:3])
            self._go_back(min(history.entries[0].block for history in wrong) - 1, f"the chain says otherwise of {jobs}")

    def _go_back(self, number: int, reason: str) -> NoReturn:
        """Some events are missing: read again from block `number` on."""
        journal = self._context.journal
        with self._taking_in(), journal.transaction():
            journal.rewind(number)
            self._context.book = Book(self._context.chain.deployment.market)
            self._take_in(journal.logs())
        log.warning("events missing", extra=about(back_to=number, reason=reason))
        raise TransientError(f"events were missing, and are read again from block {number} on: {reason}")

    @contextmanager
    def _taking_in(self) -> Iterator[None]:
        """While events are taken in. If that fails, the book is read anew: the journal knows how far it got."""
        self._book_is_current = False
        yield
        self._book_is_current = True

    def _take_in(self, logs: Iterable[Log]) -> list[SubjectLog]:
        """Bring the book up to date, tell the roles, and return what has to be kept."""
        book, kept = self._context.book, []
        for raw in logs:
            for entry in decode_logs([raw], self._context.chain.deployment):
                event = entry.event
                book.add(entry)
                if isinstance(event, JobEvent):
                    job_id = event.job_id
                elif isinstance(event, DisputeEvent) and event.dispute_id in book.disputes:
                    job_id = book.disputes[event.dispute_id].terms.job_id
                else:
                    continue  # money, or another market's dispute
                for item in items_of(event, book, self._context.account):
                    self._context.journal.enter(raw.block, raw.index, item)
                kept.append(SubjectLog(raw, str(job_id), type(event).__name__))
                self._tell(event)
        return kept

    def _tell(self, event: Event) -> None:
        for role in self._roles.values():
            if (handle := role.on.get(type(event))) is not None:
                handle(event)

    def _is_on_chain(self, position: Position) -> bool:
        return self._context.chain.node.block(position.number).hash == position.hash

    def _rewind(self, position: Position) -> Position | None:
        """Go back to the last block that is still on the chain."""
        journal = self._context.journal
        common = next((older for older in journal.positions() if self._is_on_chain(older)), None)
        with journal.transaction():
            journal.rewind(-1 if common is None else common.number)
            self._context.book = Book(self._context.chain.deployment.market)
            # Once more from the start, so that the deadlines are those of what is left.
            self._take_in(journal.logs())
        log.warning("reorganisation", extra=about(position=position.number, back_to=common and common.number))
        return common

    def _rebuild_book(self) -> None:
        deployment = self._context.chain.deployment
        logs = list(self._context.journal.logs())
        self._context.book = Book(deployment.market, decode_logs(logs, deployment))
        self._book_is_current = True

    def _forget_old(self, number: int) -> None:
        """Drop jobs that have been over for so long that no reorganisation brings them back."""
        context = self._context
        live = {duty.job for duty in context.journal.live_duties()}
        for job_id, history in list(context.book.jobs.items()):
            if str(job_id) not in live and self._is_over(job_id, history, number - KEPT_BLOCKS):
                context.journal.forget_job(str(job_id))
                del context.book.jobs[job_id]
                for dispute in context.book.disputes_of(job_id):
                    del context.book.disputes[dispute.dispute_id]

    def _is_over(self, job_id: JobId, history: JobHistory, before: int) -> bool:
        if history.ended is None:
            return False
        disputes = self._context.book.disputes_of(job_id)
        entries = [*history.entries, *(entry for dispute in disputes for entry in dispute.entries)]
        return all(dispute.resolved for dispute in disputes) and max(entry.block for entry in entries) < before

    # Deadlines and duties

    def _is_drained(self) -> bool:
        """Whether this agent can be stopped for long: no bond of its own is at risk, and nothing is pending."""
        context = self._context
        risk = risk_of(context.book, context.account)
        known = (duty for duty in context.journal.live_duties() if JobId.parse(duty.job) in context.book.jobs)
        at_risk = any(self._roles[duty.role].is_at_risk(duty) for duty in known if duty.role in self._roles)
        return not (risk.jobs or risk.challenges or at_risk or context.journal.unsettled())

    def _meet_deadlines(self) -> None:
        for deadline in self._context.journal.deadlines(before=self._context.now):
            if (role := self._roles.get(deadline.role)) is not None:
                role.due[deadline.action](deadline)

    def _act(self) -> None:
        """Go on with every duty."""
        context = self._context
        for duty in sorted(context.journal.live_duties(), key=self._turn):
            role = self._roles.get(duty.role)
            if role is None or duty.retry_at > time.time():
                continue
            if JobId.parse(duty.job) not in context.book.jobs:
                context.journal.set_duty(duty, State.ENDED, "no longer on the chain, after a reorganisation")
                continue
            if self._stop.draining and not role.is_at_risk(duty):
                continue
            if duty.state is State.CONSIDERING and not self._may_go_on(role, duty):
                continue
            try:
                role.act(duty)
            except JobFaultError as fault:
                self._take_fault(role, duty, fault)
        live = context.journal.live_duties()
        self._gate.retain([(duty.role, duty.job) for duty in live])
        for job in context.executor.retain({duty.job for duty in live}):
            shutil.rmtree(context.settings.cache / job, ignore_errors=True)

    def _turn(self, duty: Duty) -> tuple[bool, bytes]:
        """What has been begun comes before what is only considered."""
        considered = duty.state is State.CONSIDERING and duty.role in self._roles
        return considered, self._roles[duty.role].rank(duty) if considered else b""

    def _may_go_on(self, role: Role, duty: Duty) -> bool:
        """Whether a role may look at what it considers; nobody is asked any more once a bond may be at risk."""
        return self._gate.has_admitted(duty) or role.is_at_risk(duty) or self._gate.admits(duty)

    def _take_fault(self, role: Role, duty: Duty, fault: JobFaultError) -> None:
        """A job could not be computed: give it up if that costs nothing, else go on trying."""
        context, settings = self._context, self._context.settings.loop
        about_it = about(role=duty.role, job=duty.job, reason=fault, attempts=duty.attempts + 1)
        if not role.is_at_risk(duty) and (not fault.may_pass or duty.attempts + 1 >= JOB_FAULT_LIMIT):
            context.journal.set_duty(duty, State.REFUSED, f"cannot be computed: {fault}")
            log.warning("refused", extra=about_it)
            return
        context.journal.postpone(duty, str(fault), _backoff(duty.attempts + 1, settings.retry, settings.retry_limit))
        if fault.may_pass:
            log.warning("job fault", extra=about_it)
        else:
            log.error("job fault", extra=about_it)


def _backoff(attempt: int, first: float, limit: float) -> float:
    """Seconds to wait after `attempt` faults in a row, 1 or more."""
    return min(first * 2.0 ** min(attempt - 1, 30), limit)
