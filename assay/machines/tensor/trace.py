"""A run of a model, remembered well enough to tell any state of it.

The run itself hashes nothing, and leaves what memory holds at the end: the outputs. So the roots of the first and the
last state cost little. Those of all others are computed when they are asked for, by a run that keeps every word.
"""

from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from itertools import accumulate as running_sum
from typing import Any

import numpy as np

from assay.content import content_id
from assay.errors import InputError
from assay.machines.base import Outcome, Progress, RunStatus
from assay.machines.tensor.binary32 import Words, keeps_subnormals
from assay.machines.tensor.block_tree import DEPTH, BlockTree
from assay.machines.tensor.engine import Engine, MakeEngine
from assay.machines.tensor.execution import INITIAL, Spaces, accumulate
from assay.machines.tensor.instruction import BLOCK
from assay.machines.tensor.program import OUTPUT, Program
from assay.machines.tensor.state import END, State, code_hashes
from assay.machines.tensor.timeline import Timeline
from assay.machines.tensor.witness import record


class TensorTrace:
    """One run. See `assay.machines.base.Trace`."""

    def __init__(
        self,
        program: Program,
        initial: Spaces,
        step_limit: int,
        engine: MakeEngine = Engine,
        weights_root: Callable[[], bytes] | None = None,
    ) -> None:
        """`engine` gives what runs the program; `weights_root` the root of the weights, where it is known."""
        self.program = program
        self.initial = initial
        self._make_engine = engine
        self._find_root = weights_root
        self._step_limit = step_limit
        self._encodings = [instruction.encode() for instruction in program.instructions]
        self._codes = code_hashes(self._encodings)
        self._starts = list(running_sum((each.steps for each in program.instructions), initial=0))
        self._final: Words | None = None

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._step_limit

    def run(self, progress: Progress | None = None) -> int:
        """Run to the end of the code; the number of steps until then, at most the step limit."""
        if self._final is None:
            self._final = self._engine().final(self.program, self.initial, self._limited(progress))
        return min(self._starts[-1], self._step_limit)

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps."""
        return self._state(step).root()

    def witness(self, step: int) -> bytes:
        """The witness of the step from state `step`."""
        state = self._state(step)
        number = self._instruction(step)
        if number is None:
            return record(b"", END, state, (self._weights, self._at(step)[1]))
        return record(self._encodings[number], self._codes[number + 1], state, (self._weights, self._at(step)[1]))

    def outcome(self) -> Outcome:
        """The outputs at the step limit, as standard output."""
        return outcome(self._instruction(self._step_limit) is None, _output(self._memory(self._step_limit)))

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """The task's entry in a result document, and the outputs, which it names."""
        state = self._state(self._step_limit)
        data = _output(self._memory(self._step_limit))
        count, siblings, tree = -(-(OUTPUT + len(data) // 4) // BLOCK), [], self._at(self._step_limit)[1]
        for level in range(DEPTH):
            if count & 1:
                siblings.append(tree.node(level, count).hex())
            count = (count + 1) // 2
        return {"state": state.encode().hex(), "output": content_id(data), "siblings": siblings}, [data]

    def place(self, step: int) -> tuple[int, int] | None:
        """The numbers of the instruction and the element that the step from state `step` is about; None at the end."""
        number = self._instruction(step)
        if number is None:
            return None
        return number, (step - self._starts[number]) // self.program.instructions[number].runs

    def _instruction(self, step: int) -> int | None:
        """The number of the instruction that comes next; None at the end."""
        if step < 0:
            raise ValueError(f"there is no state {step}")
        return None if step >= self._starts[-1] else bisect_right(self._starts, step) - 1

    def _state(self, step: int) -> State:
        """The state after `step` steps."""
        number = self._instruction(step)
        memory, tree = self._at(step)
        weights, root = self._weights_root, tree.root()
        if number is None:
            return State(END, weights, root)
        instruction = self.program.instructions[number]
        element, run = divmod(step - self._starts[number], instruction.runs)
        accumulator = 0
        if run:
            _, a, b = instruction.place(element)
            start = np.array([INITIAL[instruction.kind]], np.uint32)
            spaces, places = Spaces(self.initial.weights, memory), (np.array([a]), np.array([b]))
            accumulator = int(accumulate(instruction, spaces, start, places, 0, run * BLOCK)[0])
        return State(self._codes[number], weights, root, element, run, accumulator)

    def _memory(self, step: int) -> Words:
        """What memory holds, as far as it holds anything."""
        return self._at(step)[0]

    def _at(self, step: int) -> tuple[Words, BlockTree]:
        """Memory, as far as it holds anything, and the tree over it. Both are right until another step is asked for."""
        if step == 0:
            return self.initial.memory, self._first_tree
        if step >= self._starts[-1]:
            return self._end, self._last_tree
        self._timeline.go(step)
        return self._timeline.memory, self._timeline.tree

    @cached_property
    def _timeline(self) -> Timeline:
        """What a dispute needs: another run, of which every word is kept."""
        everything = self._engine().everything(self.program, self.initial)
        return Timeline(self.program.writing, self.program.whole(self.initial).memory, everything)

    @cached_property
    def _first_tree(self) -> BlockTree:
        return BlockTree(self.initial.memory)

    @cached_property
    def _last_tree(self) -> BlockTree:
        return BlockTree(self._end)

    @property
    def _end(self) -> Words:
        self.run()
        assert self._final is not None
        return self._final

    def _engine(self) -> Engine:
        if not keeps_subnormals():
            raise InputError("another library has turned subnormal numbers off in this process")
        return self._make_engine()

    def _limited(self, progress: Progress | None) -> Progress | None:
        """Progress that does not go beyond the step limit."""
        return None if progress is None else lambda steps: progress(min(steps, self._step_limit))

    @cached_property
    def _weights_root(self) -> bytes:
        return self._find_root() if self._find_root is not None else self._weights.root()

    @cached_property
    def _weights(self) -> BlockTree:
        """The tree over the weights."""
        return BlockTree(self.initial.weights)


def outcome(ended: bool, output: bytes) -> Outcome:
    """What a run leaves behind that got to the end of the code, or did not."""
    status = RunStatus.EXITED if ended else RunStatus.OUT_OF_STEPS
    return Outcome(status, exit_status=0, stdout=output, stderr=b"")


def _output(memory: Words) -> bytes:
    return memory[OUTPUT : OUTPUT + int(memory[0])].astype("<u4").tobytes()
