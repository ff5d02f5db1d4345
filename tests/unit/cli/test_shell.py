"""What shells expect: completion, pipes that are closed, no colours where none are wanted."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli.main import COMMANDS, PIPE_CLOSED

ASSAY = [sys.executable, "-m", "assay.cli.main"]


def complete(home: Path, *words: str) -> list[str]:
    """What the shell offers for the last of these words."""
    typed = ["assay", *words]
    asked = {"_ASSAY_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    code = "import sys; sys.argv = ['assay']; from assay.cli.main import cli; cli(prog_name='assay')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | asked | {"ASSAY_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_are_completed_without_loading_them(tmp_path: Path) -> None:
    assert set(complete(tmp_path, "")) == set(COMMANDS)
    assert complete(tmp_path, "ver") == ["verify"]
    assert complete(tmp_path, "model", "su") == ["submit"]


def test_options_and_wallets_are_completed(tmp_path: Path) -> None:
    (tmp_path / "wallets").mkdir()
    for name in ("alice", "anna", "bob"):
        (tmp_path / "wallets" / f"{name}.json").touch()
    assert complete(tmp_path, "watch", "--ti") == ["--timeout"]
    assert complete(tmp_path, "watch", "--wallet", "a") == ["alice", "anna"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_takes_what_it_is_given(shell: str) -> None:
    script = subprocess.run([*ASSAY, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert "_ASSAY_COMPLETE" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_a_shell_that_is_none_of_them_is_wrong_usage() -> None:
    assert subprocess.run([*ASSAY, "completion", "csh"], capture_output=True, check=False).returncode == 2


def test_a_pipe_that_is_closed_ends_a_command_without_a_word() -> None:
    process = subprocess.Popen([*ASSAY, "completion", "zsh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(), said) == (PIPE_CLOSED, b"")


def test_a_terminal_gets_no_colours_if_it_wants_none(tmp_path: Path) -> None:
    """A spinner turns on the terminal while the program is built; NO_COLOR leaves only moves of the cursor."""
    code = "from assay.cli.output import waiting\nimport time\nwith waiting('busy'): time.sleep(0.3)\n"
    shown = {}
    for no_color in ("", "1"):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": no_color}
        subprocess.run([sys.executable, "-c", code], env=environment, stderr=theirs, check=True, cwd=tmp_path)
        os.close(theirs)
        shown[no_color] = os.read(ours, 65536)
        os.close(ours)
    assert b"busy" in shown["1"]
    assert b"\x1b[32m" in shown[""]
    assert b"\x1b[32m" not in shown["1"]
