"""Words of RISC-V instructions, for tests: written from the manual's formats, and not from the decoder's table.

Registers are numbers. Programs are lists of words; `program` lays them out as memory.
"""

from assay.machines.riscv.memory import Memory, Pages

START = 0x1000
ZERO, RA, SP, T0, T1, T2, A0, A1, A2, A7 = 0, 1, 2, 5, 6, 7, 10, 11, 12, 17

LOAD, FENCE, OP_IMM, AUIPC, OP_IMM_32, STORE, AMO = 0x03, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x2F
OP, LUI, OP_32, BRANCH, JALR, JAL, SYSTEM = 0x33, 0x37, 0x3B, 0x63, 0x67, 0x6F, 0x73

ECALL, EBREAK, MRET, WFI, NOP = 0x00000073, 0x00100073, 0x30200073, 0x10500073, 0x00000013

MTVEC, MSCRATCH, MEPC, MCAUSE, MTVAL = 0x305, 0x340, 0x341, 0x342, 0x343


def r_type(opcode: int, funct3: int, funct7: int, rd: int, rs1: int, rs2: int) -> int:
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def i_type(opcode: int, funct3: int, rd: int, rs1: int, immediate: int) -> int:
    return (immediate & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def s_type(funct3: int, rs1: int, rs2: int, immediate: int) -> int:
    high, low = immediate >> 5 & 0x7F, immediate & 0x1F
    return high << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | low << 7 | STORE


def b_type(funct3: int, rs1: int, rs2: int, offset: int) -> int:
    high = (offset >> 12 & 1) << 6 | offset >> 5 & 0x3F
    low = (offset >> 1 & 0xF) << 1 | offset >> 11 & 1
    return high << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | low << 7 | BRANCH


def u_type(opcode: int, rd: int, immediate: int) -> int:
    """`immediate` is the value of the upper 20 bits."""
    return (immediate & 0xFFFFF) << 12 | rd << 7 | opcode


def jal(rd: int, offset: int) -> int:
    bits = (offset >> 20 & 1) << 19 | (offset >> 1 & 0x3FF) << 9 | (offset >> 11 & 1) << 8 | offset >> 12 & 0xFF
    return bits << 12 | rd << 7 | JAL


def amo(funct5: int, funct3: int, rd: int, rs1: int, rs2: int) -> int:
    return r_type(AMO, funct3, funct5 << 2, rd, rs1, rs2)


def jalr(rd: int, rs1: int, offset: int) -> int:
    return i_type(JALR, 0, rd, rs1, offset)


def addi(rd: int, rs1: int, immediate: int) -> int:
    return i_type(OP_IMM, 0, rd, rs1, immediate)


def add(rd: int, rs1: int, rs2: int) -> int:
    return r_type(OP, 0, 0, rd, rs1, rs2)


def lui(rd: int, immediate: int) -> int:
    return u_type(LUI, rd, immediate)


def ld(rd: int, rs1: int, offset: int) -> int:
    return i_type(LOAD, 3, rd, rs1, offset)


def sd(rs2: int, rs1: int, offset: int) -> int:
    return s_type(3, rs1, rs2, offset)


def bne(rs1: int, rs2: int, offset: int) -> int:
    return b_type(1, rs1, rs2, offset)


def csrrw(rd: int, csr: int, rs1: int) -> int:
    return i_type(SYSTEM, 1, rd, rs1, csr)


def lr_d(rd: int, rs1: int) -> int:
    return amo(2, 3, rd, rs1, 0)


def sc_d(rd: int, rs1: int, rs2: int) -> int:
    return amo(3, 3, rd, rs1, rs2)


def program(words: list[int], start: int = START) -> Pages:
    """Memory that holds these words from `start` on, and nothing else."""
    memory = Memory()
    memory.load(start, b"".join(word.to_bytes(4, "little") for word in words))
    return memory.pages()
