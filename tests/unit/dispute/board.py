"""A model of DisputeGame.sol in plain Python (rules only, no clocks, no money), and a toy machine to play about."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from assay.dispute.game import ARITY, Answer, History, Pair, Roots, Side, commitment
from assay.keccak import keccak256
from assay.machines.base import Outcome, Progress

Referee = Callable[[bytes, bytes], bytes]


class RefusedError(Exception):
    """The contract would revert."""


class Board:
    """One dispute. Every action is the side to move's; `winner` is set when it is over."""

    def __init__(self, referee: Referee, rounds: int, initial_root: bytes, claimed_root: bytes, opening: Roots) -> None:
        if opening[-1] == claimed_root:
            raise RefusedError("SameLastRoot")
        self.referee = referee
        self.history = History(rounds, initial_root, opening)
        self.commitment = commitment(initial_root, opening)
        self.winner: Side | None = None

    def move(self, pair: Pair, roots: Roots) -> None:
        if self.history.remaining == 0:
            raise RefusedError("NoMovesLeft")
        self._check(pair)
        if roots[-1] == pair.disputed:
            raise RefusedError("SameLastRoot")
        answer = Answer(pair.index, pair.before, roots)
        self.history = replace(self.history, answers=(*self.history.answers, answer))
        self.commitment = commitment(pair.before, roots)

    def step(self, pair: Pair, witness: bytes) -> None:
        if self.history.remaining:
            raise RefusedError("MovesLeft")
        self._check(pair)
        if self.referee(pair.before, witness) == pair.disputed:
            raise RefusedError("StepIsRight")
        self.winner = self.history.to_move

    def timeout(self) -> None:
        self.winner = self.history.to_move.other

    def _check(self, pair: Pair) -> None:
        if self.winner is not None:
            raise RefusedError("DisputeNotRunning")
        if not 0 <= pair.index < ARITY or (pair.index == 0 and pair.before != pair.agreed):
            raise RefusedError("PairNotInList")
        if keccak256(pair.agreed + _root_of(pair)) != self.commitment:
            raise RefusedError("PairNotInList")


def _root_of(pair: Pair) -> bytes:
    """The root that a pair's proof leads to: whatever node is not known is the next sibling."""
    siblings = list(pair.siblings)
    known = {pair.index: pair.disputed}
    if pair.index:
        known[pair.index - 1] = pair.before
    for _ in range(4):
        for place in sorted(known):
            if place ^ 1 not in known:
                if not siblings:
                    raise RefusedError("PairNotInList")
                known[place ^ 1] = siblings.pop(0)
        known = {place // 2: keccak256(known[place] + known[place + 1]) for place in known if place % 2 == 0}
    if siblings:
        raise RefusedError("PairNotInList")
    return known[0]


def toy_step(state: int) -> int:
    """A toy machine: a state is a number, which counts down to 0 and stays there."""
    return max(state - 1, 0)


def toy_root(state: int) -> bytes:
    return keccak256(state.to_bytes(32, "big"))


def toy_referee(prestate: bytes, witness: bytes) -> bytes:
    if keccak256(witness) != prestate:
        raise RefusedError("WrongWitness")
    return toy_root(toy_step(int.from_bytes(witness, "big")))


@dataclass(frozen=True)
class ToyTrace:
    """A run of the toy machine, altered after `lie_at` steps if that is given, and consistent from there."""

    start: int
    step_limit: int
    lie_at: int | None = None
    lie: int = 1

    def state(self, step: int) -> int:
        if self.lie_at is None or step <= self.lie_at:
            return max(self.start - step, 0)
        return max(max(self.start - self.lie_at - 1, 0) + self.lie - (step - self.lie_at - 1), 0)

    def state_root(self, step: int) -> bytes:
        assert 0 <= step <= self.step_limit
        return toy_root(self.state(step))

    def witness(self, step: int) -> bytes:
        return self.state(step).to_bytes(32, "big")

    def run(self, progress: Progress | None = None) -> int:
        raise NotImplementedError

    def outcome(self) -> Outcome:
        raise NotImplementedError

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        raise NotImplementedError
