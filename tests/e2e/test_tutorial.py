"""The tutorial, run as it stands, by a shell."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.programs import require_toolchain

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "tutorial.md"
SAYS = (
    r"^42$",  # on this machine
    r" claimed ",
    r" finalized ",
    r"^42$",  # on Bob's
    r"all is as claimed(.|\n)*all is as claimed",
    r" slashed by step ",
    r"^no result that stands$",
)
"""What is printed, in this order."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path) -> None:
    require_toolchain()
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 9
    node, store = free_port(), free_port()
    # Other networks may be up beside this one, and the checkout is not the folder above.
    script = "\n".join(blocks)
    for written, here in (
        ("assay devnet --fund", f"assay devnet --port {node} --store-port {store} --fund"),
        ("http://127.0.0.1:8545", f"http://127.0.0.1:{node}"),
        ("http://127.0.0.1:8600", f"http://127.0.0.1:{store}"),
        ("PYTHONPATH=..", f"PYTHONPATH={CHECKOUT}"),
    ):
        assert written in script
        script = script.replace(written, here)
    home = tmp_path / "tutorial" / "home"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    shell = subprocess.Popen(
        ["bash", "-c", f"set -eu -o pipefail\n{script}"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = shell.communicate(timeout=400)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        stdout, stderr = shell.communicate()
    finally:
        # Whatever has become of the shell, nothing of it is left running.
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        stop = [sys.executable, "-m", "assay.cli.main", "devnet", "--home", str(home), "--stop"]
        subprocess.run(stop, env=environment, capture_output=True, check=False)
        said = "".join(log.read_text() for log in tmp_path.rglob("*.log"))
        logs = "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in tmp_path.rglob("*.log"))
    told = f"{stdout}\n--- stderr\n{stderr}\n{logs}"
    assert shell.returncode == 0, told
    assert not re.search("^FAIL", stdout, re.MULTILINE), told
    # The run ends long before its step limit, so lists are the same for several turns: each is answered at once.
    assert said.count(" answering ") >= 6, told
    assert "in vain" not in said, told
    place = 0
    for expected in SAYS:
        found = re.compile(expected, re.MULTILINE).search(stdout, place)
        assert found, f"{expected!r} is not said, or too early\n{told}"
        place = found.end()
