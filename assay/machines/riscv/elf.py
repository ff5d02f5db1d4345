"""ELF files, as far as this machine runs them: static RV64 programs without compressed code or hardware floats.

What is refused here is no program (docs/machine.md, section 6); nothing but headers and segments is looked at.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from assay.errors import InputError

LOWEST, HIGHEST = 0x00001000, 0x6FFFFFFF
"""Where segments may lie (docs/machine.md, section 6)."""

ET_EXEC, EM_RISCV = 2, 243
PROCESSORS = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64"}
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
SHT_SYMTAB = 2
FLAG_COMPRESSED = 0x1
FLAGS_FLOAT_ABI = 0x6
FLAG_FEW_REGISTERS = 0x8

ADVICE = "build it with `assay build`, or for riscv64 with -static and -march=rv64ima -mabi=lp64"

_FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")


class FileHeader(NamedTuple):
    """Elf64_Ehdr, by the names of the specification."""

    e_ident: bytes
    e_type: int
    e_machine: int
    e_version: int
    e_entry: int
    e_phoff: int
    e_shoff: int
    e_flags: int
    e_ehsize: int
    e_phentsize: int
    e_phnum: int
    e_shentsize: int
    e_shnum: int
    e_shstrndx: int


class ProgramHeader(NamedTuple):
    """Elf64_Phdr."""

    p_type: int
    p_flags: int
    p_offset: int
    p_vaddr: int
    p_paddr: int
    p_filesz: int
    p_memsz: int
    p_align: int


class SectionHeader(NamedTuple):
    """Elf64_Shdr."""

    sh_name: int
    sh_type: int
    sh_flags: int
    sh_addr: int
    sh_offset: int
    sh_size: int
    sh_link: int
    sh_info: int
    sh_addralign: int
    sh_entsize: int


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
    header = read_header(file)
    _check_features(header)
    loaded = loaded_headers(file, header)
    segments = read_segments(file, [(at.p_vaddr, at) for at in loaded], range(LOWEST, HIGHEST + 1), header.e_entry)
    return Executable(
        entry=header.e_entry,
        segments=segments,
        headers_address=_headers_address(header, loaded),
        header_size=header.e_phentsize,
        header_count=header.e_phnum,
    )


def read_header(file: bytes) -> FileHeader:
    """The file's header. Raises `InputError` if it is not that of a static executable for RV64."""
    if not file.startswith(b"\x7fELF"):
        raise InputError(f"the program is not an ELF file; {ADVICE}")
    kind = file[4:6]
    if kind[:1] == b"\1":
        raise InputError(f"the program is for a 32-bit processor, not for riscv64; {ADVICE}")
    if kind[1:] == b"\2":
        raise InputError(f"the program is big-endian; {ADVICE}")
    if kind != b"\2\1" or len(file) < _FILE_HEADER.size:
        raise InputError("the program is a damaged ELF file: its header cannot be read")
    header = FileHeader(*_FILE_HEADER.unpack_from(file))
    if header.e_machine != EM_RISCV:
        processor = PROCESSORS.get(header.e_machine, "another processor")
        raise InputError(f"the program is for {processor}, not for riscv64; {ADVICE}")
    if header.e_type != ET_EXEC:
        raise InputError(f"the program is not a static executable: it is dynamic, relocatable or a library; {ADVICE}")
    return header


def loaded_headers(file: bytes, header: FileHeader) -> list[ProgramHeader]:
    """The headers of what is to be loaded. Raises `InputError` if there are none, or if the program is dynamic."""
    start, size, count = header.e_phoff, _PROGRAM_HEADER.size, header.e_phnum
    if count and (header.e_phentsize != size or start + count * size > len(file)):
        raise InputError("the program is a damaged ELF file: its program headers cannot be read")
    headers = [ProgramHeader(*_PROGRAM_HEADER.unpack_from(file, start + i * size)) for i in range(count)]
    if {PT_DYNAMIC, PT_INTERP} & {at.p_type for at in headers}:
        raise InputError(f"the program is not a static executable: it is dynamic; {ADVICE}")
    loaded = [at for at in headers if at.p_type == PT_LOAD and at.p_memsz]
    if not loaded:
        raise InputError("the program is an ELF file with nothing to load")
    return loaded


def read_segments(file: bytes, headers: Sequence[tuple[int, ProgramHeader]], room: range, entry: int) -> list[Segment]:
    """The segments of `headers`, which come with their addresses, in order. Raises `InputError` if they do not fit."""
    segments = sorted((_segment(file, *header, room) for header in headers), key=lambda segment: segment.address)
    for lower, upper in pairwise(segments):
        if lower.end > upper.address:
            raise InputError(f"the program is a damaged ELF file: two segments overlap at {upper.address:#x}")
    if not any(segment.address <= entry < segment.end for segment in segments):
        raise InputError(f"the program is a damaged ELF file: its entry point {entry:#x} is in no segment")
    return segments


def symbol_value(file: bytes, header: FileHeader, name: str) -> int | None:
    """What the file's symbol table says that `name` is; None if it says nothing. Raises `InputError`."""
    start, size, count = header.e_shoff, _SECTION_HEADER.size, header.e_shnum
    if count and (header.e_shentsize != size or start + count * size > len(file)):
        raise InputError("the program is a damaged ELF file: its section headers cannot be read")
    sections = [SectionHeader(*_SECTION_HEADER.unpack_from(file, start + i * size)) for i in range(count)]
    for table in sections:
        if table.sh_type != SHT_SYMTAB or table.sh_link >= count:
            continue
        strings, symbols = _contents(file, sections[table.sh_link]), _contents(file, table)
        whole = len(symbols) // _SYMBOL.size * _SYMBOL.size
        for place, _, _, section, value, _ in _SYMBOL.iter_unpack(symbols[:whole]):
            if section and strings.startswith(name.encode() + b"\0", place):
                return int(value)
    return None


def _contents(file: bytes, section: SectionHeader) -> bytes:
    return file[section.sh_offset :][: section.sh_size]


def _check_features(header: FileHeader) -> None:
    if header.e_flags & FLAG_COMPRESSED:
        raise InputError(f"the program has compressed instructions; {ADVICE}")
    if header.e_flags & FLAGS_FLOAT_ABI:
        raise InputError(f"the program needs hardware floats; {ADVICE}")
    if header.e_flags & FLAG_FEW_REGISTERS:
        raise InputError(f"the program is for RV64E, which has 16 registers; {ADVICE}")


def _segment(file: bytes, address: int, header: ProgramHeader, room: range) -> Segment:
    start, size = header.p_offset, header.p_filesz
    segment = Segment(address, file[start : start + size], header.p_memsz)
    if size > segment.size or start + size > len(file):
        raise InputError(f"the program is a damaged ELF file: the segment at {segment.address:#x} is cut off")
    if segment.address not in room or segment.end - 1 not in room:
        raise InputError(
            f"the program has a segment at {segment.address:#x} to {segment.end - 1:#x}; "
            f"the machine has room for it between {room[0]:#x} and {room[-1]:#x}"
        )
    return segment


def _headers_address(header: FileHeader, loaded: Sequence[ProgramHeader]) -> int:
    start, end = header.e_phoff, header.e_phoff + header.e_phentsize * header.e_phnum
    for at in loaded:
        if at.p_offset <= start and end <= at.p_offset + at.p_filesz:
            return at.p_vaddr + start - at.p_offset
    return 0
