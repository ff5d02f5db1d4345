"""keccak-256 of many nodes or blocks, by native code where there can be some."""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.errors import NativeError
from assay.keccak import keccak256
from assay.native.cache import DiskCache, cache_key
from assay.native.compile import compile_ir
from assay.native.keccak import CONSTANTS, block_function, keccak_functions
from assay.native.memory import CodeArena
from assay.native.processor import vector_lanes

Bytes = NDArray[np.uint8]

NODE, BLOCK, HASH = 64, 256, 32
_ROOM = 1 << 18
"""Bytes of code."""
_FEW = 8
"""Rows for which native code is not worth a call."""


def hash_rows(rows: Bytes, cache: Path | None = None) -> Bytes:
    """The hashes [N, 32] of N rows of 64 or of 256 bytes; the folder `cache`, if there is one, keeps native code."""
    functions = _functions(cache) if len(rows) > _FEW else None
    if functions is None:
        hashes = [keccak256(row.tobytes()) for row in rows]
        return np.frombuffer(bytearray(b"".join(hashes)), np.uint8).reshape(-1, HASH)
    rows, target = np.ascontiguousarray(rows), np.empty((len(rows), HASH), np.uint8)
    functions.hash(rows, target)
    return target


class _Functions:
    def __init__(self, folder: Path | None) -> None:
        lanes = vector_lanes()
        text = keccak_functions(lanes) + block_function(lanes)
        key = cache_key("keccak of nodes and blocks", text)
        code = DiskCache(folder).code(key, lambda: compile_ir(text)) if folder else compile_ir(text)
        self._arena = CodeArena(_ROOM)
        addresses = self._arena.load(code)
        prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_uint64] * 4)
        self._by_size = {NODE: prototype(addresses["hash_nodes"]), BLOCK: prototype(addresses["hash_blocks"])}
        self._constants = np.array(CONSTANTS, np.uint64)

    def hash(self, rows: Bytes, target: Bytes) -> None:
        call = self._by_size[rows.shape[1]]
        call(rows.ctypes.data, target.ctypes.data, len(rows), self._constants.ctypes.data)


@cache
def _functions(folder: Path | None) -> _Functions | None:
    """Those of this process; None on a processor that there is no native code for."""
    try:
        return _Functions(folder)
    except NativeError:
        return None
