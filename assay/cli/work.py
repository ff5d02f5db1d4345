"""What commands that send work share: what is to be run, and for what."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from assay.chain.records import parse_address
from assay.cli.options import Duration, Function, Tokens, build_options
from assay.cli.output import read_file, say, waiting
from assay.cli.programs import read_program
from assay.client.order import DEFAULT_STEP_LIMIT, Order, order_program, order_tasks, riscv_task, rounds_for
from assay.client.requester import Conditions
from assay.errors import InputError
from assay.machines.registry import machines_for
from assay.settings import Settings
from assay.toolchain.build import Options

DEFAULT_RUN_PERIOD = 600
"""Seconds."""


@dataclass(frozen=True)
class Work:
    """A program, and what it is run with."""

    program: Path
    arguments: tuple[str, ...]
    stdin: tuple[Path, ...]
    """Files: one, or none, or one a task."""
    environment: tuple[str, ...]
    step_limit: int
    options: Options

    def one_order(self, settings: Settings) -> Order:
        """The same as one job, with a task for each file of standard input. Raises `InputError`."""
        name, code = read_program(self.program, self.options, settings)
        inputs = [read_file(path) for path in self.stdin] or [b""]
        tasks = [riscv_task((name, *self.arguments), stdin, self.environment) for stdin in inputs]
        blobs = [stdin for stdin in inputs if stdin]
        with waiting("preparing the job"):
            machines = machines_for(settings.execution)
            return order_tasks("riscv", code, tasks, blobs, rounds_for(self.step_limit), machines)

    def orders(self, settings: Settings) -> list[Order]:
        """What goes on chain and into the store: one a file of standard input. Raises `InputError`."""
        name, code = read_program(self.program, self.options, settings)
        inputs = [read_file(path) for path in self.stdin] or [b""]
        machines, rounds = machines_for(settings.execution), rounds_for(self.step_limit)
        with waiting("preparing the job"):
            return [
                order_program(code, (name, *self.arguments), stdin, rounds, self.environment, machines)
                for stdin in inputs
            ]


@dataclass(frozen=True)
class Deal:
    """For what a job is done. What was not said is None."""

    price: int | None
    bond: int | None
    floor_price: int
    run_period: int | None
    challenge_period: int | None
    only: str | None
    listed: bool

    def conditions(
        self, accept_period: int, price: int = 0, run_period: int = DEFAULT_RUN_PERIOD, bond: int | None = None
    ) -> Conditions:
        """What is offered and asked, with a price, a run period and a bond for where none was said."""
        return Conditions(
            price=price if self.price is None else self.price,
            bond=bond if self.bond is None else self.bond,
            accept_period=accept_period,
            run_period=run_period if self.run_period is None else self.run_period,
            challenge_period=self.challenge_period,
            floor_price=self.floor_price,
            only=self.only,
            listed=self.listed,
        )

    def warn_verifiers(self, run_period: int = DEFAULT_RUN_PERIOD) -> None:
        """Say it if a verifier may have less time than the provider."""
        run_period = run_period if self.run_period is None else self.run_period
        if self.challenge_period is not None and self.challenge_period < run_period:
            say(
                f"A challenge period of {self.challenge_period} s is shorter than the run period of {run_period} s: a "
                "wrong claim can be made so late that no verifier has the time to recompute it."
            )


class Address(click.ParamType[str]):
    """An address, checksummed."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return parse_address(str(value))
        except InputError as error:
            self.fail(str(error), param, ctx)


def work_options(many: bool = False) -> Callable[[Function], Function]:
    """Give a command a program with its arguments, and a `work` made of them; with `many`, several standard inputs."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def with_work(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in Work.__dataclass_fields__}
            stdin = given["stdin"] or ()
            given["stdin"] = stdin if isinstance(stdin, tuple) else (stdin,)
            return function(work=Work(**given), **arguments)

        text = "Standard input of a task; - for ours. For several tasks, several of these." if many else ""
        command: Any = build_options(with_work)
        for option in (
            click.option(
                "--step-limit",
                type=click.IntRange(min=1),
                default=DEFAULT_STEP_LIMIT,
                metavar="N",
                show_default=True,
                help="Rounded up to a power of 16.",
            ),
            click.option(
                "--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable of the environment."
            ),
            click.option(
                "--stdin",
                type=click.Path(path_type=Path),
                multiple=many,
                metavar="FILE",
                help=text or "Standard input; - for ours.",
            ),
            click.argument("arguments", nargs=-1),
            click.argument("program", type=click.Path(path_type=Path), metavar="FILE"),
        ):
            command = option(command)
        result: Function = command
        return result

    return decorate


def deal_options(of: str = "the job", offered: bool = False, quoted: bool = False) -> Callable[[Function], Function]:
    """Give a command what is paid and asked for, and a `deal` made of it.

    With `offered`, an offer says the rest; with `quoted`, what is known of the market says the price.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def with_deal(**arguments: Any) -> Any:
            given: Mapping[str, Any] = {name: arguments.pop(name) for name in Deal.__dataclass_fields__}
            return function(deal=Deal(**given), **arguments)

        least = " (what the offer asks)" if offered else ""
        bond = "the most that it offers" if offered else "20 prices"
        command: Any = with_deal
        for option in (
            click.option(
                "--admit-list", "listed", is_flag=True, help="Only providers on your own list (assay access)."
            ),
            click.option(
                "--only", type=Address(), metavar="PROVIDER", help="Only this provider may accept: direct hire."
            ),
            click.option(
                "--challenge-period",
                type=Duration(),
                metavar="TIME",
                help="How long the claim can be challenged (the run period, so that a verifier has as long as the "
                "provider had).",
            ),
            click.option(
                "--run-period",
                type=Duration(),
                metavar="TIME",
                help=f"How long the provider has to run it{least or ' (10m)'}.",
            ),
            click.option(
                "--bond",
                type=Tokens(),
                metavar="TOKENS",
                help=f"What the provider has at risk for {of} ({bond}).",
            ),
            click.option(
                "--floor-price",
                type=Tokens(),
                default=0,
                metavar="TOKENS",
                help="Have the price rise from this up to --price, until a provider accepts.",
            ),
            click.option(
                "--price",
                type=Tokens(),
                required=not (offered or quoted),
                metavar="TOKENS",
                help=f"What the provider is paid for {of}{' (the least that is known to do)' if quoted else least}.",
            ),
        ):
            command = option(command)
        result: Function = command
        return result

    return decorate


accept_period_option = click.option(
    "--accept-period",
    type=Duration(),
    default="1h",
    metavar="TIME",
    show_default=True,
    help="How long it can be accepted; a rising price rises for so long.",
)


def wait_options(function: Function) -> Function:
    """Give a command `wait` and `output`."""
    command: Any = click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="With --wait: the file for the output."
    )(function)
    command = click.option("--wait", is_flag=True, help="Wait until the job has ended, and fetch its output.")(command)
    result: Function = command
    return result
