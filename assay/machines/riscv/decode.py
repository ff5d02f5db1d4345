"""From words to instructions: the table of encodings (unprivileged, chapter 35).

A pattern is written as the manual draws it, from bit 31 down: 0 and 1 are fixed, dots are operands. No two patterns
fit the same word, and a word that fits none is illegal.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from assay.machines.riscv.bits import extend
from assay.machines.riscv.hart import SINK
from assay.machines.riscv.instruction import Execute, Instruction
from assay.machines.riscv.instructions import atomic, control, integer, memory, multiply, system

Immediate = Callable[[int], int]
"""How a format places its immediate in the word (unprivileged 2.3)."""


def none(_: int) -> int:
    return 0


def i_type(word: int) -> int:
    return extend(word >> 20, 12)


def s_type(word: int) -> int:
    return extend(word >> 20 & 0xFE0 | word >> 7 & 0x1F, 12)


def b_type(word: int) -> int:
    return extend(word >> 19 & 0x1000 | word << 4 & 0x800 | word >> 20 & 0x7E0 | word >> 7 & 0x1E, 13)


def u_type(word: int) -> int:
    return extend(word & 0xFFFFF000, 32)


def j_type(word: int) -> int:
    return extend(word >> 11 & 0x100000 | word & 0xFF000 | word >> 9 & 0x800 | word >> 20 & 0x7FE, 21)


def shift(word: int) -> int:
    """A shift amount of 6 bits; of 5 where the pattern fixes the sixth."""
    return word >> 20 & 0x3F


def csr(word: int) -> int:
    return word >> 20


TABLE: list[tuple[str, Immediate, Execute]] = [
    (".................... ..... 0110111", u_type, integer.lui),
    (".................... ..... 0010111", u_type, integer.auipc),
    (".................... ..... 1101111", j_type, control.jal),
    ("............ ..... 000 ..... 1100111", i_type, control.jalr),
    ("....... ..... ..... 000 ..... 1100011", b_type, control.beq),
    ("....... ..... ..... 001 ..... 1100011", b_type, control.bne),
    ("....... ..... ..... 100 ..... 1100011", b_type, control.blt),
    ("....... ..... ..... 101 ..... 1100011", b_type, control.bge),
    ("....... ..... ..... 110 ..... 1100011", b_type, control.bltu),
    ("....... ..... ..... 111 ..... 1100011", b_type, control.bgeu),
    ("............ ..... 000 ..... 0000011", i_type, memory.lb),
    ("............ ..... 001 ..... 0000011", i_type, memory.lh),
    ("............ ..... 010 ..... 0000011", i_type, memory.lw),
    ("............ ..... 011 ..... 0000011", i_type, memory.ld),
    ("............ ..... 100 ..... 0000011", i_type, memory.lbu),
    ("............ ..... 101 ..... 0000011", i_type, memory.lhu),
    ("............ ..... 110 ..... 0000011", i_type, memory.lwu),
    ("....... ..... ..... 000 ..... 0100011", s_type, memory.sb),
    ("....... ..... ..... 001 ..... 0100011", s_type, memory.sh),
    ("....... ..... ..... 010 ..... 0100011", s_type, memory.sw),
    ("....... ..... ..... 011 ..... 0100011", s_type, memory.sd),
    ("............ ..... 000 ..... 0010011", i_type, integer.addi),
    ("............ ..... 010 ..... 0010011", i_type, integer.slti),
    ("............ ..... 011 ..... 0010011", i_type, integer.sltiu),
    ("............ ..... 100 ..... 0010011", i_type, integer.xori),
    ("............ ..... 110 ..... 0010011", i_type, integer.ori),
    ("............ ..... 111 ..... 0010011", i_type, integer.andi),
    ("000000 ...... ..... 001 ..... 0010011", shift, integer.slli),
    ("000000 ...... ..... 101 ..... 0010011", shift, integer.srli),
    ("010000 ...... ..... 101 ..... 0010011", shift, integer.srai),
    ("............ ..... 000 ..... 0011011", i_type, integer.addiw),
    ("0000000 ..... ..... 001 ..... 0011011", shift, integer.slliw),
    ("0000000 ..... ..... 101 ..... 0011011", shift, integer.srliw),
    ("0100000 ..... ..... 101 ..... 0011011", shift, integer.sraiw),
    ("0000000 ..... ..... 000 ..... 0110011", none, integer.add),
    ("0100000 ..... ..... 000 ..... 0110011", none, integer.sub),
    ("0000000 ..... ..... 001 ..... 0110011", none, integer.sll),
    ("0000000 ..... ..... 010 ..... 0110011", none, integer.slt),
    ("0000000 ..... ..... 011 ..... 0110011", none, integer.sltu),
    ("0000000 ..... ..... 100 ..... 0110011", none, integer.xor),
    ("0000000 ..... ..... 101 ..... 0110011", none, integer.srl),
    ("0100000 ..... ..... 101 ..... 0110011", none, integer.sra),
    ("0000000 ..... ..... 110 ..... 0110011", none, integer.or_),
    ("0000000 ..... ..... 111 ..... 0110011", none, integer.and_),
    ("0000000 ..... ..... 000 ..... 0111011", none, integer.addw),
    ("0100000 ..... ..... 000 ..... 0111011", none, integer.subw),
    ("0000000 ..... ..... 001 ..... 0111011", none, integer.sllw),
    ("0000000 ..... ..... 101 ..... 0111011", none, integer.srlw),
    ("0100000 ..... ..... 101 ..... 0111011", none, integer.sraw),
    ("0000001 ..... ..... 000 ..... 0110011", none, multiply.mul),
    ("0000001 ..... ..... 001 ..... 0110011", none, multiply.mulh),
    ("0000001 ..... ..... 010 ..... 0110011", none, multiply.mulhsu),
    ("0000001 ..... ..... 011 ..... 0110011", none, multiply.mulhu),
    ("0000001 ..... ..... 100 ..... 0110011", none, multiply.div),
    ("0000001 ..... ..... 101 ..... 0110011", none, multiply.divu),
    ("0000001 ..... ..... 110 ..... 0110011", none, multiply.rem),
    ("0000001 ..... ..... 111 ..... 0110011", none, multiply.remu),
    ("0000001 ..... ..... 000 ..... 0111011", none, multiply.mulw),
    ("0000001 ..... ..... 100 ..... 0111011", none, multiply.divw),
    ("0000001 ..... ..... 101 ..... 0111011", none, multiply.divuw),
    ("0000001 ..... ..... 110 ..... 0111011", none, multiply.remw),
    ("0000001 ..... ..... 111 ..... 0111011", none, multiply.remuw),
    ("00010 .. 00000 ..... 010 ..... 0101111", none, atomic.lr_w),
    ("00010 .. 00000 ..... 011 ..... 0101111", none, atomic.lr_d),
    ("00011 .. ..... ..... 010 ..... 0101111", none, atomic.sc_w),
    ("00011 .. ..... ..... 011 ..... 0101111", none, atomic.sc_d),
    ("00001 .. ..... ..... 010 ..... 0101111", none, atomic.amoswap_w),
    ("00001 .. ..... ..... 011 ..... 0101111", none, atomic.amoswap_d),
    ("00000 .. ..... ..... 010 ..... 0101111", none, atomic.amoadd_w),
    ("00000 .. ..... ..... 011 ..... 0101111", none, atomic.amoadd_d),
    ("00100 .. ..... ..... 010 ..... 0101111", none, atomic.amoxor_w),
    ("00100 .. ..... ..... 011 ..... 0101111", none, atomic.amoxor_d),
    ("01100 .. ..... ..... 010 ..... 0101111", none, atomic.amoand_w),
    ("01100 .. ..... ..... 011 ..... 0101111", none, atomic.amoand_d),
    ("01000 .. ..... ..... 010 ..... 0101111", none, atomic.amoor_w),
    ("01000 .. ..... ..... 011 ..... 0101111", none, atomic.amoor_d),
    ("10000 .. ..... ..... 010 ..... 0101111", none, atomic.amomin_w),
    ("10000 .. ..... ..... 011 ..... 0101111", none, atomic.amomin_d),
    ("10100 .. ..... ..... 010 ..... 0101111", none, atomic.amomax_w),
    ("10100 .. ..... ..... 011 ..... 0101111", none, atomic.amomax_d),
    ("11000 .. ..... ..... 010 ..... 0101111", none, atomic.amominu_w),
    ("11000 .. ..... ..... 011 ..... 0101111", none, atomic.amominu_d),
    ("11100 .. ..... ..... 010 ..... 0101111", none, atomic.amomaxu_w),
    ("11100 .. ..... ..... 011 ..... 0101111", none, atomic.amomaxu_d),
    ("............ ..... 000 ..... 0001111", none, integer.fence),
    ("............ ..... 001 ..... 0001111", none, integer.fence),
    ("000000000000 00000 000 00000 1110011", none, system.ecall),
    ("000000000001 00000 000 00000 1110011", none, system.ebreak),
    ("001100000010 00000 000 00000 1110011", none, system.mret),
    ("000100000101 00000 000 00000 1110011", none, system.wfi),
    ("............ ..... 001 ..... 1110011", csr, system.csrrw),
    ("............ ..... 010 ..... 1110011", csr, system.csrrs),
    ("............ ..... 011 ..... 1110011", csr, system.csrrc),
    ("............ ..... 101 ..... 1110011", csr, system.csrrwi),
    ("............ ..... 110 ..... 1110011", csr, system.csrrsi),
    ("............ ..... 111 ..... 1110011", csr, system.csrrci),
]


def _by_opcode(table: Iterable[tuple[str, Immediate, Execute]]) -> dict[int, list[tuple[int, int, Immediate, Execute]]]:
    """Each pattern as a mask and the bits under it, by the seven bits that every pattern fixes."""
    rows: dict[int, list[tuple[int, int, Immediate, Execute]]] = {}
    for pattern, immediate, execute in table:
        drawn = pattern.replace(" ", "")
        mask = int(drawn.replace("0", "1").replace(".", "0"), 2)
        bits = int(drawn.replace(".", "0"), 2)
        rows.setdefault(bits & 0x7F, []).append((mask, bits, immediate, execute))
    return rows


_ROWS = _by_opcode(TABLE)


@lru_cache(maxsize=1 << 12)
def decode(word: int) -> Instruction:
    """The instruction that a 32-bit word is; an illegal one executes as a trap."""
    for mask, bits, immediate, execute in _ROWS.get(word & 0x7F, ()):
        if word & mask == bits:
            return Instruction(
                execute=execute,
                word=word,
                rd=word >> 7 & 31 or SINK,
                rs1=word >> 15 & 31,
                rs2=word >> 20 & 31,
                immediate=immediate(word),
            )
    return Instruction(system.illegal, word, rd=SINK, rs1=0, rs2=0, immediate=0)
