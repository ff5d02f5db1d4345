"""The market for asyncio: a `Client` whose requests wait in threads, and whose long waits wait in the loop."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypedDict, TypeVar, Unpack

from assay.chain.history import JobHistory
from assay.chain.records import JobId
from assay.client.order import DEFAULT_STEP_LIMIT
from assay.client.recompute import Verification
from assay.client.standing import Money
from assay.errors import InputError
from assay.sdk.client import Balance, Client
from assay.sdk.job import PAUSE, Job, JobState
from assay.sdk.program import Input, Program
from assay.sdk.result import Result
from assay.sdk.terms import Amount, Deal

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from numpy.typing import NDArray

    from assay.models.arrays import Given

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8
"""In which requests to the node and the store wait. Jobs that are waited for take none meanwhile."""


class Options(TypedDict, total=False):
    """What `Client` is made with."""

    home: str | os.PathLike[str] | None
    rpc_url: str | None
    deployment: str | os.PathLike[str] | None
    store: str | os.PathLike[str] | None
    wallet: str | None
    password_file: str | os.PathLike[str] | None
    password: str | None
    keystore: str | os.PathLike[str] | None
    account: "LocalAccount | None"


class AsyncClient:
    """As `Client`, with what it is made with and what its methods take, return and raise; connects when first used.

    Use it as an asynchronous context manager, or close it: jobs go on without it.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        self._options = options
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="assay-aio")

    async def __aenter__(self) -> Self:
        await self._connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep no threads any more."""
        self._threads.shutdown(wait=False)

    async def submit(
        self,
        program: Program,
        args: Sequence[str] = (),
        *,
        stdin: Input = b"",
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> "AsyncJob":
        """`Client.submit`."""
        client = await self._connected()
        how = {"stdin": stdin, "environment": environment, "step_limit": step_limit}
        return self._job(await self._run(client.submit, program, args, **how, **deal))  # type: ignore[arg-type]

    async def submit_many(
        self,
        program: Program,
        inputs: Iterable[Input],
        args: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> "AsyncJob":
        """`Client.submit_many`."""
        client = await self._connected()
        how = {"environment": environment, "step_limit": step_limit}
        return self._job(await self._run(client.submit_many, program, inputs, args, **how, **deal))  # type: ignore[arg-type]

    async def map(
        self,
        program: Program,
        inputs: Iterable[Input],
        args: Sequence[str] = (),
        *,
        timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> AsyncIterator[Result]:
        """`Client.map`, for `async for`: the job is posted when the first result is asked for."""
        given = list(inputs)
        if not given:
            return
        job = await self.submit_many(program, given, args, environment=environment, step_limit=step_limit, **deal)
        for result in await job.results(timeout):
            yield result

    async def infer(
        self,
        model: str | os.PathLike[str],
        inputs: "Sequence[Given]",
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        values: Mapping[str, float] | None = None,
        timeout: float | None = None,
        **deal: Unpack[Deal],
    ) -> "dict[str, NDArray[Any]]":
        """`Client.infer`."""
        client = await self._connected()
        loaded, job = await self._run(client.submit_model, model, inputs, shapes=shapes, values=values, **deal)
        result = await self._job(job).result(timeout)
        from assay.sdk.models import outputs_of  # noqa: PLC0415 - numpy takes its time

        return outputs_of(loaded, result)

    async def job(self, reference: str) -> "AsyncJob":
        """`Client.job`."""
        client = await self._connected()
        return self._job(await self._run(client.job, reference))

    async def balance(self) -> Balance:
        """`Client.balance`."""
        client = await self._connected()
        return await self._run(client.balance)

    async def deposit(self, amount: Amount, to: str | None = None) -> None:
        """`Client.deposit`."""
        client = await self._connected()
        await self._run(client.deposit, amount, to)

    async def withdraw(self, amount: Amount) -> None:
        """`Client.withdraw`."""
        client = await self._connected()
        await self._run(client.withdraw, amount)

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None:
                self._client = await self._run(Client, **self._options)
            return self._client

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what waits for a node or a store in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))

    def _job(self, job: Job) -> "AsyncJob":
        return AsyncJob(job, self._threads)


class AsyncJob:
    """As `Job`, with methods to be awaited. A wait that is cancelled leaves the job as it is."""

    def __init__(self, job: Job, threads: ThreadPoolExecutor) -> None:
        self._job = job
        self._threads = threads

    def __repr__(self) -> str:
        return f"<AsyncJob {self.id}>"

    @property
    def id(self) -> JobId:
        """`Job.id`."""
        return self._job.id

    async def status(self) -> JobState:
        """`Job.status`."""
        return await self._run(self._job.status)

    async def done(self) -> bool:
        """`Job.done`."""
        return await self._run(self._job.done)

    async def money(self) -> Money:
        """`Job.money`."""
        return await self._run(self._job.money)

    async def history(self) -> JobHistory:
        """`Job.history`."""
        return await self._run(self._job.history)

    async def result(self, timeout: float | None = None, *, final: bool = True) -> Result:
        """`Job.result`."""
        results = await self.results(timeout, final=final)
        if len(results) != 1:
            raise InputError(f"job {self.id} has {len(results)} tasks: `results` gives all of their results")
        return results[0]

    async def results(self, timeout: float | None = None, *, final: bool = True) -> list[Result]:
        """`Job.results`."""
        end = None if timeout is None else time.monotonic() + timeout
        while (found := await self._run(partial(self._job.poll, final=final))) is None:
            left = PAUSE if end is None else end - time.monotonic()
            if left <= 0:
                assert timeout is not None
                raise await self._run(partial(self._job.late, timeout))
            await asyncio.sleep(min(PAUSE, left))
        return found

    async def verify(self, task: int | None = None) -> Verification:
        """`Job.verify`."""
        return await self._run(partial(self._job.verify, task))

    async def receipt(self, *, full: bool = False) -> bytes:
        """`Job.receipt`."""
        return await self._run(partial(self._job.receipt, full=full))

    async def cancel(self) -> bool:
        """`Job.cancel`."""
        return await self._run(self._job.cancel)

    async def _run(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
