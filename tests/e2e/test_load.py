"""A small load, as `make load` plays a large one: lies and kills among honest work, and every token accounted for."""

from pathlib import Path

from tests.load.__main__ import load, parser, slot_of


def test_each_round_of_a_soak_uses_the_slots_of_the_one_before_again() -> None:
    rounds = [[slot_of(number, 7, 3) for number in range(7 * turn, 7 * turn + 7)] for turn in range(3)]

    assert len(set(rounds[0])) == 7
    for turn, places in enumerate(rounds):
        assert places == [(requester, slot, turn + 1) for requester, slot, _ in rounds[0]]


def test_a_small_load_comes_to_its_end_with_every_lie_slashed(tmp_path: Path) -> None:
    options = parser().parse_args(
        ["--jobs", "8", "--requesters", "4", "--providers", "2", "--verifiers", "1", "--lies", "0.125"]
    )
    figures = load(tmp_path, options)
    print(f"\nseed {options.seed}: {figures.report()}")
    assert figures.ends["FINALIZED"] == 7
    assert figures.ends.total() == 8
