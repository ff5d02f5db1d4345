"""The inputs and outputs of models as NumPy arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError, IntegrityError
from assay.machines.tensor.program import Program, Tensor

CHECKPOINT, LOSS = "checkpoint", "loss"
"""The input of a program that trains which holds all outputs of the run before, and the output with the losses."""

Given = NDArray[Any] | Mapping[str, NDArray[Any]]
"""An array, or an archive of some by their names."""


def input_blobs(program: Program, given: Sequence[Given]) -> list[bytes]:
    """The bytes of a program's inputs, in their order. Raises `InputError` if these are not what it wants.

    Archives give inputs by name, or all that a checkpoint consists of; what else they hold does not matter. Arrays are
    the other inputs, in their order.
    """
    blobs: dict[str, bytes] = {}
    arrays = [each for each in given if not isinstance(each, Mapping)]
    for archive in (each for each in given if isinstance(each, Mapping)):
        before = len(blobs)
        for wanted in program.inputs:
            if wanted.name in archive:
                blobs[wanted.name] = input_bytes(wanted, archive[wanted.name])
            elif _is_checkpoint(wanted, program.outputs) and any(each.name in archive for each in program.outputs):
                blobs[wanted.name] = _checkpoint(program.outputs, archive)
        if len(blobs) == before:
            names = ", ".join(wanted.name for wanted in program.inputs)
            raise InputError(
                f"an archive of {', '.join(archive)} has none of the inputs {names} that are still to give"
            )
    left = [wanted for wanted in program.inputs if wanted.name not in blobs]
    if len(arrays) != len(left):
        names = ", ".join(wanted.name for wanted in left) or "none"
        which = "inputs that no archive has" if blobs else "inputs"
        raise InputError(f"the model has {len(left)} {which}, not {len(arrays)}: {names}")
    blobs.update({wanted.name: input_bytes(wanted, array) for wanted, array in zip(left, arrays, strict=True)})
    return [blobs[wanted.name] for wanted in program.inputs]


def _is_checkpoint(wanted: Tensor, outputs: Sequence[Tensor]) -> bool:
    return wanted.name == CHECKPOINT and wanted.shape == [sum(each.words for each in outputs)]


def _checkpoint(outputs: Sequence[Tensor], archive: Mapping[str, NDArray[Any]]) -> bytes:
    """The outputs of the run before, one behind the other. The losses need not be there: nobody reads them."""
    parts = []
    for each in outputs:
        array = archive.get(each.name)
        if each.name == LOSS and (array is None or list(array.shape) != each.shape):
            array = np.zeros(each.shape, np.float32)
        if array is None:
            raise InputError(f"the checkpoint has no {each.name!r}: is it that of another model or optimizer?")
        parts.append(input_bytes(each, array))
    return b"".join(parts)


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
