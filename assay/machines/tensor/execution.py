"""What instructions compute: the definition, over arrays (docs/operators.md, section 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from assay.machines.tensor import binary32, elementary
from assay.machines.tensor.binary32 import Floats, Words, canonical, floats, words
from assay.machines.tensor.instruction import ADDRESSES, BLOCK, REDUCTIONS, Addresses, Instruction, Kind, run_addresses

UNARY: Mapping[Kind, Callable[[Floats], Floats]] = {
    Kind.SQRT: binary32.sqrt,
    Kind.EXP: elementary.exp,
    Kind.LOG: elementary.log,
    Kind.TANH: elementary.tanh,
    Kind.ERF: elementary.erf,
    Kind.SIGMOID: elementary.sigmoid,
}
BINARY: Mapping[Kind, Callable[[Floats, Floats], Floats]] = {
    Kind.ADD: binary32.add,
    Kind.SUB: binary32.sub,
    Kind.MUL: binary32.mul,
    Kind.DIV: binary32.div,
    Kind.LARGEST: binary32.largest,
    Kind.LEAST: binary32.least,
    Kind.LESS: binary32.less,
    Kind.EQUAL: binary32.equal,
}
INITIAL: Mapping[Kind, int] = {Kind.DOT: 0, Kind.SUM: 0, Kind.FOLD_LARGEST: 0xFF800000, Kind.FIND: 0xFFFFFFFF}
"""What a reduction starts with."""


@dataclass(frozen=True)
class Spaces:
    """The words of the weights and of memory. Beyond the end of either, all words are zero."""

    weights: Words
    memory: Words

    def read(self, weights: bool, addresses: Addresses) -> Words:
        """The words at these addresses."""
        space = self.weights if weights else self.memory
        inside = addresses < len(space)
        return np.where(inside, space[np.where(inside, addresses, 0)], np.uint32(0))


Execute = Callable[[Instruction, Spaces], None]
"""Executes a whole instruction as `execute` does."""


def execute(instruction: Instruction, spaces: Spaces) -> None:
    """Execute a whole instruction. None of its operands may be among its results."""
    target, a, b = instruction.places()
    if instruction.kind == Kind.KEEP:
        spaces.memory[(int(target.min()) // BLOCK + 1) * BLOCK :] = 0
        return
    if instruction.kind in REDUCTIONS:
        result = np.full(len(target), INITIAL[instruction.kind], np.uint32)
        result = accumulate(instruction, spaces, result, (a, b), 0, instruction.length)
    else:
        result = value(instruction, spaces, a, b)
    spaces.memory[target] = result


def value(instruction: Instruction, spaces: Spaces, a: Addresses, b: Addresses) -> Words:
    """The results of an instruction that is no reduction, whose operands are at these addresses."""
    kind = instruction.kind
    if kind == Kind.GATHER:
        index = spaces.read(instruction.b.weights, b).view(np.int32).astype(np.int64)
        return spaces.read(instruction.a.weights, a + index * instruction.length & ADDRESSES - 1)
    first = spaces.read(instruction.a.weights, a)
    if kind == Kind.COPY:
        return first
    if kind == Kind.TO_INT:
        return binary32.to_int(floats(first)).view(np.uint32)
    if kind == Kind.FROM_INT:
        return words(binary32.from_int(first.view(np.int32)))
    if kind in UNARY:
        return words(UNARY[kind](floats(first)))
    return words(BINARY[kind](floats(first), floats(spaces.read(instruction.b.weights, b))))


def accumulate(
    instruction: Instruction,
    spaces: Spaces,
    accumulator: Words,
    operands: tuple[Addresses, Addresses],
    first: int,
    count: int,
) -> Words:
    """The accumulators of a reduction after `count` further terms, beginning with term `first`."""
    a, b = operands
    for term, place in enumerate(run_addresses(a, first, count), start=first):
        value_a = spaces.read(instruction.a.weights, place)
        if instruction.kind == Kind.DOT:
            [place_b] = run_addresses(b, term, 1)
            value_b = spaces.read(instruction.b.weights, place_b)
            accumulator = words(binary32.fma(floats(value_a), floats(value_b), floats(accumulator)))
        elif instruction.kind == Kind.SUM:
            accumulator = words(binary32.add(floats(accumulator), floats(value_a)))
        elif instruction.kind == Kind.FOLD_LARGEST:
            accumulator = words(binary32.largest(floats(accumulator), floats(value_a)))
        else:
            sought = words(canonical(floats(spaces.read(instruction.b.weights, b))))
            found = (accumulator == np.uint32(0xFFFFFFFF)) & (words(canonical(floats(value_a))) == sought)
            accumulator = np.where(found, np.uint32(term), accumulator)
    return accumulator


def terms_of_run(instruction: Instruction, run: int) -> tuple[int, int]:
    """The first term of a run, and their number."""
    return run * BLOCK, max(0, min(BLOCK, instruction.length - run * BLOCK))
