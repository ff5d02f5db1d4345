"""`assay build` and `assay run`: programs, on one's own machine."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from assay.cli.options import build_options, settings_options
from assay.cli.output import read_file, say, waiting
from assay.client.order import DEFAULT_STEP_LIMIT, rounds_for
from assay.errors import AssayError
from assay.machines.base import Outcome, RunStatus, Trace
from assay.machines.registry import Execution, riscv_machine
from assay.settings import Settings
from assay.toolchain import build as toolchain
from assay.toolchain.build import Options
from assay.toolchain.cache import build_or_reuse

OUT_OF_STEPS, FAILED, SPOILT = 124, 125, 126
"""Exit statuses of `assay run` that are not the program's own."""


class BuildCommand(click.Command):
    """Tells who gives it a flag of the compiler as compilers take it how it is given here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            flag = next((arg for arg in given if arg.startswith(error.option_name)), error.option_name)
            raise click.UsageError(f"there is no option {flag}; for the compiler, write --flag={flag}", ctx) from error


@click.command(cls=BuildCommand)
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.elf", help="The program.")
@build_options
def build(sources: tuple[Path, ...], output: Path, options: Options) -> None:
    """Build a program for the machine from C, C++ or Zig.

    Name all source files; of a program in Zig, the one with `main`, and C files if it has some. The C and C++ standard
    libraries are there. The first build takes a minute or two, because they are built too.

    \b
    Examples:
        assay build examples/compress/compress.c -o compress.elf
        assay build main.cpp table.cpp -I include -D LIMIT=100 -O3 -o table.elf
        assay build count.zig -o count.elf
    """
    with waiting(f"building {output}"):
        toolchain.build(sources, output, options, told=say)


def read_program(path: Path, options: Options, settings: Settings) -> tuple[str, bytes]:
    """The name and the bytes of a program that is named by its file, or by its only source file.

    Raises `InputError`; and wrong usage, if there are options for a build and nothing to build.
    """
    if not toolchain.is_source(path):
        if options != Options():
            raise click.UsageError(f"-O, -D, -I and --flag are for building, and {path} is not a source file")
        return path.name, read_file(path)
    with waiting(f"building {path}"):
        return path.with_suffix(".elf").name, build_or_reuse(path, settings.programs, options, told=say)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", type=click.Path(path_type=Path), metavar="FILE")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable of the environment.")
@click.option("--stats", is_flag=True, help="Print steps, step rate and state roots on standard error.")
@click.option("--step-limit", type=click.IntRange(min=1), default=DEFAULT_STEP_LIMIT, metavar="N", show_default=True)
@click.option(
    "--memory", type=click.IntRange(min=0, max=4096), default=4096, metavar="MIB", show_default=True, help="To be used."
)
@click.option("--reference", is_flag=True, help="Run it by the reference implementation: far slower, for comparison.")
@build_options
@settings_options()
def run(
    *,
    settings: Settings,
    program: Path,
    arguments: tuple[str, ...],
    environment: tuple[str, ...],
    stats: bool,
    step_limit: int,
    memory: int,
    reference: bool,
    options: Options,
) -> None:
    """Run a program on the machine, here and now.

    FILE is a program that `assay build` made, or a source file in C, C++ or Zig, which is built first.

    Standard input, output and error are the program's, and so is the exit status: 128 and the number of the signal, if
    it ends by a fault. It is 124 if the program runs out of steps, and 125 if it cannot be run at all. The environment
    is what --env says and no more. Options of `run` come before FILE, everything after it goes to the program. The step
    limit is rounded up to a power of 16, as that of a job is. --memory limits what it may write to beyond its file and
    input; a program that wants more cannot be run.

    \b
    Examples:
        assay run compress.elf -9 < README.md > README.gz
        assay run --stats examples/compress/compress.c -9 < README.md > README.gz
    """
    try:
        name, code = read_program(program, options, settings)
        stdin = b"" if sys.stdin.isatty() else read_file(Path("-"))
        execution = replace(
            settings.execution, reference=reference or settings.execution.reference, memory=memory << 20
        )
        trace = _load(code, (name, *arguments), stdin, step_limit, environment, execution)
        outcome = _run(trace, stats)
    except AssayError as error:
        say(f"Error: {error}")
        sys.exit(FAILED)
    sys.stdout.buffer.write(outcome.stdout)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(outcome.stderr)
    sys.stderr.buffer.flush()
    sys.exit(_exit_status(outcome, step_limit))


def _load(
    program: bytes,
    arguments: Sequence[str],
    stdin: bytes,
    step_limit: int,
    environment: Sequence[str],
    execution: Execution,
) -> Trace:
    return riscv_machine(execution).start(program, arguments, stdin, 16 ** rounds_for(step_limit), environment)


def _run(trace: Trace, stats: bool) -> Outcome:
    started = time.monotonic()
    with waiting("running") as status:
        steps = trace.run(lambda done: status.update(f"running: {done:,} steps") if status else None)
    seconds = time.monotonic() - started
    outcome = trace.outcome()
    if stats:
        say(f"steps         {steps:,}")
        say(f"time          {seconds:.2f} s, {steps / max(seconds, 1e-9):,.0f} steps a second")
        say(f"initial root  0x{trace.state_root(0).hex()}")
        say(f"final root    0x{trace.state_root(trace.step_limit).hex()}")
    return outcome


def _exit_status(outcome: Outcome, step_limit: int) -> int:
    if outcome.status is RunStatus.OUT_OF_STEPS:
        say(f"Error: the program had not ended after 16^{rounds_for(step_limit)} steps: allow more with --step-limit")
        return OUT_OF_STEPS
    if outcome.status is RunStatus.FAULTED and not outcome.exit_status:
        say("Error: the program wrote something into the output region that is no output")
        return SPOILT
    return outcome.exit_status
