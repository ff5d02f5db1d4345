"""What a dispute looks like at any moment, derived from the lists that were posted (interfaces/IDisputeGame.sol).

A *list* is 16 state roots at equal strides over a segment of the trace: those after 1/16, 2/16, ... 16/16 of it. The
challenger opens with a list over all `16^rounds` steps; each move answers the last list with one over the segment that
leads to the first root it disputes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from assay.errors import InputError
from assay.keccak import keccak256
from assay.machines import merkle

ARITY = 16
"""Roots in a list."""

Roots = tuple[bytes, ...]
"""A list: 16 state roots of 32 bytes."""


class Side(IntEnum):
    """A party of a dispute. The values are the contract's."""

    CHALLENGER = 0
    DEFENDER = 1

    @property
    def other(self) -> "Side":
        return Side(1 - self)


@dataclass(frozen=True)
class Answer:
    """One move, as the chain tells it: what it disputes of the list before it, and the list that it posts."""

    index: int
    """Place of the disputed root in the list before, 0 to 15."""
    agreed: bytes
    """The state root that `roots` start from: the predecessor of the disputed one."""
    roots: Roots


@dataclass(frozen=True)
class History:
    """Everything that was posted in a dispute, oldest first."""

    rounds: int
    """The traces are compared over 16^rounds steps."""
    initial_root: bytes
    opening: Roots
    answers: tuple[Answer, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= len(self.answers) < self.rounds:
            raise InputError(f"a dispute of {self.rounds} rounds cannot have {len(self.answers)} moves")
        for roots in (self.opening, *(answer.roots for answer in self.answers)):
            if len(roots) != ARITY:
                raise InputError(f"a list has {ARITY} state roots, not {len(roots)}")
        if not all(0 <= answer.index < ARITY for answer in self.answers):
            raise InputError(f"a disputed root's place is 0 to {ARITY - 1}")

    @property
    def roots(self) -> Roots:
        """The last list: the one to answer."""
        return self.answers[-1].roots if self.answers else self.opening

    @property
    def agreed(self) -> bytes:
        """The state root that the last list starts from."""
        return self.answers[-1].agreed if self.answers else self.initial_root

    @property
    def to_move(self) -> Side:
        """Whose turn it is: the one who did not post the last list."""
        return Side.DEFENDER if len(self.answers) % 2 == 0 else Side.CHALLENGER

    @property
    def remaining(self) -> int:
        """Lists still to be posted before the step."""
        return self.rounds - 1 - len(self.answers)

    @property
    def stride(self) -> int:
        """Steps between two neighbouring roots of the last list."""
        return int(ARITY**self.remaining)

    @property
    def start(self) -> int:
        """The step that the last list starts from: `agreed` is the state root after so many steps."""
        strides = (ARITY ** (self.rounds - 1 - turn) for turn in range(len(self.answers)))
        return sum(answer.index * stride for answer, stride in zip(self.answers, strides, strict=True))


@dataclass(frozen=True)
class Pair:
    """Two neighbouring roots of the last list, proved against its commitment: the disputed transition."""

    index: int
    agreed: bytes
    before: bytes
    disputed: bytes
    siblings: tuple[bytes, ...]


def pair_at(history: History, index: int) -> Pair:
    """The pair that ends at `index` (0 to 15) of the last list, with its proof."""
    agreed, roots = history.agreed, history.roots
    before = agreed if index == 0 else roots[index - 1]
    return Pair(index, agreed, before, roots[index], tuple(merkle.prove_pair(roots, index)))


def commitment(agreed: bytes, roots: Sequence[bytes]) -> bytes:
    """What the game stores of a list: keccak256(agreed root, Merkle root of the list)."""
    return keccak256(agreed + merkle.root(roots))
