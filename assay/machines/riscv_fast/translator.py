"""What is hot gets translated, beside the run: LLVM works in a thread of its own, and what it made is put in place
between two slices of the run. When that happens makes no difference to what the machine does, only to how fast.
"""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from assay.errors import NativeError
from assay.machines.riscv_fast.core import Core
from assay.machines.riscv_fast.layout import PAGE
from assay.machines.riscv_fast.region import Region, find_region
from assay.machines.riscv_fast.translate import FUNCTION, translate
from assay.native.cache import DiskCache, cache_key
from assay.native.code import Code
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena

ARENA = 64 << 20
"""Bytes of translations. When they are full, all are forgotten, and what is hot then is translated anew."""
MAX_WAITING = 1 << 10
MAX_ASKED = 1 << 14
"""Places that are remembered for having been asked for."""
PATIENCE = 3
"""How often a place within a translation has to be asked for until it becomes an entry of another one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Made:
    """A translation that is ready."""

    region: Region
    code: Code


@dataclass(frozen=True)
class _Installed:
    """What there is to know of a translation that is in place: a region takes ten times the memory of its code."""

    entries: tuple[int, ...]
    blocks: frozenset[int]
    pages: frozenset[int]


class Translator:
    """The translations of one core's code."""

    def __init__(
        self, core: Core, cache: DiskCache | None = None, background: bool = True, patience: int = PATIENCE
    ) -> None:
        """Without `background`, a run waits for each translation that it asks for."""
        self._core = core
        self._cache = cache
        self._workers = ThreadPoolExecutor(1, "translator") if background else None
        self._arena = CodeArena(ARENA)
        self._waiting: deque[int] = deque()
        self._working: tuple[int, Future[_Made | None]] | None = None
        self._asked: dict[int, int] = {}  # how often, by place
        self._entered: dict[int, _Installed] = {}  # by entry
        self._refused: set[int] = set()
        self._patience = patience
        self.placed = 0
        """Translations that have been put in place."""
        core.between = self.poll
        core.forgotten = self.forget

    def poll(self) -> None:
        """Put in place what is ready, and go on with what is wanted."""
        for pc in self._core.requests():
            if self._wanted(pc) and len(self._waiting) < MAX_WAITING:
                self._waiting.append(pc)
        if self._working is not None:
            pc, future = self._working
            if not future.done():
                return
            self._working = None
            self._take(pc, future.result)
        while self._waiting:
            pc = self._waiting.popleft()
            if pc in self._entered:
                continue
            if self._workers is not None:
                self._working = pc, self._workers.submit(self._make, pc, self._entries())
                return
            self._take(pc, partial(self._make, pc, self._entries()))

    def forget(self, page: int) -> None:
        """Drop the translations of code in a page."""
        for region in {id(region): region for region in self._entered.values() if page in region.pages}.values():
            self._drop(region)
        self._refused = {pc for pc in self._refused if pc // PAGE != page}

    def close(self) -> None:
        """Translate no more. Waits for what LLVM is at."""
        if self._workers is not None:
            self._workers.shutdown(cancel_futures=True)

    def _wanted(self, pc: int) -> bool:
        if pc in self._entered or pc in self._refused or pc in self._waiting:
            return False
        if not any(pc in region.blocks for region in self._entered.values()):
            return True
        # It is translated, but not entered there. That may be over soon, or go on for ever.
        if len(self._asked) >= MAX_ASKED:
            self._asked.clear()
        self._asked[pc] = self._asked.get(pc, 0) + 1
        return self._asked[pc] > self._patience

    def _entries(self) -> frozenset[int]:
        """Where control comes to a translation, or will."""
        return frozenset((*self._entered, *self._waiting))

    def _make(self, pc: int, entries: frozenset[int]) -> _Made | None:
        """Translate the region around a place. Runs beside the machine, whose code may change meanwhile."""
        region = find_region(pc, self._core.code.executed, entries)
        if region is None:
            return None
        text, level = translate(region)
        if self._cache is None:
            return _Made(region, compile_ir(text, level))
        return _Made(region, self._cache.code(cache_key(str(level), text), lambda: compile_ir(text, level)))

    def _take(self, pc: int, result: Callable[[], _Made | None]) -> None:
        """Put in place what `_make` made for `pc`."""
        try:
            made = result()
        except NativeError as error:
            _log.warning("the code at %#x stays interpreted: %s", pc, error)
            self._refused.add(pc)
            return
        if made is None or not self._core.code.unchanged(made.region.words):
            return
        region = made.region
        if len(made.code.text) + PAGE > self._arena.free:
            for other in list(self._entered.values()):
                self._drop(other)
            self._arena.clear()
        function = self._arena.load(made.code)[FUNCTION]
        installed = _Installed(region.entries, frozenset(region.blocks), region.pages)
        for entry in region.entries:
            self._core.code.install(entry, function)
            self._entered[entry] = installed
        self._core.code.count(region.exits)
        self.placed += 1

    def _drop(self, region: _Installed) -> None:
        for entry in region.entries:
            if self._entered.get(entry) is region:
                del self._entered[entry]
                self._core.code.uninstall(entry)
