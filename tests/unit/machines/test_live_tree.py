"""The engine's tree over live memory equals the reference's tree, whatever changes and in whatever order it is told."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE, Memory
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, PAGE_LEVEL, MemoryTree
from assay.machines.riscv.witness import record
from assay.machines.riscv_fast.tree import GROUP, PAGES, LiveTree, tree_ir
from assay.native.cache import DiskCache
from assay.native.compile import Target, compile_ir
from assay.native.memory import reserve

LEAVES_A_PAGE = 1 << PAGE_LEVEL

# Pages near each other, so that they share nodes, at both ends of memory and in its middle.
page_numbers = st.one_of(
    st.integers(0, 40), st.integers(PAGES // 2 - 3, PAGES // 2 + 3), st.integers(PAGES - 3, PAGES - 1)
)
contents = st.one_of(
    st.just(b""),
    st.just(b"\x01"),
    st.integers(0, PAGE - 1).map(lambda place: bytes(place) + b"\x80"),
    st.binary(min_size=PAGE, max_size=PAGE),
).map(lambda content: content.ljust(PAGE, b"\0"))


class Both:
    """A live memory with its tree, and what the reference makes of the same pages."""

    def __init__(self) -> None:
        self.memory, address = reserve(PAGES * PAGE)
        self.tree = LiveTree(address)
        self.pages: dict[int, bytes] = {}
        self.expected = MemoryTree()

    def write(self, page: int, content: bytes) -> None:
        self.memory[page * PAGE : (page + 1) * PAGE] = content
        self.pages[page] = content

    def update(self, *pages: int) -> None:
        self.tree.update(pages)
        self.expected.follow(self.pages)

    def assert_equal(self, *leaves: int) -> None:
        assert self.tree.root() == self.expected.root()
        for leaf in leaves:
            for level in range(DEPTH):
                assert self.tree.node(level, leaf >> level) == self.expected.node(level, leaf >> level)
                assert self.tree.sibling(leaf, level) == self.expected.sibling(leaf, level)


def test_memory_that_was_never_written_has_the_default_nodes() -> None:
    both = Both()
    both.assert_equal(0, PAGES * LEAVES_A_PAGE - 1)
    assert both.tree.root() == DEFAULTS[DEPTH]
    both.update()
    both.assert_equal()


def test_pages_that_are_zero_change_nothing() -> None:
    both = Both()
    both.update(*range(100), PAGES - 1)
    both.assert_equal(0, 50 * LEAVES_A_PAGE, PAGES * LEAVES_A_PAGE - 1)


def test_what_it_was_not_told_does_not_count() -> None:
    both = Both()
    both.write(3, b"\x01" * PAGE)
    both.write(4, b"\x02" * PAGE)
    both.tree.update([3])
    assert both.tree.root() == MemoryTree({3: both.pages[3]}).root()


def test_a_page_that_is_zero_again_is_forgotten() -> None:
    both = Both()
    both.write(7, b"\x01" * PAGE)
    both.write(8, b"\x02" * PAGE)
    both.update(7, 8)
    both.write(7, bytes(PAGE))
    both.update(7)
    both.assert_equal(7 * LEAVES_A_PAGE, 8 * LEAVES_A_PAGE + 5)
    assert both.tree.root() == MemoryTree({8: both.pages[8]}).root()


@pytest.mark.parametrize("count", [1, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP + 1])
@pytest.mark.parametrize("zero", [slice(0), slice(1), slice(-1, None), slice(0, None, 2), slice(1, None)])
def test_groups_of_any_size_with_zero_pages_anywhere(count: int, zero: slice) -> None:
    both = Both()
    for page in range(count):
        if page not in range(count)[zero]:
            both.write(page, random.Random(page).randbytes(PAGE))
    both.update(*range(count))
    both.assert_equal(0, (count // 2) * LEAVES_A_PAGE + 77, count * LEAVES_A_PAGE)


@settings(deadline=None, max_examples=40)
@given(
    rounds=st.lists(st.dictionaries(page_numbers, contents, max_size=8), max_size=5),
    told=st.lists(page_numbers, max_size=4),
    leaves=st.lists(st.integers(0, PAGES * LEAVES_A_PAGE - 1), max_size=3),
)
def test_any_changes_give_the_same_nodes(rounds: list[dict[int, bytes]], told: list[int], leaves: list[int]) -> None:
    both = Both()
    for changes in rounds:
        for page, content in changes.items():
            both.write(page, content)
        both.update(*changes, *told, *changes)  # pages that did not change, and pages named twice, do no harm
        both.assert_equal(*leaves, *(page * LEAVES_A_PAGE + page % LEAVES_A_PAGE for page in changes))


def test_a_witness_is_the_same_as_from_the_reference() -> None:
    both = Both()
    both.write(1, bytes.fromhex("03 35 05 08") + bytes(PAGE - 4))  # ld a0, 128(a0), at 4096
    both.write(300, random.Random(1).randbytes(PAGE))
    both.update(1, 300)
    memory = Memory(both.pages)
    hart = Hart(memory, pc=PAGE)
    hart.x[10] = 300 * PAGE
    assert record(hart, both.tree) == record(hart, both.expected)


def test_its_code_comes_from_the_cache_the_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.machines.riscv_fast.tree._functions", {})
    LiveTree(reserve(PAGES * PAGE)[1], DiskCache(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr("assay.machines.riscv_fast.tree._functions", {})
    LiveTree(reserve(PAGES * PAGE)[1], DiskCache(tmp_path))
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("target", [("x86_64-linux-gnu", "x86-64"), ("aarch64-linux-gnu", "generic")])
def test_the_code_needs_no_linker(target: tuple[str, str]) -> None:
    assert "hash_pages" in compile_ir(tree_ir(2), target=Target(*target, features="")).symbols
