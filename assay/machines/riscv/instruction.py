"""What an instruction is: a function of the hart, and the operands that its word gives it."""

from collections.abc import Callable
from dataclasses import dataclass

from assay.machines.riscv.hart import Hart

Execute = Callable[[Hart, "Instruction"], int | None]
"""Does what the instruction does, and returns the next pc, or None for the instruction that follows. Raises `Trap`
before it has changed anything."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A decoded word."""

    execute: Execute
    word: int
    rd: int
    """0 is decoded as the sink."""
    rs1: int
    rs2: int
    immediate: int
    """Sign-extended to 64 bits, as an unsigned number; also a shift amount, or the number of a CSR."""
