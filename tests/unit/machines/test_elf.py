"""Programs from outside: which files are refused, and what is read from those that are not."""

import struct
from itertools import product

import pytest

from assay.errors import InputError
from assay.machines.riscv.elf import Segment, parse_elf
from tests.unit.machines.elves import DYNAMIC, INTERP, Part, elf_file

CODE = Part(0x10000, bytes(range(16)))
ENTRY = 0x10004
GOOD = elf_file([CODE], ENTRY)


def refusal(file: bytes) -> str:
    with pytest.raises(InputError) as refused:
        parse_elf(file)
    return str(refused.value)


@pytest.mark.parametrize("file", [b"", b"\x7fEL", b"#!/bin/sh\n", b"\x7fELG" + GOOD[4:], bytes(4096)])
def test_a_file_that_is_no_elf_is_refused(file: bytes) -> None:
    assert "not an ELF file" in refusal(file)


@pytest.mark.parametrize("size", [4, 15, 16, 63, 64, 119])
def test_a_file_that_ends_in_its_headers_is_refused(size: int) -> None:
    assert "damaged" in refusal(GOOD[:size])


def test_a_file_that_ends_in_a_segment_is_refused() -> None:
    assert "cut off" in refusal(GOOD[:-1])


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (elf_file([CODE], ENTRY, ident=b"\x7fELF\x07\x01\x01"), "damaged"),
        (elf_file([CODE], ENTRY, ident=b"\x7fELF\x02\x07\x01"), "damaged"),
        (elf_file([CODE], ENTRY, machine=62), "not for riscv64"),
        (elf_file([CODE], ENTRY, machine=0xFFFF), "not for riscv64"),
        (elf_file([CODE], ENTRY, kind=1), "not a static executable"),
        (elf_file([CODE], ENTRY, kind=3), "not a static executable"),
        (elf_file([CODE], ENTRY, kind=4), "not a static executable"),
        (elf_file([CODE, Part(0, b"/lib/ld.so\0", kind=INTERP)], ENTRY), "not a static executable"),
        (elf_file([CODE, Part(0x10000, bytes(16), kind=DYNAMIC)], ENTRY), "not a static executable"),
        (elf_file([CODE], ENTRY, flags=0x1), "compressed"),
        (elf_file([CODE], ENTRY, flags=0x2), "hardware floats"),
        (elf_file([CODE], ENTRY, flags=0x4), "hardware floats"),
        (elf_file([CODE], ENTRY, flags=0x6), "hardware floats"),
        (elf_file([CODE], ENTRY, flags=0x8), "RV64E"),
    ],
)
def test_a_file_of_another_kind_is_refused(file: bytes, reason: str) -> None:
    assert reason in refusal(file)


def test_a_32_bit_file_is_refused() -> None:
    fields = (2, 243, 1, ENTRY, 0, 0, 0, 52, 32, 0, 40, 0, 0)
    assert "32-bit" in refusal(b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + struct.pack("<HHIIIIIHHHHHH", *fields))


def test_a_big_endian_file_is_refused() -> None:
    fields = (2, 243, 1, ENTRY, 64, 0, 0, 64, 56, 0, 64, 0, 0)
    assert "big-endian" in refusal(b"\x7fELF\x02\x02\x01".ljust(16, b"\0") + struct.pack(">HHIQQQIHHHHHH", *fields))


@pytest.mark.parametrize("parts", [[], [Part(0x10000, b"")], [Part(0x10000, bytes(16), kind=4)]])
def test_a_file_with_nothing_to_load_is_refused(parts: list[Part]) -> None:
    assert "nothing to load" in refusal(elf_file(parts, 0x10000))


@pytest.mark.parametrize(
    "part",
    [
        Part(0xFFF, b"x"),
        Part(0x0, b"x"),
        Part(0x6FFFFFFF, b"xy"),
        Part(0x70000000, b"x"),
        Part(0x20000, b"", size=0x70000000),
        Part(0xE0000000, b"x"),
        Part((1 << 64) - 8, b"x", size=16),
        Part(1 << 63, b"x"),
        Part(0x20000, b"", size=(1 << 64) - 1),
    ],
)
def test_a_segment_outside_the_program_region_is_refused(part: Part) -> None:
    assert "the machine has room" in refusal(elf_file([CODE, part], ENTRY))


