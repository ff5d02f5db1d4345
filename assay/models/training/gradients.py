"""From the gradient of a loss by a tensor to its gradients by the parameters: the backward pass."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Shape, Value
from assay.models.onnx_import import Known, Node, OnnxGraph, Operation, results_of
from assay.models.operators import reduced
from assay.models.training import elementwise, movement, products, reductions, windows
from assay.models.training.applied import Applied, Rule

RULES: Mapping[str, Rule] = {
    **elementwise.RULES,
    **movement.RULES,
    **products.RULES,
    **reductions.RULES,
    **windows.RULES,
}
"""One for each operator that can be differentiated, by the names that ONNX gives them."""


@dataclass(frozen=True)
class Forward:
    """A model that has been computed: what its names stand for, and how they came about."""

    known: Known
    nodes: Sequence[tuple[Operation, Node]]


def forward(graph: OnnxGraph, operations: Sequence[Operation], known: Known, builder: Builder) -> Forward:
    """Compute some operations of a graph. Raises `InputError` with the name of a node that is not supported."""
    known, nodes = dict(known), []
    for operation in operations:
        node = graph.node(operation, known, builder)
        known.update(zip(operation.outputs, results_of(node), strict=False))
        nodes.append((operation, node))
    return Forward(known, nodes)


def backward(passed: Forward, name: str, gradient: Value, parameters: Collection[str]) -> dict[str, Value]:
    """The gradients by the parameters that the tensor `name` depends on, from the gradient by that tensor.

    The parts of a tensor that is used more than once are added from its last use to its first. Raises `InputError` with
    the name of a node that cannot be differentiated.
    """
    depends = _dependents(passed.nodes, parameters)
    gradients = {name: gradient}
    for operation, node in reversed(passed.nodes):
        given = [gradients.get(each) for each in operation.outputs]
        wanted = [place for place, each in enumerate(operation.inputs) if each in depends]
        if not wanted or all(each is None for each in given):
            continue
        results = (passed.known.get(output) for output in operation.outputs)
        applied = Applied(node, [each for each in results if isinstance(each, Value)], given)
        for place in wanted:
            part, source = _part(applied, place), operation.inputs[place]
            earlier = gradients.get(source)
            gradients[source] = part if earlier is None else node.builder.binary(Kind.ADD, earlier, part)
    return {each: gradients[each] for each in parameters if each in gradients}


def _part(applied: Applied, place: int) -> Value:
    """The gradient by one input of a node, in its shape."""
    node = applied.node
    rule = RULES.get(node.op)
    try:
        if rule is None:
            raise InputError("the operator cannot be differentiated, and a parameter depends on it")
        return _narrowed(applied.build, rule(applied, place), applied.shape(place))
    except InputError as error:
        raise InputError(f"node {node.name} ({node.op}): {error}") from error


def _dependents(nodes: Sequence[tuple[Operation, Node]], parameters: Collection[str]) -> set[str]:
    """The names of all tensors that depend on a parameter."""
    names = set(parameters)
    for operation, _ in nodes:
        if names.intersection(operation.inputs):
            names.update(operation.outputs)
    return names - {""}


def _narrowed(build: Builder, gradient: Value, shape: Shape) -> Value:
    """The sum over the axes along which a tensor of this shape was broadcast."""
    if gradient.shape == shape:
        return gradient
    missing = len(gradient.shape) - len(shape)
    own = (1,) * missing + shape
    axes = [axis for axis, size in enumerate(gradient.shape) if own[axis] == 1 and size > 1]
    if axes:
        gradient = reduced(build, Kind.SUM, gradient, axes, keep=True)
    return replace(gradient, shape=gradient.shape[missing:], strides=gradient.strides[missing:])
