"""Honest play always wins: rule 3 of the specification, on a model of the game."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dispute.game import ARITY, Roots, Side, pair_at
from assay.dispute.strategy import Move, Step, next_action, opening
from assay.machines.base import Trace
from tests.unit.dispute.board import Board, Referee, RefusedError, ToyTrace, toy_referee

LONG = 1 << 60
"""A start that no test counts down to 0: every two states of the run differ."""


def play(challenger: Trace, defender: Trace, rounds: int) -> Board:
    """A dispute about the toy machine, both sides following their traces."""
    return play_with(toy_referee, challenger, defender, rounds)


def play_with(referee: Referee, challenger: Trace, defender: Trace, rounds: int) -> Board:
    """Both sides follow their traces; the one that cannot act is timed out."""
    initial, claimed = defender.state_root(0), defender.state_root(ARITY**rounds)
    board = Board(referee, rounds, initial, claimed, opening(challenger, rounds))
    while board.winner is None:
        side = board.history.to_move
        act(board, next_action(board.history, side, challenger if side is Side.CHALLENGER else defender))
    return board


def act(board: Board, action: Move | Step | None) -> None:
    try:
        match action:
            case Move(pair, roots):
                board.move(pair, roots)
            case Step(pair, witness):
                board.step(pair, witness)
            case None:
                board.timeout()
    except RefusedError:
        board.timeout()


def test_a_challenger_that_computed_the_same_has_nothing_to_open_with() -> None:
    trace = ToyTrace(LONG, 256)

    with pytest.raises(RefusedError, match="SameLastRoot"):
        play(trace, trace, 2)


def test_a_list_that_ones_own_trace_confirms_leaves_nothing_to_dispute() -> None:
    honest, liar = ToyTrace(LONG, 256), ToyTrace(LONG, 256, lie_at=7)
    board = Board(toy_referee, 2, liar.state_root(0), liar.state_root(256), opening(honest, 2))

    assert next_action(board.history, Side.DEFENDER, honest) is None


def test_a_side_waits_while_it_is_the_others_turn() -> None:
    honest, liar = ToyTrace(LONG, 256), ToyTrace(LONG, 256, lie_at=7)
    board = Board(toy_referee, 2, liar.state_root(0), liar.state_root(256), opening(honest, 2))

    assert next_action(board.history, Side.CHALLENGER, honest) is None


@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
@pytest.mark.parametrize("honest_side", list(Side))
@pytest.mark.parametrize("where", ["first", "last", "random"])
def test_the_honest_side_wins_wherever_the_lie_is(rounds: int, honest_side: Side, where: str) -> None:
    last = ARITY**rounds - 1
    places = {"first": [0], "last": [last], "random": random.Random(rounds).sample(range(last), 5)}[where]
    for place in places:
        honest, liar = ToyTrace(LONG, last + 1), ToyTrace(LONG, last + 1, lie_at=place)
        sides = (honest, liar) if honest_side is Side.CHALLENGER else (liar, honest)

        board = play(*sides, rounds)

        assert board.winner is honest_side
        assert 1 + len(board.history.answers) == rounds


@given(rounds=st.integers(1, 15), honest_side=st.sampled_from(Side), start=st.integers(0, 1 << 64), data=st.data())
def test_the_honest_side_wins_against_any_consistent_lie(
    rounds: int, honest_side: Side, start: int, data: st.DataObject
) -> None:
    """Runs that end early, too; a lie that the fixed point would undo within the limit is none."""
    last = ARITY**rounds - 1
    place = data.draw(st.integers(0, last))
    honest = ToyTrace(start, last + 1)
    liar = ToyTrace(start, last + 1, lie_at=place, lie=last + 1)
    sides = (honest, liar) if honest_side is Side.CHALLENGER else (liar, honest)

    board = play(*sides, rounds)

    assert board.winner is honest_side
    assert board.history.start <= place < board.history.start + ARITY


@settings(max_examples=200)
@given(rounds=st.integers(1, 5), honest_side=st.sampled_from(Side), start=st.integers(0, 1 << 20), data=st.data())
def test_the_honest_side_wins_against_any_lists_at_all(
    rounds: int, honest_side: Side, start: int, data: st.DataObject
) -> None:
    """The opponent follows no trace: each of its roots is a true one, a near one or nonsense, as it likes."""
    last = ARITY**rounds
    honest = ToyTrace(start, last)

    def some_list(segment_start: int, stride: int, forbidden: bytes) -> Roots:
        def some_root(place: int) -> bytes:
            true = honest.state_root(segment_start + place * stride)
            near = honest.state_root(data.draw(st.integers(0, last)))
            return data.draw(st.sampled_from([true, near, bytes(32)]))

        roots = [some_root(place) for place in range(1, ARITY + 1)]
        if roots[-1] == forbidden:
            roots[-1] = b"\x01" * 32
        return tuple(roots)

    true_end = honest.state_root(last)
    if honest_side is Side.CHALLENGER:
        board = Board(toy_referee, rounds, honest.state_root(0), b"\x02" * 32, opening(honest, rounds))
    else:
        opened = some_list(0, last // ARITY, true_end)
        board = Board(toy_referee, rounds, honest.state_root(0), true_end, opened)
    while board.winner is None:
        history = board.history
        if history.to_move is honest_side:
            action = next_action(history, honest_side, honest)
            assert action is not None
            act(board, action)
        elif history.remaining:
            # The opponent disputes whichever root it likes, with a pair that is in the list.
            index = data.draw(st.integers(0, ARITY - 1))
            pair = pair_at(history, index)
            segment_start = history.start + index * history.stride
            board.move(pair, some_list(segment_start, history.stride // ARITY, pair.disputed))
        else:
            board.timeout()

    assert board.winner is honest_side
