"""What runs the programs of the RISC-V machine on this host: the engine where there can be one, else the reference."""

import logging
from functools import cache
from pathlib import Path

from assay.errors import NativeError
from assay.machines.base import Trace
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.machine import RiscvMachine
from assay.machines.riscv.memory import PAGE, Pages
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
from assay.native import supported
from assay.native.cache import DiskCache

_log = logging.getLogger(__name__)


def fast_machine(max_memory: int, cache_folder: Path | None = None) -> RiscvMachine:
    """The machine on the engine, which keeps its native code in `cache_folder` for the next time.

    A program may write to `max_memory` bytes beyond those that it starts with; with more it ends by `ResourceError`.
    """

    def start(hart: Hart, pages: Pages, step_limit: int) -> Trace:
        kept = None if cache_folder is None else _disk_cache(cache_folder)
        try:
            if not supported():
                raise NativeError("it needs 64-bit Linux on an x86-64 or AArch64 processor")
            return FastTrace(hart, pages, step_limit, max_memory // PAGE, kept)
        except NativeError as fault:
            _log.warning("the engine cannot be used here, so the reference runs this some 500 times slower: %s", fault)
            return RiscvTrace(hart, pages, step_limit)

    return RiscvMachine(start)


@cache
def _disk_cache(folder: Path) -> DiskCache:
    """One a process: it knows what it has put there."""
    return DiskCache(folder)
