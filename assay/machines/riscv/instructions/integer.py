"""Arithmetic, logic and shifts (unprivileged 2.4 and 4.2)."""

from assay.machines.riscv.bits import M32, M64, SIGN64, extend, signed
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction


def lui(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = i.immediate


def auipc(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.pc + i.immediate & M64


def addi(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] + i.immediate & M64


def slti(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = int(hart.x[i.rs1] ^ SIGN64 < i.immediate ^ SIGN64)


def sltiu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = int(hart.x[i.rs1] < i.immediate)


def xori(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] ^ i.immediate


def ori(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] | i.immediate


def andi(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] & i.immediate


def slli(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] << i.immediate & M64


def srli(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] >> i.immediate


def srai(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(hart.x[i.rs1]) >> i.immediate & M64


def addiw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] + i.immediate, 32)


def slliw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] << i.immediate, 32)


def srliw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend((hart.x[i.rs1] & M32) >> i.immediate, 32)


def sraiw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(extend(hart.x[i.rs1], 32)) >> i.immediate & M64


def add(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] + hart.x[i.rs2] & M64


def sub(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] - hart.x[i.rs2] & M64


def sll(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] << (hart.x[i.rs2] & 63) & M64


def slt(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = int(hart.x[i.rs1] ^ SIGN64 < hart.x[i.rs2] ^ SIGN64)


def sltu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = int(hart.x[i.rs1] < hart.x[i.rs2])


def xor(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] ^ hart.x[i.rs2]


def srl(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] >> (hart.x[i.rs2] & 63)


def sra(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(hart.x[i.rs1]) >> (hart.x[i.rs2] & 63) & M64


def or_(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] | hart.x[i.rs2]


def and_(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] & hart.x[i.rs2]


def addw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] + hart.x[i.rs2], 32)


def subw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] - hart.x[i.rs2], 32)


def sllw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] << (hart.x[i.rs2] & 31), 32)


def srlw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend((hart.x[i.rs1] & M32) >> (hart.x[i.rs2] & 31), 32)


def sraw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(extend(hart.x[i.rs1], 32)) >> (hart.x[i.rs2] & 31) & M64


def fence(hart: Hart, i: Instruction) -> None:
    """FENCE and FENCE.I (2.7, 6): one hart that fetches from memory itself has nothing to wait for."""
