"""ELF files made by hand, right and wrong ones."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

LOAD, DYNAMIC, INTERP = 1, 2, 3


@dataclass(frozen=True)
class Part:
    """A program header, and the bytes that it places."""

    address: int
    data: bytes
    size: int | None = None
    """In memory; as many as `data` has, if None."""
    kind: int = LOAD


def elf_file(
    parts: Sequence[Part],
    entry: int,
    *,
    ident: bytes = b"\x7fELF\x02\x01\x01",
    kind: int = 2,
    machine: int = 243,
    flags: int = 0,
    headers_at_end: bool = False,
) -> bytes:
    """A 64-bit file: its header, its program headers, and the parts' bytes; or the program headers last."""
    header_size = 56 * len(parts)
    contents, offset = b"", 64 if headers_at_end else 64 + header_size
    headers = b""
    for part in parts:
        size = len(part.data) if part.size is None else part.size
        place = offset + len(contents)
        headers += struct.pack("<IIQQQQQQ", part.kind, 7, place, part.address, part.address, len(part.data), size, 1)
        contents += part.data
    headers_offset = offset + len(contents) if headers_at_end else 64
    fields = (kind, machine, 1, entry, headers_offset, 0, flags, 64, 56, len(parts), 64, 0, 0)
    file_header = ident.ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", *fields)
    return file_header + (contents + headers if headers_at_end else headers + contents)
