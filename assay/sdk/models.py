"""Models, as Python programs send them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.client.order import Order, order_model
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.tensor.program import Program
from assay.models.arrays import Given, input_blobs, output_arrays
from assay.models.files import read_model
from assay.sdk.result import Result


def load_model(file: Path, shapes: Mapping[str, Sequence[int]], values: Mapping[str, float]) -> Program:
    """The model in a file, imported if it is an ONNX file, with these shapes and numbers. Raises `InputError`."""
    try:
        data = file.read_bytes()
    except OSError as fault:
        raise InputError(f"{file} cannot be read: {fault.strerror}") from fault
    if file.suffix != ".onnx":
        return read_model(data)
    try:
        from assay.models.onnx_import import import_onnx  # noqa: PLC0415 - only who imports models needs onnx
    except ImportError as error:
        raise InputError("importing needs the package onnx: pip install 'assay[models]'") from error
    return import_onnx(
        data,
        {name: list(sizes) for name, sizes in shapes.items()},
        {name: np.array(number) for name, number in values.items()},
    )


def order_inference(program: Program, inputs: Sequence[Given], machines: Mapping[str, Machine]) -> Order:
    """One run of a model as a job. Raises `InputError` if these are not the inputs that it wants."""
    return order_model(program, input_blobs(program, inputs), machines)


def outputs_of(program: Program, result: Result) -> dict[str, NDArray[Any]]:
    """The outputs by name. Raises `ProgramError` if the model did not run to its end, `IntegrityError`."""
    return output_arrays(program.outputs, result.check().stdout)
