"""Outcomes and the entries of result documents: what a run leaves, and what proves it (docs/documents.md)."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.content import content_id
from assay.errors import IntegrityError
from assay.machines.base import FetchBlob, Outcome, RunStatus
from assay.machines.riscv.image import (
    HEADER,
    INPUT,
    KERNEL,
    MAX_STDERR,
    MAX_STDOUT,
    OUTPUT,
    PROGRAM,
    STDERR,
    STDOUT,
    memory_root,
    output_pages,
    region_node,
)
from assay.machines.riscv.memory import ReadableMemory
from assay.machines.riscv.memory_tree import NodeAccess
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


def outcome_in(memory: ReadableMemory) -> Outcome:
    """What a run left in the output region; a fault without output, if the program wrote nonsense there by itself."""
    status, exit_status, stdout_size, stderr_size = HEADER.unpack(memory.bytes_at(OUTPUT.start, HEADER.size))
    if status not in set(RunStatus) or exit_status > 255 or stdout_size > MAX_STDOUT or stderr_size > MAX_STDERR:
        return Outcome(RunStatus.FAULTED, exit_status=0, stdout=b"", stderr=b"")
    return Outcome(
        status=RunStatus(status),
        exit_status=exit_status,
        stdout=memory.bytes_at(STDOUT, stdout_size),
        stderr=memory.bytes_at(STDERR, stderr_size),
    )


def result_entry(state: State, tree: NodeAccess, outcome: Outcome) -> dict[str, Any]:
    """The entry for a run that ended in `state`, `tree` being its memory's.

    It proves nothing if the program wrote into the output region by itself; but nobody can do better.
    """
    return {
        "state": state.encode().hex(),
        "program": tree.node(PROGRAM.level, PROGRAM.index).hex(),
        "input": tree.node(INPUT.level, INPUT.index).hex(),
        "kernel": tree.node(KERNEL.level, KERNEL.index).hex(),
        "status": int(outcome.status),
        "exit_status": outcome.exit_status,
        "stdout": {"id": content_id(outcome.stdout), "size": len(outcome.stdout)},
        "stderr": {"id": content_id(outcome.stderr), "size": len(outcome.stderr)},
    }


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


def _blob(stream: Stdout | Stderr, fetch: FetchBlob) -> bytes:
    data = fetch(stream.id)
    if len(data) != stream.size:
        raise IntegrityError(f"the blob {stream.id} has {len(data)} bytes; the result says {stream.size}")
    return data
