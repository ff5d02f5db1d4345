"""The Merkle tree over the weights or over memory (docs/operators.md, section 5): 2^24 leaves of 64 words."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.keccak import keccak256
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import BLOCK, Addresses
from assay.native.hashing import Bytes, hash_rows

DEPTH = 24
BLOCK_BYTES = 4 * BLOCK
_AT_ONCE = 1 << 14
"""Blocks that are brought into the order of their bytes together."""


def _defaults() -> list[bytes]:
    nodes = [keccak256(bytes(BLOCK_BYTES))]
    for _ in range(DEPTH):
        nodes.append(keccak256(nodes[-1] * 2))
    return nodes


DEFAULTS = _defaults()
"""The node over words that are all zero, by level."""


def _bytes(node: bytes) -> Bytes:
    return np.frombuffer(node, np.uint8)


def block_bytes(space: Words) -> bytes:
    """The words of whole blocks as they are hashed: big-endian, and filled up with zeros."""
    return np.concatenate([space, np.zeros(-len(space) % BLOCK, np.uint32)]).astype(">u4").tobytes()


def _has_any(blocks: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether there is anything but zero in each row; eight bytes at a time, as NumPy is slow over short rows."""
    return np.asarray(blocks.view(np.uint64).any(axis=1))


class BlockTree:
    """The tree over words. Whoever changes one of them has to say so by `update`."""

    def __init__(self, space: Words, cache: Path | None = None) -> None:
        """The folder `cache`, if there is one, keeps the native code that hashes.

        The tree reads `space` where it is if that is made of whole blocks.
        """
        self._cache = cache
        count = max(1, -(-len(space) // BLOCK))
        missing = count * BLOCK - len(space)
        whole = np.concatenate([space, np.zeros(missing, np.uint32)]) if missing else space
        self._blocks = whole.reshape(-1, BLOCK)
        self._levels: list[Bytes] = []
        while count > 1:
            count += count & 1  # so that nodes lie in pairs
            self._levels.append(np.tile(_bytes(DEFAULTS[len(self._levels)]), (count, 1)))
            count //= 2
        self._levels.append(np.tile(_bytes(DEFAULTS[len(self._levels)]), (1, 1)))
        self.update(np.nonzero(_has_any(self._blocks))[0])

    def update(self, changed: Addresses) -> None:
        """Become the tree over what the words are now; `changed` are the numbers, ascending, of blocks that differ."""
        for part in (changed[start : start + _AT_ONCE] for start in range(0, len(changed), _AT_ONCE)):
            blocks = self._blocks[part]
            in_order = blocks if sys.byteorder == "big" else blocks.byteswap(inplace=True)
            self._levels[0][part] = hash_rows(in_order.view(np.uint8), self._cache)
        for below, nodes in pairwise(self._levels):
            pairs = below.reshape(-1, 2 * below.shape[1])
            changed = changed >> 1
            changed = changed[np.append(changed[:1] >= 0, changed[1:] != changed[:-1])]
            if len(changed) == len(pairs):
                nodes[: len(pairs)] = hash_rows(pairs, self._cache)
            else:
                nodes[changed] = hash_rows(pairs[changed], self._cache)

    def block(self, index: int) -> bytes:
        """The 256 bytes of a leaf."""
        return block_bytes(self._blocks[index]) if index < len(self._blocks) else bytes(BLOCK_BYTES)

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`; those of level 0 are the hashes of the blocks, that of level 24 is the root."""
        if level < len(self._levels):
            return bytes(self._levels[level][index]) if index < len(self._levels[level]) else DEFAULTS[level]
        if index > 0:
            return DEFAULTS[level]
        node = bytes(self._levels[-1][0])
        for above in range(len(self._levels) - 1, level):
            node = keccak256(node + DEFAULTS[above])
        return node

    def root(self) -> bytes:
        """The root."""
        return self.node(DEPTH, 0)

    def path(self, block: int) -> list[bytes]:
        """The siblings of a block, from the leaf up."""
        return [self.node(level, block >> level ^ 1) for level in range(DEPTH)]
