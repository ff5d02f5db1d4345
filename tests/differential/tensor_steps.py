"""Random steps of the tensor machine, by the reference and by its referee.

    python -m tests.differential.tensor_steps --steps 20000

An instruction of any kind stands over words that are edges of binary32, small integers and random bits, at an element
and a run anywhere in it; and some witnesses are spoilt.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

import numpy as np

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.instruction import MAX_AXES, REDUCTIONS, Axis, Instruction, Kind, Operand
from assay.machines.tensor.state import END, State, code_hashes
from assay.machines.tensor.witness import record, replay
from tests.differential.arithmetic import ALL_EDGES
from tests.differential.referee import REFUSED, REQUEST, Referee, Verdict
from tests.support.anvil import anvil

SOURCE = "contracts/referees/TensorReferee.sol"
WORDS = 64 * 37


@dataclass(frozen=True)
class TensorStep:
    """A step, and what the reference says of it."""

    instruction: Instruction | None
    prestate: bytes
    witness: bytes
    expected: Verdict
    spoilt: bool = False


def random_words(random: np.random.Generator) -> Words:
    """Words of every kind, in long stretches of one kind, so that a run is not always a NaN."""
    kinds = np.repeat(random.integers(0, 5, WORDS // 64), 64)
    normal = random.standard_normal(WORDS).astype(np.float32).view(np.uint32)
    edges = random.choice(ALL_EDGES, WORDS)
    integers = random.integers(-40, 40, WORDS).astype(np.int32).view(np.uint32)
    bits = random.integers(0, 1 << 32, WORDS, dtype=np.uint64).astype(np.uint32)
    return np.choose(kinds, [normal, normal, edges, integers, bits]).astype(np.uint32)


def random_instruction(random: Random) -> Instruction:
    """One that reads and writes mostly where there are words, and now and then far away or across the end."""

    def address() -> int:
        return random.randrange(WORDS) if random.random() < 0.95 else random.getrandbits(32)

    def stride() -> int:
        return random.choice((0, 1, -1, 64, random.randrange(-200, 200), random.randrange(-(1 << 31), 1 << 31)))

    sizes = [random.choice((0, 1, 2, 3, 7, 64, 1 << 20)) for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4, MAX_AXES)))]
    kind = random.choice(tuple(Kind))
    length = random.choice((0, 1, 2, 5, 63, 64, 65, 128, 200, 1 << 31)) if kind in REDUCTIONS else random.randrange(99)
    return Instruction(
        kind,
        address(),
        Operand(address(), random.random() < 0.5),
        Operand(address(), random.random() < 0.5),
        tuple(Axis(size, stride(), stride(), stride()) for size in sizes),
        length,
    )


def random_steps(seed: int) -> Iterator[TensorStep]:
    """For ever."""
    random, words = Random(seed), np.random.default_rng(seed)
    while True:
        weights, memory = BlockTree(random_words(words)), BlockTree(random_words(words))
        for _ in range(50):
            yield _random_step(random, weights, memory)


def _random_step(random: Random, weights: BlockTree, memory: BlockTree) -> TensorStep:
    instruction = random_instruction(random)
    encoding = instruction.encode()
    following = random.choice((END, random.randbytes(32)))
    if random.random() < 0.05:
        encoding = random.choice(
            (encoding[:-1], encoding + b"\0", bytes([random.randrange(max(Kind) + 1, 256)]) + encoding[1:])
        )
    if random.random() < 0.02:
        encoding, following = b"", END
    run = random.choice((0, instruction.runs - 1, random.randrange(instruction.runs)))
    element = random.choice((0, instruction.elements - 1, random.randrange(instruction.elements))) % (1 << 64)
    accumulator = int(random.choice((0, 0x3F800000, 0xFFFFFFFF, random.getrandbits(32)))) if run else 0
    code = code_hashes([encoding])[0] if following == END and encoding else END
    if encoding and following != END:
        code = keccak256(encoding + following)
    state = State(code, weights.root(), memory.root(), element, run, accumulator)
    witness = record(encoding, following, state, (weights, memory))
    step = TensorStep(Instruction.decode(encoding), state.root(), witness, replay(state.root(), witness))
    return _spoilt(random, step) if random.random() < 0.15 else step


def _spoilt(random: Random, step: TensorStep) -> TensorStep:
    witness = bytearray(step.witness)
    place = random.randrange(len(witness))
    choice = random.randrange(4)
    if choice == 0:
        witness[place] ^= 1 << random.randrange(8)
    elif choice == 1:
        del witness[place:]
    elif choice == 2:
        witness += random.randbytes(random.choice((1, 32)))
    else:
        del witness[place : place + random.choice((1, 32, 259))]
    try:
        expected: Verdict = replay(step.prestate, bytes(witness))
    except IntegrityError:
        expected = REFUSED
    return replace(step, witness=bytes(witness), expected=expected, spoilt=True)


def name_of(step: TensorStep) -> str:
    """What kind of step it is."""
    if step.spoilt:
        return "spoilt"
    return step.instruction.kind.name if step.instruction is not None else "no instruction"


def disagreements(steps: list[TensorStep], referee: Referee) -> list[tuple[TensorStep, Verdict]]:
    """The steps that the referee takes otherwise."""
    verdicts = referee.step_all([(step.prestate, step.witness) for step in steps])
    return [(step, verdict) for step, verdict in zip(steps, verdicts, strict=True) if verdict != step.expected]


def main() -> None:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kinds: Counter[str] = Counter()
    steps, wrong = random_steps(arguments.seed), 0
    with anvil("--hardfork", "prague") as url:
        referee = Referee(url, source=SOURCE)
        for _ in range(0, arguments.steps, REQUEST):
            batch = list(islice(steps, REQUEST))
            kinds.update(name_of(step) for step in batch)
            for step, verdict in disagreements(batch, referee):
                wrong += 1
                print(step.instruction, step.spoilt, step.expected, verdict, sep="\n  ")
    print(f"{sum(kinds.values())} steps, {wrong} differ", dict(kinds))
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