def test_a_segment_that_is_larger_in_the_file_than_in_memory_is_refused() -> None:
    assert "cut off" in refusal(elf_file([Part(0x10000, bytes(16), size=15)], 0x10000))


@pytest.mark.parametrize("address", [0x10000, 0x1000F, 0xFFF1])
def test_segments_that_overlap_are_refused(address: int) -> None:
    assert "overlap" in refusal(elf_file([CODE, Part(address, bytes(16))], ENTRY))


@pytest.mark.parametrize("entry", [0, 0xFFFF, 0x10010, (1 << 64) - 1])
def test_an_entry_point_outside_the_segments_is_refused(entry: int) -> None:
    assert "entry point" in refusal(elf_file([CODE], entry))


@pytest.mark.parametrize("size", [0, 1, 55, 57])
def test_program_headers_of_another_size_are_refused(size: int) -> None:
    assert "damaged" in refusal(GOOD[:54] + struct.pack("<H", size) + GOOD[56:])


@pytest.mark.parametrize("offset", [len(GOOD), 1 << 32, 1 << 63, (1 << 64) - 1])
def test_program_headers_outside_the_file_are_refused(offset: int) -> None:
    assert "damaged" in refusal(GOOD[:32] + struct.pack("<Q", offset) + GOOD[40:])


def test_every_change_of_a_byte_of_the_headers_is_read_or_refused() -> None:
    for place, value in product(range(4, 64 + 56), (0, 1, 0x80, 0xFF)):
        try:
            parse_elf(GOOD[:place] + bytes([value]) + GOOD[place + 1 :])
        except InputError:
            continue


def test_segments_are_read_by_address_and_empty_ones_left_out() -> None:
    zeros, last = Part(0x30000, b"", size=100), Part(0x6FFFFFFF, b"z")
    program = parse_elf(elf_file([last, zeros, Part(0x5, b""), CODE], ENTRY))
    assert program.entry == ENTRY
    assert program.segments == [
        Segment(0x10000, CODE.data, 16),
        Segment(0x30000, b"", 100),
        Segment(0x6FFFFFFF, b"z", 1),
    ]
    assert program.program_break == 0x70000000


@pytest.mark.parametrize(("size", "program_break"), [(16, 0x11000), (0x1000, 0x11000), (0x1001, 0x12000)])
def test_the_program_break_is_the_next_page(size: int, program_break: int) -> None:
    assert parse_elf(elf_file([Part(0x10000, bytes(16), size=size)], 0x10000)).program_break == program_break


def test_program_headers_that_no_segment_covers_have_no_address() -> None:
    program = parse_elf(GOOD)
    assert (program.headers_address, program.header_size, program.header_count) == (0, 56, 1)


def test_program_headers_in_a_segment_have_its_address() -> None:
    """A segment that begins with the file's own header, as linkers make them."""
    header = GOOD[:64]
    whole = header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000, 0x10000, 136, 200, 1) + bytes(16)
    assert parse_elf(whole).headers_address == 0x10040
    without_the_last_byte = header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000, 0x10000, 119, 200, 1) + bytes(16)
    assert parse_elf(without_the_last_byte).headers_address == 0


def test_headers_at_the_end_of_the_file_are_read() -> None:
    assert parse_elf(elf_file([CODE], ENTRY, headers_at_end=True)).segments == [Segment(0x10000, CODE.data, 16)]


def test_nothing_but_headers_and_segments_is_looked_at() -> None:
    """Other implementations may not look at sections: then what is wrong with them is no reason to refuse a program."""
    spoilt = bytearray(GOOD)
    spoilt[40:48], spoilt[58:64] = (
        b"\xff" * 8,
        b"\xff" * 6,
    )  # where the sections' headers are, and their size and numbers
    spoilt[6:16], spoilt[20:24] = b"\xff" * 10, b"\xff" * 4  # version and ABI
    assert parse_elf(bytes(spoilt)).segments == [Segment(0x10000, CODE.data, 16)]


def test_a_header_with_nothing_to_load_does_not_say_where_the_headers_are() -> None:
    """It is not checked, so that it could say an address that is none."""
    fields = (1, 5, 0, (1 << 64) - 1, 0, 136 + 56, 0, 1)
    empty = struct.pack("<IIQQQQQQ", *fields)
    file = bytearray(elf_file([Part(0, b"", kind=6), CODE], ENTRY))
    file[64:120] = empty
    program = parse_elf(bytes(file))
    assert (program.headers_address, program.header_count) == (0, 2)
