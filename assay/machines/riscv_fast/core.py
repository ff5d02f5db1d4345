"""The machine that runs: registers and memory, and the native code that steps them."""

import ctypes
from collections.abc import Callable

from assay.errors import ResourceError
from assay.machines.riscv.hart import SINK, Hart
from assay.machines.riscv_fast.code import CodePages, EmptyPages
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import (
    COUNTERS,
    CROSSING,
    HANDLERS,
    MAX_REQUESTS,
    OPERATION_SHIFT,
    PAGE,
    PAGES,
    Stop,
    Word,
)
from assay.machines.riscv_fast.version import engine_version
from assay.native.cache import DiskCache, cache_key
from assay.native.code import Code
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena, reserve

HOT = 1 << 16
"""Arrivals at a place before a translation of it is asked for."""
SLICE = 1 << 22
"""Steps between two looks at what else there is to do: milliseconds."""

Registers = tuple[int, ...]
"""The words of the context up to mscratch, in its order: all of the state that is not memory."""

Capture = Callable[[int, bytes | None], None]
"""Told what a page holds that is about to be written to; None for one that is all zero."""


class Core:
    """One machine. What it has no function of its own for is left to whoever owns it: see `between`."""

    def __init__(
        self,
        memory: GuestMemory,
        capture: Capture = lambda _, __: None,
        max_pages: int = PAGES,
        cache: DiskCache | None = None,
        hot: int = HOT,
    ) -> None:
        """A core at the start of a task. It may write to `max_pages` pages beyond those that are loaded."""
        self.memory = memory
        self._max_pages = max_pages
        self.capture = capture
        self.between: Callable[[], None] = lambda: None
        """Called between two slices of a run."""
        self.steps = 0
        """Steps taken so far."""
        self.forgotten: Callable[[int], None] = lambda _: None
        """Told of each page of code that is forgotten, since it is about to be written to."""
        self.added: Callable[[int], None] = lambda _: None
        """Told of each page whose code is kept from now on."""
        self._interpreter = _load_interpreter(cache)
        functions, self._start = self._interpreter.functions, self._interpreter.start
        self._handlers = self._interpreter.handlers
        self._counters = (ctypes.c_uint32 * COUNTERS)(*[hot] * COUNTERS)
        self._requests = (ctypes.c_uint64 * MAX_REQUESTS)()
        self.code = CodePages(memory, self._interpreter.empty, list(self._handlers))
        self._block, self._context = reserve(PAGE)
        self._words = (ctypes.c_uint64 * Word.SIZE).from_buffer(self._block)
        for word, value in {
            Word.MEMORY: memory.address,
            Word.STATES: memory.states_address,
            Word.WRITTEN: memory.written_address,
            Word.CAPTURED: memory.captured_address,
            Word.CODE: self.code.address,
            Word.HANDLERS: ctypes.addressof(self._handlers),
            Word.COUNTERS: ctypes.addressof(self._counters),
            Word.REQUESTS: ctypes.addressof(self._requests),
            Word.FRESH: max_pages,
            Word.HOT: hot,
            Word.ENTER: functions["enter"],
            Word.RESUME: functions["resume"],
            Word.COUNTED: functions["counted"],
            Word.SCRATCH_NEXT: functions["crossing"],
            Word.SCRATCH_NEXT + 1: CROSSING << OPERATION_SHIFT,
        }.items():
            self._words[word] = value
        self.set_hart(Hart(memory))

    @property
    def registers(self) -> Registers:
        """The registers, to be set again later."""
        return tuple(self._words[: Word.MSCRATCH + 1])

    @registers.setter
    def registers(self, values: Registers) -> None:
        self._words[: Word.MSCRATCH + 1] = list(values)

    def hart(self) -> Hart:
        """The machine as the reference sees it: a copy of the registers, over the same memory."""
        x, pc, others = self._words[:SINK], self._words[Word.PC], self._words[Word.RESERVATION : Word.MSCRATCH + 1]
        return Hart(self.memory, pc, [*x, 0], *others)

    def set_hart(self, hart: Hart) -> None:
        """Take over the registers of a hart."""
        traps = (hart.mtvec, hart.mepc, hart.mcause, hart.mtval, hart.mscratch)
        self.registers = (*hart.x, hart.pc, hart.reservation, *traps)

    def run(self, steps: int) -> tuple[int, bool]:
        """Take up to `steps` steps; how many were taken, and whether the machine is at its fixed point now.

        Raises `ResourceError` if the machine would write to more memory than it may; it has stopped before that.
        """
        words = self._words
        taken = 0
        while True:
            part = min(steps - taken, SLICE - taken % SLICE)
            words[Word.REMAINING] = part
            reason = self._start(self._context)
            taken += part - words[Word.REMAINING]
            self.steps += part - words[Word.REMAINING]
            if reason == Stop.STEPS:
                if taken == steps:
                    return taken, False
                self.between()
            elif reason == Stop.END:
                return taken, True
            elif reason == Stop.NEW_CODE:
                self.add_code(words[Word.PC] // PAGE)
            elif reason == Stop.CODE_WRITE:
                self._forget(words[Word.PAGE_NUMBER])
            elif reason == Stop.FULL:
                self.drain()
            else:
                raise ResourceError(
                    f"the program wants to write to more than {self._max_pages * PAGE / 2**20:g} MiB of memory beyond "
                    "what it starts with, which is all that it is given here: allow more"
                )

    def drain(self) -> None:
        """Hand on all that native code has captured."""
        for index, content in self.memory.drain(self._words[Word.WRITTEN_COUNT]):
            self.capture(index, content)
        self._words[Word.WRITTEN_COUNT] = 0

    def requests(self) -> list[int]:
        """Places whose translation native code has asked for since the last time."""
        count = self._words[Word.REQUESTED]
        self._words[Word.REQUESTED] = 0
        return self._requests[:count]

    def replaced(self, pages: set[int]) -> None:
        """Forget the code in pages whose content has been replaced."""
        for page in pages:
            if self.code.has(page):
                self.code.remove(page)
                self.forgotten(page)

    def add_code(self, page: int) -> None:
        """Keep what is known of the code in a page."""
        oldest = self.code.oldest()
        if oldest is not None:
            self.replaced({oldest})
        self.code.add(page)
        if self.code.has(page):
            self.added(page)

    def _forget(self, page: int) -> None:
        """A page of code is about to be written to. Native code tries again, and captures it as it does any page."""
        self.code.remove(page, rewritten=True)
        self.forgotten(page)


class _Interpreter:
    """The interpreter as it is loaded into this process: once for all machines."""

    def __init__(self, code: Code) -> None:
        self._arena = CodeArena(len(code.text))
        self.functions = self._arena.load(code)
        self.start = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.functions["start"])
        self.handlers = (ctypes.c_uint64 * len(HANDLERS))(*(self.functions[name] for name in HANDLERS))
        self.empty = EmptyPages(self.functions)


_interpreters: dict[str, _Interpreter] = {}
"""By key in the cache. It is the same one whether it was kept in a cache or not."""


def _load_interpreter(kept: DiskCache | None) -> _Interpreter:
    key = cache_key("interpreter", engine_version())
    if key not in _interpreters:
        _interpreters[key] = _Interpreter(_compiled() if kept is None else kept.code(key, _compiled))
    return _interpreters[key]


def _compiled() -> Code:
    from assay.machines.riscv_fast.interpreter import interpreter_ir  # noqa: PLC0415 - a start from the cache has no use

    # LLVM has next to nothing to gain by looking longer: functions are short, and end in tail calls.
    return compile_ir(interpreter_ir(), 1)
