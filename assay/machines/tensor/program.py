"""Programs of the tensor machine: an imported model, as the document that a job names (docs/operators.md, 7)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from assay.content import content_id
from assay.errors import InputError
from assay.machines.base import FetchBlob
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.execution import Spaces
from assay.machines.tensor.instruction import BLOCK, Addresses, Instruction, Kind, Operand
from assay.machines.tensor.places import Places, mark, reads_any_of, target_of
from assay.machines.tensor.strides import offsets
from assay.validation import ContentId, DocumentModel, HexBytes, explain

MAX_WORDS = 1 << 30
OUTPUT = BLOCK
"""The address of the outputs, one behind the other. The block before them holds the number of their words."""

Size = Annotated[int, Field(ge=1, lt=MAX_WORDS)]


class Tensor(DocumentModel):
    """An input or output as it is outside: dense, in row-major order, little-endian."""

    name: str
    type: Literal["float32", "int32"]
    shape: list[Size]

    @property
    def words(self) -> int:
        """The number of elements."""
        count = 1
        for size in self.shape:
            count *= size
        return count


class Input(Tensor):
    """An input and where its elements lie in memory."""

    address: Annotated[int, Field(ge=0, lt=MAX_WORDS)]
    strides: list[Annotated[int, Field(ge=0, lt=MAX_WORDS)]]

    def addresses(self) -> Addresses:
        """The address of each element."""
        return self.address + offsets(self.shape, self.strides)


class ProgramDocument(DocumentModel):
    """What the program of a job spec is."""

    assay: Literal["model/1"]
    weights: ContentId
    memory: Annotated[int, Field(ge=2 * BLOCK, le=MAX_WORDS)]
    """Words; those beyond are zero and stay so."""
    inputs: list[Input]
    outputs: Annotated[list[Tensor], Field(min_length=1)]
    instructions: list[HexBytes]


@dataclass(frozen=True)
class Program:
    """A model, ready to run."""

    weights: Words = field(repr=False)
    memory: int
    inputs: tuple[Input, ...]
    outputs: tuple[Tensor, ...]
    instructions: tuple[Instruction, ...]
    weights_id: str | None = field(default=None, compare=False)
    """The content id of the weights, where it is known."""

    @property
    def writing(self) -> tuple[Instruction, ...]:
        """The instructions that write, each to words of its own: all but a KEEP at the end."""
        return self.instructions[:-1] if self._keep else self.instructions

    @property
    def kept(self) -> int:
        """The words from the start of memory that may be anything but zero at the end."""
        return min((self._keep.target // BLOCK + 1) * BLOCK, self.memory) if self._keep else self.memory

    @property
    def _keep(self) -> Instruction | None:
        last = self.instructions[-1] if self.instructions else None
        return last if last is not None and last.kind == Kind.KEEP else None

    @property
    def steps(self) -> int:
        """The number of steps of a run."""
        return sum(instruction.steps for instruction in self.instructions)

    def documents(self) -> tuple[bytes, bytes]:
        """The document, and the weights that it names. The same program always gives the same bytes."""
        weights = self.weights.astype("<u4").tobytes()
        document = {
            "assay": "model/1",
            "weights": content_id(weights),
            "memory": self.memory,
            "inputs": [tensor.model_dump() for tensor in self.inputs],
            "outputs": [tensor.model_dump() for tensor in self.outputs],
            "instructions": [instruction.encode().hex() for instruction in self.instructions],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), weights

    def initial(self, inputs: Sequence[bytes]) -> Spaces:
        """The weights, and memory up to the last input; raises `InputError` if these are not the inputs."""
        if len(inputs) != len(self.inputs):
            raise InputError(f"the model has {len(self.inputs)} inputs, not {len(inputs)}")
        places = [tensor.addresses() for tensor in self.inputs]
        memory = np.zeros(max([0, *(int(each.max()) for each in places)]) + 1, np.uint32)
        memory[0] = sum(tensor.words for tensor in self.outputs)
        for tensor, where, data in zip(self.inputs, places, inputs, strict=True):
            if len(data) != 4 * tensor.words:
                shape = "x".join(map(str, tensor.shape))
                raise InputError(
                    f"input {tensor.name!r} is {tensor.type} {shape}, {4 * tensor.words} bytes, not {len(data)}"
                )
            memory[where] = np.frombuffer(data, "<u4")
        return Spaces(self.weights, memory)

    def whole(self, initial: Spaces) -> Spaces:
        """What `initial` gave, in memory of its own that a run can write to. What is zero takes no room yet."""
        memory = np.zeros(self.memory, np.uint32)
        memory[: len(initial.memory)] = initial.memory
        return Spaces(initial.weights, memory)


def read_program_document(data: bytes) -> ProgramDocument:
    """The document in `data`; raises `InputError` if it is none. What its instructions do is not looked at."""
    try:
        return ProgramDocument.model_validate(_parsed(data))
    except ValidationError as error:
        raise InputError(f"not a model: {explain(error)}") from error


def read_program(data: bytes, fetch: FetchBlob) -> Program:
    """The program in `data`; raises `InputError` if it is none, or one that does not write each word once."""
    document = read_program_document(data)
    weights = fetch(document.weights)
    if len(weights) % 4 or len(weights) > 4 * MAX_WORDS:
        raise InputError(f"not a model: its weights have {len(weights)} bytes")
    instructions = [Instruction.decode(encoding) for encoding in document.instructions]
    program = Program(
        weights=np.frombuffer(weights, "<u4").astype(np.uint32, copy=False),
        memory=document.memory,
        inputs=tuple(document.inputs),
        outputs=tuple(document.outputs),
        instructions=tuple(each for each in instructions if each is not None),
        weights_id=document.weights,
    )
    if len(program.instructions) != len(instructions):
        raise InputError(f"not a model: instruction {instructions.index(None)} is none")
    check(program)
    return program


def check(program: Program) -> None:
    """Raise `InputError` unless each word is written at most once, no instruction reads what it writes, and the last
    one keeps the outputs and nothing else.

    So an instruction gives the same results in whatever order its elements are computed, what memory held at any step
    can be told from what it holds before the end, and whoever claims a result needs nothing but the outputs.
    """
    written = np.zeros(program.memory, bool)
    written[:BLOCK] = True
    end = OUTPUT + sum(tensor.words for tensor in program.outputs)
    if end > program.memory:
        raise InputError("not a model: its outputs do not fit into its memory")
    written[end : end + -end % BLOCK] = True  # so that a result can show the blocks of the outputs whole
    for tensor in program.inputs:
        if len(tensor.strides) != len(tensor.shape):
            raise InputError(f"not a model: input {tensor.name!r} has not as many strides as axes")
        places = Places(tensor.address, tuple(tensor.shape), tuple(tensor.strides))
        if places.high >= program.memory:
            raise InputError(f"not a model: input {tensor.name!r} lies beyond its memory of {program.memory} words")
        mark(written, places, f"input {tensor.name!r}")
    for number, instruction in enumerate(program.writing):
        if instruction.kind == Kind.KEEP:
            raise InputError(f"not a model: instruction {number} drops what is in memory before the end")
        target = target_of(instruction)
        mark(written, target, f"instruction {number}")
        if reads_any_of(instruction, target):
            raise InputError(f"not a model: instruction {number} reads what it writes")
        if instruction.kind == Kind.GATHER and not instruction.a.weights:
            raise InputError(f"not a model: instruction {number} gathers from memory, where it also writes")
    if program.instructions[-1:] != (keep(program.outputs),):
        raise InputError("not a model: its last instruction does not keep the outputs, and nothing else")


def keep(outputs: Sequence[Tensor]) -> Instruction:
    """The last instruction of a program that has these outputs."""
    return Instruction(Kind.KEEP, OUTPUT + sum(tensor.words for tensor in outputs) - 1, Operand(0))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a model: {error}") from error
