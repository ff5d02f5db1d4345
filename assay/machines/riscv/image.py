"""What memory holds at the start of a task, and where a run leaves its output (docs/machine.md, section 6)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assay.errors import InputError
from assay.keccak import keccak256
from assay.machines.base import Outcome
from assay.machines.riscv.elf import Executable
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE, Memory, Pages
from assay.machines.riscv.memory_tree import ZERO_PAGE, MemoryTree

MIB = 1 << 20


@dataclass(frozen=True)
class Region:
    """An aligned part of memory: one subtree."""

    start: int
    level: int

    @property
    def index(self) -> int:
        """Which node of its level the region is."""
        return self.start >> 5 + self.level


PROGRAM = Region(0x00000000, level=26)
INPUT = Region(0x80000000, level=25)
OUTPUT = Region(0xC0000000, level=24)
KERNEL = Region(0xE0000000, level=24)

INFO_PAGE = 0x7FFFF000
TEXT = 0x80001000
STDIN = 0x80100000
STDOUT = 0xC0001000
STDERR = 0xD0000000

MAX_TEXT = 1 * MIB - 4096
"""Bytes of arguments and environment."""
MAX_STDIN = 512 * MIB
MAX_STDOUT = 256 * MIB - 4096
MAX_STDERR = 256 * MIB

HEADER = struct.Struct("<4Q")


def program_pages(executable: Executable) -> Pages:
    """The program region: the file's segments, and the info page."""
    info = struct.pack(
        "<5Q",
        executable.entry,
        executable.headers_address,
        executable.header_size,
        executable.header_count,
        executable.program_break,
    )
    segments = [(segment.address, segment.data) for segment in executable.segments]
    return _lay_out(*segments, (INFO_PAGE, info))


def input_pages(arguments: Sequence[str], stdin: bytes, environment: Sequence[str] = ()) -> Pages:
    """The input region; `environment` is written `NAME=VALUE`. Raises `InputError` for what does not fit into it."""
    for variable in environment:
        if variable.find("=") < 1:
            raise InputError(f"{variable!r} is no variable of an environment: write it NAME=VALUE")
    strings = [*arguments, *environment]
    if any("\0" in string for string in strings):
        raise InputError("an argument, or the environment, contains a zero byte")
    try:
        text = b"".join(string.encode() + b"\0" for string in strings)
    except UnicodeEncodeError as error:
        raise InputError("an argument, or the environment, is not text in Unicode") from error
    if len(text) > MAX_TEXT:
        raise InputError(f"arguments and environment take {len(text)} bytes; at most {MAX_TEXT} fit")
    if len(stdin) > MAX_STDIN:
        raise InputError(f"the standard input has {len(stdin)} bytes; at most {MAX_STDIN} fit")
    header = HEADER.pack(len(arguments), len(text), len(stdin), len(environment))
    return _lay_out((INPUT.start, header), (TEXT, text), (STDIN, stdin))


def output_pages(outcome: Outcome) -> Pages:
    """The output region as a run with this outcome leaves it."""
    header = HEADER.pack(outcome.status, outcome.exit_status, len(outcome.stdout), len(outcome.stderr))
    return _lay_out((OUTPUT.start, header), (STDOUT, outcome.stdout), (STDERR, outcome.stderr))


@cache
def kernel_pages() -> Pages:
    """The kernel region."""
    kernel = files("assay.machines.riscv").joinpath("kernel.bin").read_bytes()
    return _lay_out((KERNEL.start, kernel))


def region_node(region: Region, pages: Pages) -> bytes:
    """The node over a region that holds `pages`."""
    return MemoryTree(pages).node(region.level, region.index)


def memory_root(program: bytes, input_: bytes, output: bytes, kernel: bytes) -> bytes:
    """The memory root, from the nodes of the four regions."""
    return keccak256(program + keccak256(input_ + keccak256(output + kernel)))


def initial_root(program: bytes, input_: bytes) -> bytes:
    """The initial state root of a task, from the nodes of its program and its input."""
    output, kernel = region_node(OUTPUT, {}), region_node(KERNEL, kernel_pages())
    return Hart(Memory()).state(memory_root(program, input_, output, kernel)).root()


def _lay_out(*pieces: tuple[int, bytes]) -> Pages:
    """The pages that hold `pieces`, which do not overlap. An input may be large, so whole pages are only cut out."""
    memory, whole = Memory(), dict[int, bytes]()
    for address, data in pieces:
        start, end = address + -address % PAGE, (address + len(data)) // PAGE * PAGE
        if start >= end:
            memory.load(address, data)
            continue
        memory.load(address, data[: start - address])
        memory.load(end, data[end - address :])
        pages = ((at // PAGE, data[at - address : at - address + PAGE]) for at in range(start, end, PAGE))
        whole |= {index: page for index, page in pages if page != ZERO_PAGE}
    return whole | memory.pages()
