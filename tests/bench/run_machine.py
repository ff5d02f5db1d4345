"""Runs a program on a machine, as `assay run` does, with nothing around it: ENGINE PROGRAM [ARGS...].

ENGINE names a machine as `module:name`; if it is empty, it is the one that `assay run` uses.
"""

import importlib
import os
import sys
from pathlib import Path

from assay.client.order import DEFAULT_STEP_LIMIT, riscv_task
from assay.content import content_id
from assay.machines.base import Machine
from assay.machines.registry import Execution, machine_named, machines_for
from assay.native.cache import default_folder


def main(engine: str, file: str, *arguments: str) -> int:
    """Run it; the exit status of the program."""
    program, stdin = Path(file).read_bytes(), sys.stdin.buffer.read()
    blobs = {content_id(blob): blob for blob in (program, stdin)}
    task = riscv_task([Path(file).stem, *arguments], stdin)
    trace = machine(engine).load(content_id(program), task, 16 * DEFAULT_STEP_LIMIT, blobs.__getitem__)
    trace.run()
    outcome = trace.outcome()
    sys.stdout.buffer.write(outcome.stdout)
    sys.stderr.buffer.write(outcome.stderr)
    return outcome.exit_status


def machine(engine: str) -> Machine:
    """The machine that `engine` names: a class without arguments, or an object."""
    if not engine:
        return machine_named("riscv", machines_for(Execution(cache=default_folder(os.environ))))
    module, _, name = engine.partition(":")
    found = getattr(importlib.import_module(module), name)
    named: Machine = found() if isinstance(found, type) else found
    return named


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
