"""What can become of a job instead of a result. Each says what happened, and where the money is."""

from typing import ClassVar

from assay.chain.history import JobHistory
from assay.chain.records import End, JobId
from assay.client.standing import Money, describe_end, describe_money, money_of
from assay.errors import AssayError
from assay.machines.base import RunStatus

_WITHDRAW = "what was refunded or paid is free in the market: `assay withdraw` takes it out"


class JobError(AssayError):
    """A job has no result to give. `job` says which, `money` where its money is, `history` all that has happened."""

    def __init__(self, message: str, history: JobHistory) -> None:
        super().__init__(message)
        self.history = history

    @property
    def job(self) -> JobId:
        """Which job."""
        return self.history.job.job_id

    @property
    def money(self) -> Money:
        """Where the money was when this was raised, base units."""
        return money_of(self.history)


class _EndedError(JobError):
    """A job has ended without a result that stands."""

    what: ClassVar[str]

    def __init__(self, history: JobHistory) -> None:
        text = f"job {history.job.job_id} {self.what}: {describe_end(history)}"
        super().__init__(f"{text}; {_WITHDRAW}", history)


class JobCancelledError(_EndedError):
    """The requester took the job back before anyone accepted it. Its price is free again."""

    what = "was cancelled"


class JobExpiredError(_EndedError):
    """Nobody accepted the job in time. Its price is free again."""

    what = "expired"


class JobDeclinedError(_EndedError):
    """The provider that was hired by its offer gave the job back. Its price is free again."""

    what = "was declined"


class MissedDeadlineError(_EndedError):
    """The provider accepted, and did not claim in time. The price is free again, with a part of the provider's bond."""

    what = "was accepted and not claimed in time"


class JobSlashedError(_EndedError):
    """The provider's claim was refuted, or not defended.

    The price is free again. Of the provider's bond a part is burned, and the rest is the first challenger's that won.
    """

    what = "was claimed wrongly"


class JobTimeoutError(JobError, TimeoutError):
    """There was no result in the time that the caller gave. The job goes on: ask again, or cancel it."""

    def __init__(self, history: JobHistory, stage: str, seconds: float) -> None:
        text = f"job {history.job.job_id} has no result after {seconds:g} s: {stage}"
        super().__init__(f"{text}; {describe_money(history)}, and the job goes on", history)


class ResultMissingError(JobError):
    """The job was claimed, and the store does not have its output.

    `Job.verify` computes the output again, for who has the input.
    """

    def __init__(self, history: JobHistory, fault: AssayError) -> None:
        super().__init__(
            f"the output of job {history.job.job_id} is missing: {fault}; {describe_money(history)}", history
        )


class ResultRefusedError(JobError):
    """The store has an output that is not the one that was claimed: nothing of it is given to anyone."""

    def __init__(self, history: JobHistory, fault: AssayError) -> None:
        super().__init__(
            f"the output of job {history.job.job_id} is refused: {fault}; {describe_money(history)}", history
        )


class ProgramError(AssayError):
    """The program itself ended badly, and that it did is what was claimed (`Result.check`)."""

    def __init__(self, job: JobId, task: int, status: RunStatus, exit_status: int, stderr: bytes) -> None:
        how = {
            RunStatus.EXITED: f"exited with status {exit_status}",
            RunStatus.FAULTED: f"ended by a fault (status {exit_status})",
            RunStatus.OUT_OF_STEPS: "ran out of steps",
        }[status]
        said = stderr.decode(errors="replace").strip().splitlines()
        super().__init__(f"task {task} of job {job} {how}" + (f", and said: {said[-1]}" if said else ""))
        self.job = job
        self.task = task
        self.status = status
        self.exit_status = exit_status
        self.stderr = stderr


_ENDS: dict[End, type[_EndedError]] = {
    End.CANCELLED: JobCancelledError,
    End.EXPIRED: JobExpiredError,
    End.DECLINED: JobDeclinedError,
    End.MISSED_DEADLINE: MissedDeadlineError,
    End.SLASHED_BY_STEP: JobSlashedError,
    End.SLASHED_BY_TIMEOUT: JobSlashedError,
}


def end_error(history: JobHistory) -> JobError | None:
    """What a job's end is an error of; None for one that was finalized, or that has not ended."""
    if history.ended is None or history.ended.end is End.FINALIZED:
        return None
    return _ENDS[history.ended.end](history)
