"""ELF files, as far as this machine runs them: static RV64 programs without compressed code or hardware floats."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from assay.errors import InputError

LOWEST, HIGHEST = 0x00001000, 0x6FFFFFFF
"""Where segments may lie (docs/machine.md, section 6)."""

FLAG_COMPRESSED = 0x1
FLAGS_FLOAT_ABI = 0x6
FLAG_FEW_REGISTERS = 0x8

ADVICE = "build it with `assay build`, or for riscv64 with -static and -march=rv64ima -mabi=lp64"

_SYMBOL = struct.Struct("<IBBHQQ")
"""An entry of a symbol table: name (a place in the strings), info, other, section, value, size."""


@dataclass(frozen=True)
class Segment:
    """A part of memory that a file fills: `data`, and zeros up to `size` bytes."""

    address: int
    data: bytes
    size: int

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.address + self.size


@dataclass(frozen=True)
class Executable:
    """What a file says to load, and what its start code asks the kernel for. Addresses are in the machine's memory."""

    entry: int
    segments: Sequence[Segment]
    """By address."""
    headers_address: int
    """Of the program headers; 0 if no segment covers them."""
    header_size: int
    header_count: int

    @property
    def program_break(self) -> int:
        """The end of the highest segment, rounded up to a page."""
        return self.segments[-1].end + 4095 & ~4095


def parse_elf(file: bytes) -> Executable:
    """What to load from `file`. Raises `InputError` if it is not a program for this machine."""
    elf, headers = read_headers(file)
    _check_features(elf)
    segments = read_segments(file, headers, address="p_vaddr", room=range(LOWEST, HIGHEST + 1))
    check_entry(elf["e_entry"], segments)
    return Executable(
        entry=elf["e_entry"],
        segments=segments,
        headers_address=_headers_address(elf, headers),
        header_size=elf["e_phentsize"],
        header_count=elf["e_phnum"],
    )


def read_headers(file: bytes) -> tuple[ELFFile, list[Any]]:
    """The file's header, and its program headers. Raises `InputError` if it is not a static executable for RV64."""
    if not file.startswith(b"\x7fELF"):
        raise InputError(f"the program is not an ELF file; {ADVICE}")
    try:
        elf = ELFFile(io.BytesIO(file))
        headers = _program_headers(elf)
    except (ELFError, OverflowError) as error:  # the latter if an offset is beyond what a file can have
        raise InputError("the program is a damaged ELF file: its headers cannot be read") from error
    _check_kind(elf, headers)
    return elf, headers


def read_segments(file: bytes, headers: Sequence[Any], *, address: str, room: range) -> list[Segment]:
    """The segments by address, which is the headers' field `address`. Raises `InputError` if they do not fit."""
    loaded = [header for header in headers if header["p_type"] == "PT_LOAD" and header["p_memsz"]]
    segments = sorted((_segment(file, header, address, room) for header in loaded), key=lambda segment: segment.address)
    if not segments:
        raise InputError("the program is an ELF file with nothing to load")
    for lower, upper in pairwise(segments):
        if lower.end > upper.address:
            raise InputError(f"the program is a damaged ELF file: two segments overlap at {upper.address:#x}")
    return segments


def check_entry(entry: int, segments: Sequence[Segment]) -> None:
    """Raises `InputError` if the entry point is in none of the segments."""
    if not any(segment.address <= entry < segment.end for segment in segments):
        raise InputError(f"the program is a damaged ELF file: its entry point {entry:#x} is in no segment")


def symbol_value(file: bytes, elf: ELFFile, name: str) -> int | None:
    """What the file's symbol table says that `name` is; None if it says nothing. Raises `InputError`."""
    try:
        sections = _read_table(elf, elf.structs.Elf_Shdr, elf["e_shoff"], elf["e_shentsize"], elf["e_shnum"])
    except (ELFError, OverflowError) as error:
        raise InputError("the program is a damaged ELF file: its sections cannot be read") from error
    for table in sections:
        if table["sh_type"] != "SHT_SYMTAB" or table["sh_link"] >= len(sections):
            continue
        strings, entries = _contents(file, sections[table["sh_link"]]), _contents(file, table)
        for place, _, _, section, value, _ in _SYMBOL.iter_unpack(
            entries[: len(entries) // _SYMBOL.size * _SYMBOL.size]
        ):
            if section and strings.startswith(name.encode() + b"\0", place):
                return int(value)
    return None


def _contents(file: bytes, section: Any) -> bytes:
    return file[section["sh_offset"] :][: section["sh_size"]]


def _program_headers(elf: ELFFile) -> list[Any]:
    """The headers as they are: the segments that pyelftools makes of them look at more of the file than is needed."""
    return _read_table(elf, elf.structs.Elf_Phdr, elf["e_phoff"], elf["e_phentsize"], elf["e_phnum"])


def _read_table(elf: ELFFile, entry: Any, start: int, size: int, count: int) -> list[Any]:
    if count and size != entry.sizeof():
        raise ELFError(f"table entries of {size} bytes")
    return [struct_parse(entry, elf.stream, stream_pos=start + i * size) for i in range(count)]


def _check_kind(elf: ELFFile, headers: Sequence[Any]) -> None:
    if elf.elfclass != 64 or elf["e_machine"] != "EM_RISCV":
        raise InputError(f"the program is for {elf.get_machine_arch()}, {elf.elfclass}-bit, not for riscv64; {ADVICE}")
    if not elf.little_endian:
        raise InputError(f"the program is big-endian; {ADVICE}")
    kinds = {header["p_type"] for header in headers}
    if elf["e_type"] != "ET_EXEC" or kinds & {"PT_INTERP", "PT_DYNAMIC"}:
        raise InputError(f"the program is not a static executable: it is dynamic, relocatable or a library; {ADVICE}")


def _check_features(elf: ELFFile) -> None:
    if elf["e_flags"] & FLAG_COMPRESSED:
        raise InputError(f"the program has compressed instructions; {ADVICE}")
    if elf["e_flags"] & FLAGS_FLOAT_ABI:
        raise InputError(f"the program needs hardware floats; {ADVICE}")
    if elf["e_flags"] & FLAG_FEW_REGISTERS:
        raise InputError(f"the program is for RV64E, which has 16 registers; {ADVICE}")


def _segment(file: bytes, header: Any, address: str, room: range) -> Segment:
    start, size = header["p_offset"], header["p_filesz"]
    segment = Segment(header[address], file[start : start + size], header["p_memsz"])
    if size > segment.size or start + size > len(file):
        raise InputError(f"the program is a damaged ELF file: the segment at {segment.address:#x} is cut off")
    if segment.address not in room or segment.end - 1 not in room:
        raise InputError(
            f"the program has a segment at {segment.address:#x} to {segment.end - 1:#x}; "
            f"the machine has room for it between {room[0]:#x} and {room[-1]:#x}"
        )
    return segment


def _headers_address(elf: ELFFile, headers: Sequence[Any]) -> int:
    start, end = elf["e_phoff"], elf["e_phoff"] + elf["e_phentsize"] * elf["e_phnum"]
    for header in headers:
        offset = header["p_offset"]
        if header["p_type"] == "PT_LOAD" and offset <= start and end <= offset + header["p_filesz"]:
            address: int = header["p_vaddr"] + start - offset
            return address
    return 0
