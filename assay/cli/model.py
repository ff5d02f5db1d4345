"""`assay model`: models, on one's own machine."""

import io
from pathlib import Path

import click
import numpy as np

from assay.cli.output import read_file, say, waiting
from assay.errors import InputError
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.models.files import read_model, write_model

STEP_LIMIT = 16**15
"""The most that a job can have."""


@click.group()
def model() -> None:
    """Import and run models."""


@model.command(name="import")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE.onnx")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The program.")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=1x3x224x224", help="For an input whose shape is open.")
def import_(source: Path, output: Path, shapes: tuple[str, ...]) -> None:
    """Make a program of the tensor machine from an ONNX file of opset 11 to 18.

    \b
    Example:
        assay model import digits.onnx --shape image=1x1x8x8 -o digits.assay
    """
    try:
        from assay.models.onnx_import import import_onnx  # noqa: PLC0415 - only this command needs onnx
    except ImportError as error:
        raise InputError("importing needs the package onnx: pip install 'assay[models]'") from error
    with waiting(f"importing {source}"):
        program = import_onnx(read_file(source), dict(_shape(each) for each in shapes))
        output.write_bytes(write_model(program))
    steps = sum(instruction.steps for instruction in program.instructions)
    say(f"{len(program.instructions):,} instructions, {steps:,} steps, {len(program.weights):,} words of weights")


@model.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--input", "inputs", multiple=True, type=click.Path(path_type=Path), metavar="X.npy", help="In order.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="Y.npy")
@click.option("--stats", is_flag=True, help="Tell the steps, and the initial and final state root.")
def run(source: Path, inputs: tuple[Path, ...], output: Path, stats: bool) -> None:
    """Run an imported model here and now.

    Inputs are NumPy files in the order of the model's inputs. One output is written as a NumPy file, several as one
    archive of them (.npz) by their names.

    \b
    Example:
        assay model run digits.assay --input image.npy -o probabilities.npy
    """
    program = read_model(read_file(source))
    data = [_tensor(program, number, path) for number, path in enumerate(inputs)]
    with waiting(f"running {source}"):
        trace = TensorTrace(program, program.initial(data), STEP_LIMIT)
        steps = trace.run()
        output.write_bytes(_encoded(program, trace.outcome().stdout))
    if stats:
        say(f"{steps:,} steps, from state {trace.state_root(0).hex()} to {trace.state_root(STEP_LIMIT).hex()}")


def _shape(text: str) -> tuple[str, list[int]]:
    name, separator, sizes = text.rpartition("=")
    try:
        if not separator:
            raise ValueError
        return name, [int(size) for size in sizes.split("x")] if sizes else []
    except ValueError as error:
        raise InputError(f"{text!r} is no shape: write NAME=1x3x224x224") from error


def _tensor(program: Program, number: int, path: Path) -> bytes:
    """The bytes of an input, as the model wants them."""
    try:
        array = np.load(io.BytesIO(read_file(path)), allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path} is no NumPy file: {error}") from error
    if number >= len(program.inputs):
        return b""  # the program says how many there have to be
    wanted = program.inputs[number]
    if list(array.shape) != wanted.shape or array.dtype.kind != np.dtype(wanted.type).kind:
        raise InputError(
            f"input {wanted.name!r} is {wanted.type} {wanted.shape}, not {array.dtype.name} {list(array.shape)}"
        )
    converted = array.astype(wanted.type)
    if wanted.type == "int32" and not np.array_equal(converted, array):
        raise InputError(f"input {wanted.name!r} has integers that do not fit into 32 bits")
    return np.ascontiguousarray(converted.astype(converted.dtype.newbyteorder("<"))).tobytes()


def _encoded(program: Program, data: bytes) -> bytes:
    outputs = {}
    for tensor in program.outputs:
        part, data = data[: 4 * tensor.words], data[4 * tensor.words :]
        outputs[tensor.name] = np.frombuffer(part, np.dtype(tensor.type).newbyteorder("<")).reshape(tensor.shape)
    file = io.BytesIO()
    if len(outputs) == 1:
        np.save(file, next(iter(outputs.values())))
    else:
        np.savez(file, **outputs)  # type: ignore[arg-type]
    return file.getvalue()
