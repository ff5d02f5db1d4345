"""Whoever holds the lock runs; the second one is refused, and told who the first one is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import InputError
from provider_agent.lock import Lock


def test_the_second_holder_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "journal.lock"
    with Lock(path, "the journal"):
        with (
            pytest.raises(InputError, match=rf"the journal is in use.*process {os.getpid()}\)"),
            Lock(path, "the journal"),
        ):
            pass
        # Being refused must not have cost the first one its lock.
        with pytest.raises(InputError), Lock(path, "the journal"):
            pass


def test_a_released_lock_can_be_taken(tmp_path: Path) -> None:
    for _ in range(2):
        with Lock(tmp_path / "lock", "the journal"):
            pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    killed = """
import os, signal, sys
from pathlib import Path
from provider_agent.lock import Lock
Lock(Path(sys.argv[1]), "the journal").acquire()
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", killed, str(tmp_path / "lock")], check=False)
    assert ended.returncode == -9

    with Lock(tmp_path / "lock", "the journal"):
        pass


def test_the_holder_of_a_lock_is_told_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert Lock.holder(path) is None
    with Lock(path, "the journal"):
        assert Lock.holder(path) == os.getpid()
    assert Lock.holder(path) is None
