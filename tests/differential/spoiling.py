"""Witnesses that are not quite right."""

from dataclasses import dataclass, replace
from random import Random

from assay.errors import IntegrityError
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, LEAF
from assay.machines.riscv.state import NUMBERS
from assay.machines.riscv.witness import SIZES, replay
from tests.differential.compare import Step
from tests.differential.referee import REFUSED, Verdict


def spoilt(random: Random, step: Step) -> Step:
    """The step with something done to its witness: so that it is wrong, or, now and then, another one that is right."""
    witness = random.choice(SPOILING)(random, step)
    return replace(
        step, origin=f"{step.origin}, spoilt", witness=witness, expected=verdict(step.before.root(), witness)
    )


def verdict(prestate: bytes, witness: bytes) -> Verdict:
    """What the reference's own check says."""
    try:
        return replay(prestate, witness)
    except IntegrityError:
        return REFUSED


@dataclass(frozen=True)
class Pieces:
    """A witness taken to pieces."""

    sizes: int
    numbers: list[bytes]
    heads: list[tuple[int, bytes]]
    """Bitmap and leaf of the one or two paths; none where the fetch traps."""
    siblings: list[bytes]
    """Or the memory root where the fetch traps."""

    def encode(self) -> bytes:
        heads = (bitmap.to_bytes(4, "big") + leaf for bitmap, leaf in self.heads)
        return self.sizes.to_bytes(SIZES, "big") + b"".join((*self.numbers, *heads, *self.siblings))


def pieces(step: Step) -> Pieces:
    sizes = int.from_bytes(step.witness[:SIZES], "big")
    numbers, rest = [], step.witness[SIZES:]
    for place in range(NUMBERS):
        size = 1 << (sizes >> 2 * place & 3)
        numbers, rest = [*numbers, rest[:size]], rest[size:]
    heads: list[tuple[int, bytes]] = []
    while len(rest) % LEAF:  # each head is 36 bytes, all the rest are whole leaves
        heads, rest = [*heads, (int.from_bytes(rest[:4], "big"), rest[4:36])], rest[36:]
    return Pieces(sizes, numbers, heads, [rest[at : at + LEAF] for at in range(0, len(rest), LEAF)])


def shorter(random: Random, step: Step) -> bytes:
    return step.witness[: random.randrange(len(step.witness))]


def longer(random: Random, step: Step) -> bytes:
    return step.witness + random.randbytes(random.choice((1, 4, 31, 32, 36, 68)))


def with_a_bit_flipped(random: Random, step: Step) -> bytes:
    place = random.randrange(len(step.witness))
    return step.witness[:place] + bytes([step.witness[place] ^ 1 << random.randrange(8)]) + step.witness[place + 1 :]


def with_a_size_changed(random: Random, step: Step) -> bytes:
    whole = pieces(step)
    return replace(whole, sizes=whole.sizes ^ 1 << random.randrange(8 * SIZES)).encode()


def with_a_longer_number(random: Random, step: Step) -> bytes:
    """Right all the same, unless it is the sign that is not extended."""
    whole, place = pieces(step), random.randrange(NUMBERS)
    code, number = whole.sizes >> 2 * place & 3, whole.numbers[place]
    sign = b"\xff" if number[0] >> 7 and random.random() < 0.9 else b"\0"
    longer_code = random.randrange(code, 4)
    numbers = [*whole.numbers[:place], number.rjust(1 << longer_code, sign), *whole.numbers[place + 1 :]]
    return replace(whole, sizes=whole.sizes + (longer_code - code << 2 * place), numbers=numbers).encode()


def with_a_bitmap_changed(random: Random, step: Step) -> bytes:
    whole = pieces(step)
    if not whole.heads:
        return replace(whole, heads=[(0, bytes(LEAF))]).encode()
    heads, place = whole.heads.copy(), random.randrange(len(whole.heads))
    bitmap, leaf = heads[place]
    heads[place] = bitmap ^ 1 << random.randrange(32), leaf
    siblings = whole.siblings + [random.randbytes(LEAF)] * random.randrange(2)
    return replace(whole, heads=heads, siblings=siblings).encode()


def with_the_heads_changed(random: Random, step: Step) -> bytes:
    """One too many, too few, or swapped; with fewer siblings, or not."""
    whole = pieces(step)
    heads = random.choice((whole.heads[::-1], whole.heads[:1] * 2, whole.heads[:-1], whole.heads[1:]))
    cut = random.randrange(len(whole.siblings) + 1)
    return replace(whole, heads=heads, siblings=random.choice((whole.siblings, whole.siblings[:cut]))).encode()


def with_the_siblings_changed(random: Random, step: Step) -> bytes:
    """One left out, one put in, or two swapped."""
    siblings = pieces(step).siblings
    if not siblings:
        return step.witness
    place = random.randrange(len(siblings))
    left_out = [*siblings[:place], *siblings[place + 1 :]]
    put_in = random.randrange(len(siblings))
    changed = random.choice((left_out, [*siblings[:place], bytes(LEAF), *siblings[place:]]))
    if random.random() < 0.5:
        changed = [*left_out[:put_in], siblings[place], *left_out[put_in:]]
    return replace(pieces(step), siblings=changed).encode()


def with_a_default_given(random: Random, step: Step) -> bytes:
    """One more sibling, the one that it stands for anyway: right, unless the level is one that must not be given."""
    whole = pieces(step)
    if len(whole.heads) != 1:
        return step.witness
    [(bitmap, leaf)], level = whole.heads, random.randrange(DEPTH)
    if bitmap >> level & 1:
        return step.witness
    below = (bitmap & (1 << level) - 1).bit_count()
    siblings = [*whole.siblings[:below], DEFAULTS[level], *whole.siblings[below:]]
    return replace(whole, heads=[(bitmap | 1 << level, leaf)], siblings=siblings).encode()


SPOILING = (
    shorter,
    longer,
    with_a_bit_flipped,
    with_a_size_changed,
    with_a_longer_number,
    with_a_bitmap_changed,
    with_the_heads_changed,
    with_the_siblings_changed,
    with_a_default_given,
)
