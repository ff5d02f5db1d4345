"""Runs of a program as futures (PEP 3148): many small tasks, in as few jobs as they come in."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from assay.errors import InputError
from assay.sdk.job import PAUSE, Job
from assay.sdk.program import Input, Run, read_input
from assay.sdk.result import Result

Post = Callable[[Sequence[Run]], Job]
"""Posts a job with a task for each run."""

_Waiting = tuple[Run, "Future[Result]"]


class JobExecutor(Executor):
    """Futures that are runs of one program; made by `Client.executor`.

    What is submitted first is posted at once. What comes while a job is being posted, which takes a block or two, goes
    together into the next one, up to `max_tasks`: so a few thousand runs are a few dozen jobs, without anybody
    waiting for others to come. Tasks of one job are run and paid together; `max_tasks=1` makes each a job.

    A future that has not been posted can be cancelled; one that has been is running. Results are final and verified;
    exceptions are those of `Client.submit` and `Job.result`. Leave it by `shutdown`, or use it as a context manager: a
    process that ends before leaves its jobs behind, and they go on without it.
    """

    def __init__(self, post: Post, max_tasks: int) -> None:
        if not 1 <= max_tasks <= 1024:
            raise InputError(f"a job has 1 to 1024 tasks, not {max_tasks}")
        self._post = post
        self._max_tasks = max_tasks
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._open: queue.SimpleQueue[tuple[Job, list[Future[Result]]] | None] = queue.SimpleQueue()
        self._changing = threading.Lock()
        self._is_shut = False
        self._threads = [
            threading.Thread(target=target, name=f"assay-{target.__name__.strip('_')}", daemon=True)
            for target in (self._posting, self._following)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, stdin: Input, /, *args: str) -> "Future[Result]":  # type: ignore[override]
        """Run the program with this standard input, and these arguments after its name.

        Raises `RuntimeError` after `shutdown`, `InputError` for what is no input.
        """
        run = Run(args, read_input(stdin))
        with self._changing:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future: Future[Result] = Future()
            self._waiting.put((run, future))
            return future

    def map(  # type: ignore[override]
        self,
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,  # noqa: ARG002 - written for others
    ) -> Iterator[Result]:
        """As `concurrent.futures.Executor.map`: the first iterable gives standard inputs, others one argument each.

        `chunksize` changes nothing, as it does not for threads.
        """
        futures = [self.submit(*each) for each in zip(*iterables, strict=False)]
        return self._in_order(futures, timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more runs. With `wait`, return when all have their results; cancel those not posted if that is asked.

        Jobs that were posted are not taken back: `cancel_futures` is about what nobody has paid for yet.
        """
        with self._changing:
            first, self._is_shut = not self._is_shut, True
            if cancel_futures:
                self._cancel_waiting()
            if first:
                self._waiting.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _in_order(self, futures: list["Future[Result]"], timeout: float | None) -> Iterator[Result]:
        end = None if timeout is None else time.monotonic() + timeout

        def results() -> Iterator[Result]:
            try:
                for future in futures:
                    yield future.result(None if end is None else max(end - time.monotonic(), 0))
            finally:
                for future in futures:
                    future.cancel()

        return results()

    def _cancel_waiting(self) -> None:
        ends = False
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                ends = True
            elif item[1].cancel():
                item[1].set_running_or_notify_cancel()
        if ends:
            self._waiting.put(None)

    # The thread that posts

    def _posting(self) -> None:
        while (batch := self._next_batch()) is not None:
            live = [(run, future) for run, future in batch if future.set_running_or_notify_cancel()]
            if live:
                self._post_batch(live)
        self._open.put(None)

    def _next_batch(self) -> list[_Waiting] | None:
        """What waits now, at least one; None at the end."""
        first = self._waiting.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < self._max_tasks:
            try:
                more = self._waiting.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._waiting.put(None)
                break
            batch.append(more)
        return batch

    def _post_batch(self, batch: list[_Waiting]) -> None:
        futures = [future for _, future in batch]
        try:
            job = self._post([run for run, _ in batch])
        except InputError as fault:
            if len(batch) == 1:
                futures[0].set_exception(fault)
                return
            for each in batch:  # nothing was posted: one of them is to blame, and not the others
                self._post_batch([each])
        except Exception as fault:  # noqa: BLE001 - it is the futures' to tell
            _fail(futures, fault)
        else:
            self._open.put((job, futures))

    # The thread that follows

    def _following(self) -> None:
        followed: list[tuple[Job, list[Future[Result]]]] = []
        is_last = False
        while followed or not is_last:
            while not is_last:
                try:
                    item = self._open.get(block=not followed)
                except queue.Empty:
                    break
                if item is None:
                    is_last = True
                else:
                    followed.append(item)
            followed = [(job, futures) for job, futures in followed if not _settle(job, futures)]
            if followed:
                time.sleep(PAUSE)


def _settle(job: Job, futures: list["Future[Result]"]) -> bool:
    """Give the futures of a job what became of it; whether that is known."""
    try:
        results = job.poll()
        if results is None:
            return False
        for future, result in zip(futures, results, strict=True):
            future.set_result(result)
    except Exception as fault:  # noqa: BLE001 - it is the futures' to tell
        _fail(futures, fault)
    return True


def _fail(futures: list["Future[Result]"], fault: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(fault)
