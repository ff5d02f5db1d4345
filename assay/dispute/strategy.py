"""How to play a dispute right: always dispute the first root that one's own trace contradicts.

A side that follows its trace, and whose trace the referee confirms, wins whatever the other side does: whoever lies has
to post a list that ends in another root than the trace does, so there is always a first wrong root in it, and the list
of stride 1 contains a step that the referee refutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from assay.dispute.game import ARITY, History, Pair, Roots, Side, pair_at
from assay.machines.base import Trace


@dataclass(frozen=True)
class Move:
    """Dispute `pair` of the opponent's last list, and post `roots` over the segment that leads to it."""

    pair: Pair
    roots: Roots


@dataclass(frozen=True)
class Step:
    """Have the referee execute the step from `pair.before`."""

    pair: Pair
    witness: bytes


def opening(trace: Trace, rounds: int) -> Roots:
    """The challenger's first list: `trace` over all 16^rounds steps."""
    return _list_over(trace, 0, ARITY ** (rounds - 1))


def next_action(history: History, side: Side, trace: Trace) -> Move | Step | None:
    """What `side`, whose trace is `trace`, does next.

    None if it is the other side's turn, or if the trace has nothing to dispute in the last list: then whoever posted it
    computed the same, and this side should never have entered the dispute.
    """
    if history.to_move is not side:
        return None
    index = first_disputed(history, trace)
    if index is None:
        return None
    pair = pair_at(history, index)
    at = history.start + index * history.stride
    if history.stride == 1:
        return Step(pair, trace.witness(at))
    return Move(pair, _list_over(trace, at, history.stride // ARITY))


def first_disputed(history: History, trace: Trace) -> int | None:
    """The place of the first root of the last list that `trace` contradicts; None if it contradicts none."""
    for index, step in enumerate(_steps(history.start, history.stride)):
        if trace.state_root(step) != history.roots[index]:
            return index
    return None


def _list_over(trace: Trace, start: int, stride: int) -> Roots:
    return tuple(trace.state_root(step) for step in _steps(start, stride))


def _steps(start: int, stride: int) -> Iterable[int]:
    """The steps at whose ends the roots of a list stand."""
    return range(start + stride, start + (ARITY + 1) * stride, stride)
