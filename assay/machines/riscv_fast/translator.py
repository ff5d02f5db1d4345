"""What is hot gets translated, beside the run: LLVM works in a thread of its own, and what it made is put in place
between two slices of the run. When that happens makes no difference to what the machine does, only to how fast.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from assay.errors import NativeError
from assay.machines.riscv_fast.core import Core
from assay.machines.riscv_fast.layout import FUNCTION, PAGE
from assay.machines.riscv_fast.shelf import Shelf, Translated, runs_of
from assay.native.cache import DiskCache, cache_key
from assay.native.code import Code
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

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

    words: Mapping[int, int]
    """The code that it stands for."""
    translated: Translated
    code: Code


class Translator:
    """The translations of one core's code."""

    def __init__(
        self, core: Core, cache: DiskCache | None = None, background: bool = True, patience: int = PATIENCE
    ) -> None:
        """Without `background`, a run waits for each translation that it asks for."""
        self._core = core
        self._cache = cache
        self._shelf = None if cache is None else Shelf(core.memory, cache)
        self._background = background
        self._worker: ThreadPoolExecutor | None = None
        self._arena = CodeArena(ARENA)
        self._waiting: deque[int] = deque()
        self._working: tuple[int, Future[_Made | None]] | None = None
        self._asked: dict[int, int] = {}  # how often, by place
        self._entered: dict[int, Translated] = {}  # by entry
        self._added: deque[int] = deque()  # pages of code whose translations are still to be looked for
        self._refused: set[int] = set()
        self._patience = patience
        self.placed = 0
        """Translations that have been put in place."""
        core.between = self.poll
        core.forgotten = self.forget
        core.added = self.recall

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
            if self._background:
                self._working = pc, self._thread().submit(self._make, pc, self._entries())
                return
            self._take(pc, partial(self._make, pc, self._entries()))

    def recall(self, page: int) -> None:
        """Put in place what is kept of a page of code that control has come to, from earlier runs."""
        self._added.append(page)
        if self._shelf is None or len(self._added) > 1:
            return  # one at a time: a translation can bring other pages along
        while self._added:
            for translated, code in self._shelf.take(self._added[0]):
                for each in translated.pages:
                    if not self._core.code.has(each):
                        self._core.add_code(each)
                if all(self._core.code.has(each) for each in translated.pages):
                    self._core.code.know(translated.runs)
                    self._install(translated, code)
            self._added.popleft()

    def forget(self, page: int) -> None:
        """Drop the translations of code in a page."""
        for translated in [each for each in self._all() if page in each.pages]:
            self._drop(translated)
        self._refused = {pc for pc in self._refused if pc // PAGE != page}

    def close(self) -> None:
        """Translate no more. Waits for what LLVM is at."""
        if self._worker is not None:
            self._worker.shutdown(cancel_futures=True)

    def _thread(self) -> "ThreadPoolExecutor":
        """The thread that LLVM works in: there is none until there is work for it."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a start from the cache has no use for it

        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "translator")
        return self._worker

    def _wanted(self, pc: int) -> bool:
        if pc in self._entered or pc in self._refused or pc in self._waiting:
            return False
        if not any(pc in translated.inside for translated in self._entered.values()):
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
        # A start from the cache has no use for these.
        from assay.machines.riscv_fast.region import find_region  # noqa: PLC0415
        from assay.machines.riscv_fast.translate import translate  # noqa: PLC0415

        region = find_region(pc, self._core.code.executed, entries)
        if region is None:
            return None
        text, level = translate(region)
        key = "" if self._cache is None else cache_key(str(level), text)
        if self._cache is None:
            code = compile_ir(text, level)
        else:
            code = self._cache.code(key, lambda: compile_ir(text, level))
        runs, digest = runs_of(region.words)
        blocks, exits = tuple(region.blocks), tuple(region.exits)
        translated = Translated(pc, region.entries, blocks, exits, runs, digest, key)
        if self._shelf is not None and self._background:
            self._shelf.add(translated)  # at once: the run may be over before it is put in place
        return _Made(region.words, translated, code)

    def _take(self, pc: int, result: Callable[[], _Made | None]) -> None:
        """Put in place what `_make` made for `pc`."""
        try:
            made = result()
        except NativeError as error:
            _log.warning("the code at %#x stays interpreted: %s", pc, error)
            self._refused.add(pc)
            return
        if made is None:
            self._refused.add(pc)  # nothing that can be translated
            return
        if not self._core.code.unchanged(made.words):
            return
        self._install(made.translated, made.code)
        self.placed += 1
        if self._shelf is not None:
            page = pc // PAGE
            self._shelf.keep(page, [self._as_entered(each) for each in self._all() if each.place // PAGE == page])

    def _install(self, translated: Translated, code: Code) -> None:
        if len(code.text) + PAGE > self._arena.free:
            for other in self._all():
                self._drop(other)
            self._arena.clear()
        function = self._arena.load(code)[FUNCTION]
        for entry in translated.entries:
            self._core.code.install(entry, function)
            self._entered[entry] = translated
        self._core.code.count(translated.exits)

    def _all(self) -> list[Translated]:
        """The translations that are in place, each once."""
        return list({id(each): each for each in self._entered.values()}.values())

    def _as_entered(self, translated: Translated) -> Translated:
        """Without the entries that have become another's."""
        return replace(
            translated, entries=tuple(at for at in translated.entries if self._entered.get(at) is translated)
        )

    def _drop(self, translated: Translated) -> None:
        for entry in translated.entries:
            if self._entered.get(entry) is translated:
                del self._entered[entry]
                self._core.code.uninstall(entry)
