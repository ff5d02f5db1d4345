"""Native code as bytes that run wherever they are put, taken from the object file that a compiler emits."""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from assay.errors import IntegrityError, NativeError

# The numbers of the ELF specification (System V ABI, chapter 4) that are looked at.
_FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION_INFO = struct.Struct("<8xQ")  # r_info of an entry with or without an addend
SHT_SYMTAB, SHT_RELA, SHT_REL = 2, 4, 9
SHF_ALLOC = 0x2
STT_FUNC = 2
UNWINDING = ".eh_frame"  # how to unwind the stack: nobody does

_PACKED = struct.Struct("<4sI")
_MAGIC = b"NC1\0"


@dataclass(frozen=True)
class Code:
    """Functions that need nothing but each other: no relocations, no data, no addresses of their own."""

    text: bytes
    symbols: Mapping[str, int]
    """Where in `text` each function begins."""

    def pack(self) -> bytes:
        """The code as bytes, to be kept."""
        symbols = json.dumps(dict(self.symbols)).encode()
        return _PACKED.pack(_MAGIC, len(symbols)) + symbols + self.text

    @classmethod
    def unpack(cls, packed: bytes) -> "Code":
        """What `pack` packed. Raises `IntegrityError` for anything else."""
        try:
            magic, size = _PACKED.unpack_from(packed)
            start = _PACKED.size + size
            symbols = json.loads(packed[_PACKED.size : start])
        except (struct.error, ValueError) as error:
            raise IntegrityError(f"packed native code that cannot be read: {error}") from error
        text = packed[start:]
        if magic != _MAGIC or not isinstance(symbols, dict):
            raise IntegrityError("these bytes are no packed native code")
        if not all(type(place) is int and 0 <= place < len(text) for place in symbols.values()):
            raise IntegrityError("packed native code with a function outside of it")
        return cls(text, MappingProxyType(symbols))


class _Section(NamedTuple):
    """Elf64_Shdr, and the section's name."""

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
    name: str = ""


def code_of_object(file: bytes) -> Code:
    """The code in a relocatable 64-bit ELF file, as LLVM emits it. Raises `NativeError` if it needs anything else."""
    sections = _sections(file)
    text = next((number for number, section in enumerate(sections) if section.name == ".text"), None)
    if text is None or not sections[text].sh_size:
        raise NativeError("the module has no code")
    symbols = list(_symbols(file, sections))
    for section in sections:
        if section.sh_type in (SHT_REL, SHT_RELA) and section.sh_info == text and section.sh_size:
            raise NativeError(f"the code needs a linker, for {', '.join(sorted(_wanted(file, section, sections)))}")
        if section.sh_flags & SHF_ALLOC and section.sh_size and section.name not in (".text", UNWINDING):
            raise NativeError(f"the module needs a section beside its code, {section.name}: data come by pointers only")
    functions = {name: value for name, kind, where, value in symbols if kind == STT_FUNC and where == text}
    return Code(_content(file, sections[text]), MappingProxyType(functions))


def _sections(file: bytes) -> list[_Section]:
    header = _FILE_HEADER.unpack_from(file)
    start, count, names = header[6], header[12], header[13]
    bare = [_Section(*_SECTION_HEADER.unpack_from(file, start + i * _SECTION_HEADER.size)) for i in range(count)]
    strings = _content(file, bare[names])
    return [section._replace(name=_string(strings, section.sh_name)) for section in bare]


def _symbols(file: bytes, sections: list[_Section]) -> Iterator[tuple[str, int, int, int]]:
    """Name, kind, number of the section, and value of each symbol."""
    for table in sections:
        if table.sh_type != SHT_SYMTAB:
            continue
        strings = _content(file, sections[table.sh_link])
        for name, info, _other, section, value, _size in _SYMBOL.iter_unpack(_content(file, table)):
            yield _string(strings, name), info & 0xF, section, value


def _wanted(file: bytes, relocations: _Section, sections: list[_Section]) -> set[str]:
    """What the relocations of the code refer to, in words."""
    symbols = list(_symbols(file, sections))
    content, size = _content(file, relocations), relocations.sh_entsize
    numbers = {_RELOCATION_INFO.unpack_from(content, at)[0] >> 32 for at in range(0, len(content), size)}
    return {symbols[number][0] or sections[symbols[number][2]].name for number in numbers}


def _content(file: bytes, section: _Section) -> bytes:
    return file[section.sh_offset : section.sh_offset + section.sh_size]


def _string(strings: bytes, start: int) -> str:
    return strings[start : strings.index(0, start)].decode()
