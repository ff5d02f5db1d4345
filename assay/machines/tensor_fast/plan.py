"""A program made ready to run for its outputs: one tape over one arena, whose parts are used again and again.

Made once, run any number of times. Only the outputs are what the program says: words in between may not be in memory at
all, or somewhere else, or written over.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import numpy as np

from assay.machines.base import Progress
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.execution import INITIAL, Spaces
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.program import Program
from assay.machines.tensor.strides import offsets
from assay.machines.tensor_fast.arena import places_of
from assay.machines.tensor_fast.buffers import SLACK, WORD, Place, Room, buffer
from assay.machines.tensor_fast.chains import Chain, ChainTapes
from assay.machines.tensor_fast.dots import Weights, product_tapes
from assay.machines.tensor_fast.elementwise import BINARY, UNARY
from assay.machines.tensor_fast.folds import reduction_tapes
from assay.machines.tensor_fast.kernels import Kernels, Tape, pointer
from assay.machines.tensor_fast.lookups import first_equal, rows_at, starts_of
from assay.machines.tensor_fast.lowering import Lowered, Region, lowered
from assay.machines.tensor_fast.views import Operation, View

ELEMENTWISE = frozenset((*UNARY, *BINARY, Kind.COPY))
AT_ONCE = 1 << 26
"""Multiply-adds between two looks at how far the run is."""


LONGEST = 32
"""Operations of a chain: what joins one is compared with all of it, so that longer ones would take long to plan."""


class CannotBePlannedError(Exception):
    """The program, or what a run of it has come to, needs the definition."""


Part = Tape | Callable[[], None]


@dataclass
class Step:
    """Operations that are carried out together."""

    numbers: list[int]
    operations: list[Operation]


class Plan:
    """One program on the kernels of this process. Raises `CannotBePlannedError` where only the definition will do."""

    def __init__(self, kernels: Kernels, program: Program) -> None:
        found = lowered(program)
        if found is None:
            raise CannotBePlannedError
        self.program = program
        self._kernels = kernels
        constants = buffer(len(program.weights))
        constants[: len(program.weights)] = program.weights
        constants[len(program.weights) :] = 0
        self._space = constants[: len(program.weights)]
        """The weights. Behind them are words that kernels may read, as behind the arena."""
        self._weights = Weights(kernels, self._space)
        self._lowered = found
        self._room = Room()
        self._steps = _steps(found)
        self._stored = [self._kept(step) for step in self._steps]
        self._arena = self._allocated()
        self._inputs = list(self._input_views())
        self._parts: list[tuple[Part, int]] = list(self._made())

    def run(self, initial: Spaces, progress: Progress | None = None) -> Words:
        """What memory holds at the end: `program.kept` words."""
        for cleared in self._cleared:
            cleared[...] = 0
        for target, address, steps in self._inputs:
            target[...] = np.ndarray(target.shape, np.uint32, initial.memory, WORD * address, steps)
        self._outputs[0] = initial.memory[0]
        for part, done in self._parts:
            if callable(part):
                part()
            else:
                self._kernels.run(part)
            if progress is not None:
                progress(done)
        return self._outputs.copy()

    # --- memory -------------------------------------------------------------------------------------------------------

    def _kept(self, step: Step) -> list[bool]:
        """Whether the results of each operation are read by another step, or are outputs."""
        if step.operations[0].kind not in ELEMENTWISE:
            return [True]
        own, kept = set(step.numbers), []
        used = self._lowered.used
        views = {each.target for each in step.operations}
        for each in step.operations:
            region = self._lowered.region(each.target)
            read_here = all(
                view in views
                for other in step.operations
                for view in other.operands
                if not view.weights and self._lowered.region(view) is region
            )
            kept.append(region.kept or not used(region) <= own or not read_here)
        return kept

    def _allocated(self) -> Words:
        """The arena. Regions that are never there at the same time have the same words of it."""
        self._zeroed: dict[int, list[Region]] = {}
        steps = {number: place for place, step in enumerate(self._steps) for number in step.numbers}
        stored = {
            number
            for step, kept in zip(self._steps, self._stored, strict=True)
            for number, each in zip(step.numbers, kept, strict=True)
            if each
        }
        spans: list[tuple[int, int, Region]] = []
        cleared: list[Region] = []  # before each run
        for region in self._lowered.regions:
            times = [steps[number] for number in (*region.writers, *region.readers)]
            if region.kept:
                spans.append((-1, len(self._steps), region))
                if not self._lowered.has_order(region):
                    cleared.append(region)
            elif region.given or region.readers or stored & set(region.writers):
                if not region.given and region.writers and not stored & set(region.writers):
                    continue
                first = -1 if region.given else min(times)
                spans.append((first, max(times, default=-1), region))
                if region.given and region.given < region.high - region.low:
                    cleared.append(region)
                elif not region.given and not self._is_filled(region):
                    self._zeroed.setdefault(first, []).append(region)
        self._places, end = places_of([(first, last, each.low, each.high - each.low) for first, last, each in spans])
        arena = buffer(end)
        arena[...] = 0
        self._outputs = arena[self._places[0] :][: self.program.kept]
        self._cleared = [arena[self._places[each.low] :][: each.high - each.low] for each in cleared]
        return arena

    def _input_views(self) -> Iterator[tuple[Words, int, Sequence[int]]]:
        """The words of each input in the arena, and where they are in memory: its address and strides in bytes."""
        for tensor in self.program.inputs:
            region = self._lowered.region(View(False, tensor.address, ()))
            place = self._places[region.low] + tensor.address - region.low
            steps = [WORD * step for step in tensor.strides]
            yield np.ndarray(tensor.shape, np.uint32, self._arena, WORD * place, steps), tensor.address, steps

    def _is_filled(self, region: Region) -> bool:
        return self._lowered.written(region) == region.high - region.low and self._lowered.has_order(region)

    def _locate(self, view: View) -> Place:
        if view.weights:
            return Place(pointer(self._space) + WORD * view.address, len(self._space) + SLACK - view.address)
        region = self._lowered.region(view)
        place = self._places[region.low] + view.address - region.low
        return Place(pointer(self._arena) + WORD * place, len(self._arena) - place)

    # --- tapes --------------------------------------------------------------------------------------------------------

    def _made(self) -> Iterator[tuple[Part, int]]:
        starts = list(accumulate((each.steps for each in self.program.instructions), initial=0))
        tapes: list[Tape] = []
        work = 0
        for number, (step, stored) in enumerate(zip(self._steps, self._stored, strict=True)):
            done = starts[step.numbers[-1] + 1]
            for region in self._zeroed.get(number, []):
                place = pointer(self._arena) + WORD * self._places[region.low]
                zero = self._room.keep(np.zeros(1, np.uint32))
                tapes.append(self._kernels.tape("spread", place, zero, region.high - region.low, 1, 0, 0))
            operation = step.operations[0]
            if operation.kind in (Kind.GATHER, Kind.FIND):
                if tapes:
                    yield np.concatenate(tapes), starts[step.numbers[0]]
                tapes, work = [], 0
                yield self._by_numpy(operation), done
                continue
            tapes += self._tapes(step, stored)
            work += sum(each.elements * max(1, each.length) for each in step.operations)
            if work > AT_ONCE:
                yield np.concatenate(tapes), done
                tapes, work = [], 0
        if tapes:
            yield np.concatenate(tapes), starts[-1]

    def _tapes(self, step: Step, stored: list[bool]) -> Iterator[Tape]:
        operation = step.operations[0]
        places = [self._locate(view) for view in operation.operands if view.terms]
        if operation.kind == Kind.DOT:
            target = self._locate(operation.target).pointer
            given = (operation, target, places)
            yield from product_tapes(self._kernels, self._room, self._weights, *given, planned=True)
        elif operation.kind in INITIAL:
            target = self._locate(operation.target).pointer
            yield from reduction_tapes(self._kernels, self._room, operation, target, places[0])
        else:
            maker = ChainTapes(self._kernels, self._room, self._space, self._locate)
            yield maker.tape(Chain(operation.sizes, step.operations), stored)

    def _by_numpy(self, operation: Operation) -> Callable[[], None]:
        return self._gathered(operation) if operation.kind == Kind.GATHER else self._found(operation)

    def _words_at(self, view: View, sizes: tuple[int, ...]) -> tuple[Words, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """The array and the places in it of a view's words."""
        if view.weights:
            return self._space, view.address + offsets(sizes, view.strides)
        region = self._lowered.region(view)
        return self._arena, self._places[region.low] + view.address - region.low + offsets(sizes, view.strides)

    def _gathered(self, operation: Operation) -> Callable[[], None]:
        a, b = operation.operands
        along = 1 if a.strides and (a.strides[-1], b.strides[-1]) == (1, 0) else 0
        outer = operation.sizes[: len(operation.sizes) - along]
        length = operation.sizes[-1] if along else 1
        source, starts = self._words_at(View(a.weights, a.address, a.strides[: len(outer)]), outer)
        index, places = self._words_at(View(b.weights, b.address, b.strides[: len(outer)]), outer)
        target, targets = self._words_at(operation.target, operation.sizes)
        dense = bool(np.all(np.diff(targets) == 1))

        def gather() -> None:
            rows = rows_at(source, starts_of(starts, index[places], operation.length), length)
            if rows is None:
                raise CannotBePlannedError
            found = rows.ravel()
            if dense:
                target[targets[0] : targets[0] + len(found)] = found
            else:
                target[targets] = found

        return gather

    def _found(self, operation: Operation) -> Callable[[], None]:
        a, b = operation.operands
        source, rows = self._words_at(a, operation.sizes)
        terms = offsets(operation.terms, a.terms)
        other, sought = self._words_at(b, operation.sizes)
        target, targets = self._words_at(operation.target, operation.sizes)

        def find() -> None:
            target[targets] = first_equal(source[rows[:, None] + terms], other[sought])

        return find


