"""`assay model`: models, on one's own machine and as jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from assay.cli.arrays import encoded_outputs, input_option, parsed_shapes, parsed_values, read_inputs, shape_option
from assay.cli.jobs import claimed_outcome
from assay.cli.options import json_option, settings_options
from assay.cli.output import check_writable, read_file, say, waiting, write_output
from assay.cli.session import Session
from assay.cli.submit import check_output, send_job
from assay.cli.training import export, train
from assay.cli.work import Deal, accept_period_option, deal_options, wait_options
from assay.client.order import Order, order_model
from assay.documents import read_job_spec
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.registry import machines_for, tensor_engine
from assay.machines.tensor.program import Program, read_program_document
from assay.machines.tensor.trace import TensorTrace
from assay.models.files import read_model, write_model
from assay.settings import Settings

STEP_LIMIT = 16**15
"""The most that a job can have."""


@click.group()
def model() -> None:
    """Import models, run and train them here, and have that done by others."""


model.add_command(train)
model.add_command(export)


@model.command(name="import")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE.onnx")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The program.")
@shape_option
@click.option("--value", "values", multiple=True, metavar="NAME=16000", help="An input of one number that is fixed.")
def import_(source: Path, output: Path, shapes: tuple[str, ...], values: tuple[str, ...]) -> None:
    """Make a program of the tensor machine from an ONNX file of opset 7 to 22.

    \b
    Examples:
        assay model import digits.onnx --shape image=1x1x8x8 -o digits.assay
        assay model import voice.onnx --shape input=1x576 --value sr=16000 -o voice.assay
    """
    program = _imported(source, shapes, values)
    write_output(write_model(program), output)
    instructions, weights = len(program.instructions), len(program.weights)
    say(f"{instructions:,} instructions, {program.steps:,} steps, {weights:,} words of weights")


@model.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@input_option
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="Y.npy")
@shape_option
@click.option("--reference", is_flag=True, help="Run it by the reference implementation: far slower, for comparison.")
@click.option("--stats", is_flag=True, help="Tell the steps, and the initial and final state root.")
@settings_options()
def run(
    *,
    settings: Settings,
    source: Path,
    inputs: tuple[Path, ...],
    output: Path,
    shapes: tuple[str, ...],
    reference: bool,
    stats: bool,
) -> None:
    """Run a model here and now.

    FILE is what `assay model import` or `train` made, or an ONNX file (.onnx), imported first. Inputs are NumPy
    files in the order of the model's inputs; archives (.npz) come in addition and give inputs by name, or a checkpoint.
    One output is written as a NumPy file, several as one archive of them (.npz) by their names.

    \b
    Examples:
        assay model run digits.assay --input image.npy -o probabilities.npy
        assay model run step.assay --input start.npz --input images.npy --input labels.npy -o next.npz
    """
    program = _program(source, shapes)
    data = read_inputs(program, inputs)
    with waiting(f"running {source}"):
        execution = replace(settings.execution, reference=reference or settings.execution.reference)
        trace = TensorTrace(program, program.initial(data), STEP_LIMIT, tensor_engine(execution))
        steps = trace.run()
        write_output(encoded_outputs(program.outputs, trace.outcome().stdout), output)
    if stats:
        say(f"{steps:,} steps, from state {trace.state_root(0).hex()} to {trace.state_root(STEP_LIMIT).hex()}")


@model.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@input_option
@shape_option
@deal_options()
@accept_period_option
@wait_options
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def submit(
    *,
    settings: Settings,
    source: Path,
    inputs: tuple[Path, ...],
    shapes: tuple[str, ...],
    deal: Deal,
    accept_period: int,
    wait: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Send one run of a model as a job, and pay for it.

    FILE and inputs are as for `assay model run`, and so is what --wait writes to OUT. The step limit is the number of
    steps that the model has. All else is as for `assay submit`.

    \b
    Examples:
        assay model submit digits.onnx --input image.npy --price 5
        assay model submit digits.assay --input image.npy --price 5 --wait -o probabilities.npy
    """
    check_output(wait, output)
    deal.warn_verifiers()
    program = _program(source, shapes)
    data = read_inputs(program, inputs)
    session = Session(settings)
    with waiting("preparing the job"):
        order = order_model(program, data, machines_for(settings.execution))
    encode = partial(encoded_outputs, program.outputs)
    send_job(session, order, deal.conditions(accept_period), wait, output, as_json, encode)


@model.command()
@click.argument("job")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="Y.npy", help="The file for the output.")
@click.option("--task", type=click.IntRange(min=0), default=0, metavar="N", help="Of a job with several tasks: which.")
@settings_options("rpc_url", "deployment", "store", "wallet")
def result(settings: Settings, job: str, output: Path | None, task: int) -> None:
    """Fetch the output of a model's job as a NumPy file, and check that it is what was claimed on chain.

    It is written to Y.npy, or to standard output, as `assay model run` writes it. For the rest see `assay result`.

    \b
    Example:
        assay model result 0.1 -o probabilities.npy
    """
    if output:
        check_writable(output)
    session = Session(settings)
    history, outcome = claimed_outcome(session, job, task)
    specs = [read_job_spec(session.store.get(spec.hex())) for spec in history.spec_ids]
    program = [spec.program if spec.machine == "tensor" else None for spec in specs for _ in spec.tasks][task]
    if program is None:
        raise InputError(f"job {history.job.job_id} is no model's: `assay result` fetches its output")
    document = read_program_document(session.store.get(program))
    write_output(encoded_outputs(document.outputs, outcome.stdout), output)


def model_order(source: Path, inputs: Sequence[Path], machines: Mapping[str, Machine]) -> Order:
    """One run of the model in a file as a job. Raises `InputError`."""
    program = _program(source, ())
    return order_model(program, read_inputs(program, inputs), machines)


def _program(source: Path, shapes: tuple[str, ...]) -> Program:
    """The model in a file, imported first if it is an ONNX file."""
    if source.suffix == ".onnx":
        return _imported(source, shapes)
    if shapes:
        raise click.UsageError(f"--shape is for ONNX files, and {source} is imported already")
    return read_model(read_file(source))


def _imported(source: Path, shapes: tuple[str, ...], values: tuple[str, ...] = ()) -> Program:
    try:
        from assay.models.onnx_import import import_onnx  # noqa: PLC0415 - only who imports models needs onnx
    except ImportError as error:
        raise InputError("importing needs the package onnx: pip install 'assay[models]'") from error
    with waiting(f"importing {source}"):
        return import_onnx(read_file(source), parsed_shapes(shapes), parsed_values(values))
