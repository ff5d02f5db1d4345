"""The executor, over jobs that a test ends when it likes: batches, cancelling, failures."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, cast

import pytest

from assay.chain.records import JobId
from assay.errors import ChainError, InputError
from assay.machines.base import RunStatus
from assay.sdk import executor as module
from assay.sdk.executor import JobExecutor
from assay.sdk.job import Job
from assay.sdk.program import Run
from assay.sdk.result import Result

SOON = 20


class Jobs:
    """Posts jobs whose result is what they were given; holds each post back until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[Run]] = []
        self.started = threading.Semaphore(0)
        self.may_post = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, runs: Sequence[Run]) -> Job:
        self.started.release()
        assert self.may_post.acquire(timeout=SOON)
        if any(run.stdin == b"bad" for run in runs):
            raise InputError("it cannot be run")
        if any(run.stdin == b"poor" for run in runs):
            raise ChainError("no coins")
        self.batches.append(list(runs))
        return cast(Job, self._Job(self, list(runs)))

    class _Job:
        def __init__(self, jobs: "Jobs", runs: list[Run]) -> None:
            self.jobs, self.runs = jobs, runs

        def poll(self) -> list[Result] | None:
            if not self.jobs.may_end.is_set():
                return None
            if any(run.stdin == b"lost" for run in self.runs):
                raise ChainError("slashed")
            job = JobId("0x" + 40 * "1", 0, 1)
            return [
                Result(job, task, run.stdin, " ".join(run.arguments).encode(), RunStatus.EXITED, 0, "", True)
                for task, run in enumerate(self.runs)
            ]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    return Jobs()


@pytest.fixture
def executor(jobs: Jobs) -> Iterator[JobExecutor]:
    made = JobExecutor(jobs, max_tasks=3)
    yield made
    jobs.may_end.set()
    jobs.may_post.release(100)
    made.shutdown()


def in_progress(executor: JobExecutor, jobs: Jobs, *inputs: bytes) -> list[Future[Result]]:
    """Submit, the first one alone: the others wait while it is being posted."""
    futures = [executor.submit(b"first")]
    assert jobs.started.acquire(timeout=SOON)
    return futures + [executor.submit(each) for each in inputs]


def test_a_size_that_no_job_has_is_refused() -> None:
    for size in (0, 1025):
        with pytest.raises(InputError, match="1 to 1024 tasks"):
            JobExecutor(Jobs(), size)


def test_what_comes_while_a_job_is_posted_goes_together_into_the_next(executor: JobExecutor, jobs: Jobs) -> None:
    futures = in_progress(executor, jobs, b"1", b"2", b"3", b"4")
    jobs.may_post.release(100)
    assert [future.result(SOON).stdout for future in futures] == [b"first", b"1", b"2", b"3", b"4"]
    assert [len(batch) for batch in jobs.batches] == [1, 3, 1]


def test_what_is_not_posted_can_be_cancelled_and_what_is_being_posted_cannot(executor: JobExecutor, jobs: Jobs) -> None:
    first, second, third = in_progress(executor, jobs, b"2", b"3")
    assert not first.cancel()
    assert second.cancel()
    jobs.may_post.release(100)
    assert third.result(SOON).stdout == b"3"
    with pytest.raises(CancelledError):
        second.result(SOON)
    assert sum(map(len, jobs.batches)) == 2


def test_one_that_cannot_be_run_is_to_blame_alone(executor: JobExecutor, jobs: Jobs) -> None:
    first, good, bad = in_progress(executor, jobs, b"good", b"bad")
    jobs.may_post.release(100)
    assert [first.result(SOON).stdout, good.result(SOON).stdout] == [b"first", b"good"]
    with pytest.raises(InputError, match="cannot be run"):
        bad.result(SOON)


def test_a_post_that_fails_fails_for_all_that_were_in_it_and_for_no_others(executor: JobExecutor, jobs: Jobs) -> None:
    first, one, two = in_progress(executor, jobs, b"1", b"poor")
    jobs.may_post.release(100)
    assert first.result(SOON).stdout == b"first"
    for future in (one, two):
        assert isinstance(future.exception(SOON), ChainError)
    assert executor.submit(b"later").result(SOON).stdout == b"later"


def test_a_job_without_a_result_fails_its_futures(executor: JobExecutor, jobs: Jobs) -> None:
    jobs.may_post.release(100)
    assert isinstance(executor.submit(b"lost").exception(SOON), ChainError)


def test_shutdown_waits_for_what_is_posted_and_cancels_the_rest_if_asked(executor: JobExecutor, jobs: Jobs) -> None:
    jobs.may_end.clear()
    first, second = in_progress(executor, jobs, b"2")
    executor.shutdown(wait=False, cancel_futures=True)
    assert second.cancelled()
    with pytest.raises(RuntimeError):
        executor.submit(b"3")
    jobs.may_post.release(100)
    jobs.may_end.set()
    executor.shutdown()
    assert first.result(0).stdout == b"first"


def test_shutdown_without_cancelling_runs_what_waits(executor: JobExecutor, jobs: Jobs) -> None:
    futures = in_progress(executor, jobs, b"2", b"3", b"4", b"5")
    executor.shutdown(wait=False)
    jobs.may_post.release(100)
    executor.shutdown()
    assert [future.result(0).stdout for future in futures] == [b"first", b"2", b"3", b"4", b"5"]


def test_map_is_in_order_with_an_argument_from_each_further_iterable(executor: JobExecutor, jobs: Jobs) -> None:
    jobs.may_post.release(100)
    found = list(executor.map([b"a", b"b", b"c"], ["1", "2", "3"], ["x", "y"]))
    assert [(each.stdout, each.stderr) for each in found] == [(b"a", b"1 x"), (b"b", b"2 y")]


def test_map_gives_up_at_its_timeout_and_cancels_what_waits(executor: JobExecutor, jobs: Jobs) -> None:
    results: Any = executor.map([b"a", b"b", b"c", b"d", b"e"], timeout=0.01)
    with pytest.raises(TimeoutError):
        next(results)
    jobs.may_post.release(100)
    executor.shutdown()
    assert sum(map(len, jobs.batches)) < 5
