"""What a run leaves, and the entry of a result document that proves it (docs/documents.md)."""

from typing import Any

from assay.content import content_id
from assay.machines.base import Outcome, RunStatus
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
)
from assay.machines.riscv.memory import ReadableMemory
from assay.machines.riscv.memory_tree import NodeAccess
from assay.machines.riscv.state import State


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
