"""Jobs in processes of their own: what goes wrong in one is told, and touches nothing else."""
# ruff: noqa: ARG002

import os
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from assay.client.order import order_tasks
from assay.machines.base import FetchBlob, Machine, Outcome, Trace
from assay.machines.registry import Execution
from assay.store.local import LocalStore
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.executor import Done, Executor, JobFaultError
from provider_agent.questions import Check, Produce, Question, Verify
from tests.unit.agent.jobs import COUNT, OTHER, workload
from tests.unit.machines.test_riscv import COPY, program

T = TypeVar("T")


class HostileMachine:
    """Does what a bug in a machine, met by a hostile document, could do."""

    name = "counter"

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> Trace:
        if task == COUNT:
            raise RecursionError("too deep")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        raise AssertionError


def hostile_machines() -> Mapping[str, Machine]:
    return {"counter": HostileMachine()}


class Sleep:
    """A question that takes a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def answer(self, bench: Bench) -> float:
        time.sleep(self.seconds)
        return self.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sleep) and other.seconds == self.seconds


@pytest.fixture
def executor() -> Iterator[Executor]:
    executor = Executor(shipped_machines, slots=1)
    yield executor
    executor.close()


@pytest.fixture
def quiet() -> Iterator[int]:
    """A file descriptor that never becomes readable."""
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


def ask(executor: Executor, job: str, work: Workload, question: Question[T], quiet: int, *, urgent: bool = False) -> T:
    """Ask as the loop does, until there is an answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        reply = executor.ask(job, work, question, urgent)
        if isinstance(reply, Done):
            return reply.value
        executor.wait(5, quiet)
    raise AssertionError("no answer")


def test_a_machine_that_fails_on_a_document_fails_that_job_for_good(tmp_path: Path, quiet: int) -> None:
    executor = Executor(hostile_machines, slots=1)
    with pytest.raises(JobFaultError, match="RecursionError") as fault:
        ask(executor, "job", workload(tmp_path), Check(), quiet)
    executor.close()

    assert not fault.value.may_pass


def test_a_program_that_wants_more_memory_than_the_agent_gives_fails_its_job_for_good(
    tmp_path: Path, quiet: int
) -> None:
    store = LocalStore(tmp_path / "blobs")
    task = {"arguments": ["copy"], "stdin": None}
    order = order_tasks("riscv", program(COPY), [task], [], rounds=5)
    order.upload(store)
    work = workload(
        tmp_path, machine="riscv", spec_ids=(order.spec_id.hex(),), task_root=order.task_root, rounds=order.rounds
    )
    executor = Executor(partial(shipped_machines, Execution(memory=0, cache=tmp_path / "native")), slots=1)
    with pytest.raises(JobFaultError, match="more than 0 MiB of memory") as fault:
        ask(executor, "job", work, Produce(), quiet)
    executor.close()

    assert not fault.value.may_pass


def test_a_worker_that_is_killed_is_told_and_the_next_question_starts_another(tmp_path: Path, quiet: int) -> None:
    executor = Executor(hostile_machines, slots=1)
    with pytest.raises(JobFaultError, match="SIGKILL") as fault:
        ask(executor, "job", workload(tmp_path, [OTHER]), Check(), quiet)
    assert fault.value.may_pass
    with pytest.raises(JobFaultError, match="RecursionError"):
        ask(executor, "job", workload(tmp_path), Check(), quiet)
    executor.close()


def test_a_job_that_is_refused_and_one_whose_blobs_are_out_of_reach_differ(
    executor: Executor, tmp_path: Path, quiet: int
) -> None:
    with pytest.raises(JobFaultError) as refused:
        ask(executor, "bad", workload(tmp_path, task_root=bytes(32)), Check(), quiet)
    assert not refused.value.may_pass

    away = workload(tmp_path, store="http://127.0.0.1:9")
    with pytest.raises(JobFaultError) as unreachable:
        ask(executor, "away", away, Check(), quiet)
    assert unreachable.value.may_pass


def test_a_job_keeps_its_process_from_question_to_question(executor: Executor, tmp_path: Path, quiet: int) -> None:
    job = workload(tmp_path)

    ask(executor, "job", job, Check(), quiet)
    result = ask(executor, "job", job, Produce(), quiet)

    assert ask(executor, "job", job, Verify(result.final_roots), quiet) is None
    assert executor.retain({"another"}) == {"job"}


def test_only_so_many_idle_processes_stay_and_those_that_took_longest(tmp_path: Path, quiet: int) -> None:
    executor = Executor(shipped_machines, slots=1, kept=1)
    job = workload(tmp_path)
    for name, seconds in (("short", 0.0), ("long", 0.5), ("shorter", 0.1)):
        ask(executor, name, job, Sleep(seconds), quiet)
    assert executor.ask("busy", job, Sleep(30)) is None

    assert executor.retain({"short", "long", "shorter", "busy"}) == set()

    assert executor.retain(()) == {"long", "busy"}
    assert ask(executor, "short", job, Check(), quiet).size > 0  # and whoever needs one again gets it
    executor.close()


def test_a_full_house_lets_only_the_urgent_in(executor: Executor, tmp_path: Path, quiet: int) -> None:
    job = workload(tmp_path)
    assert executor.ask("long", job, Sleep(30)) is None

    assert executor.ask("waiting", job, Check()) is None
    assert ask(executor, "urgent", job, Check(), quiet, urgent=True).size > 0
    assert executor.retain({"waiting"}) == {"long", "urgent"}
    assert ask(executor, "waiting", job, Check(), quiet).size > 0


def test_a_sleep_ends_with_an_answer_or_a_signal(executor: Executor, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    executor.ask("job", workload(tmp_path), Check())
    started = time.monotonic()
    executor.wait(120, reader)
    assert time.monotonic() - started < 60

    os.write(writer, b"x")
    executor.wait(120, reader)
    assert time.monotonic() - started < 60