def _steps(found: Lowered) -> list[Step]:
    """Operations in their order; those element by element that follow each other and fit together are one step."""
    steps: list[Step] = []
    chain: Chain | None = None
    for number, each in enumerate(found.operations):
        if each is None:
            continue
        if each.kind not in ELEMENTWISE:
            chain = None
            steps.append(Step([number], [each]))
            continue
        joined = _joined(found, chain, each) if chain else None
        if joined is None:
            chain = Chain(each.sizes, [each])
            steps.append(Step([number], chain.operations))
        else:
            chain = joined
            steps[-1] = Step([*steps[-1].numbers, number], chain.operations)
    return steps


def _joined(found: Lowered, chain: Chain, each: Operation) -> Chain | None:
    """A chain with an operation that reads its results of the same element only, and writes nothing that it reads."""
    if len(chain.operations) == LONGEST or prod(chain.sizes) != each.elements:
        return None
    joined = chain.joined(each)
    if joined is None:
        return None
    last = len(joined.operations) - 1
    written = [found.region(other.target) for other in chain.operations]
    for view in joined.operations[last].operands:
        if view.weights:
            continue
        region = found.region(view)
        if any(region is other for other in written) and joined.source(last, view) is None:
            return None
    own = found.region(each.target)
    reads = (view for other in chain.operations for view in other.operands if not view.weights)
    return None if any(found.region(view) is own for view in reads) else joined
