"""The roots of weights: they take longer than many a run, so they are known from one process to the next."""

from hashlib import sha256
from pathlib import Path

from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.program import Program
from assay.native.cache import DiskCache

_SIZE = 32
"""Bytes of a root."""


class WeightRoots:
    """Computes roots, and keeps them where there is a folder for it.

    SAFETY: who believes a false root claims what nobody can defend. So they lie where nobody else can write, and by the
    content id under which the weights were fetched and checked.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """The folder of the cache; None keeps nothing."""
        self._folder = folder
        self._disk = DiskCache(folder) if folder is not None else None

    def of(self, program: Program) -> bytes:
        """The root of the tree over the weights of a program that was read."""
        if self._disk is None or program.weights_id is None:
            return BlockTree(program.weights, self._folder).root()
        key = sha256(b"weights root " + program.weights_id.encode()).hexdigest()
        known = self._disk.get(key)
        if known is not None and len(known) == _SIZE:
            return known
        root = BlockTree(program.weights, self._folder).root()
        self._disk.put(key, root)
        return root
