"""Witnesses: what is recorded of a step replays to the next state root, and nothing else does."""

import random

import pytest

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv.witness import replay
from tests.unit.machines.assembler import (
    A0,
    A1,
    SP,
    START,
    T0,
    T1,
    WFI,
    ZERO,
    add,
    addi,
    bne,
    ld,
    lr_d,
    lui,
    program,
    sc_d,
    sd,
)

SUM = [
    lui(SP, 0x10),  # its own page
    lui(T1, 0x1),
    addi(T0, ZERO, 3),
    sd(T0, SP, 8),  # loop
    ld(A1, SP, 8),
    add(A0, A0, A1),
    sd(A0, T1, 64),  # next to the code
    lr_d(A1, SP),
    sc_d(A1, SP, T0),
    sd(A0, T1, 56),  # in the fetched leaf
    addi(T0, T0, -1),
    bne(T0, ZERO, -32),
    WFI,
]


def trace_of(words: list[int]) -> RiscvTrace:
    return RiscvTrace(Hart(Memory(), pc=START), program(words), step_limit=16**3)


def test_every_step_of_a_run_replays() -> None:
    trace = trace_of(SUM)
    steps = trace.run()
    assert steps == 3 + 3 * 9
    for step in range(steps + 2):
        assert replay(trace.state_root(step), trace.witness(step)) == trace.state_root(step + 1)


def test_every_step_replays_in_any_order() -> None:
    trace = trace_of(SUM)
    steps = list(range(40))
    random.Random(5).shuffle(steps)
    for step in steps:
        assert replay(trace.state_root(step), trace.witness(step)) == trace.state_root(step + 1)


@pytest.mark.parametrize("step", [0, 3, 4, 6, 8, 9, 29])
def test_a_witness_with_any_changed_byte_is_refused(step: int) -> None:
    trace = trace_of(SUM)
    root, witness = trace.state_root(step), trace.witness(step)
    for place in range(len(witness)):
        forged = witness[:place] + bytes([witness[place] ^ 1 << place % 8]) + witness[place + 1 :]
        with pytest.raises(IntegrityError):
            replay(root, forged)


@pytest.mark.parametrize("step", [0, 3, 4, 6, 8, 9])
def test_a_witness_of_another_length_is_refused(step: int) -> None:
    trace = trace_of(SUM)
    root, witness = trace.state_root(step), trace.witness(step)
    for length in range(len(witness)):
        with pytest.raises(IntegrityError):
            replay(root, witness[:length])
    with pytest.raises(IntegrityError, match="1 bytes too long"):
        replay(root, witness + b"\0")


def test_a_witness_of_another_step_is_refused() -> None:
    trace = trace_of(SUM)
    for step in range(20):
        for other in range(20):
            if step != other:
                with pytest.raises(IntegrityError, match="not that of the state root"):
                    replay(trace.state_root(step), trace.witness(other))


def test_the_parts_of_a_witness_in_the_wrong_order_are_refused() -> None:
    trace = trace_of(SUM)
    root, witness = trace.state_root(3), trace.witness(3)
    state, parts = witness[:336], witness[336:]
    fetch_size = 36 + 32 * int.from_bytes(parts[:4], "big").bit_count()
    with pytest.raises(IntegrityError):
        replay(root, state + parts[fetch_size:] + parts[:fetch_size])


def test_siblings_that_the_other_path_gives_must_not_be_given() -> None:
    trace = trace_of(SUM)
    root, witness = trace.state_root(6), trace.witness(6)  # stores at 0x1040 from 0x1018: leaves 0x80 and 0x82
    assert int.from_bytes(witness[336:340], "big") & 0b11 == 0b01
    for bit in range(1, 32):
        forged = witness[:336] + (int.from_bytes(witness[336:340], "big") ^ 1 << bit).to_bytes(4, "big") + witness[340:]
        with pytest.raises(IntegrityError):
            replay(root, forged)


def given(part: bytes, level: int) -> bytes:
    """A part of a witness that gives a sibling more, at a level where it gives none."""
    bitmap = int.from_bytes(part[:4], "big")
    place = 36 + 32 * (bitmap & (1 << level) - 1).bit_count()
    return (bitmap | 1 << level).to_bytes(4, "big") + part[4:place] + bytes(32) + part[place:]


def test_a_sibling_that_nothing_is_made_of_must_not_be_given() -> None:
    """Every byte of such a witness is consumed, and the memory root is right: it is refused all the same."""
    trace = trace_of(SUM)
    root, witness = trace.state_root(6), trace.witness(6)  # as above: the paths meet at level 2
    size = 336 + 36 + 32 * int.from_bytes(witness[336:340], "big").bit_count()
    state, fetch, data = witness[:336], witness[336:size], witness[size:]
    for forged in (state + given(fetch, 1) + data, *(state + fetch + given(data, level) for level in range(1, 27))):
        with pytest.raises(IntegrityError, match="must not give"):
            replay(root, forged)


def test_a_trap_at_the_fetch_needs_the_state_only() -> None:
    trace = RiscvTrace(Hart(Memory(), pc=1 << 32), {}, step_limit=16)
    witness = trace.witness(0)
    assert len(witness) == 336
    assert keccak256(witness) == trace.state_root(0)
    assert replay(trace.state_root(0), witness) == trace.state_root(1)
