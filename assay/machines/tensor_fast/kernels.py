"""The native kernels, loaded once a process."""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import Addresses
from assay.machines.tensor_fast.ir import FUNCTIONS, INTERLEAVED, PANEL_VECTORS, kernels_ir
from assay.native.cache import DiskCache, cache_key
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena
from assay.native.processor import vector_lanes

_ROOM = 1 << 18
"""Bytes of code."""
_PARAMETERS = {**dict.fromkeys(FUNCTIONS, 4), "sum": 6, "largest": 6, "dot": 8, "pack": 6}
"""Of each function; of all others nine."""


class Kernels:
    """What native code there is, on arrays. Raises `NativeError` where there can be none: without fused additions."""

    def __init__(self, disk: DiskCache | None = None) -> None:
        self._lanes = 2 * vector_lanes()
        self.width = PANEL_VECTORS * self._lanes
        """Columns of a panel."""
        self._groups = (12, 4, 1) if self._lanes == 16 else (6, 2, 1)  # as many as there are registers for
        text, bits = kernels_ir(self._lanes, self._groups)
        key = cache_key("tensor kernels", text)
        code = compile_ir(text) if disk is None else disk.code(key, lambda: compile_ir(text))
        self._arena = CodeArena(_ROOM)
        self._code = {
            name: ctypes.CFUNCTYPE(None, *[ctypes.c_uint64] * _PARAMETERS.get(name, 9))(address)
            for name, address in self._arena.load(code).items()
        }
        self._constants = np.array(bits, np.uint32)

    def pack(self, space: Words, columns: Addresses, length: int) -> Words:
        """The panels of columns that begin at these places: [N / width, length, width]; the last one fills them up."""
        count = -(-len(columns) // self.width)
        panels = np.empty((count, length, self.width), np.uint32)
        self._call("pack", space, _filled(columns, count * self.width), count, length, panels)
        return panels

    def products(self, space: Words, rows: Addresses, panels: Words, target: Words, places: Addresses) -> None:
        """Row i of the products, as many as the panels have columns, goes to `places[i]` on in `target`."""
        count, length, _ = panels.shape
        done = 0
        for size in self._groups:
            groups = (len(rows) - done) // size
            if groups:
                self._call(f"product{size}", space, rows[done:], groups, panels, count, length, target, places[done:])
                done += groups * size

    def reduce(self, name: str, space: Words, rows: Addresses, length: int) -> Words:
        """The `sum` or the `largest` of each row."""
        groups = -(-len(rows) // INTERLEAVED)
        results = np.empty(groups * INTERLEAVED, np.uint32)
        self._call(name, space, _filled(rows, len(results)), groups, length, results)
        return results[: len(rows)]

    def dots(self, a_space: Words, a: Addresses, b_space: Words, b: Addresses, length: int) -> Words:
        """The product of each row of one operand with the row of the same number of the other one."""
        rows, groups = len(a), -(-len(a) // INTERLEAVED)
        results = np.empty(groups * INTERLEAVED, np.uint32)
        a, b = _filled(a, len(results)), _filled(b, len(results))
        self._call("dot", a_space, a, b_space, b, groups, length, results)
        return results[:rows]

    def function(self, name: str, a: Words) -> Words:
        """An elementary function of each number of a one-dimensional array."""
        a = np.ascontiguousarray(a)  # it may be a view of words that are apart
        result = np.empty_like(a)
        vectors, rest = divmod(len(a), self._lanes)
        if vectors:
            self._call(name, result, a, vectors)
        if rest:
            last, target = np.zeros(self._lanes, np.uint32), np.empty(self._lanes, np.uint32)
            last[:rest] = a[-rest:]
            self._call(name, target, last, 1)
            result[-rest:] = target[:rest]
        return result

    def _call(self, name: str, *arguments: "int | Words | Addresses") -> None:
        given = (each if isinstance(each, int) else _address(each) for each in (*arguments, self._constants))
        self._code[name](*given)


def _filled(places: Addresses, count: int) -> Addresses:
    """So many places; the last one fills them up."""
    return np.concatenate([places, np.repeat(places[-1:], count - len(places))])


def _address(array: NDArray[np.uint32] | NDArray[np.int64]) -> int:
    return array.ctypes.data


@cache
def load_kernels(folder: Path | None = None) -> Kernels:
    """The kernels of this process; with a folder, their code is kept there."""
    return Kernels(DiskCache(folder) if folder else None)
