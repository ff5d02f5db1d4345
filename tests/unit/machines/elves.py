"""ELF files made by hand, right and wrong ones."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOAD, DYNAMIC, INTERP = 1, 2, 3
SYMBOLS, STRINGS = 2, 3


@dataclass(frozen=True)
class Part:
    """A program header, and the bytes that it places."""

    address: int
    data: bytes
    size: int | None = None
    """In memory; as many as `data` has, if None."""
    kind: int = LOAD
    physical: int | None = None
    """The physical address; the virtual one, if None."""


def elf_file(
    parts: Sequence[Part],
    entry: int,
    *,
    ident: bytes = b"\x7fELF\x02\x01\x01",
    kind: int = 2,
    machine: int = 243,
    flags: int = 0,
    headers_at_end: bool = False,
    symbols: Mapping[str, int] | None = None,
) -> bytes:
    """A 64-bit file: its header, its program headers, and the parts' bytes; or the program headers last.

    With `symbols`, values by name, it has a symbol table at its end.
    """
    header_size = 56 * len(parts)
    contents, offset = b"", 64 if headers_at_end else 64 + header_size
    headers = b""
    for part in parts:
        size = len(part.data) if part.size is None else part.size
        physical = part.address if part.physical is None else part.physical
        place = offset + len(contents)
        headers += struct.pack("<IIQQQQQQ", part.kind, 7, place, part.address, physical, len(part.data), size, 1)
        contents += part.data
    headers_offset = offset + len(contents) if headers_at_end else 64
    body = contents + headers if headers_at_end else headers + contents
    sections, count = _sections(symbols, 64 + len(body)) if symbols is not None else (b"", 0)
    sections_offset = 64 + len(body) + len(sections) - 64 * count
    fields = (kind, machine, 1, entry, headers_offset, sections_offset, flags, 64, 56, len(parts), 64, count, 0)
    return ident.ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", *fields) + body + sections


def _sections(symbols: Mapping[str, int], place: int) -> tuple[bytes, int]:
    """Strings, symbols, and the headers of these sections, as they are at `place` of a file; how many headers."""
    strings, table = b"\0", bytes(24)
    for name, value in symbols.items():
        table += struct.pack("<IBBHQQ", len(strings), 0x10, 0, 1, value, 8)
        strings += name.encode() + b"\0"
    header = struct.Struct("<IIQQQQIIQQ")
    headers = (
        bytes(64)
        + header.pack(0, STRINGS, 0, 0, place, len(strings), 0, 0, 1, 0)
        + header.pack(0, SYMBOLS, 0, 0, place + len(strings), len(table), 1, 1, 8, 24)
    )
    return strings + table + headers, 3
