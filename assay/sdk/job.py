"""One job, from its post to its verified result."""

import threading
import time
from enum import StrEnum

from assay.chain.history import JobHistory
from assay.chain.records import JobId, Status
from assay.chain.sender import RevertedError
from assay.client.exits import cancel_job, end_overdue
from assay.client.follow import Follower, News
from assay.client.jobs import read_job
from assay.client.receipts import make_receipt
from assay.client.recompute import Verification, claim_of, recompute
from assay.client.result import fetch_outcomes
from assay.client.session import Session
from assay.client.standing import Money, money_of, status_of
from assay.client.waiting import waiting_for
from assay.errors import ContractError, InputError, IntegrityError, MissingBlobError, TransientError
from assay.sdk.errors import JobTimeoutError, ResultMissingError, ResultRefusedError, end_error
from assay.sdk.result import Result

PAUSE = 0.5
"""Seconds between two looks at a job."""

PATIENCE = 60.0
"""Seconds for which a node or a store may fail, time after time, before whoever waits is told."""


class JobState(StrEnum):
    """Where a job is, or how it ended (docs/market.md)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CLAIMED = "claimed"
    DISPUTED = "disputed"
    FINALIZED = "finalized"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DECLINED = "declined"
    MISSED_DEADLINE = "missed deadline"
    SLASHED_BY_STEP = "slashed by step"
    SLASHED_BY_TIMEOUT = "slashed by timeout"


class Job:
    """One job of the market. Several threads may use it. It only looks at the chain: losing it loses nothing.

    Made by `Client.submit` and others, or for a job that there is already by `Client.job`.
    """

    def __init__(self, session: Session, job_id: JobId) -> None:
        self.id = job_id
        """`str()` of it is how it is written everywhere: `slot.generation@requester`."""
        self._session = session
        self._follower = Follower(session.chain, job_id)
        self._news: News | None = None
        self._results: list[Result] | None = None
        self._failing_since: float | None = None
        self._looking = threading.Lock()

    def __repr__(self) -> str:
        return f"<Job {self.id}>"

    def status(self) -> JobState:
        """Where the job is now. Raises `InputError` if there is no such job, `TransientError` if nobody answers."""
        return JobState(status_of(self.history()))

    def done(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self.history().ended is not None

    def money(self) -> Money:
        """Where the job's money is now, base units."""
        return money_of(self.history())

    def history(self) -> JobHistory:
        """All that has happened to the job until now. Raises as `status` does."""
        with self._looking:
            return self._look().history

    def result(self, timeout: float | None = None, *, final: bool = True) -> Result:
        """The verified result of a job of one task, when there is one; `timeout` in seconds, without one no end.

        Final means: claimed, and not refuted while it could be challenged. With `final=False` the result comes as soon
        as it is claimed, unless somebody disputes it. If nobody else ends a job of one's own whose time is over, this
        does, which takes a transaction.

        Raises `JobTimeoutError` (a `TimeoutError`; the job goes on) and the other kinds of `JobError`; `InputError` for
        a job of several tasks; `TransientError` if node or store have failed for a minute.
        """
        results = self.results(timeout, final=final)
        if len(results) != 1:
            raise InputError(f"job {self.id} has {len(results)} tasks: `results` gives all of their results")
        return results[0]

    def results(self, timeout: float | None = None, *, final: bool = True) -> list[Result]:
        """The verified result of each task, in their order. As `result` in all else."""
        end = None if timeout is None else time.monotonic() + timeout
        while (found := self.poll(final=final)) is None:
            left = PAUSE if end is None else end - time.monotonic()
            if left <= 0:
                assert timeout is not None
                raise self.late(timeout)
            time.sleep(min(PAUSE, left))
        return found

    def poll(self, *, final: bool = True) -> list[Result] | None:
        """What `results` would return, if it is there already. Raises as it does, but for the timeout."""
        with self._looking:
            try:
                found = self._poll(final)
            except TransientError:
                now = time.monotonic()
                self._failing_since = now if self._failing_since is None else self._failing_since
                if now - self._failing_since >= PATIENCE:
                    self._failing_since = None
                    raise
                return None
            self._failing_since = None
            return found

    def cancel(self) -> bool:
        """Take the job back, if nobody has accepted it; whether that was so. Its price is free again then.

        Raises `ContractError` if the job is somebody else's.
        """
        history = self.history()
        if history.ended or history.job.status is not Status.OPEN:
            return False
        try:
            cancel_job(self._session.chain, self._session.sender, history)
        except RevertedError:
            return False
        except ContractError as refused:
            if refused.error in ("WrongStatus", "RecordMismatch"):  # a provider was faster
                return False
            raise
        return True

    def verify(self, task: int | None = None) -> Verification:
        """Run the job again, here and now, or one `task` of it; its `agrees` says whether all is as claimed.

        Raises `InputError` if nothing was claimed, or if it cannot be run, `MissingBlobError` if program or input are
        not to be had, `IntegrityError` if they are not what the job's terms say.
        """
        session = self._session
        history, book = read_job(session.chain, self.id)
        claim = claim_of(session.chain.deployment, history)
        return recompute(claim, session.store.get, session.machines, task, book.disputes_of(self.id))

    def receipt(self, *, full: bool = False) -> bytes:
        """One file with all that a stranger needs to check the job (`assay receipt`). Raises as `verify` does."""
        session = self._session
        history, book = read_job(session.chain, self.id)
        return make_receipt(session.chain, session.store, history, book, full, session.machines).encode()

    def late(self, seconds: float) -> JobTimeoutError:
        """What is raised when there is no result after so many seconds. Raises what keeps this from being known."""
        with self._looking:
            news = self._news or self._look()
        return JobTimeoutError(news.history, waiting_for(news), seconds)

    def _look(self) -> News:
        """How the job stands with the newest block."""
        if self._news is None or self._news.history.ended is None:
            self._news = self._follower.look() or self._news
        assert self._news is not None  # the first look always gives some
        return self._news

    def _poll(self, final: bool) -> list[Result] | None:
        before, news = self._news, self._look()
        history = news.history
        if (error := end_error(history)) is not None:
            raise error
        is_claimed = bool(history.final_roots) and not history.open_disputes
        if history.ended or (is_claimed and not final):
            return self._fetch(history)
        if news is not before and news.is_overdue and self._session.own_address == self.id.requester:
            end_overdue(self._session.chain, self._session.sender, news)
        return None

    def _fetch(self, history: JobHistory) -> list[Result]:
        """The results that are claimed, each byte of them checked."""
        if self._results is not None:
            return self._results
        try:
            outcomes = fetch_outcomes(self._session.chain, self._session.store, history)
        except MissingBlobError as fault:
            raise ResultMissingError(history, fault) from fault
        except IntegrityError as fault:
            raise ResultRefusedError(history, fault) from fault
        final = history.ended is not None
        results = [
            Result(
                job=self.id,
                task=task,
                stdout=outcome.stdout,
                stderr=outcome.stderr,
                status=outcome.status,
                exit_status=outcome.exit_status,
                provider=history.job.provider,
                final=final,
            )
            for task, outcome in enumerate(outcomes)
        ]
        if final:
            self._results = results
        return results
