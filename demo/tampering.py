"""Machines whose runs lie: one state is altered, and everything after it follows from that, as in an honest run.

The shipped agent knows nothing of this. The saboteur of the demo and the tests hands these machines to the agent's own
classes, so that a liar differs from an honest provider in nothing but what it computes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.errors import InputError
from assay.machines.base import FetchBlob, Machine, Outcome, Progress, Trace
from assay.machines.counter.machine import CounterTrace
from assay.machines.counter.state import CounterState
from assay.machines.registry import DEFAULT, Execution, machines_for
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Execute, Spaces, execute
from assay.machines.tensor.instruction import ADDRESSES, Instruction
from assay.machines.tensor.trace import TensorTrace

STDOUT = 0xC0001000
"""Where a RISC-V task's standard output begins (docs/machine.md, section 6)."""


@dataclass(frozen=True)
class Lie:
    """What is altered, and when."""

    step: int
    """The step that is said to lead to the altered state, from 0. Negative: from the end, -1 is the last one."""
    register: int | None = None
    """Alter this register of a RISC-V hart, 1 to 31; without one, the memory."""
    address: int = STDOUT
    """Alter the byte at this address."""


Alter = Callable[[Any, int, Lie], Trace]
"""Given an honest trace, a step and a lie: the trace that goes on from the altered state after so many steps."""


def tampered_machines(lie: Lie, execution: Execution = DEFAULT) -> Mapping[str, Machine]:
    """All machines, run as `execution` says, their runs altered as `lie` says."""
    alterations: Mapping[str, Alter] = {"counter": _alter_counter, "riscv": _alter_riscv, "tensor": _alter_tensor}
    honest = machines_for(execution)
    return {name: TamperedMachine(honest[name], lie, alter) for name, alter in alterations.items()}


class TamperedMachine:
    """A machine that loads honest tasks and runs them wrongly."""

    def __init__(self, honest: Machine, lie: Lie, alter: Alter) -> None:
        self._honest = honest
        self._lie = lie
        self._alter = alter

    @property
    def name(self) -> str:
        """The honest machine's."""
        return self._honest.name

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> Trace:
        """A trace that lies."""
        honest = self._honest.load(program, task, step_limit, fetch)
        after = self._lie.step + 1 if self._lie.step >= 0 else max(honest.run() + self._lie.step + 1, 1)
        at = min(after, step_limit)
        return TamperedTrace(honest, at, self._alter(honest, at, self._lie))

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        """As the honest machine does."""
        return self._honest.check_result(entry, fetch)


class TamperedTrace:
    """An honest run for the first `at - 1` steps, and from the state after `at` steps another run, an altered one."""

    def __init__(self, honest: Trace, at: int, altered: Trace) -> None:
        self._honest = honest
        self._at = at
        self._altered = altered

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._honest.step_limit

    def run(self, progress: Progress | None = None) -> int:
        """Run to the end; the number of steps until then."""
        return self._at + self._altered.run(progress)

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps, as the liar tells it."""
        return self._honest.state_root(step) if step < self._at else self._altered.state_root(step - self._at)

    def witness(self, step: int) -> bytes:
        """The witness of a step from the state that the liar tells."""
        return self._honest.witness(step) if step < self._at else self._altered.witness(step - self._at)

    def outcome(self) -> Outcome:
        """What the altered run leaves behind."""
        return self._altered.outcome()

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """What the altered run leaves behind, for the result document."""
        return self._altered.result()


class _Later:
    """A trace from the state after `start` steps on."""

    def __init__(self, trace: Trace, start: int) -> None:
        self._trace = trace
        self._start = start

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._trace.step_limit - self._start

    def run(self, progress: Progress | None = None) -> int:
        """Run to the end; the number of steps until then."""
        return max(self._trace.run(progress) - self._start, 0)

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps."""
        return self._trace.state_root(self._start + step)

    def witness(self, step: int) -> bytes:
        """The witness of a step."""
        return self._trace.witness(self._start + step)

    def outcome(self) -> Outcome:
        """What the run leaves behind."""
        return self._trace.outcome()

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """What the run leaves behind, for the result document."""
        return self._trace.result()


def _alter_counter(honest: CounterTrace, at: int, _: Lie) -> Trace:
    """Count to another number from here."""
    state = CounterState.decode(honest.witness(at))
    return CounterTrace(CounterState(state.value, state.target ^ 1), honest.step_limit - at)


def _alter_riscv(honest: RiscvTrace | FastTrace, at: int, lie: Lie) -> Trace:
    """Flip the lowest bit of a register or of a byte of memory, and run on."""
    hart, pages = honest.contents(at)
    memory = Memory(pages)
    altered = hart.on(memory)
    if lie.register is None:
        memory.write(lie.address, 1, memory.read(lie.address, 1) ^ 1)
    else:
        altered.x[lie.register] ^= 1
    return type(honest)(altered, memory.pages(), honest.step_limit - at)


def _alter_tensor(honest: TensorTrace, at: int, lie: Lie) -> Trace:
    """Flip the lowest bit of the element to which the step belongs when it is written, and run on."""
    place = honest.place(at - 1)
    if place is None:
        raise InputError(f"the model has no step {lie.step}")
    number, element = place
    lying = flipping(honest.program.instructions[number], element)
    return _Later(TensorTrace(honest.program, honest.initial, honest.step_limit, lambda: Engine(lying)), at)


def flipping(altered: Instruction, element: int, honest: Execute = execute) -> Execute:
    """Executes as `honest` does, but for the lowest bit of one element of one instruction."""

    def lying(instruction: Instruction, spaces: Spaces) -> None:
        honest(instruction, spaces)
        if instruction is altered:
            spaces.memory[altered.place(element)[0] % ADDRESSES] ^= np.uint32(1)

    return lying
