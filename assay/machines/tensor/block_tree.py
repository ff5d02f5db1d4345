"""The Merkle tree over the weights or over memory (docs/operators.md, section 5): 2^24 leaves of 64 words."""

import sys
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
    """The tree over the words that it was last told of by `follow`."""

    def __init__(self, space: Words, cache: Path | None = None) -> None:
        """The folder `cache`, if there is one, keeps the native code that hashes."""
        self._cache = cache
        self._blocks = np.zeros((max(1, -(-len(space) // BLOCK)), BLOCK), np.uint32)
        self._blocks.reshape(-1)[: len(space)] = space
        self._levels: list[Bytes] = [np.tile(_bytes(DEFAULTS[0]), (len(self._blocks), 1))]
        self._hash(np.nonzero(_has_any(self._blocks))[0])
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            if len(below) & 1:
                below = np.concatenate([below, _bytes(DEFAULTS[len(self._levels) - 1])[None]])
            self._levels.append(hash_rows(below.reshape(-1, 2 * below.shape[1]), cache))

    def follow(self, space: Words) -> None:
        """Become the tree over `space`, which has as many words as before."""
        whole, rest = divmod(len(space), BLOCK)
        blocks = space[: whole * BLOCK].reshape(-1, BLOCK)
        changed = np.nonzero(_has_any(self._blocks[:whole] != blocks))[0]
        if rest and np.any(self._blocks[whole, :rest] != space[whole * BLOCK :]):
            changed = np.append(changed, whole)
        self._blocks[:whole] = blocks
        self._blocks[whole:, :rest] = space[whole * BLOCK :]
        self._hash(changed)
        for level, nodes in enumerate(self._levels[1:], start=1):
            changed = changed >> 1
            changed = changed[np.append(changed[:1] >= 0, changed[1:] != changed[:-1])]
            below = self._levels[level - 1]
            right = np.minimum(2 * changed + 1, len(below) - 1)
            pairs = np.concatenate([below[2 * changed], below[right]], axis=1)
            pairs[2 * changed + 1 == len(below), 32:] = _bytes(DEFAULTS[level - 1])
            nodes[changed] = hash_rows(pairs, self._cache)

    def _hash(self, changed: Addresses) -> None:
        """Hash these blocks anew."""
        for part in (changed[start : start + _AT_ONCE] for start in range(0, len(changed), _AT_ONCE)):
            blocks = self._blocks[part]
            in_order = blocks if sys.byteorder == "big" else blocks.byteswap(inplace=True)
            self._levels[0][part] = hash_rows(in_order.view(np.uint8), self._cache)

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
