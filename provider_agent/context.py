"""What the roles share: the chain as last confirmed, and the means to act on it."""

from dataclasses import dataclass

from assay.chain.connection import Chain
from assay.chain.history import Book, JobHistory
from assay.chain.records import Account, Admission, Job, JobId, Parameters
from assay.errors import ChainError, IntegrityError
from provider_agent.batch import Batch
from provider_agent.bench import Workload
from provider_agent.duty import Duty, State
from provider_agent.executor import Executor
from provider_agent.journal import Journal
from provider_agent.keeper import room_for
from provider_agent.outbox import Outbox
from provider_agent.settings import Settings


@dataclass
class Context:
    """One agent at work. The loop keeps `book` and `now` up to date; everything else stays."""

    settings: Settings
    chain: Chain
    parameters: Parameters
    account: str
    """The agent's address."""
    journal: Journal
    outbox: Outbox
    batch: Batch
    """Claims and payments of this pass, sent at its end."""
    executor: Executor
    book: Book
    """All jobs and disputes, as the confirmed events tell them."""
    now: int = 0
    """The chain's time: that of its newest block, seconds since the epoch."""
    _own_account: Account | None = None
    _taken: int | None = None
    _room: int | None = None

    def begin_pass(self, now: int) -> None:
        """A new pass of the loop: what was read of the chain's present is outdated."""
        self.now = now
        self.batch.begin()
        self._own_account = None
        self._taken = None
        self._room = None

    def own_account(self) -> Account:
        """The agent's money in the market, read at most once a pass: any number of jobs may be waiting for it."""
        if self._own_account is None:
            self._own_account = self.chain.market.account_of(self.account)
        return self._own_account

    def taken(self) -> int:
        """How many jobs this provider has taken and not claimed, counted at most once a pass (`take` adds to it)."""
        if self._taken is None:
            self._taken = self.journal.count_duties("provider", (State.TAKEN, State.COMPUTED))
        return self._taken

    def room(self) -> int:
        """Bytes that are free for what jobs need, looked at once a pass at most."""
        if self._room is None:
            self._room = room_for(self.settings.cache)
        return self._room

    def take(self, duty: Duty) -> Duty:
        """Record that this provider wants a job; the duty as it is then."""
        self._taken = self.taken() + 1
        return self.journal.set_duty(duty, State.TAKEN, "wanted")

    def history(self, job: str) -> JobHistory:
        """What became of a job, given as text."""
        return self.book.jobs[JobId.parse(job)]

    def machine_of(self, job: Job) -> str | None:
        """The machine that a job's referee executes, if this agent has it."""
        return self.chain.deployment.machine_of(job.terms.referee)

    def workload(self, history: JobHistory, maximum_bytes: int) -> Workload:
        """A job as its worker needs it. The job's machine has to be known."""
        job = history.job
        machine = self.machine_of(job)
        assert machine is not None
        return Workload(
            machine=machine,
            spec_ids=tuple(spec_id.hex() for spec_id in history.spec_ids),
            task_root=job.terms.task_root,
            task_count=job.terms.task_count,
            rounds=job.terms.rounds,
            store=self.settings.store.location,
            cache=self.settings.cache / str(job.job_id),
            maximum_bytes=maximum_bytes,
            maximum_output=self.settings.execution.maximum_output,
        )


def is_admitted(chain: Chain, job: Job, account: str) -> bool:
    """Whether the contract that a job's terms name for it, if any, lets `account` accept it."""
    if job.terms.admission is not Admission.LISTED:
        return True
    try:
        return chain.access(job.terms.gate).admits(job.requester, account)
    except (ChainError, IntegrityError):  # whatever is at that address, it does not admit anybody
        return False
