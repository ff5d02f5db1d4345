"""Witnesses: what is recorded of a step replays to the next state root, and nothing else does."""

import random
from dataclasses import dataclass, replace

import pytest

from assay.errors import IntegrityError
from assay.machines.riscv.bits import M64
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv.witness import encode_numbers, replay
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
MEETING = 2  # where the paths of step 6 meet: it stores at 0x1040 from 0x1018, leaves 0x80 and 0x82


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


@dataclass(frozen=True)
class TwoLeaves:
    """A witness of a step that touches two leaves, in its pieces: the bitmaps, the leaves and the siblings by path."""

    numbers: bytes
    bitmaps: tuple[int, int]
    leaves: tuple[bytes, bytes]
    own: list[bytes]
    """The fetched leaf's siblings, up to those above the meeting."""
    its: list[bytes]
    shared: list[bytes]

    def encode(self) -> bytes:
        heads = (bitmap.to_bytes(4, "big") + leaf for bitmap, leaf in zip(self.bitmaps, self.leaves, strict=True))
        return self.numbers + b"".join((*heads, *self.own, *self.its, *self.shared))


def pieces(trace: RiscvTrace, step: int, meeting: int) -> TwoLeaves:
    witness, size = trace.witness(step), len(encode_numbers(trace.state(step).numbers))
    numbers, heads, rest = witness[:size], witness[size : size + 72], witness[size + 72 :]
    siblings = [rest[at : at + 32] for at in range(0, len(rest), 32)]
    fetch, data = int.from_bytes(heads[:4], "big"), int.from_bytes(heads[36:40], "big")
    own, its = (fetch & (1 << meeting - 1) - 1).bit_count(), data.bit_count()
    leaves = heads[4:36], heads[40:72]
    parted = siblings[:own], siblings[own : own + its], siblings[own + its :]
    return TwoLeaves(numbers, (fetch, data), leaves, *parted)


def test_the_pieces_of_a_witness_in_another_order_are_refused() -> None:
    trace = trace_of(SUM)
    root, whole = trace.state_root(6), pieces(trace, 6, MEETING)
    assert whole.encode() == trace.witness(6)
    assert replay(root, whole.encode()) == trace.state_root(7)
    assert whole.own
    assert whole.shared
    swapped_leaves = replace(whole, leaves=whole.leaves[::-1])
    swapped_paths = replace(swapped_leaves, bitmaps=whole.bitmaps[::-1], own=whole.its, its=whole.own)
    swapped_siblings = replace(whole, own=whole.shared, shared=whole.own)
    for forged in (swapped_leaves, swapped_paths, swapped_siblings):
        with pytest.raises(IntegrityError):
            replay(root, forged.encode())


def test_a_bitmap_with_any_changed_bit_is_refused() -> None:
    trace = trace_of(SUM)
    root, whole = trace.state_root(6), pieces(trace, 6, MEETING)
    fetch, data = whole.bitmaps
    for bit in range(32):
        for bitmaps in ((fetch ^ 1 << bit, data), (fetch, data ^ 1 << bit)):
            with pytest.raises(IntegrityError):
                replay(root, replace(whole, bitmaps=bitmaps).encode())


def test_a_sibling_that_nothing_is_made_of_must_not_be_given() -> None:
    """Every byte of such a witness is consumed, and the memory root is right: it is refused all the same."""
    trace = trace_of(SUM)
    root, whole = trace.state_root(6), pieces(trace, 6, MEETING)
    fetch, data = whole.bitmaps
    at_the_meeting = replace(whole, bitmaps=(fetch | 1 << MEETING - 1, data))
    above = [replace(whole, bitmaps=(fetch, data | 1 << level)) for level in range(MEETING - 1, 27)]
    for forged in (at_the_meeting, *above):
        for its in (whole.its, [*whole.its, bytes(32)]):
            with pytest.raises(IntegrityError, match="must not give"):
                replay(root, replace(forged, its=its).encode())


def test_numbers_take_one_to_eight_bytes_as_they_need() -> None:
    fitting = {1: (0, 1, 0x7F, M64 - 0x7F, M64), 2: (0x80, 0x7FFF, M64 - 0x80, M64 - 0x7FFF)}
    fitting |= {4: (0x8000, 0x7FFFFFFF, M64 - 0x8000, M64 - 0x7FFFFFFF), 8: (0x80000000, 1 << 63, M64 - 0x80000000)}
    for code, (size, numbers) in enumerate(fitting.items()):
        for number in numbers:
            encoded = encode_numbers([number])
            assert encoded == bytes(9) + bytes([code]) + number.to_bytes(8, "big")[8 - size :]


def test_numbers_may_be_longer_than_they_need_to_be() -> None:
    trace = trace_of(SUM)
    root, witness, numbers = trace.state_root(0), trace.witness(0), trace.state(0).numbers
    behind = witness[len(encode_numbers(numbers)) :]
    long = ((1 << 76) - 1).to_bytes(10, "big") + b"".join(number.to_bytes(8, "big") for number in numbers)
    assert replay(root, long + behind) == trace.state_root(1)


def test_sizes_of_more_numbers_are_refused() -> None:
    trace = trace_of(SUM)
    root, witness = trace.state_root(0), trace.witness(0)
    for bit in range(4, 8):
        with pytest.raises(IntegrityError, match="more than 38 numbers"):
            replay(root, bytes([witness[0] | 1 << bit]) + witness[1:])


def test_a_trap_at_the_fetch_needs_the_memory_root_and_nothing_else() -> None:
    trace = RiscvTrace(Hart(Memory(), pc=1 << 32), {}, step_limit=16)
    root, witness, before = trace.state_root(0), trace.witness(0), trace.state(0)
    assert witness == encode_numbers(before.numbers) + before.memory_root
    assert replay(root, witness) == trace.state_root(1)
    for forged in (witness[:-32], witness[:-1], witness[:-32] + bytes(32), witness + b"\0"):
        with pytest.raises(IntegrityError):
            replay(root, forged)
