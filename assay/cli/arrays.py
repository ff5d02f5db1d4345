"""Arrays on the command line: the inputs and outputs of models as NumPy files, and shapes."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from numpy.typing import NDArray

from assay.cli.output import read_file
from assay.errors import InputError
from assay.machines.tensor.program import Program, Tensor
from assay.models.arrays import input_blobs, output_arrays

T = TypeVar("T")

shape_option = click.option(
    "--shape", "shapes", multiple=True, metavar="NAME=1x3x224x224", help="For an input that FILE.onnx leaves open."
)
input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="X.npy",
    help="In the model's order; an archive (.npz) has some of them by name, or a checkpoint.",
)


def parsed_shapes(texts: Sequence[str]) -> dict[str, list[int]]:
    """What `--shape` says, by the names of inputs. Raises `InputError`."""
    return _named(
        texts, lambda sizes: [int(size) for size in sizes.split("x")] if sizes else [], "shape", "1x3x224x224"
    )


def parsed_values(texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """What `--value` says, by the names of inputs. Raises `InputError`."""
    return _named(texts, lambda text: np.array(float(text) if "." in text else int(text)), "value", "16000 or NAME=0.5")


def _named(texts: Sequence[str], read: Callable[[str], T], what: str, example: str) -> dict[str, T]:
    found = {}
    for text in texts:
        name, separator, given = text.rpartition("=")
        try:
            if not separator:
                raise ValueError
            found[name] = read(given)
        except ValueError as error:
            raise InputError(f"{text!r} is no {what}: write NAME={example}") from error
    return found


def read_inputs(program: Program, paths: Sequence[Path]) -> list[bytes]:
    """The inputs in some files, as the model wants them. Raises `InputError`."""
    return input_blobs(program, [read_arrays(path) for path in paths])


def read_arrays(path: Path) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """The array in a file, or those of an archive by their names. Raises `InputError`."""
    try:
        found = np.load(io.BytesIO(read_file(path)), allow_pickle=False)
        return found if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path} is no NumPy file: {error}") from error


def encoded_outputs(tensors: Sequence[Tensor], data: bytes) -> bytes:
    """Outputs as a file: one as an array, several as an archive."""
    outputs = output_arrays(tensors, data)
    if len(outputs) > 1:
        return encoded_archive(outputs)
    file = io.BytesIO()
    np.save(file, next(iter(outputs.values())))
    return file.getvalue()


def encoded_archive(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Arrays by their names as a file."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
