"""The machines there are, by the names that job specs use. A new machine is one line here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.counter.machine import CounterMachine
from assay.machines.riscv.machine import RiscvMachine
from assay.machines.riscv_fast.machine import fast_machine
from assay.machines.tensor.execution import MakeExecute, execute
from assay.machines.tensor.machine import TensorMachine
from assay.machines.tensor_fast.machine import fast_execution

DEFAULT_MEMORY = 1 << 32
"""All that a program can address."""


@dataclass(frozen=True)
class Execution:
    """How programs are run on this host. What they do is the same in any case."""

    reference: bool = False
    """Run them by the reference implementation, which is some hundred times slower than the engine."""
    memory: int = DEFAULT_MEMORY
    """Bytes that one run may write to, beyond its program and input. The reference does not heed it."""
    cache: Path | None = None
    """Folder that keeps native code from one process to the next; None keeps none."""


DEFAULT = Execution()
"""Where nothing was set."""


def machines_for(execution: Execution) -> Mapping[str, Machine]:
    """The machines by name, with programs run as `execution` says."""
    riscv = RiscvMachine() if execution.reference else fast_machine(execution.memory, execution.cache)
    tensor = TensorMachine(tensor_execution(execution))
    return {machine.name: machine for machine in (CounterMachine(), riscv, tensor)}


def tensor_execution(execution: Execution) -> MakeExecute:
    """What gives what executes the instructions of models, as `execution` says."""
    return (lambda: execute) if execution.reference else (lambda: fast_execution(execution.cache))


MACHINES: Mapping[str, Machine] = machines_for(DEFAULT)
"""The machines where nothing was set."""


def machine_named(name: str, machines: Mapping[str, Machine] = MACHINES) -> Machine:
    """The machine of that name; raises `InputError` if there is none."""
    if name not in machines:
        raise InputError(f"there is no machine {name!r}; there are {', '.join(sorted(machines))}")
    return machines[name]
