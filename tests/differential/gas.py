"""What one disputed step costs: the gas of a transaction that calls the referee, its calldata included (EIP-7623).

    python -m tests.differential.gas

measures again and writes `referee_gas.json`. The memory has 16 MiB of a program's data, a stack, an input and a kernel;
registers hold what those of a compiled program hold: addresses, small numbers and zeros.
"""

import json
from pathlib import Path
from random import Random
from typing import cast

from eth_typing import HexStr
from web3 import Web3

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE, Memory
from assay.machines.riscv.memory_tree import MemoryTree
from assay.machines.riscv.witness import record
from tests.differential.referee import Referee, step_call
from tests.support.anvil import anvil
from tests.unit.machines.assembler import ECALL, addi, amo, b_type, i_type, ld, r_type, sd

SNAPSHOT = Path(__file__).with_name("referee_gas.json")
MIB = 1 << 20

CODE, NEAR, HEAP, STACK, INPUT, KERNEL = 0x10000, 0x10020, 0x900008, 0x7FFFE100, 0x80100000, 0xE0000000
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

A0, A1 = 10, 11
LOAD, STORE, AMO = ld(A0, A1, 0), sd(A0, A1, 0), amo(0, 3, A0, A1, A0)

# Word, where it is fetched, and the address in a1.
STEPS = {
    "addi": (addi(A0, A0, 1), CODE, 0),
    "mulhu": (r_type(0x33, 3, 1, A0, A0, A1), CODE, 0),
    "beq": (b_type(0, 0, 0, 8), CODE, 0),
    "ecall": (ECALL, CODE, 0),
    "csrrw in the kernel": (i_type(0x73, 1, A0, A0, 0x340), KERNEL, 0),
    "ld from the same leaf": (LOAD, CODE, CODE + 8),
    "ld from the next leaf": (LOAD, CODE, NEAR),
    "ld from the heap": (LOAD, CODE, HEAP),
    "ld from the stack": (LOAD, CODE, STACK),
    "ld from the input in the kernel": (LOAD, KERNEL, INPUT),
    "sd to the same leaf": (STORE, CODE, CODE + 8),
    "sd to the next leaf": (STORE, CODE, NEAR),
    "sd to the heap": (STORE, CODE, HEAP),
    "sd to the stack": (STORE, CODE, STACK),
    "sd to the program in the kernel": (STORE, KERNEL, HEAP),
    "amoadd.d on the heap": (AMO, CODE, HEAP),
}


def measure(url: str) -> dict[str, int]:
    """The gas of each of `STEPS` on the node at `url`."""
    random = Random(0)
    memory = Memory()
    for start, size in POPULATED:
        for address in range(start, start + size, PAGE):
            memory.load(address, random.randbytes(PAGE))
    node, referee, tree = Web3(Web3.HTTPProvider(url)), Referee(url), MemoryTree(memory.pages())

    gas = {}
    for name, (word, pc, address) in STEPS.items():
        kept = memory.bytes_at(pc, 4)
        memory.load(pc, word.to_bytes(4, "little"))
        tree.follow(memory.pages())
        hart = Hart(memory, pc, [0, *(REGISTERS * 3)[:31], 0], mtvec=KERNEL)
        hart.x[A1] = address
        call = step_call(hart.state(tree.root()).root(), record(hart, tree))
        gas[name] = transact(node, referee, call)
        memory.load(pc, kept)
    return gas


def transact(node: Web3, referee: Referee, call: str) -> int:
    """The gas of a transaction that calls the referee."""
    sender = node.eth.accounts[0]
    sent = node.eth.send_transaction({"from": sender, "to": referee.address, "data": HexStr(call), "gas": 1_000_000})
    receipt = node.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1
    return receipt["gasUsed"]


def recorded() -> dict[str, int]:
    """The snapshot."""
    return cast(dict[str, int], json.loads(SNAPSHOT.read_text()))


def main() -> None:
    """Run as the module's documentation says."""
    with anvil("--hardfork", "prague") as url:
        gas = measure(url)
    for name, used in gas.items():
        print(f"{name:<34}{used:>8,}")
    SNAPSHOT.write_text(json.dumps(gas, indent=2) + "\n")


if __name__ == "__main__":
    main()
