"""A machine that runs: the registers, which change, and the memory that they work on."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assay.machines.riscv.memory import PAGE_BITS, MemoryAccess
from assay.machines.riscv.state import NO_RESERVATION, State
from assay.machines.riscv.traps import Trap

if TYPE_CHECKING:
    from assay.machines.riscv.instruction import Instruction

KERNEL_START = 0xE0000000
SINK = 32
"""Where instructions whose rd is x0 write to: a 33rd register that nothing reads."""


@dataclass(slots=True)
class Hart:
    """One hardware thread; as at the start of a task, if nothing else is said. All numbers are unsigned 64-bit."""

    memory: MemoryAccess
    pc: int = KERNEL_START
    x: list[int] = field(default_factory=lambda: [0] * 33)
    """x0 to x31, and the sink."""
    reservation: int = NO_RESERVATION
    mtvec: int = 0
    mepc: int = 0
    mcause: int = 0
    mtval: int = 0
    mscratch: int = 0

    code: dict[int, "Instruction"] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What has been fetched, by address, for speed; forgotten as soon as it may be outdated. No part of the state."""
    code_pages: set[int] = field(default_factory=set, init=False, repr=False, compare=False)

    def on(self, memory: MemoryAccess) -> "Hart":
        """A hart with the same registers, and a memory of its own."""
        return replace(self, memory=memory, x=self.x.copy())

    def store(self, address: int, size: int, value: int) -> None:
        """Write the low `size` bytes of `value` to memory. The address has been checked."""
        if address >> PAGE_BITS in self.code_pages:
            self.forget_code()
        self.memory.write(address, size, value & (1 << 8 * size) - 1)

    def forget_code(self) -> None:
        """Fetch everything anew."""
        self.code.clear()
        self.code_pages.clear()

    def take(self, trap: Trap) -> None:
        """Enter the trap handler (docs/machine.md, section 3)."""
        self.mepc, self.mcause, self.mtval = self.pc, int(trap.cause), trap.value
        self.pc = self.mtvec

    def state(self, memory_root: bytes) -> State:
        """The state, given the root of the memory."""
        return State(
            memory_root=memory_root,
            pc=self.pc,
            x=tuple(self.x[1:32]),
            reservation=self.reservation,
            mtvec=self.mtvec,
            mepc=self.mepc,
            mcause=self.mcause,
            mtval=self.mtval,
            mscratch=self.mscratch,
        )

    @staticmethod
    def of(state: State, memory: MemoryAccess) -> "Hart":
        """A hart in this state, given the memory behind its root."""
        return Hart(
            memory=memory,
            pc=state.pc,
            x=[0, *state.x, 0],
            reservation=state.reservation,
            mtvec=state.mtvec,
            mepc=state.mepc,
            mcause=state.mcause,
            mtval=state.mtval,
            mscratch=state.mscratch,
        )
