"""The state of the machine and its encoding (docs/machine.md, section 1)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from assay.errors import IntegrityError
from assay.keccak import keccak256

NO_RESERVATION = (1 << 64) - 1
NUMBERS = 38
ENCODING = struct.Struct(f">32s{NUMBERS}Q")


@dataclass(frozen=True)
class State:
    """All that a step depends on. Integers are unsigned 64-bit."""

    memory_root: bytes
    pc: int
    x: tuple[int, ...]
    """x1 to x31, in this order; x0 is no part of the state."""
    reservation: int
    mtvec: int
    mepc: int
    mcause: int
    mtval: int
    mscratch: int

    @property
    def numbers(self) -> tuple[int, ...]:
        """The 38 integers, in the order of the encoding."""
        trap_registers = (self.mtvec, self.mepc, self.mcause, self.mtval, self.mscratch)
        return (self.pc, *self.x, self.reservation, *trap_registers)

    @staticmethod
    def of(memory_root: bytes, numbers: Sequence[int]) -> "State":
        """The state of this memory and these 38 integers."""
        pc, *rest = numbers
        return State(memory_root, pc, tuple(rest[:31]), *rest[31:])

    def encode(self) -> bytes:
        """The 336 bytes of the state."""
        return ENCODING.pack(self.memory_root, *self.numbers)

    @staticmethod
    def decode(encoding: bytes) -> "State":
        """The state that `encode` gave these bytes; any 336 bytes are one."""
        if len(encoding) != ENCODING.size:
            raise IntegrityError(f"a state of the RISC-V machine has {ENCODING.size} bytes, not {len(encoding)}")
        memory_root, *numbers = ENCODING.unpack(encoding)
        return State.of(memory_root, numbers)

    def root(self) -> bytes:
        """The state root."""
        return keccak256(self.encode())
