"""Programs without a kernel: any RV64 executable on the bare machine, as the official RISC-V tests are run.

Such a program is loaded at its physical addresses and starts at its entry point, all registers zero. It tells that it
has ended by a number at the address that its symbol table calls `tohost`: 1 if all is well, else the number of the test
that failed, times 2, plus 1. An even number is a request to a host, and there is none (docs/machine.md, section 7).
"""

from dataclasses import dataclass
from enum import Enum

from assay.errors import InputError
from assay.machines.base import Progress
from assay.machines.riscv.elf import Segment, loaded_headers, read_header, read_segments, symbol_value
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import at_rest

MEMORY = range(1 << 32)
TOHOST_SIZE = 8
PASSED = 1
REPORT_EVERY = 1 << 14


@dataclass(frozen=True)
class BareProgram:
    """What a file says to load, and where it will tell its end."""

    entry: int
    segments: list[Segment]
    tohost: int


class End(Enum):
    """Why a bare run was left."""

    TOHOST = "the program told its end"
    FIXED_POINT = "the machine came to rest"
    STEP_LIMIT = "it had taken all its steps"


@dataclass(frozen=True)
class BareRun:
    """How a bare run ended: after `steps` steps, at `pc`, with this in `tohost`."""

    end: End
    tohost: int
    steps: int
    pc: int

    @property
    def passed(self) -> bool:
        """Whether the program said that all is well."""
        return self.end is End.TOHOST and self.tohost == PASSED

    @property
    def failed_test(self) -> int | None:
        """The number of the test that failed, if the program told one."""
        return self.tohost >> 1 if self.end is End.TOHOST and not self.passed else None


def parse_bare(file: bytes) -> BareProgram:
    """What to load from `file`. Raises `InputError` if it cannot be run and watched.

    What the hart cannot execute, such as compressed code, is not refused: it traps, as on any RV64IMA hart.
    """
    header = read_header(file)
    loaded = loaded_headers(file, header)
    segments = read_segments(file, [(at.p_paddr, at) for at in loaded], MEMORY, header.e_entry)
    tohost = symbol_value(file, header, "tohost")
    if tohost is None:
        raise InputError(
            "the program has no symbol `tohost`, by which it would tell its end: "
            "link it with one and do not strip it, or run it under the kernel with `assay run`"
        )
    if tohost % TOHOST_SIZE or tohost not in MEMORY:
        raise InputError(f"the program has its `tohost` at {tohost:#x}: it has to be a multiple of 8 below 2^32")
    return BareProgram(header.e_entry, segments, tohost)


def run_bare(program: BareProgram, step_limit: int, progress: Progress | None = None) -> BareRun:
    """Run until the program tells its end, at most to the fixed point or for `step_limit` steps.

    Raises `InputError` if it tells its end before the first step.
    """
    memory = Memory()
    for segment in program.segments:
        memory.load(segment.address, segment.data)
    hart = Hart(memory, pc=program.entry)
    if _is_end(memory.read(program.tohost, TOHOST_SIZE)):
        raise InputError("the program's `tohost` is not zero in its file: it would have ended before it begins")

    end, steps = End.STEP_LIMIT, 0
    while end is End.STEP_LIMIT and steps < step_limit:
        pc = hart.pc
        run(hart, 1)
        steps += 1
        if _is_end(memory.read(program.tohost, TOHOST_SIZE)):
            end = End.TOHOST
        elif hart.pc == pc and at_rest(hart):
            end = End.FIXED_POINT
        if progress is not None and steps % REPORT_EVERY == 0:
            progress(steps)
    return BareRun(end, memory.read(program.tohost, TOHOST_SIZE), steps, hart.pc)


def _is_end(tohost: int) -> bool:
    """The lowest bit says it; the 16 highest ones, if they are not 0, address a device, and there is none."""
    return tohost & 1 == 1 and tohost >> 48 == 0
