"""What one disputed step of the tensor machine costs: the gas of a transaction that calls the referee.

The calldata is included, as EIP-7623 has it.

    python -m tests.differential.tensor_gas

measures again and writes `tensor_gas.json`. Weights and memory have 32 MiB each, all random, so that every path has as
many siblings as it can have; the instruction has four axes that do not lie as one; and reductions take a whole run and
write.
"""

from pathlib import Path

import numpy as np
from web3 import Web3

from assay.keccak import keccak256
from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.instruction import REDUCTIONS, Axis, Instruction, Kind, Operand
from assay.machines.tensor.state import State
from assay.machines.tensor.witness import record
from tests.differential.referee import Referee, step_call
from tests.differential.snapshot import read_snapshot, record_snapshot, transact
from tests.differential.tensor_steps import SOURCE

SNAPSHOT = Path(__file__).with_name("tensor_gas.json")
WORDS = 1 << 23
AXES = (Axis(2, 90, 70, 50), Axis(3, 1000, 2000, 3000), Axis(5, 10000, 20000, 30000), Axis(7, 640, 6400, 64000))


def step_of(kind: Kind) -> Instruction:
    """One that reads blocks far from each other."""
    a, b = Operand(0x2AAAC0), Operand(0x555540, weights=True)
    return Instruction(kind, 0x700000, a, b, AXES, length=64 if kind in REDUCTIONS else 3)


def measure(url: str) -> dict[str, int]:
    """The gas of a step of each kind, on the node at `url`."""
    random = np.random.default_rng(0)
    weights, memory = (random.standard_normal(WORDS).astype(np.float32).view(np.uint32) for _ in range(2))
    place = step_of(Kind.GATHER).place(17)[2]
    weights[place] = 1000  # a small index, and no more than a small number where it is taken for one
    trees = BlockTree(weights), BlockTree(memory)
    node, referee = Web3(Web3.HTTPProvider(url)), Referee(url, source=SOURCE)
    gas = {}
    for kind in Kind:
        encoding, following = step_of(kind).encode(), keccak256(b"what follows")
        state = State(keccak256(encoding + following), trees[0].root(), trees[1].root(), 17)
        gas[kind.name] = transact(node, referee, step_call(state.root(), record(encoding, following, state, trees)))
    return gas


def recorded() -> dict[str, int]:
    """The snapshot."""
    return read_snapshot(SNAPSHOT)


if __name__ == "__main__":
    record_snapshot(SNAPSHOT, measure)
