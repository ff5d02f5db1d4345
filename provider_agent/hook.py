"""The operator's own program that has a say in which jobs are taken, and which claims are verified.

It gets one JSON object on standard input, and answers with its exit status: 0 is yes; 1 is no, with the reason on
standard output. Anything else, and being late, is a fault: no answer, so it is asked again later.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.amounts import format_tokens
from assay.chain.records import Job
from assay.errors import AssayError

LONGEST_REASON = 300
"""Characters of an answer that are kept."""


class HookFaultError(AssayError):
    """The program gave no answer."""


@dataclass(frozen=True)
class Answer:
    """What the program says."""

    yes: bool
    reason: str


def question(role: str, job: Job, machine: str | None) -> dict[str, Any]:
    """What the program is told of a job. Amounts are decimal tokens, periods seconds, hashes hexadecimal digits."""
    terms = job.terms
    return {
        "role": role,
        "job": str(job.job_id),
        "requester": job.job_id.requester,
        "provider": job.provider,
        "machine": machine,
        "referee": terms.referee,
        "price": format_tokens(terms.price),
        "bond": format_tokens(terms.bond),
        "task_count": terms.task_count,
        "step_limit": terms.step_limit,
        "run_period": terms.run_period,
        "challenge_period": terms.challenge_period,
        "spec_id": terms.spec_id.hex(),
        "task_root": terms.task_root.hex(),
    }


class Asking:
    """The program at work on one question."""

    def __init__(self, program: Path, asked: dict[str, Any], timeout: float) -> None:
        """Start it. Raises `HookFaultError` if that cannot be."""
        self._program = program
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        try:
            # A session of its own, so that it goes with all that it has started.
            self._process = subprocess.Popen(
                [str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as fault:
            raise HookFaultError(f"the hook {program} cannot be run: {fault.strerror}") from fault
        assert self._process.stdin is not None
        # It is shorter than a pipe is long, so nobody waits; a program may end without having read it.
        with suppress(OSError):
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.close()

    def answer(self, wait: bool = False) -> Answer | None:
        """What it says; None while it is at work. Raises `HookFaultError`."""
        if wait:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(self._deadline - time.monotonic(), 0))
        status = self._process.poll()
        if status is None and time.monotonic() < self._deadline:
            return None
        try:
            if status is None:
                raise HookFaultError(f"the hook {self._program} has not answered within {self._timeout:g} s")
            return self._understood(status)
        finally:
            self.end()

    def end(self) -> None:
        """End it, and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _understood(self, status: int) -> Answer:
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        said = self._process.stdout.read(4 * LONGEST_REASON) or b""
        reason = " ".join(said.decode(errors="replace").split())[:LONGEST_REASON]
        if status in (0, 1):
            return Answer(status == 0, reason or ("no reason given" if status else ""))
        raise HookFaultError(f"the hook {self._program} ended with status {status}: {reason or 'it said nothing'}")
