"""The native kernels, loaded once a process, and the tapes that they run from."""

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor_fast.ir import COLUMNS, kernels_ir
from assay.machines.tensor_fast.products import PANEL_VECTORS, tiles
from assay.native.cache import DiskCache, cache_key
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena
from assay.native.processor import vector_lanes

_ROOM = 1 << 18
"""Bytes of code."""

Tape = NDArray[np.int64]
"""Kernels one after the other, each with what it is given: [entries, COLUMNS]. Pointers are addresses in bytes."""
Given = int | NDArray[np.int64]


class Kernels:
    """What native code there is. Raises `NativeError` where there can be none: without fused additions."""

    def __init__(self, disk: DiskCache | None = None, lanes: int | None = None) -> None:
        """`lanes` are those of this processor's vectors if nothing else is said."""
        self.lanes = lanes or 2 * vector_lanes()
        """Numbers of a vector."""
        self.width = PANEL_VECTORS * self.lanes
        """Columns of a panel."""
        self.tiles = frozenset(tiles(self.lanes))
        """Rows and vectors of results that the kernels for products have."""
        text, bits = kernels_ir(self.lanes)
        key = cache_key("tensor kernels", text)
        code = compile_ir(text) if disk is None else disk.code(key, lambda: compile_ir(text))
        self._arena = CodeArena(_ROOM)
        self._code: Mapping[str, int] = self._arena.load(code)
        self._run = ctypes.CFUNCTYPE(None, *[ctypes.c_uint64] * 3)(self._code["run"])
        self._constants = np.array(bits, np.uint32)

    def tape(self, name: str, *given: Given) -> Tape:
        """A kernel, once for each number of the arrays among what it is given."""
        count = max((len(each) for each in given if isinstance(each, np.ndarray)), default=1)
        entries = np.zeros((count, COLUMNS), np.int64)
        entries[:, 0] = self._code[name]
        for column, each in enumerate(given, start=1):
            entries[:, column] = each
        return entries

    def run(self, tape: Tape) -> None:
        """Run a tape from its beginning to its end."""
        self._run(tape.ctypes.data, len(tape), self._constants.ctypes.data)


def pointer(array: NDArray[Any]) -> int:
    """Where the first number of an array is, in bytes."""
    return array.ctypes.data


@cache
def load_kernels(folder: Path | None = None) -> Kernels:
    """The kernels of this process; with a folder, their code is kept there."""
    return Kernels(DiskCache(folder) if folder else None)
