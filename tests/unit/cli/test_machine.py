"""`assay machine run-elf`: what it says about a bare program, and with which exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assay.cli.main import cli
from tests.unit.machines.assembler import A0, AUIPC, T0, WFI, ZERO, addi, jal, sd, u_type
from tests.unit.machines.elves import Part, elf_file

START, TOHOST = 0x80000000, 0x80001000


def run_elf(folder: Path, *words: int, options: tuple[str, ...] = ("--bare",), tohost: str = "tohost") -> Result:
    code = b"".join(word.to_bytes(4, "little") for word in words)
    (folder / "test").write_bytes(elf_file([Part(START, code)], START, symbols={tohost: TOHOST}))
    return CliRunner().invoke(cli, ["machine", "run-elf", *options, str(folder / "test")])


def tells(value: int) -> tuple[int, ...]:
    return u_type(AUIPC, T0, 1), addi(A0, ZERO, value), sd(A0, T0, 0), jal(0, 0)


def test_without_bare_it_is_wrong_usage_and_names_the_other_way(tmp_path: Path) -> None:
    result = run_elf(tmp_path, WFI, options=())
    assert result.exit_code == 2
    assert "assay run" in result.stderr


def test_a_file_without_tohost_cannot_be_run(tmp_path: Path) -> None:
    result = run_elf(tmp_path, WFI, tohost="begin")
    assert (result.exit_code, result.stdout) == (125, "")
    assert result.stderr.startswith("Error: the program has no symbol `tohost`")


def test_a_file_that_is_not_there_cannot_be_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["machine", "run-elf", "--bare", str(tmp_path / "none")])
    assert result.exit_code == 125
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("words", "options", "status", "said"),
    [
        ((WFI,), (), 126, "came to rest at pc 0x80000000 after 1 steps"),
        ((jal(0, 0),), (), 126, "came to rest at pc 0x80000000 after 1 steps"),
        (tells(6), (), 126, "tohost holds 0x6, a request to a host that is not there"),
        ((addi(A0, A0, 1), jal(0, -4)), ("--step-limit", "9"), 124, "after 9 steps, at pc 0x80000004: allow more with"),
    ],
)
def test_a_run_that_tells_no_end_is_an_error(
    words: tuple[int, ...], options: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    result = run_elf(tmp_path, *words, options=("--bare", *options))
    assert (result.exit_code, result.stdout) == (status, "")
    assert said in result.stderr


def test_a_test_that_fails_is_named(tmp_path: Path) -> None:
    result = run_elf(tmp_path, *tells(2 * 17 + 1))
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == "failed: test 17 (tohost 0x23, 3 steps)\n"


def test_a_pass_alone_has_exit_status_0(tmp_path: Path) -> None:
    result = run_elf(tmp_path, *tells(1))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "passed (tohost 0x1, 3 steps)\n"


def test_json_says_the_same(tmp_path: Path) -> None:
    passed = run_elf(tmp_path, *tells(1), options=("--bare", "--json"))
    pc = hex(START + 12)
    assert passed.exit_code == 0
    assert json.loads(passed.stdout) == {
        "passed": True,
        "end": "tohost",
        "tohost": 1,
        "failed_test": None,
        "steps": 3,
        "pc": pc,
    }
    failed = run_elf(tmp_path, *tells(7), options=("--bare", "--json"))
    assert failed.exit_code == 1
    assert (json.loads(failed.stdout)["passed"], json.loads(failed.stdout)["failed_test"]) == (False, 3)
    rests = run_elf(tmp_path, WFI, options=("--bare", "--json"))
    assert rests.exit_code == 126
    assert (json.loads(rests.stdout)["passed"], json.loads(rests.stdout)["end"]) == (False, "fixed_point")
