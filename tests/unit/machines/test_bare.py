"""Programs on the bare machine: which files are refused, and how a run tells its end (docs/machine.md, section 7)."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.machines.riscv.bare import BareRun, End, parse_bare, run_bare
from tests.unit.machines.assembler import A0, RA, T0, T1, WFI, ZERO, add, addi, jal, jalr, ld, s_type, sd, u_type
from tests.unit.machines.elves import DYNAMIC, Part, elf_file

START, TOHOST = 0x80000000, 0x80001000
AUIPC = 0x17
TOHOST_TO_T0 = u_type(AUIPC, T0, 1)
"""As the program's first instruction."""


def code(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def bare(*words: int, tohost: int = TOHOST, flags: int = 0) -> bytes:
    """A file whose code is `words`, from START on."""
    return elf_file([Part(START, code(*words))], START, symbols={"begin": START, "tohost": tohost}, flags=flags)


def run(*words: int, step_limit: int = 100) -> BareRun:
    return run_bare(parse_bare(bare(*words)), step_limit)


def tells(value: int) -> BareRun:
    """What a program that puts `value`, 32 bits of it, to its `tohost` and goes on is said to have told."""
    return run(
        TOHOST_TO_T0, u_type(0x37, A0, (value + 0x800) >> 12), addi(A0, A0, value), s_type(2, T0, A0, 0), jal(0, 0)
    )


def refusal(file: bytes) -> str:
    with pytest.raises(InputError) as refused:
        run_bare(parse_bare(file), 1)
    return str(refused.value)


@pytest.mark.parametrize("symbols", [None, {}, {"tohos": TOHOST, "tohost2": TOHOST, "xtohost": TOHOST}])
def test_a_file_without_tohost_is_refused_and_the_user_learns_what_else_to_do(symbols: dict[str, int] | None) -> None:
    said = refusal(elf_file([Part(START, code(WFI))], START, symbols=symbols))
    assert "no symbol `tohost`" in said
    assert "assay run" in said


@pytest.mark.parametrize("tohost", [TOHOST + 4, 1 << 32, (1 << 64) - 8])
def test_a_tohost_that_no_store_reaches_is_refused(tohost: int) -> None:
    assert f"at {tohost:#x}" in refusal(bare(WFI, tohost=tohost))


def test_a_tohost_that_is_written_in_the_file_is_refused() -> None:
    file = elf_file([Part(START, code(WFI)), Part(TOHOST, b"\1")], START, symbols={"tohost": TOHOST})
    assert "not zero in its file" in refusal(file)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (Part(0xFFFFFFFF, b"xy"), "has room for it between 0x0 and 0xffffffff"),
        (Part(0x1000, b"x", physical=1 << 32), "has room for it between 0x0 and 0xffffffff"),
        (Part(START + 4, b"x"), "overlap"),
        (Part(START, b"", kind=DYNAMIC), "not a static executable"),
    ],
)
def test_what_cannot_be_loaded_is_refused(part: Part, reason: str) -> None:
    assert reason in refusal(elf_file([Part(START, bytes(8)), part], START, symbols={"tohost": TOHOST}))


def test_an_entry_outside_of_the_program_is_refused() -> None:
    file = elf_file([Part(0x1000, bytes(8), physical=START)], 0x1000, symbols={"tohost": TOHOST})
    assert "entry point 0x1000 is in no segment" in refusal(file)


@given(st.data())
def test_a_damaged_file_is_refused_or_run_and_never_anything_else(data: st.DataObject) -> None:
    file = bytearray(bare(WFI))
    for _ in range(data.draw(st.integers(1, 3))):
        file[data.draw(st.integers(4, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        run_bare(parse_bare(bytes(file[: data.draw(st.integers(4, len(file)))])), 2)


def test_a_symbol_table_that_points_out_of_the_file_has_no_symbols() -> None:
    file = bytearray(bare(WFI))
    file[-64 + 24 : -64 + 40] = struct.pack("<QQ", 1 << 63, 1 << 63)
    assert "no symbol `tohost`" in refusal(bytes(file))


def test_a_program_that_tells_1_has_passed() -> None:
    result = tells(1)
    assert result == BareRun(End.TOHOST, tohost=1, steps=4, pc=START + 16)
    assert result.passed
    assert result.failed_test is None


@pytest.mark.parametrize(("value", "test"), [(3, 1), (0x539, 668), (0x7FFFFFFF, 0x3FFFFFFF)])
def test_another_odd_number_names_the_test_that_failed(value: int, test: int) -> None:
    result = tells(value)
    assert (result.end, result.tohost, result.failed_test, result.passed) == (End.TOHOST, value, test, False)


@pytest.mark.parametrize("value", [0, 2, 0x1000])
def test_an_even_number_ends_nothing(value: int) -> None:
    result = tells(value)
    assert (result.end, result.tohost, result.failed_test, result.passed) == (End.FIXED_POINT, value, None, False)


def test_a_device_is_not_taken_for_an_end() -> None:
    """0x0101_0000_0000_0041 asks a host to print an A."""
    result = run(TOHOST_TO_T0, addi(A0, ZERO, 0x41), s_type(0, T0, A0, 0), jal(0, 0))
    assert result.end is End.TOHOST
    result = run(
        TOHOST_TO_T0, addi(A0, ZERO, 1), s_type(0, T0, A0, 7), s_type(0, T0, A0, 6), addi(A0, ZERO, 0x41),
        s_type(0, T0, A0, 0), jal(0, 0),
    )  # fmt: skip
    assert (result.end, result.tohost) == (End.FIXED_POINT, 0x0101_0000_0000_0041)


def test_a_program_that_never_ends_is_left_at_the_step_limit() -> None:
    assert run(addi(A0, A0, 1), jal(0, -4), step_limit=7) == BareRun(End.STEP_LIMIT, tohost=0, steps=7, pc=START + 4)


def test_an_end_with_the_last_step_counts() -> None:
    words = TOHOST_TO_T0, addi(A0, ZERO, 1), sd(A0, T0, 0), WFI
    assert run(*words, step_limit=2).end is End.STEP_LIMIT
    assert run(*words, step_limit=3).end is End.TOHOST


@pytest.mark.parametrize("words", [(WFI,), (jal(0, 0),), (0,), (ld(A0, ZERO, 1),)])
def test_a_machine_that_rests_is_left(words: tuple[int, ...]) -> None:
    """The last two trap: to 0, since there is no handler, and there is nothing but zeros, which trap."""
    result = run(*words, step_limit=10**9)
    assert result.end is End.FIXED_POINT
    assert result.pc in (START, 0)


def test_all_registers_are_zero_at_the_start_and_so_is_other_memory() -> None:
    """Adds up all registers, pc and what is beyond the code; tells 1 if nothing was there."""
    sums = [word for number in range(1, 32) if number != RA for word in (add(RA, RA, number),)]
    words = [*sums, u_type(AUIPC, T0, 1), ld(T1, T0, 8), add(RA, RA, T1), addi(RA, RA, 1), sd(RA, T0, -4 * len(sums))]
    assert run(*words, jal(0, 0)).passed


def test_code_runs_at_its_physical_address_and_whatever_the_flags_say() -> None:
    words = code(TOHOST_TO_T0, addi(A0, ZERO, 1), sd(A0, T0, 0), jalr(0, 0, 0))
    file = elf_file([Part(0x1000, words, physical=START)], START, symbols={"tohost": TOHOST}, flags=0x5)
    assert run_bare(parse_bare(file), 100).passed
