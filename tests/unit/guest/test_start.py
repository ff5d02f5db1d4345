"""What the kernel hands to a program at its start (guest/README.md)."""

from pathlib import Path

from assay.machines.base import RunStatus
from assay.machines.riscv.elf import parse_elf
from tests.support.programs import program, run

START = Path(__file__).parent / "programs" / "start.c"


def test_arguments_of_any_length_arrive_in_order() -> None:
    arguments = ["", "two words", "ünïcode", "x" * 5000]
    outcome = run(START, arguments)
    assert outcome.status is RunStatus.EXITED
    assert outcome.exit_status == 5
    lines = outcome.stdout.decode().splitlines()
    assert lines[:6] == [
        "argument 0: start",
        *(f"argument {i}: {argument}" for i, argument in enumerate(arguments, start=1)),
        "after the last: 1",
    ]


def test_two_hundred_arguments_arrive() -> None:
    lines = run(START, [str(i) for i in range(1, 200)]).stdout.decode().splitlines()
    assert lines[1:200] == [f"argument {i}: {i}" for i in range(1, 200)]


def test_the_program_finds_its_auxiliary_vector_and_its_break() -> None:
    executable = parse_elf(program(START))
    lines = run(START).stdout.decode().splitlines()
    assert lines[2:] == [
        "HOME: (null)",
        "page size: 4096",
        "random: not random bytes",
        "file: start",
        "secure: 0",
        f"entry: {executable.entry:#x}",
        f"headers: {executable.headers_address:#x}, {executable.header_count} of {executable.header_size} bytes",
        f"break: {executable.program_break:#x}",
        "stack: 0",
        "vector: 1",
    ]


def test_the_environment_follows_the_arguments() -> None:
    variables = ["HOME=/somewhere", "EMPTY=", "QUESTION=a=b", "ünïcode=" + "x" * 5000]
    lines = run(START, ["one"], environment=variables).stdout.decode().splitlines()
    assert lines[:8] == [
        "argument 0: start",
        "argument 1: one",
        "after the last: 1",
        *(f"variable: {variable}" for variable in variables),
        "HOME: /somewhere",
    ]
    assert "vector: 1" in lines
