"""Imported models as files: the program's document, a line feed, and the weights."""

from assay.content import content_id
from assay.errors import InputError
from assay.machines.tensor.program import Program, read_program


def write_model(program: Program) -> bytes:
    """The file of a program; the same program always gives the same bytes."""
    return b"\n".join(program.documents())


def split_model(data: bytes) -> tuple[bytes, bytes]:
    """The document and the weights in a file: the blobs that a job's program consists of."""
    document, separator, weights = data.partition(b"\n")
    if not separator:
        raise InputError("not an imported model: make one with `assay model import`")
    return document, weights


def read_model(data: bytes) -> Program:
    """The program in a file; raises `InputError` if it holds none."""
    document, weights = split_model(data)

    def fetch(wanted: str) -> bytes:
        if content_id(weights) != wanted:
            raise InputError("the weights in this file are not those of its model: import it again")
        return weights

    return read_program(document, fetch)
