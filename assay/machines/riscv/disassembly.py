"""Instructions as people read them, for the story of a dispute. What is legal is not capstone's to say."""

import capstone

from assay.machines.riscv.bits import M64
from assay.machines.riscv.decode import decode
from assay.machines.riscv.instructions import control, system
from assay.machines.riscv.witness import fetched_word

_RELATIVE = {control.jal, control.beq, control.bne, control.blt, control.bge, control.bltu, control.bgeu}


def disassemble(word: int, pc: int) -> str:
    """The instruction that `word` is at `pc`, for example `sd a0, 8(sp)`; the targets of branches are addresses.

    A word that is no instruction of this machine is shown as `.word 0x...`.
    """
    instruction = decode(word)
    if instruction.execute is system.illegal:
        return f".word 0x{word:08x}"
    lines = list(capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64).disasm(word.to_bytes(4, "little"), pc))
    if not lines:  # a fence with fields that say nothing
        return instruction.execute.__name__
    operands = lines[0].op_str.split(", ")
    if instruction.execute in _RELATIVE:
        operands[-1] = hex(pc + instruction.immediate & M64)
    return f"{lines[0].mnemonic} {', '.join(operands)}".strip()


def describe_step(witness: bytes) -> str:
    """The step that a witness is for: its pc and its instruction. The witness is not checked; `replay` does that."""
    pc, word = fetched_word(witness)
    return f"{pc:#x}: nothing can be fetched here" if word is None else f"{pc:#x}: {disassemble(word, pc)}"
