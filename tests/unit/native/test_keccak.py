"""keccak-256 of many nodes at once equals keccak-256 of each, however many there are and however wide the vectors."""

import ctypes
import random
from collections.abc import Callable

import pytest
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn import arm64_const as arm

from assay.keccak import keccak256
from assay.native.compile import Target, compile_ir
from assay.native.keccak import CONSTANTS, keccak_functions
from assay.native.memory import CodeArena
from assay.native.processor import vector_lanes

LANES = (2, 4, 8)
NODE, HASH = 64, 32
RANDOM = random.Random(1)

Call = Callable[[str, object, object, int], None]

# Every kind of processor whose vectors LLVM treats in its own way.
PROCESSORS = [
    Target("x86_64-linux-gnu", "x86-64", ""),
    Target("x86_64-linux-gnu", "haswell", ""),
    Target("x86_64-linux-gnu", "skylake-avx512", ""),
    Target("x86_64-linux-gnu", "znver4", ""),
    Target("x86_64-linux-gnu", "sapphirerapids", ""),
    Target("aarch64-linux-gnu", "generic", ""),
    Target("aarch64-linux-gnu", "neoverse-v2", ""),
    Target("aarch64-linux-gnu", "apple-m1", "+sha3"),
]


@pytest.fixture(scope="module", params=LANES)
def call(request: pytest.FixtureRequest) -> Call:
    """Calls a native function by its name, with the constants."""
    arena = CodeArena(1 << 16)
    addresses = arena.load(compile_ir(keccak_functions(request.param)))
    constants = (ctypes.c_uint64 * len(CONSTANTS))(*CONSTANTS)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)

    def function(name: str, first: object, second: object, count: int, _arena: CodeArena = arena) -> None:
        kind(addresses[name])(first, second, count, constants)

    return function


def hashes(nodes: bytes) -> bytes:
    return b"".join(keccak256(nodes[at : at + NODE]) for at in range(0, len(nodes), NODE))


@pytest.mark.parametrize("count", [*range(20), 63, 64, 65, 1000])
def test_nodes_in_a_row_become_their_hashes_and_nothing_else_is_written(call: Call, count: int) -> None:
    nodes = RANDOM.randbytes(count * NODE)
    source = ctypes.create_string_buffer(nodes, len(nodes) + 1)
    target = ctypes.create_string_buffer(b"\xee" * (count * HASH + NODE), count * HASH + NODE)
    call("hash_nodes", source, target, count)
    assert target.raw == hashes(nodes) + b"\xee" * NODE
    assert source.raw[:-1] == nodes


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_hashes_may_replace_their_nodes(call: Call, count: int) -> None:
    nodes = RANDOM.randbytes(count * NODE)
    both = ctypes.create_string_buffer(nodes, len(nodes) + 1)
    call("hash_nodes", both, both, count)
    assert both.raw[: count * HASH] == hashes(nodes)


@pytest.mark.parametrize("nodes", [bytes(NODE), b"\xff" * NODE, bytes(NODE - 1) + b"\x80", b"\x01" + bytes(NODE - 1)])
def test_special_nodes(call: Call, nodes: bytes) -> None:
    target = ctypes.create_string_buffer(HASH)
    call("hash_nodes", nodes, target, 1)
    assert target.raw == keccak256(nodes)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 33])
def test_places_of_a_heap_become_the_hashes_of_their_children(call: Call, count: int) -> None:
    size = 128
    content = RANDOM.randbytes(size * HASH)
    places = RANDOM.sample(range(size // 4, size // 2), min(count, size // 4))
    heap = ctypes.create_string_buffer(content, len(content))
    call("hash_places", heap, (ctypes.c_uint32 * len(places))(*places), len(places))
    for place in range(size):
        here = slice(place * HASH, (place + 1) * HASH)
        children = content[place * NODE : (place + 1) * NODE]
        assert heap.raw[here] == (keccak256(children) if place in places else content[here])


@pytest.mark.parametrize("lanes", LANES)
def test_the_code_needs_no_linker_on_any_processor(lanes: int) -> None:
    for processor in PROCESSORS:
        code = compile_ir(keccak_functions(lanes), target=processor)
        assert {"hash_nodes", "hash_places"} <= code.symbols.keys()


def test_it_is_right_on_aarch64_too() -> None:
    code = compile_ir(keccak_functions(2), target=Target("aarch64-linux-gnu", "generic", ""))
    nodes = RANDOM.randbytes(5 * NODE)
    text, stack, data, end = 0x10000, 0x40000, 0x80000, 0xF000
    constants, target = data + 0x1000, data + 0x2000
    emulator = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    emulator.mem_map(0, 1 << 20)
    emulator.mem_write(text, code.text)
    emulator.mem_write(data, nodes)
    emulator.mem_write(constants, b"".join(constant.to_bytes(8, "little") for constant in CONSTANTS))
    emulator.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)  # lets vectors be used
    for register, value in (("X0", data), ("X1", target), ("X2", 5), ("X3", constants), ("SP", stack), ("LR", end)):
        emulator.reg_write(getattr(arm, f"UC_ARM64_REG_{register}"), value)
    emulator.emu_start(text + code.symbols["hash_nodes"], end)
    assert bytes(emulator.mem_read(target, 5 * HASH)) == hashes(nodes)


def test_there_are_lanes_for_this_processor() -> None:
    assert vector_lanes() in LANES
