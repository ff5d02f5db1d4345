"""What is derived from a dispute's history, and the proofs of its pairs."""

import pytest

from assay.dispute.game import ARITY, Answer, History, Side, commitment, pair_at
from assay.errors import InputError
from assay.keccak import keccak256
from tests.unit.dispute.board import Board, RefusedError, toy_referee

LIST = tuple(keccak256(bytes([place])) for place in range(ARITY))
OTHER = tuple(keccak256(bytes([place, 1])) for place in range(ARITY))
START = keccak256(b"start")


@pytest.mark.parametrize(
    ("opening", "answers"),
    [
        (LIST[:-1], ()),
        (LIST, (Answer(0, START, OTHER[:-1]),)),
        (LIST, (Answer(16, START, OTHER),)),
        (LIST, (Answer(0, START, OTHER),) * 3),
    ],
)
def test_a_history_that_no_game_allows_is_refused(opening: tuple[bytes, ...], answers: tuple[Answer, ...]) -> None:
    with pytest.raises(InputError):
        History(3, START, opening, answers)


def test_before_the_first_move_the_defender_answers_the_opening() -> None:
    history = History(3, START, LIST)

    assert (history.to_move, history.roots, history.agreed) == (Side.DEFENDER, LIST, START)
    assert (history.start, history.stride, history.remaining) == (0, 256, 2)


def test_each_move_narrows_the_segment_sixteenfold() -> None:
    history = History(3, START, LIST, (Answer(5, LIST[4], OTHER), Answer(15, OTHER[14], LIST)))

    assert (history.to_move, history.roots, history.agreed) == (Side.DEFENDER, LIST, OTHER[14])
    assert (history.start, history.stride, history.remaining) == (5 * 256 + 15 * 16, 1, 0)


@pytest.mark.parametrize("index", range(ARITY))
def test_a_pair_is_proved_by_its_siblings_and_by_no_others(index: int) -> None:
    board = Board(toy_referee, 3, START, bytes(32), LIST)
    pair = pair_at(board.history, index)

    for wrong in range(ARITY):
        if wrong != index:
            forged = type(pair)(wrong, pair.agreed, pair.before, pair.disputed, pair.siblings)
            with pytest.raises(RefusedError):
                board.move(forged, OTHER)
    board.move(pair, OTHER)


def test_the_siblings_of_a_pair_are_the_fewest() -> None:
    lengths = [len(pair_at(History(2, START, LIST), index).siblings) for index in range(ARITY)]

    assert lengths == [4, 3, 4, 3, 5, 3, 4, 3, 6, 3, 4, 3, 5, 3, 4, 3]


def test_a_commitment_binds_the_agreed_root_and_every_root() -> None:
    seen = {commitment(START, LIST), commitment(bytes(32), LIST)}
    for place in range(ARITY):
        changed = list(LIST)
        changed[place] = bytes(32)
        seen.add(commitment(START, changed))

    assert len(seen) == ARITY + 2
