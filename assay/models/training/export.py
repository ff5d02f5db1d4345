"""A model with the parameters that a checkpoint has."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError


def with_parameters(data: bytes, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An ONNX model whose initializers are those of the arrays that have their names; the others stay.

    Raises `InputError` if there is none, or one of another shape.
    """
    import onnx  # noqa: PLC0415 - only who has models in that format needs it

    try:
        model = onnx.load_from_string(data)
    except Exception as error:
        raise InputError(f"not an ONNX model: {error}") from error
    replaced = 0
    for initializer in model.graph.initializer:
        array = arrays.get(initializer.name)
        if array is None:
            continue
        if list(array.shape) != list(initializer.dims) or array.dtype != np.float32:
            found = f"{array.dtype.name} {list(array.shape)}"
            raise InputError(f"initializer {initializer.name!r} is float32 {list(initializer.dims)}, not {found}")
        initializer.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(array), initializer.name))
        replaced += 1
    if replaced == 0:
        raise InputError("the checkpoint has no parameter of this model")
    return bytes(model.SerializeToString())
