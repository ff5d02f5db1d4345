"""Compare the arithmetic of the tensor referee with other implementations, value by value.

    python -m tests.differential.arithmetic --vectors 60000

fma is compared with the C library's, add, sub, mul, div and sqrt with the processor's (through NumPy), and the
elementary functions with `assay.machines.tensor.elementary`. Prints the mismatches, and the gas of each function.
"""

import argparse
import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from web3 import Web3

from assay.machines.tensor import binary32, elementary
from assay.machines.tensor.binary32 import Floats, Words
from tests.support.anvil import anvil
from tests.support.contracts import built, deploy

SOURCE = "tests/solidity/referees/TensorArithmetic.sol"
RUN = keccak(text="run(uint256,bytes)")[:4]
REQUEST = 800
"""Vectors to a call."""

Triple = tuple[Floats, Floats, Floats]


def libm_fma(a: Floats, b: Floats, c: Floats) -> Floats:
    """fmaf of the C library, with its NaNs made canonical."""
    fmaf = ctypes.CDLL(ctypes.util.find_library("m")).fmaf
    fmaf.restype, fmaf.argtypes = ctypes.c_float, [ctypes.c_float] * 3
    results = [fmaf(*triple) for triple in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)]
    return binary32.canonical(np.array(results, np.float32))


FUNCTIONS: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "fma": libm_fma,
    "add": lambda a, b, _: binary32.add(a, b),
    "sub": lambda a, b, _: binary32.sub(a, b),
    "mul": lambda a, b, _: binary32.mul(a, b),
    "div": lambda a, b, _: binary32.div(a, b),
    "sqrt": lambda a, *_: binary32.sqrt(a),
    "less": lambda a, b, _: binary32.less(a, b),
    "equal": lambda a, b, _: binary32.equal(a, b),
    "from_int": lambda a, *_: binary32.from_int(a.view(np.int32)),
    "to_int": lambda a, *_: binary32.to_int(a).view(np.float32),
    "exp": lambda a, *_: elementary.exp(a),
    "log": lambda a, *_: elementary.log(a),
    "tanh": lambda a, *_: elementary.tanh(a),
    "erf": lambda a, *_: elementary.erf(a),
    "sigmoid": lambda a, *_: elementary.sigmoid(a),
}
"""By the number that the contract gives them."""

EDGES = np.array(
    [
        *(0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x34000000, 0x33800000),
        *(0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FC12345, 0x4B000000, 0x4EFFFFFF, 0x4F000000, 0x4F000001),
        *(0x42B17218, 0x42B17219, 0x42D00000, 0x42D00001, 0x42AEAC50, 0x3F3504F2, 0x3F3504F3, 0x3F3504F4),
        *(0x3F1FFFFF, 0x3F200000, 0x40800000, 0x40800001, 0x3EFFFFFF, 0x1A000000, 0x20000000, 0x64000000),
    ],
    np.uint32,
)
ALL_EDGES = np.concatenate([EDGES, EDGES | np.uint32(0x80000000)])


def vectors(seed: int, count: int) -> Triple:
    """Operands: every pair of edges, then random bits, numbers of like size, and sums that nearly cancel."""
    random = np.random.default_rng(seed)
    a, b = (grid.ravel() for grid in np.meshgrid(ALL_EDGES, ALL_EDGES))
    edges = (a, b, random.choice(ALL_EDGES, a.size))
    bits = [random.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32) for _ in range(3)]
    near = [random.standard_normal(count).astype(np.float32) for _ in range(3)]
    scale = np.exp2(random.integers(-140, 120, count)).astype(np.float32)
    nudge = (1 + random.integers(-3, 4, count) * 2.0**-24).astype(np.float32)
    with np.errstate(all="ignore"):
        cancelling = [near[0] * scale, near[1], -(near[0] * scale * near[1]) * nudge]
    kinds = [bits, [n.view(np.uint32) for n in near], [n.view(np.uint32) for n in cancelling]]
    kind = random.integers(0, 3, count)
    mixed = [np.choose(kind, [operands[place] for operands in kinds]) for place in range(3)]
    first, second, third = (
        np.concatenate(parts)[:count].astype(np.uint32).view(np.float32) for parts in zip(edges, mixed, strict=True)
    )
    return first, second, third


@dataclass(frozen=True)
class Comparison:
    """What became of one function's vectors."""

    name: str
    count: int
    mismatches: list[tuple[int, int, int, int, int]]
    """a, b, c, what was expected and what the contract says, as bits."""
    gas: float
    """The mean of a call of the function."""


class Arithmetic:
    """The contract, deployed to the node at `url`."""

    def __init__(self, url: str) -> None:
        self._node = Web3(Web3.HTTPProvider(url))
        self._address = deploy(self._node, built(SOURCE))

    def run(self, number: int, operands: Triple) -> tuple[Words, int]:
        """The bits of the results, and the gas."""
        packed = np.stack([operand.view(np.uint32) for operand in operands], axis=1)
        results, gas = [], 0
        for start in range(0, len(packed), REQUEST):
            data = RUN + encode(["uint256", "bytes"], [number, packed[start : start + REQUEST].astype(">u4").tobytes()])
            answer = self._node.eth.call({"to": self._address, "data": data, "gas": 30_000_000})
            part, used = decode(["bytes", "uint256"], answer)
            results.append(np.frombuffer(part, ">u4").astype(np.uint32))
            gas += used
        return np.concatenate(results), gas

    def compare(self, name: str, operands: Triple) -> Comparison:
        """One function's results, beside those of the other implementation."""
        found, gas = self.run(list(FUNCTIONS).index(name), operands)
        expected = FUNCTIONS[name](*operands).view(np.uint32)
        a, b, c = (operand.view(np.uint32) for operand in operands)
        wrong = np.nonzero(found != expected)[0]
        rows = [(int(a[i]), int(b[i]), int(c[i]), int(expected[i]), int(found[i])) for i in wrong]
        return Comparison(name, len(found), rows, gas / len(found))


def compare_all(url: str, seed: int, count: int) -> Iterator[Comparison]:
    """Every function on `count` vectors."""
    arithmetic = Arithmetic(url)
    for number, name in enumerate(FUNCTIONS):
        yield arithmetic.compare(name, vectors(seed + number, count))


def main() -> None:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--vectors", type=int, default=60_000, help="for each function")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    failed = False
    with anvil("--hardfork", "prague") as url:
        for comparison in compare_all(url, arguments.seed, arguments.vectors):
            print(
                f"{comparison.name:<10}{comparison.count:>8} vectors {len(comparison.mismatches):>6} mismatches"
                f" {comparison.gas:>8.0f} gas",
                flush=True,
            )
            for row in comparison.mismatches[:5]:
                print("   ", *(f"{bits:08x}" for bits in row))
            failed |= bool(comparison.mismatches)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
