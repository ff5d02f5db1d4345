"""Runs programs by native code: for their outputs by a plan, and otherwise instruction by instruction."""

from collections.abc import Hashable
from contextlib import suppress
from threading import Lock

from assay.machines.base import Progress
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Spaces
from assay.machines.tensor.program import Program
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.kernels import Kernels
from assay.machines.tensor_fast.plan import CannotBePlannedError, Plan


class FastEngine(Engine):
    """Keeps the plan of the last program, and its weights in the order in which the kernels take them."""

    def __init__(self, kernels: Kernels) -> None:
        super().__init__()
        self._kernels = kernels
        self._plan: Plan | None = None
        self._known: tuple[Program, Hashable] | None = None
        self._in_use = Lock()

    def final(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """See `Engine.final`."""
        if not self._in_use.acquire(blocking=False):  # a plan has one arena
            return FastEngine(self._kernels).final(program, initial, progress)
        try:
            plan = self.plan(program)
            if plan is not None:
                return plan.run(initial, progress)
        except CannotBePlannedError:
            self._plan = None
        finally:
            self._in_use.release()
        return self._one_by_one().final(program, initial, progress)

    def everything(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """See `Engine.everything`."""
        return self._one_by_one().everything(program, initial, progress)

    def _one_by_one(self) -> Engine:
        """An engine of this run's own: what it has packed is no other thread's."""
        return Engine(FastExecution(self._kernels))

    def plan(self, program: Program) -> Plan | None:
        """The plan of a program; None if it has to be run as it is."""
        known = self._known
        if known is None or not (known[0] is program or (program.weights_id and known[1] == _identity(program))):
            self._plan, self._known = None, None  # before the next one takes its memory
            with suppress(CannotBePlannedError, MemoryError):
                self._plan = Plan(self._kernels, program)
            self._known = program, _identity(program)
        return self._plan


def _identity(program: Program) -> Hashable:
    """What programs that were read from the same document have in common, and no others."""
    tensors = tuple(tensor.model_dump_json() for tensor in (*program.inputs, *program.outputs))
    return program.weights_id, program.memory, tensors, program.instructions
