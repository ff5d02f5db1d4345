"""A user of the market, for Python programs."""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from assay.chain.keys import Wallet, find_password
from assay.chain.records import parse_address
from assay.client.jobs import find_job
from assay.client.order import DEFAULT_STEP_LIMIT, Order
from assay.client.requester import Conditions, make_terms
from assay.client.session import Session
from assay.errors import InputError
from assay.sdk.executor import JobExecutor
from assay.sdk.job import Job
from assay.sdk.program import Input, Program, Run, load, runs_of
from assay.sdk.result import Result
from assay.sdk.terms import Amount, Deal, base_units, conditions_of
from assay.settings import Settings, load_settings

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from numpy.typing import NDArray

    from assay.machines.tensor.program import Program as Model
    from assay.models.arrays import Given


@dataclass(frozen=True)
class Balance:
    """What an account has, base units: `assay.amounts.format_tokens` writes them as tokens."""

    free: int
    """In the market, to pay with or to withdraw."""
    stake: int
    """In the market, as a provider's or verifier's, beside what is in bonds."""
    outside: int
    """In the wallet."""


class Client:
    """One account on one market.

    Everything comes from where the command line has it from (docs/cli.md, "Settings"), unless it is given here. Threads
    may share a client; no other client or command may send transactions of the same account meanwhile.
    """

    def __init__(
        self,
        *,
        home: str | os.PathLike[str] | None = None,
        rpc_url: str | None = None,
        deployment: str | os.PathLike[str] | None = None,
        store: str | os.PathLike[str] | None = None,
        wallet: str | None = None,
        password_file: str | os.PathLike[str] | None = None,
        password: str | None = None,
        keystore: str | os.PathLike[str] | None = None,
        account: "LocalAccount | None" = None,
    ) -> None:
        """Connect to the market, and check that it is the deployment's.

        `account` is a key itself (eth_account), `keystore` a file with one; each takes the place of `wallet`. The file
        is decrypted when something has to be signed.

        Raises `InputError` (no deployment file, a setting that cannot be used), `TransientError` (no node),
        `ChainError` (the node is on another chain, or the market is not there).
        """
        given = {
            "home": home,
            "rpc_url": rpc_url,
            "deployment": deployment,
            "store": store,
            "wallet": wallet,
            "password_file": password_file,
        }
        settings = load_settings(
            {name: None if value is None else os.fspath(value) for name, value in given.items()}, os.environ
        )
        self._password = password
        self._session = Session(
            settings, self._password_of, keystore=None if keystore is None else Path(keystore), key=account
        )
        self._posting = threading.Lock()
        self._session.chain  # noqa: B018 - what is wrong with the settings is told at once

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._session.settings

    @property
    def session(self) -> Session:
        """Chain, store and wallet, for who needs more than is here (`assay.client`)."""
        return self._session

    @property
    def address(self) -> str:
        """Of the account. Raises `InputError` if no wallet is chosen."""
        return self._session.own_address or self._session.wallet.address

    # Jobs

    def submit(
        self,
        program: Program,
        args: Sequence[str] = (),
        *,
        stdin: Input = b"",
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> Job:
        """Send one run of a program as a job; returns as soon as the job is posted and its price in escrow.

        `program` is a file that `assay build` made, a source file, or the bytes of a program; `args` follow its name;
        `step_limit` is rounded up to a power of 16. What the price lacks in the market is deposited in the same
        transaction.

        Raises `InputError` (a program that cannot be run, not enough money), `ContractError` (terms that the market
        refuses), `ChainError` (no coins for gas), `TransientError`.
        """
        loaded = load(program, self.settings)
        runs = runs_of(args, [stdin])
        order = loaded.order(runs, environment or {}, step_limit, self._session.machines)
        return self.post(order, conditions_of(deal))

    def submit_many(
        self,
        program: Program,
        inputs: Iterable[Input],
        args: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> Job:
        """Send a run for each of `inputs` as one job of so many tasks, 1,024 at most: cheaper than a job each.

        The tasks are accepted, run and paid together: `price` and `bond` are those of one task. Raises as `submit`.
        """
        runs = runs_of(args, inputs)
        if not runs:
            raise InputError("there are no inputs, and so there is nothing to run")
        return self.submit_runs(program, runs, environment=environment, step_limit=step_limit, **deal)

    def submit_runs(
        self,
        program: Program,
        runs: Sequence[Run],
        *,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> Job:
        """As `submit_many`, with arguments of its own for each task."""
        order = load(program, self.settings).order(runs, environment or {}, step_limit, self._session.machines)
        return self.post(order, conditions_of(deal, len(runs)))

    def map(
        self,
        program: Program,
        inputs: Iterable[Input],
        args: Sequence[str] = (),
        *,
        timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> Iterator[Result]:
        """The verified results of a program over many inputs, in their order. The job is posted at once.

        It is one job, so the first result comes with the last; `timeout` counts from the call, as that of
        `concurrent.futures.Executor.map` does. Raises as `submit` at once, and as `Job.results` from the iterator.
        """
        runs = runs_of(args, inputs)
        if not runs:
            return iter(())
        end = None if timeout is None else time.monotonic() + timeout
        job = self.submit_runs(program, runs, environment=environment, step_limit=step_limit, **deal)
        return _results(job, end)

    def infer(
        self,
        model: str | os.PathLike[str],
        inputs: "Sequence[Given]",
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        values: Mapping[str, float] | None = None,
        timeout: float | None = None,
        **deal: Unpack[Deal],
    ) -> "dict[str, NDArray[Any]]":
        """The outputs of one run of a model, by their names; waits until they are final.

        `model` is an ONNX file, which is imported (`pip install 'assay[models]'`), or what `assay model import` or
        `train` made; `shapes` are those of inputs that an ONNX file leaves open, and `values` those of inputs of one
        number that are fixed at import, both by their names; `inputs` are the others in the model's order, but for
        those that mappings among them give by their names.
        Raises as `submit` and `Job.result`.
        """
        from assay.sdk.models import outputs_of  # noqa: PLC0415 - numpy takes its time

        loaded, job = self.submit_model(model, inputs, shapes=shapes, values=values, **deal)
        return outputs_of(loaded, job.result(timeout))

    def submit_model(
        self,
        model: str | os.PathLike[str],
        inputs: "Sequence[Given]",
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        values: Mapping[str, float] | None = None,
        **deal: Unpack[Deal],
    ) -> "tuple[Model, Job]":
        """`infer` without the wait: the model as it was loaded, and the job; `assay.sdk.models.outputs_of` puts the
        model and the job's result together. Raises as `submit`."""
        from assay.sdk.models import load_model, order_inference  # noqa: PLC0415 - numpy takes its time

        loaded = load_model(Path(model), shapes or {}, values or {})
        return loaded, self.post(order_inference(loaded, inputs, self._session.machines), conditions_of(deal))

    def executor(
        self,
        program: Program,
        *,
        max_tasks: int = 64,
        environment: Mapping[str, str] | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        **deal: Unpack[Deal],
    ) -> JobExecutor:
        """A `concurrent.futures.Executor` whose futures are runs of a program (`JobExecutor`)."""
        conditions_of(deal)  # what is wrong with it is told at once
        code = load(program, self.settings)

        def post(runs: Sequence[Run]) -> Job:
            order = code.order(runs, environment or {}, step_limit, self._session.machines)
            return self.post(order, conditions_of(deal, len(runs)))

        return JobExecutor(post, max_tasks)

    def job(self, reference: str) -> Job:
        """A job that there is already, by its id or the beginning of it (docs/cli.md). Raises `InputError`."""
        return Job(self._session, find_job(self._session.chain, reference, self._session.own_address))

    def post(self, order: Order, conditions: Conditions) -> Job:
        """Post what `assay.client.order` makes, with the blobs that it names in the store first. Raises as `submit`."""
        session = self._session
        terms = make_terms(session.chain, order, conditions)
        session.requester.check_funds(terms.price)
        order.upload(session.store)
        # One after the other: two posts at the same time would choose the same slot, and a signed allowance the same
        # nonce, so that one of them would revert.
        with self._posting:
            return Job(session, session.requester.post(terms).job_id)

    # Money

    def balance(self) -> Balance:
        """What the account has. Raises `TransientError`."""
        account = self._session.chain.market.account_of(self.address)
        return Balance(account.free, account.stake, self._session.chain.token.balance_of(self.address))

    def deposit(self, amount: Amount, to: str | None = None) -> None:
        """Bring tokens from the wallet into the market, for this account, or for the account of the address `to`.

        Raises `InputError` if the wallet lacks them, or if `to` is no address.
        """
        with self._posting:
            self._session.requester.deposit(base_units(amount), parse_address(to) if to else None)

    def withdraw(self, amount: Amount) -> None:
        """Take free tokens out of the market, to the wallet. Raises `ContractError` if there are not so many."""
        self._session.sender.execute(self._session.chain.market.withdraw(self.address, base_units(amount)))

    def _password_of(self, wallet: Wallet) -> str:
        if self._password is not None:
            return self._password
        if (password := find_password(self.settings.password_file, os.environ)) is not None:
            return password
        raise InputError(
            f"the password of wallet {wallet.name!r} is needed: give `password` or `password_file`, or set "
            "ASSAY_PASSWORD_FILE"
        )


def _results(job: Job, end: float | None) -> Iterator[Result]:
    """The results of a job, once they are asked for; `end` is by the clock `time.monotonic`."""
    yield from job.results(None if end is None else max(end - time.monotonic(), 0))
