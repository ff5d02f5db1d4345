"""Memory and its Merkle tree."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.keccak import keccak256
from assay.machines.riscv.memory import PAGE, Memory
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, MemoryTree

TOP = 1 << 32
WRITES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0, 32, 64, 4064, 2048]),
        st.integers(0, 31),
        st.binary(min_size=1, max_size=9),
    ),
    max_size=12,
)
PLACES = [0, 0x1000, 0x8000_0000, TOP - 0x2000]


def written(memory: Memory, writes: list[tuple[int, int, int, bytes]]) -> Memory:
    for place, leaf, offset, data in writes:
        memory.load(PLACES[place] + leaf + offset, data)
    return memory


def leaves_of(memory: Memory) -> dict[int, bytes]:
    """The leaves that are not zero."""
    places = [page * PAGE + offset for page in memory.pages() for offset in range(0, PAGE, 32)]
    return {place // 32: leaf for place in places if any(leaf := memory.bytes_at(place, 32))}


def node_by_definition(leaves: dict[int, bytes], level: int, index: int) -> bytes:
    below = {leaf: content for leaf, content in leaves.items() if leaf >> level == index}
    if not below:
        return DEFAULTS[level]
    if level == 0:
        return below[index]
    left, right = (node_by_definition(below, level - 1, 2 * index + side) for side in (0, 1))
    return keccak256(left + right)


def test_empty_memory_is_zero_and_has_the_default_root() -> None:
    assert Memory().read(0x1234, 4) == 0
    assert MemoryTree().root() == DEFAULTS[DEPTH]
    assert DEFAULTS[1] == keccak256(bytes(64))


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_numbers_are_little_endian(size: int) -> None:
    memory = Memory()
    memory.write(0x1008, size, int.from_bytes(bytes(range(1, size + 1)), "little"))
    assert memory.bytes_at(0x1007, size + 2) == b"\0" + bytes(range(1, size + 1)) + b"\0"
    assert memory.read(0x1008, 1) == 1
    assert memory.read(0x1008, size) == int.from_bytes(bytes(range(1, size + 1)), "little")


def test_the_first_and_the_last_byte_can_be_written() -> None:
    memory = Memory()
    memory.write(0, 1, 1)
    memory.write(TOP - 8, 8, 2)
    assert (memory.read(0, 8), memory.read(TOP - 8, 8)) == (1, 2)
    assert MemoryTree(memory.pages()).node(0, (1 << DEPTH) - 1) == bytes(24) + b"\2" + bytes(7)


def test_a_fork_and_its_origin_do_not_see_each_others_writes() -> None:
    memory = Memory()
    memory.write(0x1000, 8, 1)
    pages = memory.pages()
    fork = Memory(pages)
    memory.write(0x1000, 8, 2)
    fork.write(0x1000, 8, 3)
    assert (memory.read(0x1000, 8), fork.read(0x1000, 8), Memory(pages).read(0x1000, 8)) == (2, 3, 1)


def test_a_fork_shares_what_neither_has_written() -> None:
    memory = Memory()
    memory.load(0, bytes(64 * PAGE))
    fork = Memory(memory.pages())
    fork.write(0, 8, 1)
    assert sum(page is not memory.pages()[index] for index, page in fork.pages().items()) == 1


@settings(max_examples=30, deadline=None)
@given(WRITES)
def test_every_node_is_what_the_definition_says(writes: list[tuple[int, int, int, bytes]]) -> None:
    memory = written(Memory(), writes)
    tree, leaves = MemoryTree(memory.pages()), leaves_of(memory)
    assert tree.root() == node_by_definition(leaves, DEPTH, 0)
    for leaf in [*leaves, 5]:
        for level in range(DEPTH):
            assert tree.node(level, leaf >> level) == node_by_definition(leaves, level, leaf >> level)
            assert tree.sibling(leaf, level) == node_by_definition(leaves, level, leaf >> level ^ 1)


@settings(max_examples=30, deadline=None)
@given(WRITES, WRITES)
def test_a_tree_that_follows_is_the_tree_made_anew(
    first: list[tuple[int, int, int, bytes]], second: list[tuple[int, int, int, bytes]]
) -> None:
    memory = written(Memory(), first)
    before = memory.pages()
    tree = MemoryTree(before)
    after = written(memory, second).pages()

    tree.follow(after)
    assert tree.root() == MemoryTree(after).root()
    tree.follow(before)
    assert tree.root() == MemoryTree(before).root()
    tree.follow({})
    assert tree.root() == DEFAULTS[DEPTH]


def test_a_change_is_hashed_without_hashing_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    memory = Memory()
    memory.load(0, random.Random(1).randbytes(16 * PAGE))
    tree = MemoryTree(memory.pages())
    monkeypatch.setattr("assay.machines.riscv.memory_tree.keccak256", lambda data: hashed.append(1) or keccak256(data))
    memory.write(0x2040, 8, 5)
    tree.follow(memory.pages())
    assert len(hashed) == DEPTH
