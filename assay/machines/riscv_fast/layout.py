"""What native code and Python share: the words of the context, slots, page states, and the reasons to stop.

The *context* is a block of 64-bit words: the machine's registers, and what native code has to know beside them.

A *slot* stands for one word of code that has been looked at. It is two 64-bit words: the address of the native code
that goes on from there, and the operands:

    bits  0-31   the immediate, sign-extended
    bits 32-39   rd, 32 (the sink) for x0
    bits 40-47   rs1
    bits 48-52   rs2
    bit  54      PLAIN: decoded, and no translation is entered here
    bit  55      COUNTED: translated code may jump here, so arrivals are counted
    bits 56-63   the operation: its place in `OPERATIONS`
"""

from enum import IntEnum

from assay.machines.riscv.decode import TABLE

MEMORY_SIZE = 1 << 32
PAGE = 4096
PAGES = MEMORY_SIZE // PAGE
MARGIN = 2 * PAGE
"""Bytes after the guest's memory that are mapped too, and nobody's: what is at a distance from an address of memory is
there or in memory, whatever has been tested. Pages of the margin have states."""
WORDS_PER_PAGE = PAGE // 4

UNREACHABLE = 0xFFFFFFFF00000003
"""The bits that no address of an instruction has."""


class Word(IntEnum):
    """The words of the context, by number. x0 to x31 and the sink are words 0 to 32."""

    PC = 33
    RESERVATION = 34
    MTVEC = 35
    MEPC = 36
    MCAUSE = 37
    MTVAL = 38
    MSCRATCH = 39
    REMAINING = 40  # steps to take
    PAGE_NUMBER = 41  # the page that a store waits for
    ZERO = 42  # what CSRs read as that do not exist
    NOWHERE = 43  # where writes to them go
    MEMORY = 44  # address of the guest's memory
    STATES = 45  # address of the page states
    CODE = 46  # address of the table of slots by page
    HANDLERS = 47  # address of the table of handlers by operation
    COUNTERS = 48  # address of the counters of arrivals
    REQUESTS = 49  # address of the list of places to translate
    REQUESTED = 50  # its length
    WRITTEN = 51  # address of the list of pages that have been captured
    CAPTURED = 52  # address of what was in them, page by page
    WRITTEN_COUNT = 53  # their length
    FRESH = 54  # untouched pages that may still be written to
    ENTER = 55  # address of the function that goes on at any pc
    RESUME = 56  # address of the function that has the interpreter do one instruction, whatever is translated
    COUNTED = 57  # address of the function that counts an arrival, and has the interpreter go on
    SCRATCH = 58  # a slot, and the one after it: for code that is not kept
    SCRATCH_NEXT = 60
    HOT = 62  # arrivals at a place before its translation is asked for
    SIZE = 63


class PageState(IntEnum):
    """How a page of the guest's memory stands. Native code stores to it at once only in one of these."""

    UNTOUCHED = 0  # all zero, and never written to
    CLEAN = 1  # not written to since the last snapshot
    CODE = 2  # instructions of it are kept in slots
    WRITABLE = 4  # written to since then: its earlier contents are captured. The only one with this bit


class Stop(IntEnum):
    """Why native code came back."""

    STEPS = 0  # all steps taken
    END = 1  # the next step changes nothing: a fixed point
    NEW_CODE = 2  # pc leads to a page without slots
    CODE_WRITE = 3  # the instruction at pc stores to a page of code: PAGE_NUMBER
    FULL = 4  # the list of captured pages is full
    MEMORY = 5  # the machine would touch more memory than it may


OPERATIONS = tuple(execute.__name__ for _, _, execute in TABLE)
"""Every instruction; its number is its row in the decoder's table."""

FUNCTION = "region"
"""The name of a translation's one function."""

ILLEGAL = len(OPERATIONS)
UNKNOWN = ILLEGAL + 1
"""The operation of a slot whose word has not been decoded."""
CROSSING = UNKNOWN + 1
"""The operation of the slot after the last of a page: the next page's first."""
HANDLERS = (*(f"do_{name}" for name in OPERATIONS), "do_illegal", "unknown", "crossing")
"""The native functions of the operations, by their numbers."""

SLOT = 16
OPERATION_SHIFT = 56
PLAIN = 1 << 54
COUNTED = 1 << 55
SLOTS_SIZE = SLOT * (WORDS_PER_PAGE + 1)

COUNTERS = 1 << 12
MAX_REQUESTS = 64
MAX_WRITTEN = 1 << 12
"""Pages captured before native code hands them over: 16 MiB."""
UNTOUCHED_FLAG = 1 << 31
"""Marks a page, in the list of those, that had never been written to."""
