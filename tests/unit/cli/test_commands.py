"""The command line without a chain: what it refuses, how it says so, and what it documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from assay.chain.events import BondSlashed, JobEnded
from assay.chain.history import JobHistory
from assay.chain.records import End, Job, JobId, Terms
from assay.cli import jobs
from assay.cli.main import COMMANDS, EXIT_STATUS, NOT_FINALIZED, SECTIONS, cli
from assay.cli.session import Session
from assay.machines.base import Outcome, RunStatus
from assay.settings import CONFIG_KEYS
from tests.support.programs import program, require_toolchain

CHECKOUT = Path(__file__).resolve().parents[3]
DOCUMENTED = (CHECKOUT / "docs" / "cli.md").read_text()
ADD = '#include <stdio.h>\nint main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b); return a; }\n'


def assay(*arguments: str, home: Path | None = None, **environment: str) -> Result:
    defaults = {"ASSAY_HOME": str(home) if home else "/nonexistent", "ASSAY_PASSWORD": "a password"}
    result = CliRunner().invoke(cli, arguments, env={**defaults, **environment})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def commands_under(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands_under(command, (*path, name))
        else:
            yield (*path, name), command


ALL_COMMANDS = dict(commands_under(cli))


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_every_command_is_documented_with_all_its_options(path: tuple[str, ...]) -> None:
    heading = re.search(rf"^### `assay {' '.join(path)}\b.*?(?=^##|\Z)", DOCUMENTED, re.MULTILINE | re.DOTALL)
    assert heading, f"docs/cli.md has no section about `assay {' '.join(path)}`"
    shared = {f"--{key.replace('_', '-')}" for key in (*CONFIG_KEYS, "home")}
    for parameter in ALL_COMMANDS[path].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in shared:
                assert option in heading[0], f"{option} of `assay {' '.join(path)}` is not documented"


def test_every_setting_and_exit_status_is_documented() -> None:
    for key in CONFIG_KEYS:
        assert f"`{key}`" in DOCUMENTED
        assert f"ASSAY_{key.upper()}" in DOCUMENTED
    for _, status in EXIT_STATUS:
        assert re.search(rf"^\| {status} \|", DOCUMENTED, re.MULTILINE)


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_every_command_teaches_by_an_example(path: tuple[str, ...]) -> None:
    text = assay(*path, "--help").output
    assert "Example" in text or "Examples" in assay(path[0], "--help").output


def test_the_help_lists_every_command_and_each_is_where_it_says() -> None:
    text = assay("--help").output
    for commands in SECTIONS.values():
        for name, (_, summary) in commands.items():
            assert re.search(rf"^  {name} +{re.escape(summary)}$", text, re.MULTILINE)
    assert {path[0] for path in ALL_COMMANDS} == set(COMMANDS)


@pytest.mark.parametrize("amount", ["-1", "1e3", "x", "0.1234567890123456789", str(10**30)])
def test_an_amount_that_is_none_is_wrong_usage(amount: str) -> None:
    result = assay("stake", "--", amount)
    assert result.exit_code == 2
    assert "Invalid value for 'AMOUNT'" in result.stderr


@pytest.mark.parametrize("period", ["0", "soon", "5w", "-3s", "1000000d"])
def test_a_time_that_is_none_is_wrong_usage(period: str) -> None:
    result = assay("submit", "x.elf", "--price", "1", "--run-period", period)
    assert result.exit_code == 2
    assert "is no time" in result.stderr


def test_an_output_without_waiting_is_wrong_usage() -> None:
    result = assay("submit", "x.elf", "--price", "1", "-o", "out")
    assert result.exit_code == 2
    assert "needs --wait" in result.stderr


@pytest.mark.parametrize("command", [("submit", "x.elf", "--price", "1", "--wait"), ("result", "0.1")])
def test_an_output_that_cannot_be_written_is_refused_before_anything_else(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    for target in (tmp_path / "none" / "out", tmp_path):
        result = assay(*command, "-o", str(target), home=tmp_path)
        assert (result.exit_code, f"{target} cannot be written" in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_challenge_period_that_is_too_short_for_verifiers_is_remarked(tmp_path: Path) -> None:
    (tmp_path / "x.elf").write_bytes(b"")
    order = ("submit", str(tmp_path / "x.elf"), "--price", "1", "--run-period", "60s")
    assert "no verifier has the time" in assay(*order, "--challenge-period", "59s", home=tmp_path).stderr
    for enough in ((), ("--challenge-period", "60s")):
        assert "verifier" not in assay(*order, *enough, home=tmp_path).stderr


@pytest.mark.parametrize("end", [End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT])
@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_claimed_for_a_slashed_job_is_not_written(
    end: End, as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = JobId("0x" + 40 * "1", 0, 1)
    terms = Terms("0x" + 40 * "3", bytes(32), 1, 3, 2 * 10**18, 10**20, 10, 20, 30, bytes(32))
    ended = JobEnded(job_id, end)
    slashed = BondSlashed(job_id, "0x" + 40 * "2", 5 * 10**19, 4 * 10**19)
    job = Job.posted(job_id, terms, 100)
    history = JobHistory(job, result_id=bytes(32), final_roots=(bytes(32),), ended=ended, slashed=slashed)
    monkeypatch.setattr(Session, "chain", None)
    monkeypatch.setattr(jobs, "read_job", lambda *_: (history, None))
    monkeypatch.setattr(jobs, "fetch_outcomes", lambda *_: [Outcome(RunStatus.ENDED, 0, b"a lie", b"")])

    output = tmp_path / "out"
    result = assay("result", str(job_id), "-o", str(output), *(["--json"] if as_json else []), home=tmp_path)

    assert result.exit_code == NOT_FINALIZED
    assert not output.exists()
    assert "2 refunded to the requester; 50 paid" in result.stderr
    assert "assay withdraw" in result.stderr
    if as_json:
        told = json.loads(result.stdout)
        assert (told["paid"], told["refunded"], told["slashed"], told["burned"]) == ("0", "2", "50", "40")
        assert told["status"] == end.name.lower().replace("_", " ")
    else:
        assert result.stdout == ""


def test_a_config_file_with_a_typing_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("rpc = 1")
    result = assay("wallet", "list", home=tmp_path)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: the config file ")


def test_without_a_deployment_the_user_learns_what_writes_one(tmp_path: Path) -> None:
    result = assay("jobs", "--all", home=tmp_path)
    assert result.exit_code == 1
    assert "assay devnet" in result.stderr


def test_a_wallet_is_made_once_and_listed(tmp_path: Path) -> None:
    made = json.loads(assay("wallet", "new", "alice", "--json", home=tmp_path).stdout)
    assert json.loads(assay("wallet", "list", "--json", home=tmp_path).stdout) == [made]
    assert made["address"] in assay("wallet", "list", home=tmp_path).stdout
    again = assay("wallet", "new", "alice", home=tmp_path)
    assert (again.exit_code, "already" in again.stderr) == (1, True)


def test_a_password_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for file, told in ((tmp_path / "none", "there is no password file"), (tmp_path, "cannot be read")):
        result = assay("wallet", "new", "alice", "--password-file", str(file), home=tmp_path)
        assert result.exit_code == 1
        assert told in result.stderr


def test_what_is_no_program_cannot_be_run_and_is_told_apart_from_a_program_that_fails(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    for path in (tmp_path / "text", tmp_path / "missing"):
        result = assay("run", str(path))
        assert result.exit_code == 125
        assert result.stderr.startswith("Error: ")


def test_a_program_runs_with_its_own_input_output_and_exit_status(tmp_path: Path) -> None:
    source = tmp_path / "add.c"
    source.write_text(ADD)
    (tmp_path / "add.elf").write_bytes(program(source))
    result = CliRunner().invoke(cli, ["run", "--stats", str(tmp_path / "add.elf"), "--stats"], input="7 35\n")
    assert result.stdout == "42\n"
    assert result.exit_code == 7
    assert re.search(r"^steps +[\d,]+$", result.stderr, re.MULTILINE)
    assert len(re.findall(r"0x[0-9a-f]{64}$", result.stderr, re.MULTILINE)) == 2
    short = CliRunner().invoke(cli, ["run", "--step-limit", "16", str(tmp_path / "add.elf")], input="7 35\n")
    assert short.exit_code == 124
    assert "--step-limit" in short.stderr


def test_a_program_that_wants_more_memory_than_it_may_have_cannot_be_run(tmp_path: Path) -> None:
    source = tmp_path / "add.c"
    source.write_text(ADD)
    (tmp_path / "add.elf").write_bytes(program(source))
    result = CliRunner().invoke(cli, ["run", "--memory", "0", str(tmp_path / "add.elf")], input="7 35\n")
    assert result.exit_code == 125
    assert "more than 0 MiB of memory" in result.stderr


def test_the_reference_and_the_engine_print_the_same_roots(tmp_path: Path) -> None:
    source = tmp_path / "add.c"
    source.write_text(ADD)
    (tmp_path / "add.elf").write_bytes(program(source))
    told = []
    for flags in (["--reference"], []):
        result = CliRunner().invoke(cli, ["run", "--stats", *flags, str(tmp_path / "add.elf")], input="7 35\n")
        told.append(re.findall(r"^(?:steps|initial|final).*$", result.stderr, re.MULTILINE))
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_a_source_file_is_built_and_run_with_its_options_and_its_environment(tmp_path: Path) -> None:
    require_toolchain()
    source = tmp_path / "greet.c"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        'int main(int n, char **a) { printf("%s %s %s %d\\n", a[0], a[1], getenv("NAME"), LEVEL); }\n'
    )
    result = assay("run", "-D", "LEVEL=3", "--env", "NAME=alice", str(source), "-D", home=tmp_path)
    assert (result.stdout, result.exit_code) == ("greet.elf -D alice 3\n", 0)
    missing = assay("run", str(source), home=tmp_path)
    assert missing.exit_code == 125
    assert "use of undeclared identifier 'LEVEL'" in missing.stderr


@pytest.mark.parametrize("flag", ["-lm", "-Wall", "--std=c11"])
def test_a_compilers_flag_is_wrong_usage_and_told_how_to_be_given(flag: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["build", "t.c", flag, "-o", str(tmp_path / "t.elf")])
    assert result.exit_code == 2
    assert f"for the compiler, write --flag={flag}" in result.stderr


def test_options_of_a_build_are_wrong_usage_with_a_program_that_is_built(tmp_path: Path) -> None:
    (tmp_path / "x.elf").write_bytes(b"")
    result = assay("run", "-O3", str(tmp_path / "x.elf"), home=tmp_path)
    assert result.exit_code == 2
    assert "x.elf is not a source file" in result.stderr


def test_a_program_is_built_from_several_files(tmp_path: Path) -> None:
    require_toolchain()
    (tmp_path / "main.c").write_text('#include "two.h"\nint main(void) { return two() + ONE; }\n')
    (tmp_path / "two.c").write_text("int two(void) { return 2; }\n")
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "two.h").write_text("int two(void);\n")
    sources = str(tmp_path / "main.c"), str(tmp_path / "two.c")
    options = "-DONE=1", f"-I{tmp_path / 'include'}", "-O2", "-o", str(tmp_path / "main.elf")
    assert assay("build", *sources, *options, home=tmp_path).exit_code == 0
    assert assay("run", str(tmp_path / "main.elf"), home=tmp_path).exit_code == 3
    refused = assay("build", *sources, "-O9", "-o", str(tmp_path / "main.elf"))
    assert (refused.exit_code, "'0', '1', '2', '3', 's', 'z'" in refused.stderr) == (2, True)


def test_a_fault_has_the_exit_status_that_a_shell_would_show(tmp_path: Path) -> None:
    require_toolchain()
    (tmp_path / "fault.c").write_text("int main(void) { *(volatile int *)0x100000000 = 1; }\n")
    result = assay("run", str(tmp_path / "fault.c"), home=tmp_path)
    assert result.exit_code == 128 + 11
    assert re.fullmatch(r"Segmentation fault at pc 0x[0-9a-f]+, address 0x100000000\n", result.stderr)


def test_a_program_that_breaks_its_output_is_told_apart(tmp_path: Path) -> None:
    require_toolchain()
    (tmp_path / "spoil.c").write_text("int main(void) { *(volatile long *)0xC0000010 = 1L << 60; }\n")
    result = assay("run", str(tmp_path / "spoil.c"), home=tmp_path)
    assert (result.exit_code, result.stdout) == (126, "")
    assert "that is no output" in result.stderr
