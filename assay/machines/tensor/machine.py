"""The tensor machine behind the seam that all machines share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError

from assay.errors import InputError, IntegrityError
from assay.keccak import keccak256
from assay.machines.base import FetchBlob, Outcome
from assay.machines.tensor.block_tree import BLOCK_BYTES, DEPTH, block_bytes
from assay.machines.tensor.engine import Engine, MakeEngine
from assay.machines.tensor.instruction import BLOCK
from assay.machines.tensor.program import MAX_WORDS, OUTPUT, read_program
from assay.machines.tensor.state import ENCODING, END, State
from assay.machines.tensor.trace import TensorTrace, outcome
from assay.machines.tensor.weights import WeightRoots
from assay.validation import ContentId, DocumentModel, HexBytes, explain


class TensorTask(DocumentModel):
    """A task of a job spec."""

    inputs: list[ContentId]
    """In the order of the model's inputs: dense, in row-major order, little-endian."""


class TensorResult(DocumentModel):
    """A task's entry in a result document."""

    state: Annotated[HexBytes, Field(min_length=ENCODING.size, max_length=ENCODING.size)]
    output: ContentId
    siblings: Annotated[list[Annotated[HexBytes, Field(min_length=32, max_length=32)]], Field(max_length=DEPTH)]
    """The right siblings of the blocks from the start of memory to the end of the outputs, from the leaves up."""


class TensorMachine:
    """Runs imported models (docs/operators.md)."""

    name = "tensor"

    def __init__(self, engine: MakeEngine = Engine, cache: Path | None = None) -> None:
        """`engine` gives what runs a program. The folder `cache`, if there is one, keeps the roots of weights."""
        self._engine = engine
        self._roots = WeightRoots(cache)

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> TensorTrace:
        """A trace of one task; raises `InputError` if this machine cannot run it."""
        if program is None:
            raise InputError("the job has no program: `program` has to be the content id of an imported model")
        try:
            checked = TensorTask.model_validate(task)
        except ValidationError as error:
            raise InputError(f"not a task for the tensor machine: {explain(error)}") from error
        model = read_program(fetch(program), fetch)
        initial = model.initial([fetch(each) for each in checked.inputs])
        return TensorTrace(model, initial, step_limit, self._engine, lambda: self._roots.of(model))

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        """The final state root that a result document's entry proves, and its outcome."""
        try:
            checked = TensorResult.model_validate(entry)
        except ValidationError as error:
            raise IntegrityError(f"not a tensor machine's result: {explain(error)}") from error
        state, output = State.decode(checked.state), fetch(checked.output)
        if len(output) % 4 or len(output) >= 4 * (MAX_WORDS - OUTPUT):
            raise IntegrityError(f"an output has {len(output)} bytes")
        if _root_over(output, list(checked.siblings)) != state.memory:
            raise IntegrityError("the output is not what the final state holds")
        return state.root(), outcome(state.code == END, output)


def _root_over(output: bytes, siblings: list[bytes]) -> bytes | None:
    """The memory root whose outputs are these; None if there are too few or too many siblings."""
    count = np.array([len(output) // 4], np.uint32)
    data = block_bytes(np.concatenate([count, np.zeros(BLOCK - 1, np.uint32), np.frombuffer(output, "<u4")]))
    nodes = [keccak256(data[start : start + BLOCK_BYTES]) for start in range(0, len(data), BLOCK_BYTES)]
    for _ in range(DEPTH):
        if len(nodes) & 1:
            if not siblings:
                return None
            nodes.append(siblings.pop(0))
        nodes = [keccak256(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return None if siblings else nodes[0]
