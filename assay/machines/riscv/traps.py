"""Traps: how an instruction that cannot be executed ends (docs/machine.md, sections 3 and 4)."""

from enum import IntEnum


class Cause(IntEnum):
    """What mcause says (privileged, 3.1.15)."""

    INSTRUCTION_MISALIGNED = 0
    INSTRUCTION_FAULT = 1
    ILLEGAL_INSTRUCTION = 2
    BREAKPOINT = 3
    LOAD_MISALIGNED = 4
    LOAD_FAULT = 5
    STORE_MISALIGNED = 6
    STORE_FAULT = 7
    ECALL = 11


class Trap(Exception):  # noqa: N818 - a trap is not an error
    """Raised by an instruction before it has changed anything."""

    def __init__(self, cause: Cause, value: int) -> None:
        super().__init__(f"{cause.name}, mtval {value:#x}")
        self.cause = cause
        self.value = value
