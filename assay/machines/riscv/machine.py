"""The RISC-V machine behind the seam that all machines share, whatever runs its programs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.errors import InputError
from assay.machines.base import FetchBlob, Outcome, Trace
from assay.machines.riscv.elf import Executable, parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.image import input_pages, kernel_pages, program_pages
from assay.machines.riscv.memory import Memory, Pages
from assay.machines.riscv.result import check_entry
from assay.machines.riscv.trace import RiscvTrace
from assay.validation import ContentId, DocumentModel, explain


class RiscvTask(DocumentModel):
    """A task of a job spec."""

    arguments: Annotated[list[str], Field(min_length=1)]
    """The program's name first."""
    stdin: ContentId | None
    environment: Annotated[list[str], Field(default_factory=list)]
    """Variables, written `NAME=VALUE`."""


StartTrace = Callable[[Hart, Pages, int], Trace]
"""Makes a trace that starts with the registers of the hart over these pages, and its step limit."""


class RiscvMachine:
    """RV64IMA with a kernel: runs plain programs (docs/machine.md)."""

    name = "riscv"

    def __init__(self, start: StartTrace = RiscvTrace) -> None:
        """The traces are those that `start` makes; the reference's, if nothing else is said."""
        self._start = start

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> Trace:
        """A trace of one task; raises `InputError` if this machine cannot run it."""
        if program is None:
            raise InputError("the job has no program: `program` has to be the content id of an ELF file")
        try:
            checked = RiscvTask.model_validate(task)
        except ValidationError as error:
            raise InputError(f"not a task for the RISC-V machine: {explain(error)}") from error
        stdin = b"" if checked.stdin is None else fetch(checked.stdin)
        pages = initial_pages(parse_elf(fetch(program)), checked.arguments, stdin, checked.environment)
        return self._start(Hart(Memory()), pages, step_limit)

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        """The final state root that a result document's entry proves, and its outcome."""
        return check_entry(entry, fetch)


def initial_pages(
    executable: Executable, arguments: Sequence[str], stdin: bytes, environment: Sequence[str] = ()
) -> Pages:
    """What memory holds at the start of a task; raises `InputError` if its input does not fit into the machine."""
    return {**program_pages(executable), **input_pages(arguments, stdin, environment), **kernel_pages()}


def trace_of(
    executable: Executable,
    arguments: Sequence[str],
    stdin: bytes,
    step_limit: int,
    environment: Sequence[str] = (),
) -> RiscvTrace:
    """A trace, by the reference, of one run of a program; raises `InputError` if its input does not fit."""
    return RiscvTrace(Hart(Memory()), initial_pages(executable, arguments, stdin, environment), step_limit)
