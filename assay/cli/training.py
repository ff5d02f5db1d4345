"""`assay model train` and `assay model export`: from a model to a program that trains it, and back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.arrays import encoded_archive, parsed_shapes, read_arrays, shape_option
from assay.cli.options import json_option
from assay.cli.output import print_json, read_file, say, waiting, write_output
from assay.errors import InputError
from assay.models.files import write_model

if TYPE_CHECKING:
    from assay.models.training.optimizers import Optimizer

OPTIONS_OF = {"sgd": ("momentum",), "adam": ("beta1", "beta2", "epsilon")}
fraction = click.FloatRange(0, 1, max_open=True)


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE.onnx")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The program.")
@click.option(
    "--start", required=True, type=click.Path(path_type=Path), metavar="FILE.npz", help="The checkpoint to begin with."
)
@click.option(
    "--loss", required=True, type=click.Choice(["cross-entropy", "squared-error"]), help="What is to become small."
)
@click.option("--optimizer", type=click.Choice(sorted(OPTIONS_OF)), default="adam", show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="The learning rate. Without it, each run is told: an input."
)
@click.option("--momentum", type=fraction, help="Of sgd.  [default: 0]")
@click.option("--beta1", type=fraction, help="Of adam.  [default: 0.9]")
@click.option("--beta2", type=fraction, help="Of adam.  [default: 0.999]")
@click.option("--epsilon", type=click.FloatRange(0, min_open=True), help="Of adam.  [default: 1e-8]")
@click.option("--batch", type=click.IntRange(1), metavar="N", help="For first axes that FILE.onnx leaves open.")
@click.option(
    "--steps", type=click.IntRange(1), default=1, show_default=True, help="Of the optimizer in one run, a batch each."
)
@shape_option
@click.option("--of", metavar="NAME", help="Which output the loss is of, where the model has several.")
@click.option("--train", "trained", multiple=True, metavar="NAME", help="Train an initializer of one element, too.")
@click.option("--freeze", "frozen", multiple=True, metavar="NAME", help="Leave an initializer as it is.")
@json_option
def train(
    *,
    source: Path,
    output: Path,
    start: Path,
    loss: str,
    optimizer: str,
    rate: float | None,
    momentum: float | None,
    beta1: float | None,
    beta2: float | None,
    epsilon: float | None,
    batch: int | None,
    steps: int,
    shapes: tuple[str, ...],
    of: str | None,
    trained: tuple[str, ...],
    frozen: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a program that trains the model of an ONNX file: one or more steps of an optimizer.

    What is trained are the initializers with more than one number that the loss depends on. Cross-entropy compares the
    last axis of the output, without its last Softmax, with `labels`, int32 (no class, such as -1: left out);
    squared-error compares the output with `target`. A run takes a checkpoint and a batch, and gives the next checkpoint
    with the `loss` of each step. With --steps K, batches and labels have a first axis of K.

    \b
    Example:
        assay model train digits.onnx --loss cross-entropy --rate 0.001 --batch 64 --start start.npz -o step.assay
        assay model run step.assay --input start.npz --input images.npy --input labels.npy -o next.npz
        assay model submit step.assay --input next.npz --input images.npy --input labels.npy --price 5
        assay model export digits.onnx next.npz -o trained.onnx
    """
    given = {"momentum": momentum, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    chosen = {name: value for name, value in given.items() if value is not None}
    for name in chosen:
        if name not in OPTIONS_OF[optimizer]:
            raise click.UsageError(f"--{name} is not for {optimizer}")
    try:
        from assay.models.training.program import Plan, training_program  # noqa: PLC0415 - needs onnx, as importing does

        plan = Plan(
            loss=loss,
            optimizer=_optimizer(optimizer, chosen),
            rate=rate,
            steps=steps,
            batch=batch,
            shapes=parsed_shapes(shapes),
            output=of,
            train=frozenset(trained),
            freeze=frozenset(frozen),
        )
        with waiting(f"differentiating {source}"):
            training = training_program(read_file(source), plan)
    except ImportError as error:
        raise InputError("importing needs the package onnx: pip install 'assay[models]'") from error
    write_output(encoded_archive(dict(training.start)), start)
    write_output(write_model(training.program), output)
    program = training.program
    if as_json:
        facts = {"instructions": len(program.instructions), "steps": program.steps, "memory": 4 * program.memory}
        tensors = {"inputs": program.inputs, "outputs": program.outputs}
        described = {
            kind: [{"name": each.name, "type": each.type, "shape": each.shape} for each in some]
            for kind, some in tensors.items()
        }
        print_json({**facts, **described, "trained": training.parameters, "frozen": training.frozen})
        return
    say(f"{len(program.instructions):,} instructions, {program.steps:,} steps, {4 * program.memory:,} bytes of memory")
    say(f"trained: {', '.join(training.parameters)}")
    if training.frozen:
        say(f"left as they are: {', '.join(training.frozen)}")
    wanted = ", ".join(f"{each.name} {each.type} {'x'.join(map(str, each.shape))}" for each in program.inputs)
    say(f"inputs: {wanted}")


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE.onnx")
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="CHECKPOINT.npz")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.onnx", help="The model.")
def export(source: Path, checkpoint: Path, output: Path) -> None:
    """Put the parameters of a checkpoint into the ONNX file from which they come.

    \b
    Example:
        assay model export digits.onnx next.npz -o trained.onnx
    """
    from assay.models.training.export import with_parameters  # noqa: PLC0415 - needed by nothing else

    arrays = read_arrays(checkpoint)
    if not isinstance(arrays, dict):
        raise InputError(f"{checkpoint} is one array: a checkpoint is an archive (.npz), as a run that trains gives it")
    try:
        write_output(with_parameters(read_file(source), arrays), output)
    except ImportError as error:
        raise InputError("exporting needs the package onnx: pip install 'assay[models]'") from error


def _optimizer(name: str, chosen: dict[str, float]) -> "Optimizer":
    from assay.models.training.optimizers import Adam, Sgd  # noqa: PLC0415

    return Sgd(**chosen) if name == "sgd" else Adam(**chosen)
