"""Hostile jobs, in processes that take what they can: the agent stops them, says why, and goes on."""
# ruff: noqa: ARG002

import os
import pickle
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.client.order import order_tasks
from assay.content import content_id
from assay.errors import IntegrityError, ResourceError
from assay.machines.base import FetchBlob, Machine, Outcome, Trace
from assay.machines.registry import Execution
from assay.store.local import LocalStore
from provider_agent.bench import Bench, shipped_machines
from provider_agent.confinement import Limits, describe_exit, memory_of
from provider_agent.executor import Executor, JobFaultError
from provider_agent.questions import Check, Produce
from provider_agent.wire import MAX_MESSAGE, Inbox, pack, unpack_answer
from provider_agent.worker import Failed, Finished, Running
from tests.unit.agent.jobs import workload
from tests.unit.agent.test_executor import ask, quiet  # noqa: F401
from tests.unit.machines.test_riscv import COPY, program

MIB = 1 << 20
REFERENCE = Execution(reference=True)
LIMITS = Limits(memory=256 * MIB, check_time=3.0, run_time=3.0)


def _devour() -> None:
    held = [bytearray(8 * MIB) for _ in range(1000)]
    raise AssertionError(len(held))


def _stall() -> None:
    time.sleep(600)


def _leave_a_child() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["CHILD"]).write_text(str(child.pid))
    time.sleep(600)


def _fill_the_disk() -> None:
    with Path(os.environ["CHILD"]).open("wb") as file:
        file.truncate(1 << 40)


def _tell_limits() -> None:
    limits = {name: resource.getrlimit(getattr(resource, name)) for name in ("RLIMIT_CORE", "RLIMIT_NOFILE")}
    status = Path("/proc/self/status").read_text()
    told = [*limits.values(), os.getpgid(0) == os.getpid(), Path("/proc/self/oom_score_adj").read_text().strip()]
    raise RuntimeError(f"{told} {re.search(r'NoNewPrivs:.1', status) is not None}")


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


_DEEDS: Mapping[str, Callable[[], None]] = {
    "devour": _devour,
    "stall": _stall,
    "child": _leave_a_child,
    "disk": _fill_the_disk,
    "limits": _tell_limits,
    "crash": _crash,
}


class HostileMachine:
    """Does to its process what a hostile job would, if there were a way out of the engine."""

    name = "counter"

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> Trace:
        _DEEDS[os.environ["DEED"]]()
        raise AssertionError

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        raise AssertionError


def hostile_machines(deed: str, child: str) -> Mapping[str, Machine]:
    os.environ.update(DEED=deed, CHILD=child)  # in the worker
    return {"counter": HostileMachine()}


class _Hostile:
    """Makes the machines; a class, since it has to be sent to the worker."""

    def __init__(self, deed: str, child: Path) -> None:
        self._deed, self._child = deed, str(child)

    def __call__(self) -> Mapping[str, Machine]:
        return hostile_machines(self._deed, self._child)


@pytest.fixture
def attack(tmp_path: Path, quiet: int) -> Iterator[Callable[[str], JobFaultError]]:  # noqa: F811
    """Has a job do something, and returns what the agent says of it."""
    executors: list[Executor] = []

    def perform(deed: str) -> JobFaultError:
        executors.append(Executor(_Hostile(deed, tmp_path / "child"), 1, LIMITS))
        with pytest.raises(JobFaultError) as told:
            ask(executors[-1], "job", workload(tmp_path), Check(), quiet)
        return told.value

    yield perform
    for executor in executors:
        executor.close()


def test_a_job_that_takes_too_much_memory_is_stopped_for_good(attack: Callable[[str], JobFaultError]) -> None:
    told = attack("devour")
    assert "more than the 256 of execution.worker_memory" in str(told)
    assert not told.may_pass


def test_a_job_that_takes_too_long_is_stopped_for_good(attack: Callable[[str], JobFaultError]) -> None:
    told = attack("stall")
    assert "not done after the 3 s of execution.check_time" in str(told)
    assert not told.may_pass


def test_a_job_goes_with_all_that_it_has_started(attack: Callable[[str], JobFaultError], tmp_path: Path) -> None:
    attack("child")
    child = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    deadline = time.monotonic() + 20
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_cannot_write_a_file_without_end(attack: Callable[[str], JobFaultError]) -> None:
    assert "File too large" in str(attack("disk"))


def test_a_worker_has_given_up_what_no_job_needs(attack: Callable[[str], JobFaultError]) -> None:
    assert "[(0, 0), (256, 256), True, '800'] True" in str(attack("limits"))


def test_a_worker_that_crashes_is_told_by_its_signal(attack: Callable[[str], JobFaultError]) -> None:
    told = attack("crash")
    assert "SIGSEGV: it touched memory that is not its own" in str(told)
    assert told.may_pass
    assert describe_exit(3) == "the worker ended with exit code 3"
    assert describe_exit(-250) == "the worker was ended by signal 250"


def test_what_tasks_leave_behind_is_bounded_for_all_of_them_together(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "blobs")
    tasks = [{"arguments": ["copy"], "stdin": content_id(text)} for text in (b"four", b"more")]
    order = order_tasks("riscv", program(COPY), tasks, [b"four", b"more"], rounds=5)
    order.upload(store)
    terms = {"spec_ids": (order.spec_id.hex(),), "task_root": order.task_root, "task_count": 2, "rounds": order.rounds}
    bench = Bench(
        workload(tmp_path, machine="riscv", **terms, maximum_output=17), shipped_machines(REFERENCE), lambda _: None
    )
    assert bench.compute(0).blobs[0] == b"four"
    with pytest.raises(ResourceError, match="more than 17 bytes of output"):
        bench.compute(1)
    with pytest.raises(ResourceError):
        Produce().answer(bench)


def test_memory_is_what_is_used_and_none_is_used_by_nobody() -> None:
    before = memory_of(os.getpid())
    held = bytearray(64 * MIB)
    assert 60 * MIB < memory_of(os.getpid()) - before < 80 * MIB, len(held)
    assert memory_of(2**22 + 1) == 0


# What a worker says


class Escape:
    """What a pickle can do where nobody looks."""

    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/escaped",)


@pytest.mark.parametrize(
    "said",
    [pickle.dumps(Escape()), pickle.dumps(Finished(Escape())), pickle.dumps(Path()), b"", b"rubbish", b"\x80\x04]\x94"],
)
def test_an_answer_that_is_none_is_refused_and_does_nothing(said: bytes) -> None:
    with pytest.raises(IntegrityError, match="a worker's answer"):
        unpack_answer(said)
    assert not Path("/tmp/escaped").exists()


@pytest.mark.parametrize("message", [Running(7), Finished((b"\x01" * 32, "text", 3)), Failed("no", True)])
def test_answers_arrive_whole_or_not_yet(message: Any) -> None:
    ours, theirs = socket.socketpair()
    inbox, packed = Inbox(ours), pack(message)
    theirs.sendall(packed[:7])
    assert list(inbox.messages()) == []  # it does not wait for the rest
    theirs.sendall(packed[7:] + packed)
    assert list(inbox.messages()) == [message, message]
    theirs.close()
    with pytest.raises(EOFError):
        list(inbox.messages())
    inbox.close()


def test_an_answer_that_is_announced_as_endless_is_refused_at_once() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall((MAX_MESSAGE + 1).to_bytes(4, "big"))
    with pytest.raises(IntegrityError, match="are the most"):
        list(Inbox(ours).messages())
    theirs.close()
    ours.close()
