"""The demo, as `make demo` plays it."""

import subprocess
import sys
from pathlib import Path

from tests.support.anvil import CHECKOUT

TIMEOUT = 900  # seconds; about two minutes on an idle machine


def test_the_story_goes_as_it_should_and_ends_with_every_token_accounted_for(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "demo", "--home", str(tmp_path / "demo")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    # Each is told only after the story has checked it against the chain, or a native run.
    for told in (
        "finalized   no challenge succeeded; 5 paid",
        "is the same as that of the program compiled for this machine",
        "slashed by step  the claim was proved wrong; 2 refunded to the requester; 50 paid",
        "The referee executed step",
        "No token was created or lost",
    ):
        assert told in played.stdout
    assert list((tmp_path / "demo" / "logs").iterdir())
