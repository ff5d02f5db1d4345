"""LR and SC: the reservation (docs/machine.md, 4). The other atomics are compared with QEMU's."""

import pytest

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.state import NO_RESERVATION
from tests.unit.machines.assembler import A0, A1, A2, AMO, ECALL, START, ZERO, amo, ld, lr_d, r_type, sc_d, sd
from tests.unit.machines.harts import changes, hart_at, step

ADDRESS = 0x2000
VALUE = 0x8899_AABB_CCDD_EEFF


def lr_w(rd: int, rs1: int) -> int:
    return amo(2, 2, rd, rs1, 0)


def sc_w(rd: int, rs1: int, rs2: int) -> int:
    return amo(3, 2, rd, rs1, rs2)


def hart_over_value(word: int, reservation: int = NO_RESERVATION, address: int = ADDRESS) -> Hart:
    """A hart about to execute `word` with the address in a1, 5 in a2, and VALUE in memory."""
    hart = hart_at(word, {A0: 77, A1: address, A2: 5}, reservation=reservation)
    assert isinstance(hart.memory, Memory)
    hart.memory.load(ADDRESS, VALUE.to_bytes(8, "little"))
    return hart


@pytest.mark.parametrize("reservation", [NO_RESERVATION, 0x3000, ADDRESS + 4, ADDRESS + 8])
@pytest.mark.parametrize("word", [sc_w(A0, A1, A2), sc_d(A0, A1, A2)])
def test_sc_without_its_reservation_fails_and_stores_nothing(word: int, reservation: int) -> None:
    hart = hart_over_value(word, reservation)
    ended = {} if reservation == NO_RESERVATION else {"reservation": NO_RESERVATION}
    assert changes(hart) == {"pc": START + 4, "x10": 1, **ended}
    assert step(hart).memory.read(ADDRESS, 8) == VALUE


@pytest.mark.parametrize(("word", "stored"), [(sc_w(A0, A1, A2), VALUE >> 32 << 32 | 5), (sc_d(A0, A1, A2), 5)])
def test_sc_with_its_reservation_stores_and_ends_it(word: int, stored: int) -> None:
    hart = hart_over_value(word, ADDRESS)
    assert changes(hart) == {"pc": START + 4, "x10": 0, "reservation": NO_RESERVATION}
    assert step(hart).memory.read(ADDRESS, 8) == stored


def test_sc_that_traps_keeps_the_reservation() -> None:
    hart = hart_over_value(sc_d(A0, A1, A2), reservation=ADDRESS + 4, address=ADDRESS + 4)
    assert "reservation" not in changes(hart)
    assert changes(hart)["mcause"] == 6


def test_sc_stores_the_old_value_of_a_register_that_it_overwrites() -> None:
    hart = hart_over_value(sc_d(A2, A1, A2), ADDRESS)
    assert step(hart).memory.read(ADDRESS, 8) == 5
    assert step(hart).x[A2] == 0


@pytest.mark.parametrize(
    ("word", "loaded"), [(lr_w(A0, A1), 0xFFFF_FFFF_CCDD_EEFF), (lr_d(A0, A1), VALUE), (lr_d(ZERO, A1), None)]
)
def test_lr_loads_and_reserves_its_address(word: int, loaded: int | None) -> None:
    expected = {} if loaded is None else {"x10": loaded}
    assert changes(hart_over_value(word)) == {"pc": START + 4, "reservation": ADDRESS, **expected}


def test_lr_moves_the_reservation() -> None:
    assert changes(hart_over_value(lr_d(A0, A1), 0x40))["reservation"] == ADDRESS


def test_lr_of_a_word_serves_sc_of_a_doubleword() -> None:
    hart = step(hart_over_value(lr_w(A0, A1)))
    assert step(hart_over_value(sc_d(A0, A1, A2), hart.reservation)).x[A0] == 0


@pytest.mark.parametrize("word", [sd(A2, A1, 0), ld(A0, A1, 0), amo(0, 3, A0, A1, A2), ECALL])
def test_nothing_else_touches_the_reservation(word: int) -> None:
    assert "reservation" not in changes(hart_over_value(word, ADDRESS))


def test_the_reservation_of_the_highest_address_is_no_address() -> None:
    """2^64 - 1 is no aligned address, so that "none" never makes an SC succeed."""
    hart = hart_over_value(sc_w(A0, A1, A2), NO_RESERVATION, address=NO_RESERVATION)
    assert changes(hart)["mcause"] == 6


@pytest.mark.parametrize("ordering", [0b00, 0b01, 0b10, 0b11])
def test_the_ordering_bits_say_nothing(ordering: int) -> None:
    for funct3 in (2, 3):
        word = r_type(AMO, funct3, 0b00010 << 2 | ordering, A0, A1, 0)
        assert changes(hart_over_value(word))["reservation"] == ADDRESS
