"""The inputs and outputs of models as NumPy arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError, IntegrityError
from assay.machines.tensor.program import Tensor


def input_bytes(wanted: Tensor, array: NDArray[Any]) -> bytes:
    """The bytes of an input, as a task names them. Raises `InputError` if the array is not what the model wants.

    A float may become a narrower one; an integer has to fit into 32 bits.
    """
    if list(array.shape) != wanted.shape or array.dtype.kind != np.dtype(wanted.type).kind:
        raise InputError(
            f"input {wanted.name!r} is {wanted.type} {wanted.shape}, not {array.dtype.name} {list(array.shape)}"
        )
    converted = array.astype(wanted.type)
    if wanted.type == "int32" and not np.array_equal(converted, array):
        raise InputError(f"input {wanted.name!r} has integers that do not fit into 32 bits")
    return np.ascontiguousarray(converted.astype(converted.dtype.newbyteorder("<"))).tobytes()


def output_arrays(tensors: Sequence[Tensor], data: bytes) -> dict[str, NDArray[Any]]:
    """The outputs by name, of a run's standard output. Raises `IntegrityError` if it is not as long as they are."""
    if len(data) != 4 * sum(tensor.words for tensor in tensors):
        raise IntegrityError(f"{len(data)} bytes are not the outputs of this model")
    outputs = {}
    for tensor in tensors:
        part, data = data[: 4 * tensor.words], data[4 * tensor.words :]
        outputs[tensor.name] = np.frombuffer(part, np.dtype(tensor.type).newbyteorder("<")).reshape(tensor.shape)
    return outputs
