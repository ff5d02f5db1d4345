"""The machines there are, by the names that job specs use. A new machine is one function here.

They are imported when they are asked for: who runs a program waits for no other machine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.machines.base import Machine

if TYPE_CHECKING:
    from assay.machines.riscv.machine import RiscvMachine
    from assay.machines.tensor.engine import MakeEngine

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


def riscv_machine(execution: Execution) -> "RiscvMachine":
    """The machine that runs programs, as `execution` says."""
    if execution.reference:
        from assay.machines.riscv.machine import RiscvMachine  # noqa: PLC0415

        return RiscvMachine()
    from assay.machines.riscv_fast.machine import fast_machine  # noqa: PLC0415

    return fast_machine(execution.memory, execution.cache)


def _counter(_: Execution) -> Machine:
    from assay.machines.counter.machine import CounterMachine  # noqa: PLC0415

    return CounterMachine()


def _tensor(execution: Execution) -> Machine:
    from assay.machines.tensor.machine import TensorMachine  # noqa: PLC0415

    return TensorMachine(tensor_engine(execution), execution.cache)


def tensor_engine(execution: Execution) -> "MakeEngine":
    """What gives the engine that runs models, as `execution` says."""
    if execution.reference:
        from assay.machines.tensor.engine import Engine  # noqa: PLC0415

        return Engine
    from assay.machines.tensor_fast.machine import fast_engine  # noqa: PLC0415

    return lambda: fast_engine(execution.cache)


_MAKERS: Mapping[str, Callable[[Execution], Machine]] = {
    "counter": _counter,
    "riscv": riscv_machine,
    "tensor": _tensor,
}


class _Machines(Mapping[str, Machine]):
    """Makes each machine when it is first asked for."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._made: dict[str, Machine] = {}

    def __getitem__(self, name: str) -> Machine:
        if name not in self._made:
            self._made[name] = _MAKERS[name](self._execution)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in _MAKERS

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


def machines_for(execution: Execution) -> Mapping[str, Machine]:
    """The machines by name, with programs run as `execution` says."""
    return _Machines(execution)


MACHINES: Mapping[str, Machine] = machines_for(DEFAULT)
"""The machines where nothing was set."""


def machine_named(name: str, machines: Mapping[str, Machine] = MACHINES) -> Machine:
    """The machine of that name; raises `InputError` if there is none."""
    if name not in machines:
        raise InputError(f"there is no machine {name!r}; there are {', '.join(sorted(machines))}")
    return machines[name]
