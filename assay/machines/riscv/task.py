"""A task of a job spec, as the RISC-V machine takes it (docs/documents.md)."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.errors import InputError
from assay.validation import ContentId, DocumentModel, explain


class RiscvTask(DocumentModel):
    """A task."""

    arguments: Annotated[list[str], Field(min_length=1)]
    """The program's name first."""
    stdin: ContentId | None
    environment: Annotated[list[str], Field(default_factory=list)]
    """Variables, written `NAME=VALUE`."""


def read_task(task: Mapping[str, Any]) -> RiscvTask:
    """The task, checked; raises `InputError` if it is none."""
    try:
        return RiscvTask.model_validate(task)
    except ValidationError as error:
        raise InputError(f"not a task for the RISC-V machine: {explain(error)}") from error
