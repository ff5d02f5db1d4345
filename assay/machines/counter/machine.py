"""The counter behind the seam that all machines share."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.errors import InputError, IntegrityError
from assay.machines.base import FetchBlob, Outcome, Progress, RunStatus
from assay.machines.counter.state import CounterState
from assay.validation import DocumentModel, HexBytes, explain

Uint64 = Annotated[int, Field(ge=0, lt=1 << 64)]


class CounterTask(DocumentModel):
    """A task of a job spec."""

    start: Uint64
    target: Uint64


class CounterResult(DocumentModel):
    """A task's entry in a result document."""

    state: Annotated[HexBytes, Field(min_length=16, max_length=16)]


class CounterTrace:
    """One run of the counter. Every state is known from the start."""

    def __init__(self, initial: CounterState, step_limit: int) -> None:
        self._initial = initial
        self._step_limit = step_limit

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._step_limit

    def run(self, progress: Progress | None = None) -> int:
        """The number of steps to the fixed point, at most the step limit."""
        steps = min(max(self._initial.target - self._initial.value, 0), self._step_limit)
        if progress is not None:
            progress(steps)
        return steps

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps."""
        return self._initial.after(step).root()

    def witness(self, step: int) -> bytes:
        """The witness of the step from state `step`."""
        return self._initial.after(step).encode()

    def outcome(self) -> Outcome:
        """The final value, as a line of standard output."""
        return _outcome(self._initial.after(self._step_limit))

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """The task's entry in a result document; it names no blobs."""
        return {"state": self.witness(self._step_limit).hex()}, []


class CounterMachine:
    """The toy machine."""

    name = "counter"

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> CounterTrace:  # noqa: ARG002
        """A trace of one task; raises `InputError` if it is not a counter's."""
        if program is not None:
            raise InputError("the counter runs no program: `program` has to be null")
        try:
            checked = CounterTask.model_validate(task)
        except ValidationError as error:
            raise InputError(f"not a task for the counter: {explain(error)}") from error
        return CounterTrace(CounterState(checked.start, checked.target), step_limit)

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:  # noqa: ARG002
        """The final state root that the entry proves, and its outcome."""
        try:
            state = CounterState.decode(CounterResult.model_validate(entry).state)
        except ValidationError as error:
            raise IntegrityError(f"not a counter's result: {explain(error)}") from error
        return state.root(), _outcome(state)


def _outcome(final: CounterState) -> Outcome:
    status = RunStatus.EXITED if final.is_fixed_point else RunStatus.OUT_OF_STEPS
    return Outcome(status, exit_status=0, stdout=b"%d\n" % final.value, stderr=b"")
