"""What a plan does to a program before it makes tapes of it: copies that need not be carried out are left out.

Addresses are those of the program's memory, and, for what is laid out anew, others behind them. The words of what is
left out are nowhere in memory: for the outputs they are not needed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from assay.machines.tensor.instruction import BLOCK, REDUCTIONS, Kind
from assay.machines.tensor.places import Places, stay_in_blocks
from assay.machines.tensor.program import Program
from assay.machines.tensor_fast.views import Layout, Operation, View, operation

GATHERED = frozenset((Kind.GATHER, Kind.FIND))
"""What is carried out by NumPy, and has its operands where the program says."""


MOST = 1 << 14
"""Instructions of a program that is planned."""


@dataclass
class Region:
    """Words of memory that are connected by what reads and writes them, and who does."""

    low: int
    high: int
    writers: list[int] = field(default_factory=list)
    readers: list[int] = field(default_factory=list)
    given: int = 0
    """How many words are there from the start: inputs."""
    kept: bool = False
    """Whether it is of the outputs."""


class Lowered:
    """The operations of a program, in their order, and the regions of memory that they work on."""

    def __init__(self, program: Program, operations: Sequence[Operation]) -> None:
        self.program = program
        self.operations: list[Operation | None] = list(operations)
        """None where one has been left out."""
        self._free = program.memory
        self.refresh()

    def region(self, view: View) -> Region:
        """The one that a view of memory is in."""
        return self.regions[bisect_right(self._starts, view.address) - 1]

    def refresh(self) -> None:
        """Find the regions again, after operations have changed."""
        self.regions = self._regions()
        self._starts = [region.low for region in self.regions]
        self._used: dict[int, frozenset[int]] = {}

    def used(self, region: Region) -> frozenset[int]:
        """The numbers of the operations that read or write a region; asked for when no operation changes any more."""
        if region.low not in self._used:
            self._used[region.low] = frozenset((*region.readers, *region.writers))
        return self._used[region.low]

    def _regions(self) -> list[Region]:
        spans: list[tuple[int, int, int, str]] = [(0, self.program.kept, 0, "kept")]
        for tensor in self.program.inputs:
            reached = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
            spans.append((tensor.address, tensor.address + reached + 1, tensor.words, "given"))
        for number, each in enumerate(self.operations):
            if each is not None:
                spans.append((*each.box(0), number, "written"))
                spans += [
                    (*each.box(place), number, "read")
                    for place, view in enumerate(each.operands, start=1)
                    if not view.weights
                ]
        regions: list[Region] = []
        for low, high, number, how in sorted(spans):
            if not regions or low >= regions[-1].high:
                regions.append(Region(low, high))
            region = regions[-1]
            region.high = max(region.high, high)
            if how == "written":
                region.writers.append(number)
            elif how == "read":
                region.readers.append(number)
            elif how == "given":
                region.given += number
            else:
                region.kept = True
        for region in regions:
            region.writers.sort()
            region.readers.sort()
        return regions

    def written(self, region: Region) -> int:
        """How many of its words are written."""
        return sum(self._at(number).elements for number in region.writers)

    def has_order(self, region: Region) -> bool:
        """Whether all is written before anything is read."""
        return not region.readers or not region.writers or region.writers[-1] < region.readers[0]

    def _at(self, number: int) -> Operation:
        found = self.operations[number]
        assert found is not None
        return found

    # --- moving what is in a region -----------------------------------------------------------------------------------

    def _moved(self, region: Region, layout: Layout, without: int) -> dict[int, Operation] | None:
        """The operations but one that read or write a region, with its words where the layout has them."""
        changed: dict[int, Operation] = {}
        for number in sorted({*region.writers, *region.readers} - {without}):
            each = self._at(number)
            for place in range(len(each.views)):
                view = each.views[place]
                if not view.weights and region.low <= view.address < region.high:
                    moved = layout.moved(each, place)
                    if moved is None:
                        return None
                    each = moved
            changed[number] = each
        return changed

    def lay_out_densely(self) -> None:
        """Leave out the words between rows, so that what goes along words need not stop at each row's end."""
        for region in self.regions:
            words = self.written(region)
            apart = words < region.high - region.low
            if region.kept or region.given or not apart or not region.writers or not self.has_order(region):
                continue
            view, sizes = self._at(region.writers[0]).target, self._at(region.writers[0]).sizes
            axes = sorted(zip(sizes, view.strides, strict=True), key=lambda axis: -axis[1])
            if not axes or axes[-1][1] <= 0:
                continue
            outer = -(-(region.high - region.low) // axes[0][1])
            axes[0] = (outer, axes[0][1])
            if prod(size for size, _ in axes) != words:
                continue
            dense = [prod(size for size, _ in axes[place + 1 :]) for place in range(len(axes))]
            new = [(size, stride, step) for (size, stride), step in zip(axes, dense, strict=True)]
            layout = Layout.of(region.low, False, self._free, new)
            changed = None if layout is None else self._moved(region, layout, -1)
            if changed:
                self._change(changed)
                self._free += -(-words // BLOCK) * BLOCK
        self.refresh()

    def read_what_was_copied(self) -> None:
        """Let what reads a copy read what it was copied from."""
        for number, each in enumerate(self.operations):
            if each is None or each.kind != Kind.COPY:
                continue
            source, region = each.operands[0], self.region(each.target)
            if region.kept or region.given or region.writers != [number] or not self.has_order(region):
                continue
            if not source.weights:
                writers = self.region(source).writers
                if writers and writers[-1] > number:
                    continue
            axes = list(zip(each.sizes, each.target.strides, source.strides, strict=True))
            layout = Layout.of(each.target.address, source.weights, source.address, axes)
            changed = None if layout is None else self._moved(region, layout, number)
            if changed is None or not _pays(changed):
                continue
            self._change(changed)
            self.operations[number] = None
            if not source.weights:
                origin = self.region(source)
                origin.readers = sorted({*origin.readers, *region.readers} - {number})
            region.writers, region.readers = [], []

    def write_where_it_is_copied_to(self) -> None:
        """Let what writes something that is only copied write it to where it is copied."""
        for number, each in enumerate(self.operations):
            if each is None or each.kind != Kind.COPY or each.operands[0].weights:
                continue
            source, region = each.operands[0], self.region(each.operands[0])
            to = self.region(each.target)
            if region is to or region.kept or region.given or region.readers != [number]:
                continue
            if not self.has_order(region) or self.written(region) != each.elements:
                continue
            if any(reader <= number for reader in to.readers):
                continue
            axes = list(zip(each.sizes, source.strides, each.target.strides, strict=True))
            lowest = Operation(Kind.COPY, each.sizes, source, ()).box(0)[0]
            layout = None if lowest != source.address else Layout.of(source.address, False, each.target.address, axes)
            changed = None if layout is None else self._moved(region, layout, number)
            if changed is None:
                continue
            if any(
                after.kind in REDUCTIONS and len(after.sizes) > len(self._at(writer).sizes)
                for writer, after in changed.items()
            ):
                continue  # products write rows
            self._change(changed)
            self.operations[number] = None
            to.writers = sorted({*to.writers, *region.writers} - {number})
            region.writers, region.readers = [], []

    def _change(self, changed: dict[int, Operation]) -> None:
        for number, each in changed.items():
            self.operations[number] = each


def _pays(changed: dict[int, Operation]) -> bool:
    """Words that are apart are read slowly: that is right for products, which read each only once."""
    if any(each.kind in GATHERED for each in changed.values()):
        return False
    slow = [
        each
        for each in changed.values()
        if each.kind not in REDUCTIONS
        and any(not view.strides or view.strides[-1] not in (0, 1) for view in each.operands)
    ]
    return len(slow) <= 1


def lowered(program: Program) -> Lowered | None:
    """A program, prepared. None where it has to be run as it is: where addresses are beyond a space, or overlap."""
    operations = []
    if len(program.writing) == len(program.instructions) or len(program.writing) > MOST:
        return None  # all of memory is kept, or the plan would take longer than it saves
    for instruction in program.writing:
        each = operation(instruction)
        if not _is_ordinary(program, each):
            return None
        operations.append(each)
    found = Lowered(program, operations)
    found.lay_out_densely()
    found.read_what_was_copied()
    found.write_where_it_is_copied_to()
    found.refresh()
    return found


def _is_ordinary(program: Program, each: Operation) -> bool:
    boxes = [each.box(place) for place in range(len(each.views))]
    for view, (low, high) in zip(each.views, boxes, strict=True):
        if low < 0 or high > (len(program.weights) if view.weights else program.memory):
            return False
    low, high = boxes[0]
    if each.elements > high - low:
        return False
    for view, (first, behind) in zip(each.operands, boxes[1:], strict=True):
        if not view.weights and first < high and low < behind:
            return False
    if each.kind == Kind.GATHER:
        return each.operands[0].weights
    if each.kind not in REDUCTIONS:
        return True
    rows = (Places(view.address, each.sizes, view.strides) for view in each.operands if view.terms)
    return each.length > 0 and all(stay_in_blocks(row, each.length) for row in rows)
