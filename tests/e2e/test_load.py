"""A small load, as `make load` plays a large one: lies and kills among honest work, and every token accounted for."""

from pathlib import Path

from tests.load.__main__ import load, parser


def test_a_small_load_comes_to_its_end_with_every_lie_slashed(tmp_path: Path) -> None:
    options = parser().parse_args(
        ["--jobs", "8", "--requesters", "4", "--providers", "2", "--verifiers", "1", "--lies", "0.125"]
    )
    figures = load(tmp_path, options)
    print(f"\nseed {options.seed}: {figures.report()}")
    assert figures.ends["FINALIZED"] == 7
    assert figures.ends.total() == 8
