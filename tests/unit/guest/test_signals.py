"""What a program says about signals, and sends to itself."""

from pathlib import Path

from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run

SIGNALS = Path(__file__).parent / "programs" / "signals.c"


def signals(action: str) -> list[str]:
    outcome = run(SIGNALS, [action])
    assert (outcome.status, outcome.exit_status, outcome.stderr) == (RunStatus.EXITED, 0, b"")
    return outcome.stdout.decode().splitlines()


def test_actions_are_kept_and_an_ignored_signal_does_nothing() -> None:
    assert signals("actions") == [
        "default at first: 1, fine",
        "then what was set: 1, fine",
        "nothing set: 0, fine",
        "ignored: 1, fine",
        "of kill: -1, Invalid argument",
        "of kill, asked: 0, fine",
        "number 0: -1, Invalid argument",
        "number 65: -1, Invalid argument",
        "another size: -1, Invalid argument",
        "in the kernel: -1, Bad address",
        "raise what is ignored: 0, fine",
        "raise what is ignored by default: 0, fine",
        "number 65: -1, Invalid argument",
    ]


def test_a_blocked_signal_waits_until_it_is_unblocked() -> None:
    assert run(SIGNALS, ["masks"]) == Outcome(
        RunStatus.FAULTED,
        128 + 10,
        b"block: 0, fine\nask: 0, fine\nblocked: 100, fine\nno such way: -1, Invalid argument\n"
        b"raise: 0, fine\nsend: 0, fine\nignore: 1, fine\nset none: 0, fine\nwas blocked: 1, fine\n"
        b"block again: 0, fine\nnot ignored: 1, fine\nraise: 0, fine\n",
        b"Killed by a signal\n",
    )


def test_the_alternate_stack_is_kept() -> None:
    assert signals("stacks") == [
        "ask: 0, fine",
        "none: 1, fine",
        "set: 0, fine",
        "too small: -1, Out of memory",
        "ask: 0, fine",
        "is that: 1, fine",
    ]
