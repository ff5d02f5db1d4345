"""The RISC-V machine behind the seam that all machines share, whatever runs its programs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.errors import InputError
from assay.machines.base import FetchBlob, Outcome, Trace
from assay.machines.riscv.elf import Executable, parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.image import input_pages, kernel_pages, program_pages
from assay.machines.riscv.memory import Memory, Pages
from assay.machines.riscv.trace import RiscvTrace

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
        from assay.machines.riscv.task import read_task  # noqa: PLC0415 - only documents have to be checked

        if program is None:
            raise InputError("the job has no program: `program` has to be the content id of an ELF file")
        checked = read_task(task)
        stdin = b"" if checked.stdin is None else fetch(checked.stdin)
        return self.start(fetch(program), checked.arguments, stdin, step_limit, checked.environment)

    def start(
        self,
        program: bytes,
        arguments: Sequence[str],
        stdin: bytes,
        step_limit: int,
        environment: Sequence[str] = (),
    ) -> Trace:
        """A trace of one run of a program; raises `InputError` if this machine cannot run it."""
        return self._start(Hart(Memory()), initial_pages(parse_elf(program), arguments, stdin, environment), step_limit)

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        """The final state root that a result document's entry proves, and its outcome."""
        from assay.machines.riscv.entry import check_entry  # noqa: PLC0415 - likewise

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
