"""Witnesses that are not quite right: the reference's own check and the referee refuse the same ones."""

from collections import Counter
from itertools import islice, pairwise
from random import Random

import pytest

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, LEAF
from assay.machines.riscv.state import ENCODING
from assay.machines.riscv.witness import replay
from tests.differential.compare import Step
from tests.differential.fuzz import random_steps
from tests.differential.referee import REFUSED, Referee, Verdict

STATE = ENCODING.size
HEAD = 4 + LEAF


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return list(islice(random_steps(seed=11), 400))


def verdict(prestate: bytes, witness: bytes) -> Verdict:
    """The reference's."""
    try:
        return replay(prestate, witness)
    except IntegrityError:
        return REFUSED


def parts(witness: bytes) -> list[tuple[int, bytes, list[bytes]]]:
    """Bitmap, leaf and siblings of the parts behind the state."""
    rest, found = witness[STATE:], []
    while rest:
        bitmap = int.from_bytes(rest[:4], "big")
        end = HEAD + LEAF * bitmap.bit_count()
        found.append((bitmap, rest[4:HEAD], [rest[at : at + LEAF] for at in range(HEAD, end, LEAF)]))
        rest = rest[end:]
    return found


def joined(witness: bytes, changed: list[tuple[int, bytes, list[bytes]]]) -> bytes:
    """The witness with its parts replaced."""
    behind = (bitmap.to_bytes(4, "big") + leaf + b"".join(siblings) for bitmap, leaf, siblings in changed)
    return witness[:STATE] + b"".join(behind)


def spoilt(random: Random, witness: bytes) -> bytes:
    """The witness with something done to it."""
    place = random.randrange(len(witness))
    kind = random.randrange(7)
    if kind == 0:
        return witness[:place]
    if kind == 1:
        return witness + random.randbytes(random.choice((1, 4, 31, 32, 36, 68)))
    if kind == 2:
        return witness[:place] + bytes([witness[place] ^ 1 << random.randrange(8)]) + witness[place + 1 :]
    found = parts(witness)
    if not found:
        return witness + bytes(HEAD)
    number = random.randrange(len(found))
    bitmap, leaf, siblings = found[number]
    if kind == 3:
        found[number] = (bitmap ^ 1 << random.randrange(32), leaf, siblings)
    elif kind == 4:
        found.insert(number, found[number])
    elif kind == 5:
        del found[number]
    else:
        found[number] = with_sibling(random, bitmap, leaf, siblings)
    return joined(witness, found)


def with_sibling(random: Random, bitmap: int, leaf: bytes, siblings: list[bytes]) -> tuple[int, bytes, list[bytes]]:
    """The part with one more sibling given: the one that it stands for anyway."""
    level = random.randrange(DEPTH)
    if bitmap >> level & 1:
        return bitmap, leaf, siblings
    below = (bitmap & (1 << level) - 1).bit_count()
    return bitmap | 1 << level, leaf, [*siblings[:below], DEFAULTS[level], *siblings[below:]]


def test_referee_refuses_what_the_reference_refuses(referee: Referee, steps: list[Step]) -> None:
    random = Random(5)
    tries = [(step, spoilt(random, step.witness)) for step in steps for _ in range(5)]
    verdicts = referee.step_all([(step.before.root(), witness) for step, witness in tries])

    seen: Counter[bool] = Counter()
    for (step, witness), poststate in zip(tries, verdicts, strict=True):
        assert poststate == verdict(step.before.root(), witness), f"{step.origin} with {witness.hex()}"
        assert poststate in (REFUSED, step.after.root())
        seen[poststate == REFUSED] += 1
    assert seen[True] > len(tries) / 2
    assert seen[False] > 0  # a sibling that is given although it is the default is right all the same


def test_witness_of_one_step_is_refused_for_another(referee: Referee, steps: list[Step]) -> None:
    different = [(one.before.root(), other.witness) for one, other in pairwise(steps)]
    different = [(root, witness) for root, witness in different if root != root_of(witness)]
    assert len(different) > len(steps) / 2
    assert set(referee.step_all(different)) == {REFUSED}


def root_of(witness: bytes) -> bytes:
    """The state root that a witness is for."""
    return keccak256(witness[:STATE])
