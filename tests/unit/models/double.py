"""Programs in binary64: what their instructions compute, with 29 bits more than the machine has.

A trusted stand-in for calculus: differences of a loss at neighbouring points, which binary32 is too coarse for.
"""

from collections.abc import Callable, Mapping
from math import erf

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.instruction import REDUCTIONS, Addresses, Instruction, Kind, run_addresses
from assay.machines.tensor.program import OUTPUT, Program

Doubles = NDArray[np.float64]

UNARY: Mapping[Kind, Callable[[Doubles], Doubles]] = {
    Kind.COPY: lambda a: a,
    Kind.SQRT: np.sqrt,
    Kind.EXP: np.exp,
    Kind.LOG: np.log,
    Kind.TANH: np.tanh,
    Kind.ERF: np.vectorize(erf, otypes=[np.float64]),
    Kind.SIGMOID: lambda a: 1 / (1 + np.exp(-a)),
    Kind.TO_INT: np.trunc,
    Kind.FROM_INT: lambda a: a,
}
BINARY: Mapping[Kind, Callable[[Doubles, Doubles], Doubles]] = {
    Kind.ADD: np.add,
    Kind.SUB: np.subtract,
    Kind.MUL: np.multiply,
    Kind.DIV: np.divide,
    Kind.LARGEST: np.maximum,
    Kind.LEAST: np.minimum,
    Kind.LESS: lambda a, b: (a < b).astype(np.float64),
    Kind.EQUAL: lambda a, b: (a == b).astype(np.float64),
}


def in_double(program: Program, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, Doubles]:
    """The outputs of a program, all of whose numbers are binary64. Its weights have to be floats."""
    memory = np.zeros(program.memory)
    for each in program.inputs:
        memory[each.addresses()] = np.asarray(inputs[each.name], np.float64).ravel()
    weights = program.weights.view(np.float32).astype(np.float64)
    with np.errstate(all="ignore"):
        for instruction in program.writing:
            _execute(instruction, weights, memory)
    outputs, place = {}, OUTPUT
    for tensor in program.outputs:
        outputs[tensor.name] = memory[place : place + tensor.words].reshape(tensor.shape)
        place += tensor.words
    return outputs


def _execute(instruction: Instruction, weights: Doubles, memory: Doubles) -> None:
    kind = instruction.kind
    target, a, b = instruction.places()
    first, second = (weights if operand.weights else memory for operand in (instruction.a, instruction.b))
    if kind in REDUCTIONS:
        terms = _terms(first, a, instruction.length)
        if kind == Kind.DOT:
            memory[target] = np.einsum("kn,kn->n", terms, _terms(second, b, instruction.length))
        elif kind == Kind.SUM:
            memory[target] = terms.sum(axis=0)
        elif kind == Kind.FOLD_LARGEST:
            memory[target] = terms.max(axis=0)
        else:
            memory[target] = (terms == second[b]).argmax(axis=0)
    elif kind in BINARY:
        memory[target] = BINARY[kind](first[a], second[b])
    else:
        memory[target] = UNARY[kind](first[a])


def _terms(space: Doubles, start: Addresses, length: int) -> Doubles:
    return np.stack([space[places] for places in run_addresses(start, 0, length)])
