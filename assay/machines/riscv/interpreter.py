"""The loop: fetch, decode, execute (docs/machine.md, section 3)."""

from assay.machines.riscv.decode import decode
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.traps import Cause, Trap

CACHED_WORDS = 1 << 16


class _Decoded(dict[int, Instruction]):
    """Words that have been decoded. A program that makes up its words as it runs does not fill the host's memory."""

    def __missing__(self, word: int) -> Instruction:
        if len(self) >= CACHED_WORDS:
            self.clear()
        instruction = self[word] = decode(word)
        return instruction


_decoded = _Decoded()


def run(hart: Hart, steps: int) -> int:
    """Take up to `steps` steps, and stop early after one that leaves pc as it is; the number of steps taken.

    Only such a step can lead to a fixed point, so the caller has a look there.
    """
    read = hart.memory.read
    for taken in range(1, steps + 1):
        pc = hart.pc
        try:
            if pc & 3 or pc >> 32:
                raise Trap(Cause.INSTRUCTION_MISALIGNED if pc & 3 else Cause.INSTRUCTION_FAULT, pc)
            instruction = _decoded[read(pc, 4)]
            target = instruction.execute(hart, instruction)
            hart.pc = pc + 4 if target is None else target
        except Trap as trap:
            hart.take(trap)
        if hart.pc == pc:
            return taken
    return steps
