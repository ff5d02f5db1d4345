"""Random programs, legal and not: every step of them replays from its witness."""

import random

import pytest

from assay.machines.riscv.decode import TABLE
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv.witness import replay
from tests.unit.machines.assembler import START

STEPS = 100
PATTERNS = [pattern.replace(" ", "") for pattern, _, _ in TABLE]


def random_word(chance: random.Random) -> int:
    if chance.random() < 0.03:
        return chance.getrandbits(32)
    bits = chance.choice(PATTERNS)
    return int("".join(chance.choice("01") if bit == "." else bit for bit in bits), 2)


def random_trace(chance: random.Random) -> RiscvTrace:
    """Registers mostly point into the code or next to it, so that much is loaded, overwritten and jumped to."""
    memory = Memory()
    memory.load(START, b"".join(random_word(chance).to_bytes(4, "little") for _ in range(256)))
    addresses = [START + 8 * chance.randrange(128), chance.randrange(1 << 32) & ~7, chance.getrandbits(64)]
    x = [0, *(chance.choice(addresses) for _ in range(31)), 0]
    hart = Hart(Memory(), pc=START, x=x, mtvec=START + 4 * chance.randrange(256), reservation=chance.choice(addresses))
    return RiscvTrace(hart, memory.pages(), 16**3)


@pytest.mark.parametrize("seed", range(20))
def test_every_step_of_a_random_program_replays(seed: int) -> None:
    trace = random_trace(random.Random(seed))
    root = trace.state_root(0)
    for step in range(STEPS):
        following = trace.state_root(step + 1)
        assert replay(root, trace.witness(step)) == following, f"step {step}"
        root = following
