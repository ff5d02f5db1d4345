"""What one disputed step costs: the gas of a transaction that calls the referee, its calldata included (EIP-7623).

    python -m tests.differential.gas

measures again and writes `referee_gas.json`. The memory has 16 MiB of a program's data, a stack, an input and a kernel.
Code and heap are in different halves of these 16 MiB, so that no two paths have more siblings. Registers hold what
those of a compiled program hold, addresses, small numbers and zeros; and the CSRs what the kernel leaves there.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from web3 import Web3

from assay.machines.riscv.bits import M64
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE, Memory
from assay.machines.riscv.memory_tree import MemoryTree
from assay.machines.riscv.state import NO_RESERVATION
from assay.machines.riscv.witness import record
from tests.differential.referee import Referee, step_call
from tests.differential.snapshot import read_snapshot, record_snapshot, transact
from tests.unit.machines.assembler import ECALL, addi, amo, b_type, i_type, r_type, s_type

SNAPSHOT = Path(__file__).with_name("referee_gas.json")
MIB = 1 << 20

CODE, NEAR, HEAP, STACK, INPUT, KERNEL = 0x10000, 0x10020, 0x900008, 0x7FFFE100, 0x80100000, 0xE0000000
FRAME = KERNEL + 0x3F80
POPULATED = ((0, 16 * MIB), (0x7FFFC000, 0x4000), (0x80000000, 0x2000), (INPUT, 0x40000), (KERNEL, 0x4000))
REGISTERS = (
    0x1041C,
    0x7FFFE0C0,
    0x2A8F0,
    0,
    7,
    0x5C3A,
    1,
    0x7FFFE1F0,
    0x90000,
    0,
    0x7FFFE1C8,
    0x1F4,
    0xFFFFFFFFFFFFFFFF,
)
WORDS = tuple(0x9E3779B1 * i % (1 << 32) - (1 << 31) & M64 for i in range(1, 17))
"""What a hash function has in half of the registers: any 32 bits, sign-extended."""

A0, A1 = 10, 11
LR, SC = 2, 3  # funct5
AMOS = {"add": 0, "swap": 1, "xor": 4, "or": 8, "and": 12, "min": 16, "max": 20, "minu": 24, "maxu": 28}


@dataclass(frozen=True)
class Measured:
    """A step: the word, where it is fetched, and the address that a1 holds, which is reserved."""

    word: int
    pc: int = CODE
    address: int = 0
    registers: tuple[int, ...] = REGISTERS * 3

    def hart(self, memory: Memory) -> Hart:
        """About to execute it."""
        x = [0, *self.registers[:31], 0]
        x[A1] = self.address
        return Hart(memory, self.pc, x, self.address or NO_RESERVATION, KERNEL, mepc=0x1F3A4, mcause=11, mscratch=FRAME)


ATOMICS = {f"amo{name}.d": amo(funct5, 3, A0, A1, A0) for name, funct5 in AMOS.items()}
ATOMICS |= {"lr.d": amo(LR, 3, A0, A1, 0), "sc.d": amo(SC, 3, A0, A1, A0)}
LOADS = {
    name: i_type(0x03, funct3, A0, A1, 0) for funct3, name in enumerate(("lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"))
}
STORES = {name: s_type(funct3, A1, A0, 0) for funct3, name in enumerate(("sb", "sh", "sw", "sd"))}

STEPS = {
    "addi": Measured(addi(A0, A0, 1)),
    "mulhu": Measured(r_type(0x33, 3, 1, A0, A0, A1)),
    "remw": Measured(r_type(0x3B, 6, 1, A0, A0, A1)),
    "beq": Measured(b_type(0, 0, 0, 8)),
    "ecall": Measured(ECALL),
    "csrrw in the kernel": Measured(i_type(0x73, 1, A0, A0, 0x340), KERNEL),
    "addi in a hash function": Measured(addi(A0, A0, 1), registers=WORDS + REGISTERS * 2),
    "ld from the same leaf": Measured(LOADS["ld"], address=CODE + 8),
    "ld from the next leaf": Measured(LOADS["ld"], address=NEAR),
    "ld from the stack": Measured(LOADS["ld"], address=STACK),
    "ld from the input in the kernel": Measured(LOADS["ld"], KERNEL, INPUT),
    "sd to the same leaf": Measured(STORES["sd"], address=CODE + 8),
    "sd to the next leaf": Measured(STORES["sd"], address=NEAR),
    "sd to the stack": Measured(STORES["sd"], address=STACK),
    "sd to the program in the kernel": Measured(STORES["sd"], KERNEL, HEAP),
    **{f"{name} on the heap": Measured(word, address=HEAP) for name, word in (LOADS | STORES | ATOMICS).items()},
    **{
        f"{name} on the heap in a hash function": Measured(word, address=HEAP, registers=WORDS + REGISTERS * 2)
        for name, word in (("lw", LOADS["lw"]), ("sw", STORES["sw"]), ("amomaxu.d", ATOMICS["amomaxu.d"]))
    },
}
PLAIN = ("addi", "mulhu", "remw", "beq", "ecall", "csrrw in the kernel", "addi in a hash function")


def measure(url: str) -> dict[str, int]:
    """The gas of each of `STEPS` on the node at `url`."""
    random = Random(0)
    memory = Memory()
    for start, size in POPULATED:
        for address in range(start, start + size, PAGE):
            memory.load(address, random.randbytes(PAGE))
    node, referee, tree = Web3(Web3.HTTPProvider(url)), Referee(url), MemoryTree(memory.pages())

    gas = {}
    for name, step in STEPS.items():
        kept = memory.bytes_at(step.pc, 4)
        memory.load(step.pc, step.word.to_bytes(4, "little"))
        tree.follow(memory.pages())
        hart = step.hart(memory)
        call = step_call(hart.state(tree.root()).root(), record(hart, tree))
        gas[name] = transact(node, referee, call)
        memory.load(step.pc, kept)
    return gas


def recorded() -> dict[str, int]:
    """The snapshot."""
    return read_snapshot(SNAPSHOT)


if __name__ == "__main__":
    record_snapshot(SNAPSHOT, measure)
