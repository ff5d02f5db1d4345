"""Recurrent operators, step by step in time, made of instructions (docs/operators.md, section 8)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.arithmetic import Sums
from assay.models.builder import Value
from assay.models.operators import Lowering, floats

if TYPE_CHECKING:
    from assay.models.onnx_import import Node

MOST = 4096
"""The most steps in time."""

Function = Callable[[Sums, Value], Value]
FUNCTIONS: dict[str, Function] = {
    "Sigmoid": lambda s, x: s(Kind.SIGMOID, x),
    "Tanh": lambda s, x: s(Kind.TANH, x),
    "Relu": lambda s, x: s.largest(0.0, x),
    "HardSigmoid": lambda s, x: s.least(s.largest(s.add(s.mul(x, 0.2), 0.5), 0.0), 1.0),
    "Softsign": lambda s, x: s.div(x, s.add(1.0, s.magnitude(x))),
}


@dataclass(frozen=True)
class _Cell:
    """One direction: W·x + the biases of the input for all times at once, and what the step in time needs."""

    s: Sums
    projected: Value
    """[time, batch, gates, hidden], with the biases."""
    recurrent: Value
    """[gates, hidden, hidden]."""
    recurrent_bias: Value | None
    """[gates, hidden]; only where it is not added to `projected`."""
    peepholes: Value | None
    """[3, hidden]."""
    functions: list[Function]
    before_reset: bool

    def gate(self, time: int, number: int) -> Value:
        """The part of the input in a gate: [batch, hidden]."""
        return _without(self.projected.sliced(0, time, 1).sliced(2, number, 1), (0, 2))

    def product(self, hidden: Value, number: int) -> Value:
        """The recurrent part: [batch, hidden]."""
        return self.s.build.dot(hidden, _without(self.recurrent.sliced(0, number, 1), (0,)))


def _without(x: Value, axes: tuple[int, ...]) -> Value:
    """The same elements without these axes, which have one place each."""
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    return replace(x, shape=tuple(x.shape[i] for i in kept), strides=tuple(x.strides[i] for i in kept))


def _lstm_step(cell: _Cell, time: int, hidden: Value, carried: Value | None) -> tuple[Value, Value | None]:
    """Input, output, forget and cell gate, in the order of ONNX."""
    s, (f, g, h) = cell.s, cell.functions
    assert carried is not None
    peephole = [_without(cell.peepholes.sliced(0, n, 1), (0,)) for n in range(3)] if cell.peepholes else None

    def gate(number: int, state: Value | None, which: int) -> Value:
        total = s.add(cell.gate(time, number), cell.product(hidden, number))
        return s.add(total, s.mul(peephole[which], state)) if peephole and state is not None else total

    entering, leaving = f(s, gate(0, carried, 0)), f(s, gate(2, carried, 2))
    new = g(s, gate(3, None, 0))
    carried = s.add(s.mul(leaving, carried), s.mul(entering, new))
    return s.mul(f(s, gate(1, carried, 1)), h(s, carried)), carried


def _gru_step(cell: _Cell, time: int, hidden: Value, carried: Value | None) -> tuple[Value, Value | None]:
    """Update, reset and hidden gate: (1 - z)·new + z·old."""
    s, (f, g) = cell.s, cell.functions
    update, reset = (f(s, s.add(cell.gate(time, number), cell.product(hidden, number))) for number in (0, 1))
    if cell.before_reset:
        assert cell.recurrent_bias is not None
        bias = _without(cell.recurrent_bias.sliced(0, 2, 1), (0,))
        rest = s.mul(reset, s.add(cell.product(hidden, 2), bias))
    else:
        rest = cell.product(s.mul(reset, hidden), 2)
    new = g(s, s.add(cell.gate(time, 2), rest))
    return s.add(s.mul(s.sub(1.0, update), new), s.mul(update, hidden)), carried


def _rnn_step(cell: _Cell, time: int, hidden: Value, carried: Value | None) -> tuple[Value, Value | None]:
    s = cell.s
    return cell.functions[0](s, s.add(cell.gate(time, 0), cell.product(hidden, 0))), carried


STEPS = {"LSTM": _lstm_step, "GRU": _gru_step, "RNN": _rnn_step}
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


def recurrent(node: "Node") -> list[Value]:
    """All hidden states, the last ones, and of LSTM the last cell states."""
    _check(node)
    build, x = node.builder, floats(node.value(0))
    if node.attribute("layout", 0):
        x = x.transposed([1, 0, 2])
    length, batch, _ = x.shape
    hidden_size = node.attribute("hidden_size")
    direction = node.attribute("direction", b"forward").decode()
    backward = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    if length > MOST:
        raise InputError(f"more than {MOST} steps in time")
    states = build.empty((length, len(backward), batch, hidden_size))
    last = [build.empty((len(backward), batch, hidden_size)) for _ in range(2 if node.op == "LSTM" else 1)]
    for number, backwards in enumerate(backward):
        cell = _cell(node, x, number, len(backward))
        hidden = _initial(node, 5, number, (batch, hidden_size))
        carried = _initial(node, 6, number, (batch, hidden_size)) if node.op == "LSTM" else None
        for time in range(length - 1, -1, -1) if backwards else range(length):
            hidden, carried = STEPS[node.op](cell, time, hidden, carried)
            place = states.sliced(0, time, 1).sliced(1, number, 1)
            build.emit(Kind.COPY, _without(place, (0, 1)), hidden)
        for target, value in zip(last, (hidden, carried), strict=False):
            assert value is not None
            build.emit(Kind.COPY, _without(target.sliced(0, number, 1), (0,)), value)
    if node.attribute("layout", 0):
        return [states.transposed([2, 0, 1, 3]), *(each.transposed([1, 0, 2]) for each in last)]
    return [states, *last]


def _check(node: "Node") -> None:
    if node.attribute("clip") is not None or node.attribute("input_forget", 0):
        raise InputError("clip and input_forget are not supported")
    if node.attribute("activation_alpha") or node.attribute("activation_beta"):
        raise InputError("activations with alpha and beta are not supported")
    if node.has(4):
        lengths = node.constant(4)
        if np.any(lengths != node.value(0).shape[1 if node.attribute("layout", 0) else 0]):
            raise InputError("sequences of different lengths are not supported")


def _cell(node: "Node", x: Value, number: int, directions: int) -> _Cell:
    build, s, gates = node.builder, Sums(node.builder), GATES[node.op]
    size = node.attribute("hidden_size")
    length, batch, inputs = x.shape
    names = [each.decode() for each in node.attribute("activations", [])] or DEFAULTS[node.op] * directions
    own = names[number * len(DEFAULTS[node.op]) :][: len(DEFAULTS[node.op])]
    if any(name not in FUNCTIONS for name in own):
        raise InputError(f"the activations {', '.join(own)}: {', '.join(FUNCTIONS)} are supported")

    weights = _of(node, 1, number)
    rows = build.reshape(x, (length * batch, inputs))
    projected = build.dot(rows, build.reshape(weights, (gates * size, inputs)))
    recurrent_bias, before_reset = None, bool(node.attribute("linear_before_reset", 0))
    if node.has(3):
        bias = _of(node, 3, number)
        first, second = (bias.sliced(0, half * gates * size, gates * size) for half in (0, 1))
        projected = s.add(projected, first)
        if before_reset:  # all but that of the hidden gate
            recurrent_bias = second
            projected = _added(s, projected, second, (gates - 1) * size)
        else:
            projected = s.add(projected, second)
    elif before_reset:
        recurrent_bias = build.constant(np.zeros(gates * size, np.float32))
    return _Cell(
        s,
        build.reshape(projected, (length, batch, gates, size)),
        build.reshape(_of(node, 2, number), (gates, size, size)),
        None if recurrent_bias is None else build.reshape(recurrent_bias, (gates, size)),
        build.reshape(_of(node, 7, number), (3, size)) if node.has(7) else None,
        [FUNCTIONS[name] for name in own],
        before_reset,
    )


def _added(s: Sums, x: Value, bias: Value, columns: int) -> Value:
    """x + the bias in the first columns, x in the others."""
    target = s.build.empty(x.shape)
    first, size = x.sliced(1, 0, columns), x.shape[1]
    s.build.emit(Kind.ADD, target.sliced(1, 0, columns), first, bias.sliced(0, 0, columns).broadcast(first.shape))
    s.build.emit(Kind.COPY, target.sliced(1, columns, size - columns), x.sliced(1, columns, size - columns))
    return target


def _of(node: "Node", place: int, direction: int) -> Value:
    """What an input has for a direction."""
    given: Any = node.inputs[place]
    if isinstance(given, np.ndarray):
        return floats(node.constant_value(np.ascontiguousarray(given[direction])))
    return _without(floats(node.value(place)).sliced(0, direction, 1), (0,))


def _initial(node: "Node", place: int, direction: int, shape: tuple[int, int]) -> Value:
    if not node.has(place):
        return node.builder.constant(np.zeros(shape, np.float32))
    state = floats(node.value(place))
    if node.attribute("layout", 0):
        state = state.transposed([1, 0, 2])
    return _without(state.sliced(0, direction, 1), (0,))


OPERATORS: dict[str, Lowering] = dict.fromkeys(STEPS, recurrent)
