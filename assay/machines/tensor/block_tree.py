"""The Merkle tree over the weights or over memory (docs/operators.md, section 5): 2^24 leaves of 64 words."""

import numpy as np

from assay.keccak import keccak256
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import BLOCK

DEPTH = 24
BLOCK_BYTES = 4 * BLOCK


def _defaults() -> list[bytes]:
    nodes = [keccak256(bytes(BLOCK_BYTES))]
    for _ in range(DEPTH):
        nodes.append(keccak256(nodes[-1] * 2))
    return nodes


DEFAULTS = _defaults()
"""The node over words that are all zero, by level."""


def block_bytes(space: Words) -> bytes:
    """The words of whole blocks as they are hashed: big-endian, and filled up with zeros."""
    return np.concatenate([space, np.zeros(-len(space) % BLOCK, np.uint32)]).astype(">u4").tobytes()


class BlockTree:
    """The tree over the words that it was last told of by `follow`."""

    def __init__(self, space: Words) -> None:
        self._space = np.zeros(len(space), np.uint32)
        count = max(1, -(-len(space) // BLOCK))
        self._levels = [[DEFAULTS[0]] * count]
        while count > 1:
            count = (count + 1) // 2
            self._levels.append([DEFAULTS[len(self._levels)]] * count)
        self.follow(space)

    def follow(self, space: Words) -> None:
        """Become the tree over `space`, which has as many words as before."""
        changed = set((np.nonzero(space != self._space)[0] // BLOCK).tolist())
        self._space = space.copy()
        for block in changed:
            self._levels[0][block] = keccak256(self.block(block))
        for level, nodes in enumerate(self._levels[1:], start=1):
            changed = {node >> 1 for node in changed}
            for node in changed:
                nodes[node] = keccak256(self.node(level - 1, 2 * node) + self.node(level - 1, 2 * node + 1))

    def block(self, index: int) -> bytes:
        """The 256 bytes of a leaf."""
        return block_bytes(self._space[index * BLOCK : (index + 1) * BLOCK]).ljust(BLOCK_BYTES, b"\0")

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`; those of level 0 are the hashes of the blocks, that of level 24 is the root."""
        if level < len(self._levels):
            return self._levels[level][index] if index < len(self._levels[level]) else DEFAULTS[level]
        if index > 0:
            return DEFAULTS[level]
        node = self._levels[-1][0]
        for above in range(len(self._levels) - 1, level):
            node = keccak256(node + DEFAULTS[above])
        return node

    def root(self) -> bytes:
        """The root."""
        return self.node(DEPTH, 0)

    def path(self, block: int) -> list[bytes]:
        """The siblings of a block, from the leaf up."""
        return [self.node(level, block >> level ^ 1) for level in range(DEPTH)]


def climb(node: bytes, index: int, siblings: list[bytes]) -> bytes:
    """The root above leaf `index`, whose hash is `node`."""
    for level, sibling in enumerate(siblings):
        node = keccak256(sibling + node if index >> level & 1 else node + sibling)
    return node
