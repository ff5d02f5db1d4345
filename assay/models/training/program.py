"""The program of some steps of training: forward, loss, backward and update, one step after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.program import Program
from assay.machines.tensor.strides import dense_strides
from assay.models.arrays import CHECKPOINT, LOSS
from assay.models.builder import Builder, Shape, Value
from assay.models.onnx_import import Known, OnnxGraph, Operation, read_onnx
from assay.models.training.gradients import backward, forward
from assay.models.training.losses import CROSS_ENTROPY, LOSSES, loss_and_gradient, target_of
from assay.models.training.optimizers import Arrays, Optimizer

RATE = "rate"


@dataclass(frozen=True)
class Plan:
    """How a model is to be trained."""

    loss: str
    """One of `LOSSES`."""
    optimizer: Optimizer
    rate: float | None = None
    """The learning rate; None makes it an input, a number for each step."""
    steps: int = 1
    """How many steps one run takes, each with a batch of its own."""
    batch: int | None = None
    """The size of first axes that the model leaves open."""
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """The shapes of other inputs that it leaves open."""
    output: str | None = None
    """What the loss is of; None: the model's only output."""
    train: frozenset[str] = frozenset()
    """Initializers of one element that are trained, too."""
    freeze: frozenset[str] = frozenset()
    """Initializers that are not."""


@dataclass(frozen=True)
class Training:
    """A program that trains, and what its first run starts from."""

    program: Program
    start: Arrays
    """The checkpoint before the first step: parameters and what the optimizer remembers, by their names."""
    parameters: tuple[str, ...]
    frozen: tuple[str, ...]
    """Initializers with numbers that the loss depends on and that stay as they are."""


def training_program(data: bytes, plan: Plan) -> Training:
    """The program that trains an ONNX model.

    Its inputs are the checkpoint (as a whole run of words), the learning rate if that is not fixed, those of the model,
    and what its output is compared with; its outputs the next checkpoint, the last tensor of which are the losses. With
    several steps, each input but the checkpoint has one more axis, the first. Raises `InputError`.
    """
    if plan.loss not in LOSSES:
        raise InputError(f"the loss {plan.loss!r} is none of {', '.join(LOSSES)}")
    if plan.steps < 1:
        raise InputError("a run takes at least one step")
    graph = read_onnx(data)
    name = _output(graph, plan)
    last = _last_softmax(graph, name) if plan.loss == CROSS_ENTROPY else None
    name = last.inputs[0] if last else name
    operations = _needed(graph, name)
    parameters, frozen = _parameters(graph, operations, plan)
    memory = plan.optimizer.memory({each: graph.initializers[each].shape for each in parameters})
    start = {**{each: graph.initializers[each] for each in parameters}, **memory}
    layout = {**{each: array.shape for each, array in start.items()}, LOSS: (plan.steps,)}
    if len(layout) != len(parameters) + len(memory) + 1:
        raise InputError("two tensors of the checkpoint have the same name: rename the model's initializers")

    build = Builder()
    state = _unpacked(build.input(CHECKPOINT, (sum(prod(shape) for shape in layout.values()),)), layout)
    del state[LOSS]
    state.update({each: build.with_rows(state[each]) for each in parameters})
    rates = build.input(RATE, (plan.steps,)) if plan.rate is None else None
    inputs = _inputs(build, graph, operations, plan)
    losses, target = build.empty((plan.steps,)), None
    for step in range(plan.steps):
        known: Known = {**graph.initializers, **state}
        known.update({each: _of_step(value, step, plan.steps) for each, value in inputs.items()})
        passed = forward(graph, operations, known, build)
        output = passed.known[name]
        if not isinstance(output, Value) or output.type != "float32":
            raise InputError(f"{name!r} is no tensor of numbers that depends on the inputs")
        if last is not None:
            _check_axis(graph, last, len(output.shape))
        if target is None:
            title, shape, kind = target_of(plan.loss, output.shape)
            if title in inputs:
                raise InputError(f"the model has an input {title!r}, as what it is compared with is called: rename it")
            target = build.input(title, shape if plan.steps == 1 else (plan.steps, *shape), kind)
        loss, gradient = loss_and_gradient(build, plan.loss, output, _of_step(target, step, plan.steps))
        build.emit(Kind.COPY, losses.sliced(0, step, 1).viewed(()), loss)
        gradients = backward(passed, name, gradient, parameters)
        rate = build.scalar(plan.rate) if plan.rate is not None else _rate(rates, step)
        state = {**state, **plan.optimizer.update(build, state, gradients, rate)}
    return Training(build.program([*state.items(), (LOSS, losses)]), start, parameters, frozen)


