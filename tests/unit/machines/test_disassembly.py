"""What people read of an instruction."""

import pytest

from assay.errors import IntegrityError
from assay.machines.riscv.decode import TABLE, decode
from assay.machines.riscv.disassembly import describe_step, disassemble
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instructions import system
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from tests.unit.machines.assembler import A0, A1, ECALL, RA, SP, WFI, ZERO, add, addi, bne, jal, lr_d, program, sd


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0x00000000, ".word 0x00000000"),
        (0xFFFFFFFF, ".word 0xffffffff"),
        (0x00000001, ".word 0x00000001"),  # a compressed no-op
        (0x00007053, ".word 0x00007053"),  # fadd.s
        (0x10200073, ".word 0x10200073"),  # sret
        (sd(A0, SP, 8), "sd a0, 8(sp)"),
        (addi(SP, SP, -16), "addi sp, sp, -0x10"),
        (add(A0, A0, A1), "add a0, a0, a1"),
        (bne(A0, A1, -8), "bne a0, a1, 0xff8"),
        (jal(RA, 0x800), "jal 0x1800"),
        (jal(ZERO, -0x1004), "j 0xfffffffffffffffc"),
        (lr_d(A0, A1), "lr.d a0, (a1)"),
        (0x0FF0000F, "fence"),
        (0xFFFFF58F, ".word 0xfffff58f"),
        (0xC3D3858F, "fence"),
        (ECALL, "ecall"),
        (WFI, "wfi"),
    ],
)
def test_a_word_reads_as_the_manual_writes_it(word: int, text: str) -> None:
    assert disassemble(word, pc=0x1000) == text


@pytest.mark.parametrize("pattern", [pattern for pattern, _, _ in TABLE])
def test_every_instruction_has_a_text(pattern: str) -> None:
    word = int(pattern.replace(" ", "").replace(".", "0"), 2)
    assert decode(word).execute is not system.illegal
    assert not disassemble(word, 0).startswith(".word")


def test_a_witness_tells_its_step() -> None:
    trace = RiscvTrace(Hart(Memory(), pc=0x101C, mtvec=1 << 32), program([addi(A0, A0, 5), ECALL], 0x101C), 16)
    assert [describe_step(trace.witness(step)) for step in range(3)] == [
        "0x101c: addi a0, a0, 5",
        "0x1020: ecall",
        "0x100000000: nothing can be fetched here",
    ]


def test_bytes_that_are_no_witness_tell_nothing() -> None:
    with pytest.raises(IntegrityError, match="too short"):
        describe_step(bytes(47))
