"""The entries of result documents, checked: what a run is said to have left (docs/documents.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.errors import IntegrityError
from assay.machines.base import FetchBlob, Outcome, RunStatus
from assay.machines.riscv.image import (
    MAX_STDERR,
    MAX_STDOUT,
    OUTPUT,
    STDERR,
    Region,
    memory_root,
    output_pages,
    region_node,
)
from assay.machines.riscv.state import ENCODING, State
from assay.validation import ContentId, DocumentModel, HexBytes, explain

Node = Annotated[HexBytes, Field(min_length=32, max_length=32)]


class Stdout(DocumentModel):
    """Where the standard output is found."""

    id: ContentId
    size: Annotated[int, Field(ge=0, le=MAX_STDOUT)]


class Stderr(DocumentModel):
    """Where the standard error is found."""

    id: ContentId
    size: Annotated[int, Field(ge=0, le=MAX_STDERR)]


class RiscvResult(DocumentModel):
    """A task's entry in a result document."""

    state: Annotated[HexBytes, Field(min_length=ENCODING.size, max_length=ENCODING.size)]
    program: Node
    input: Node
    kernel: Node
    status: Annotated[int, Field(ge=min(RunStatus), le=max(RunStatus))]
    exit_status: Annotated[int, Field(ge=0, le=255)]
    stdout: Stdout
    stderr: Stderr


def check_entry(entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
    """The final state root that an entry proves, and its outcome. Raises `IntegrityError` if it contradicts itself."""
    try:
        result = RiscvResult.model_validate(entry)
    except ValidationError as error:
        raise IntegrityError(f"not a result of the RISC-V machine: {explain(error)}") from error
    outcome = Outcome(
        status=RunStatus(result.status),
        exit_status=result.exit_status,
        stdout=_blob(result.stdout, fetch),
        stderr=_blob(result.stderr, fetch),
    )
    state = State.decode(result.state)
    output = region_node(OUTPUT, output_pages(outcome))
    if memory_root(result.program, result.input, output, result.kernel) != state.memory_root:
        raise IntegrityError("the outputs that the result names are not those of its final state")
    return state.root(), outcome


@dataclass(frozen=True)
class Surroundings:
    """What a final state holds beside standard output, status and lengths: with it, these lead to the state root."""

    stderr_node: bytes
    """Of the memory tree, as the other nodes: level 23."""
    kernel_node: bytes
    input_node: bytes
    program_node: bytes
    registers: bytes
    """The state's encoding behind its memory root."""


def surroundings(entry: Mapping[str, Any], outcome: Outcome) -> Surroundings:
    """Of an entry that was checked, and the outcome that it proves (`check_entry`)."""
    result = RiscvResult.model_validate(entry)
    stderr = Region(STDERR, OUTPUT.level - 1)
    return Surroundings(
        stderr_node=region_node(stderr, output_pages(outcome)),
        kernel_node=result.kernel,
        input_node=result.input,
        program_node=result.program,
        registers=result.state[32:],
    )


def _blob(stream: Stdout | Stderr, fetch: FetchBlob) -> bytes:
    data = fetch(stream.id)
    if len(data) != stream.size:
        raise IntegrityError(f"the blob {stream.id} has {len(data)} bytes; the result says {stream.size}")
    return data
