"""`assay build` and `assay run`: programs, on one's own machine."""

import sys
import time
from pathlib import Path

import click

from assay import toolchain
from assay.cli.output import read_file, say, waiting
from assay.client.order import DEFAULT_STEP_LIMIT, rounds_for
from assay.content import content_id
from assay.errors import AssayError
from assay.machines.base import Outcome, RunStatus, Trace
from assay.machines.registry import machine_named

OUT_OF_STEPS, FAILED, FAULTED = 124, 125, 126
"""Exit statuses of `assay run` that are not the program's own."""


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.c...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.elf", help="The program.")
@click.option("--flag", "flags", multiple=True, metavar="FLAG", help="A flag for the compiler, such as --flag=-DN=3.")
def build(sources: tuple[Path, ...], output: Path, flags: tuple[str, ...]) -> None:
    """Build a C program for the machine.

    The first build takes about a minute, because the C library is built too.

    \b
    Example:
        assay build examples/compress/compress.c -o compress.elf
    """
    with waiting(f"building {output}"):
        toolchain.build(sources, output, flags=flags, told=say)


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", type=click.Path(path_type=Path), metavar="FILE.elf")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--stats", is_flag=True, help="Print steps, step rate and state roots on standard error.")
@click.option("--step-limit", type=click.IntRange(min=1), default=DEFAULT_STEP_LIMIT, metavar="N", show_default=True)
def run(program: Path, arguments: tuple[str, ...], stats: bool, step_limit: int) -> None:
    """Run a program on the machine, here and now.

    Standard input, output and error are the program's, and so is the exit status; but it is 124 if the program runs out
    of steps, 126 if it ends by a fault, and 125 if it cannot be run at all. Options of `run` come before FILE.elf,
    everything after it goes to the program. The step limit is rounded up to a power of 16, as that of a job is.

    \b
    Examples:
        assay run compress.elf -9 < README.md > README.gz
        assay run --stats hello.elf
    """
    try:
        code = read_file(program)
        stdin = b"" if sys.stdin.isatty() else read_file(Path("-"))
        trace = _load(code, (program.name, *arguments), stdin, step_limit)
        outcome = _run(trace, stats)
    except AssayError as error:
        say(f"Error: {error}")
        sys.exit(FAILED)
    sys.stdout.buffer.write(outcome.stdout)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(outcome.stderr)
    sys.stderr.buffer.flush()
    sys.exit(_exit_status(outcome, step_limit))


def _load(program: bytes, arguments: tuple[str, ...], stdin: bytes, step_limit: int) -> Trace:
    rounds = rounds_for(step_limit)
    blobs = {content_id(blob): blob for blob in (program, stdin)}
    task = {"arguments": list(arguments), "stdin": content_id(stdin) if stdin else None}
    return machine_named("riscv").load(content_id(program), task, 16**rounds, blobs.__getitem__)


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
    if outcome.status is RunStatus.FAULTED:
        say("Error: the program ended by a fault")
        return FAULTED
    return outcome.exit_status
