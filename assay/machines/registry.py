"""The machines there are, by the names that job specs use. A new machine is one line here."""

from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.counter.machine import CounterMachine
from assay.machines.riscv.machine import RiscvMachine

MACHINES: dict[str, Machine] = {machine.name: machine for machine in (CounterMachine(), RiscvMachine())}


def machine_named(name: str) -> Machine:
    """The machine of that name; raises `InputError` if there is none."""
    if name not in MACHINES:
        raise InputError(f"there is no machine {name!r}; there are {', '.join(sorted(MACHINES))}")
    return MACHINES[name]
