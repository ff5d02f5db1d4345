"""The encoding of a state (docs/machine.md, section 1)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.state import State


def word(number: int) -> bytes:
    return number.to_bytes(8, "big")


def test_the_fields_are_in_the_order_of_the_specification() -> None:
    state = State(b"m" * 32, 1, tuple(range(101, 132)), 2, mtvec=3, mepc=4, mcause=5, mtval=6, mscratch=7)
    fields = [1, *range(101, 132), 2, 3, 4, 5, 6, 7]
    assert state.encode() == b"m" * 32 + b"".join(word(field) for field in fields)
    assert state.root() == keccak256(state.encode())


@pytest.mark.parametrize("size", [0, 335, 337])
def test_bytes_of_another_length_are_no_state(size: int) -> None:
    with pytest.raises(IntegrityError, match="336 bytes"):
        State.decode(bytes(size))


@settings(deadline=None)
@given(st.binary(min_size=336, max_size=336))
def test_any_336_bytes_are_a_state(encoding: bytes) -> None:
    state = State.decode(encoding)
    assert state.encode() == encoding
    assert Hart.of(state, Memory()).state(state.memory_root) == state