# --- which tensors ----------------------------------------------------------------------------------------------------


def _output(graph: OnnxGraph, plan: Plan) -> str:
    if plan.output is None:
        if len(graph.outputs) != 1:
            raise InputError(f"the model has several outputs: say which one is trained, of {', '.join(graph.outputs)}")
        return graph.outputs[0]
    if plan.output not in graph.outputs:
        raise InputError(f"the model has no output {plan.output!r}, but {', '.join(graph.outputs)}")
    return plan.output


def _last_softmax(graph: OnnxGraph, name: str) -> Operation | None:
    """The Softmax or LogSoftmax that gives an output: cross-entropy has its own."""
    found = [each for each in graph.operations if name in each.outputs and each.op in ("Softmax", "LogSoftmax")]
    return found[0] if found else None


def _check_axis(graph: OnnxGraph, softmax: Operation, rank: int) -> None:
    axis = softmax.attributes.get("axis", -1 if graph.opset >= 13 else 1)
    if axis % rank != rank - 1:
        raise InputError(f"node {softmax.name} ({softmax.op}): cross-entropy needs the classes along the last axis")


def _needed(graph: OnnxGraph, name: str) -> list[Operation]:
    """The operations that a tensor depends on, in the graph's order."""
    names, needed = {name}, []
    for operation in reversed(graph.operations):
        if names.intersection(operation.outputs):
            names.update(operation.inputs)
            needed.append(operation)
    return needed[::-1]


def _parameters(
    graph: OnnxGraph, operations: Sequence[Operation], plan: Plan
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The initializers that are trained, and the other ones with numbers, both in the file's order."""
    used = {each for operation in operations for each in operation.inputs}
    numbers = [each for each in graph.initializers if each in used and graph.initializers[each].dtype == np.float32]
    for each in (*plan.train, *plan.freeze):
        if each not in numbers:
            raise InputError(f"{each!r} is no initializer with numbers that the loss depends on: {', '.join(numbers)}")
    statistics = {
        each for operation in operations if operation.op == "BatchNormalization" for each in operation.inputs[3:5]
    }
    kept = (statistics | plan.freeze) - plan.train
    kept |= {each for each in numbers if graph.initializers[each].size == 1 and each not in plan.train}
    parameters = tuple(each for each in numbers if each not in kept)
    if not parameters:
        raise InputError("the model has no parameters: initializers of float32 with more than one element")
    return parameters, tuple(each for each in numbers if each in kept)


# --- where they are ---------------------------------------------------------------------------------------------------


def _unpacked(whole: Value, layout: Mapping[str, Shape]) -> dict[str, Value]:
    """Tensors that lie one behind the other, dense."""
    tensors, place = {}, 0
    for name, shape in layout.items():
        tensors[name] = Value(shape, whole.address + place, dense_strides(shape))
        place += prod(shape)
    return tensors


def _inputs(build: Builder, graph: OnnxGraph, operations: Sequence[Operation], plan: Plan) -> dict[str, Value]:
    """The inputs of the model that the loss depends on."""
    used = {each for operation in operations for each in operation.inputs}
    wanted = [each for each in graph.inputs if each.name in used]
    for each in wanted:
        if each.name in (CHECKPOINT, RATE):
            raise InputError(f"the model has an input {each.name!r}, as one of the training is called: rename it")
    inputs = {}
    for each in wanted:
        chosen = plan.shapes.get(each.name)
        if chosen is None and plan.batch is not None and each.shape and each.shape[0] == 0:
            chosen = (plan.batch, *each.shape[1:])
        shape = each.fixed(chosen)
        inputs[each.name] = build.input(each.name, shape if plan.steps == 1 else (plan.steps, *shape), each.type)
    return inputs


def _of_step(value: Value, step: int, steps: int) -> Value:
    if steps == 1:
        return value
    taken = value.sliced(0, step, 1)
    return Value(taken.shape[1:], taken.address, taken.strides[1:], taken.weights, taken.type)


def _rate(rates: Value | None, step: int) -> Value:
    assert rates is not None
    return rates.sliced(0, step, 1).viewed(())
