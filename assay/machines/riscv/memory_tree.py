"""The Merkle tree of memory (docs/machine.md, section 2): 2^27 leaves of 32 bytes, nearly all of them zero.

The tree is told the pages of a memory and hashes what differs from those that it was told before, leaf by leaf. So it
follows a machine from state to state, forwards or backwards, for a few dozen hashes a step.
"""

from collections.abc import Iterable
from typing import Protocol

from assay.keccak import keccak256
from assay.machines.riscv.memory import PAGE, Pages

DEPTH = 27
LEAF = 32
PAGE_LEVEL = 7  # a page is a subtree of this height
ZERO_PAGE = bytes(PAGE)


def _defaults() -> list[bytes]:
    nodes = [bytes(LEAF)]
    for _ in range(DEPTH):
        nodes.append(keccak256(nodes[-1] * 2))
    return nodes


DEFAULTS = _defaults()
"""The node over memory that is all zero, by level."""

# The nodes of a page above its leaves, 32 bytes each, in heap order: 1 is the root of the page, the children of k are
# 2k and 2k + 1, and the parents of the leaves are 64 to 127. Two children are neighbours, ready to be hashed.
_ZERO_NODES = bytes(LEAF) + b"".join(DEFAULTS[PAGE_LEVEL + 1 - place.bit_length()] for place in range(1, 128))


class NodeAccess(Protocol):
    """What a witness or a result needs of a tree, whoever keeps it."""

    def root(self) -> bytes:
        """The memory root."""

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`; those of level 0 are the leaves, that of level 27 is the root."""

    def sibling(self, leaf: int, level: int) -> bytes:
        """The sibling, at `level`, of the path from `leaf` to the root."""


class MemoryTree:
    """The tree over the memory that it was last told of by `follow`."""

    def __init__(self, pages: Pages | None = None) -> None:
        self._pages: dict[int, bytes] = {}
        self._page_nodes: dict[int, bytearray] = {}
        self._upper: dict[int, bytes] = {}  # levels 7 and up by place in the heap of the whole tree: 1 is the root
        self.follow(pages or {})

    def follow(self, pages: Pages) -> None:
        """Become the tree over `pages`."""
        changed = {index: page for index, page in pages.items() if self._pages.get(index) is not page}
        changed |= dict.fromkeys(self._pages.keys() - pages.keys(), ZERO_PAGE)
        for index, page in changed.items():
            self._hash_page(index, page)
        self._hash_upwards(changed)

    def root(self) -> bytes:
        """See `NodeAccess`."""
        return self.node(DEPTH, 0)

    def node(self, level: int, index: int) -> bytes:
        """See `NodeAccess`."""
        if level >= PAGE_LEVEL:
            return self._upper.get((1 << DEPTH - level) + index, DEFAULTS[level])
        height = PAGE_LEVEL - level
        page, place = index >> height, index & (1 << height) - 1
        if page not in self._pages:
            return DEFAULTS[level]
        if level == 0:
            return self._pages[page][place * LEAF : (place + 1) * LEAF]
        place += 1 << height
        return bytes(self._page_nodes[page][place * LEAF : (place + 1) * LEAF])

    def sibling(self, leaf: int, level: int) -> bytes:
        """See `NodeAccess`."""
        return self.node(level, leaf >> level ^ 1)

    def _hash_page(self, index: int, page: bytes) -> None:
        nodes = self._page_nodes.setdefault(index, bytearray(_ZERO_NODES))
        _hash_changes(nodes, 1, page, self._pages.get(index, ZERO_PAGE))
        self._pages[index] = page
        self._upper[(1 << DEPTH - PAGE_LEVEL) + index] = bytes(nodes[LEAF : 2 * LEAF])

    def _hash_upwards(self, changed: Iterable[int]) -> None:
        places = {(1 << DEPTH - PAGE_LEVEL) + index for index in changed}
        for level in range(PAGE_LEVEL, DEPTH):
            places = {place >> 1 for place in places}
            for place in places:
                left = self._upper.get(2 * place, DEFAULTS[level])
                right = self._upper.get(2 * place + 1, DEFAULTS[level])
                self._upper[place] = keccak256(left + right)


def _hash_changes(nodes: bytearray, place: int, page: bytes, before: bytes) -> None:
    """Bring the node at `place` of a page up to date, and those below it, where the page is not as before."""
    size = PAGE >> place.bit_length() - 1
    covered = slice(place * size - PAGE, place * size - PAGE + size)
    if page[covered] == before[covered]:
        return
    if size == 2 * LEAF:
        children: bytes | bytearray = page[covered]
    else:
        _hash_changes(nodes, 2 * place, page, before)
        _hash_changes(nodes, 2 * place + 1, page, before)
        children = nodes[2 * place * LEAF : 2 * (place + 1) * LEAF]
    nodes[place * LEAF : (place + 1) * LEAF] = keccak256(children)
