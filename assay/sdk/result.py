"""What a task has left behind."""

from dataclasses import dataclass

from assay.chain.records import JobId
from assay.machines.base import RunStatus
from assay.sdk.errors import ProgramError


@dataclass(frozen=True)
class Result:
    """The output of one task, proved to belong to the claim that the provider has a bond at risk for.

    Made of verified bytes only: whatever is not what was claimed is a `ResultRefusedError` instead.
    """

    job: JobId
    task: int
    """Counted from 0."""
    stdout: bytes
    stderr: bytes
    status: RunStatus
    """`EXITED`, `FAULTED` or `OUT_OF_STEPS`."""
    exit_status: int
    """The program's own; 128 and the number of the signal after a fault, as a shell has it."""
    provider: str
    """The address of who ran it."""
    final: bool
    """Whether the challenge period was over. If not, the claim may still turn out to be a lie."""

    @property
    def text(self) -> str:
        """Standard output as text in UTF-8. Raises `UnicodeDecodeError` if it is none."""
        return self.stdout.decode()

    def check(self) -> "Result":
        """This very result, if the program ended well. Raises `ProgramError` if it failed, trapped or ran out of steps.

        A job whose program fails is paid like any other: the run has cost the provider as much.
        """
        if self.status is not RunStatus.EXITED or self.exit_status != 0:
            raise ProgramError(self.job, self.task, self.status, self.exit_status, self.stderr)
        return self
