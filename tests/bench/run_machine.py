"""Runs a program on a machine, as `assay run` does, with nothing around it: ENGINE PROGRAM [ARGS...].

ENGINE names a machine as `module:name`; if it is empty, it is the one that `assay run` uses.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.client.order import DEFAULT_STEP_LIMIT
from assay.machines.registry import Execution, riscv_machine
from assay.native.cache import default_folder

if TYPE_CHECKING:
    from assay.machines.riscv.machine import RiscvMachine


def main(engine: str, file: str, *arguments: str) -> int:
    """Run it; the exit status of the program."""
    program, stdin = Path(file).read_bytes(), sys.stdin.buffer.read()
    trace = machine(engine).start(program, [Path(file).stem, *arguments], stdin, 16 * DEFAULT_STEP_LIMIT)
    trace.run()
    outcome = trace.outcome()
    sys.stdout.buffer.write(outcome.stdout)
    sys.stderr.buffer.write(outcome.stderr)
    return outcome.exit_status


def machine(engine: str) -> "RiscvMachine":
    """The machine that `engine` names: a class without arguments, or an object."""
    if not engine:
        return riscv_machine(Execution(cache=default_folder(os.environ)))
    module, _, name = engine.partition(":")
    found = getattr(importlib.import_module(module), name)
    named: RiscvMachine = found() if isinstance(found, type) else found
    return named


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
