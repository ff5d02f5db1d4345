"""`assay machine`: the machine itself, without a kernel."""

import sys
from pathlib import Path

import click

from assay.cli.options import json_option
from assay.cli.output import print_json, read_file, say, waiting
from assay.errors import AssayError
from assay.machines.riscv.bare import BareRun, End, parse_bare, run_bare

PASSED, TEST_FAILED, OUT_OF_STEPS, FAILED, AT_REST = 0, 1, 124, 125, 126
"""Exit statuses of `assay machine run-elf`."""


@click.group()
def machine() -> None:
    """Try the machine itself, without the kernel."""


@machine.command()
@click.argument("program", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--bare", is_flag=True, help="Without a kernel. The only way so far; `assay run` has the kernel.")
@click.option("--step-limit", type=click.IntRange(min=1), default=16**6, metavar="N", show_default=True)
@json_option
def run_elf(program: Path, bare: bool, step_limit: int, as_json: bool) -> None:
    """Run an ELF file for RISC-V on the bare machine, and tell whether it passes.

    FILE is any static RV64 executable that tells its end by its symbol `tohost`, as the official riscv-tests do. It is
    loaded at its physical addresses, below 2^32, and starts at its entry point with all registers zero; nothing else is
    in memory.

    Exit status: 0 only if `tohost` became 1; 1 if a test failed, 124 if the steps did not suffice, 125 if the file
    cannot be run, 126 if the machine came to rest without a word to `tohost`.

    \b
    Example:
        assay machine run-elf --bare rv64ui-p-add
    """
    if not bare:
        raise click.UsageError("run-elf needs --bare: `assay run` runs programs under the kernel")
    try:
        loaded = parse_bare(read_file(program))
        with waiting("running") as status:
            result = run_bare(loaded, step_limit, lambda n: status.update(f"running: {n:,} steps") if status else None)
    except AssayError as error:
        say(f"Error: {error}")
        sys.exit(FAILED)
    if as_json:
        print_json(
            {
                "passed": result.passed,
                "end": result.end,
                "tohost": result.tohost,
                "failed_test": result.failed_test,
                "steps": result.steps,
                "pc": f"{result.pc:#x}",
            }
        )
    sys.exit(_tell(result, quiet=as_json))


def _tell(result: BareRun, quiet: bool) -> int:
    """Say how the run ended; the exit status for it."""
    if result.end is End.TOHOST:
        if not quiet:
            verdict = "passed" if result.passed else f"failed: test {result.failed_test}"
            click.echo(f"{verdict} (tohost {result.tohost:#x}, {result.steps:,} steps)")
        return PASSED if result.passed else TEST_FAILED
    request = f"; tohost holds {result.tohost:#x}, a request to a host that is not there" if result.tohost else ""
    if result.end is End.FIXED_POINT:
        say(
            f"Error: the machine came to rest at pc {result.pc:#x} after {result.steps:,} steps, "
            f"and the program had not told its end{request}"
        )
        return AT_REST
    say(
        f"Error: the program had not told its end after {result.steps:,} steps, at pc {result.pc:#x}{request}: "
        "allow more with --step-limit"
    )
    return OUT_OF_STEPS
