"""Job specs and result documents: what the chain names by content id, and keeps nothing else of (docs/documents.md).

What a task and a result entry say is the machine's: it checks them when it is given them.
"""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from assay.errors import InputError, IntegrityError
from assay.validation import ContentId, DocumentModel, explain

MAX_DOCUMENT = 1 << 21
"""Bytes."""

Tasks = Annotated[list[dict[str, Any]], Field(min_length=1)]


class JobSpec(DocumentModel):
    """What to run."""

    assay: Literal["job/1"]
    machine: str
    program: ContentId | None
    tasks: Tasks


class ResultDocument(DocumentModel):
    """Where the outputs of a job's tasks are, and what proves them."""

    assay: Literal["result/1"]
    machine: str
    tasks: Tasks


Document = TypeVar("Document", bound=DocumentModel)


def write_document(document: JobSpec | ResultDocument) -> bytes:
    """The document's bytes: the same content always gives the same ones. Raises `InputError` if they are too many."""
    return write_json(document.model_dump(), f", with {len(document.tasks)} tasks")


def write_json(content: Any, more: str = "", limit: int = MAX_DOCUMENT) -> bytes:
    """The bytes of a document with this content. Raises `InputError` if they are too many; `more` says why."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InputError("a document can hold no text that is not Unicode") from error
    if len(data) > limit:
        raise InputError(f"a document of {len(data)} bytes{more}: at most {limit} fit")
    return data


def read_job_spec(data: bytes) -> JobSpec:
    """The job spec in `data`; raises `InputError` if it is none."""
    return read_document(JobSpec, data, "job spec")


def read_result_document(data: bytes) -> ResultDocument:
    """The result document in `data`; raises `IntegrityError` if it is none."""
    try:
        return _read(ResultDocument, data)
    except ValueError as error:
        raise IntegrityError(f"not a result document: {_reason(error)}") from error


def read_document(model: type[Document], data: bytes, name: str, limit: int = MAX_DOCUMENT) -> Document:
    """The document of this kind in `data`; raises `InputError`, which calls it by its `name`, if it is none."""
    try:
        return _read(model, data, limit)
    except ValueError as error:
        raise InputError(f"not a {name}: {_reason(error)}") from error


def _read(model: type[Document], data: bytes, limit: int = MAX_DOCUMENT) -> Document:
    """The document in `data`; raises `ValueError` (as pydantic's and json's errors are)."""
    if len(data) > limit:
        raise ValueError(f"it has {len(data)} bytes, more than {limit}")
    try:
        content = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return model.model_validate(content)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it has an object with the same key twice")
    return members


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _reason(error: ValueError) -> str:
    return explain(error) if isinstance(error, ValidationError) else str(error)
