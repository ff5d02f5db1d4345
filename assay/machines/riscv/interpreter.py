"""The loop: fetch, decode, execute (docs/machine.md, section 3)."""

from assay.machines.riscv.decode import decode
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.memory import PAGE_BITS
from assay.machines.riscv.traps import Cause, Trap

MAX_CODE = 1 << 18
"""Instructions that a hart keeps: a program that fills memory with them does not fill the host's."""


def run(hart: Hart, steps: int) -> int:
    """Take up to `steps` steps, and stop early after one that leaves pc as it is; the number of steps taken.

    Only such a step can lead to a fixed point, so the caller has a look there.
    """
    code = hart.code
    for taken in range(1, steps + 1):
        pc = hart.pc
        try:
            instruction = code.get(pc) or fetch(hart, pc)
            target = instruction.execute(hart, instruction)
            hart.pc = pc + 4 if target is None else target
        except Trap as trap:
            hart.take(trap)
        if hart.pc == pc:
            return taken
    return steps


def fetch(hart: Hart, pc: int) -> Instruction:
    """The instruction at `pc`, which the hart keeps as long as nobody writes to its page."""
    if pc & 3:
        raise Trap(Cause.INSTRUCTION_MISALIGNED, pc)
    if pc >> 32:
        raise Trap(Cause.INSTRUCTION_FAULT, pc)
    if len(hart.code) >= MAX_CODE:
        hart.forget_code()
    instruction = hart.code[pc] = decode(hart.memory.read(pc, 4))
    hart.code_pages.add(pc >> PAGE_BITS)
    return instruction
