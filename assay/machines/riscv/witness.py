"""Witnesses: what a referee needs to execute one step (docs/machine.md, section 5). Recording and replaying them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.riscv.bits import M64, signed
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import MemoryAccess
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, LEAF, NodeAccess
from assay.machines.riscv.state import NUMBERS, State

SIZES = 10
"""Bytes that say how many bytes each number takes: two bits a number."""


def record(hart: Hart, tree: NodeAccess) -> bytes:
    """The witness of the step that `hart` is about to take, which it does not take. `tree` is that of its memory."""
    recorder = RecordingAccess(hart.memory)
    run(hart.on(recorder), 1)
    numbers = encode_numbers(hart.state(b"").numbers)
    match recorder.leaves:
        case [fetched]:
            given = _given(tree, fetched, range(DEPTH))
            return numbers + _head(tree, fetched, given) + b"".join(given.values())
        case [fetched, data]:
            below = meeting_level(fetched, data) - 1
            own, its = _given(tree, fetched, range(below)), _given(tree, data, range(below))
            shared = _given(tree, fetched, range(below + 1, DEPTH))
            heads = _head(tree, fetched, own | shared) + _head(tree, data, its)
            return numbers + heads + b"".join((*own.values(), *its.values(), *shared.values()))
        case _:
            return numbers + tree.root()


@dataclass(frozen=True)
class Touched:
    """A leaf of memory that a step reads or writes."""

    address: int
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Replayed:
    """One step, as a witness has it."""

    before: State
    after: State
    touched: tuple[Touched, ...]
    """The leaf that the instruction is fetched from, and that of its data, if it is another; none if nothing can be
    fetched."""


def replay(prestate: bytes, witness: bytes) -> bytes:
    """The state root one step after `prestate`: what the referee finds. Raises `IntegrityError` for a wrong witness."""
    return replay_states(prestate, witness).after.root()


def replay_states(prestate: bytes, witness: bytes) -> Replayed:
    """The states before and after the step from `prestate`. Raises `IntegrityError` for a wrong witness."""
    reader = _Reader(witness)
    before = State.of(b"", reader.numbers())
    memory = ReplayingAccess(reader)
    hart = Hart.of(before, memory)
    run(hart, 1)

    root, root_after = memory.roots() if memory.paths else [reader.take(LEAF)] * 2
    reader.finish()
    whole = State.of(root, before.numbers)
    if whole.root() != prestate:
        raise IntegrityError("the witness is not that of the state root")
    touched = (Touched(path.index * LEAF, path.before, bytes(path.content)) for path in memory.paths)
    return Replayed(whole, hart.state(root_after), tuple(touched))


def fetched_word(witness: bytes) -> tuple[int, int | None]:
    """pc, and the word there; None if it cannot be fetched. The witness is not checked: `replay` does that."""
    reader = _Reader(witness)
    pc = reader.numbers()[0]
    return pc, None if pc & 3 or pc >> 32 else ReplayingAccess(reader).read(pc, 4)


def encode_numbers(numbers: Sequence[int]) -> bytes:
    """What a witness starts with: the numbers of a state, each as short as it can be."""
    sizes, encoded = 0, b""
    for place, number in enumerate(numbers):
        value = signed(number)
        code = next(code for code in range(4) if -1 << (8 << code) - 1 <= value < 1 << (8 << code) - 1)
        sizes |= code << 2 * place
        encoded += value.to_bytes(1 << code, "big", signed=True)
    return sizes.to_bytes(SIZES, "big") + encoded


class RecordingAccess:
    """Memory that notes which leaves a step touches, the fetched one first. It reads; what is written is dropped."""

    def __init__(self, memory: MemoryAccess) -> None:
        self._memory = memory
        self.leaves: list[int] = []

    def read(self, address: int, size: int) -> int:
        """See `MemoryAccess`."""
        self._note(address)
        return self._memory.read(address, size)

    def write(self, address: int, size: int, value: int) -> None:  # noqa: ARG002
        """See `MemoryAccess`."""
        self._note(address)

    def _note(self, address: int) -> None:
        if address // LEAF not in self.leaves:
            self.leaves.append(address // LEAF)


class ReplayingAccess:
    """Memory of the one or two leaves in a witness, each taken from it when it is first asked for."""

    def __init__(self, reader: "_Reader") -> None:
        self._reader = reader
        self.paths: list[_Path] = []

    def read(self, address: int, size: int) -> int:
        """See `MemoryAccess`."""
        content, place = self._content(address), address % LEAF
        return int.from_bytes(content[place : place + size], "little")

    def write(self, address: int, size: int, value: int) -> None:
        """See `MemoryAccess`."""
        content, place = self._content(address), address % LEAF
        content[place : place + size] = value.to_bytes(size, "little")

    def roots(self) -> list[bytes]:
        """The memory root before the step and after it, by the siblings that come next in the witness."""
        fetched, level = self.paths[0], 0
        if len(self.paths) == 2:
            data = self.paths[1]
            level = meeting_level(fetched.index, data.index)
            below = [path.climb(self._reader, path.leaves, range(level - 1)) for path in self.paths]
            if fetched.gives(level - 1) or data.bitmap >> level - 1:
                raise IntegrityError("the witness gives siblings that it must not give")
            left, right = below if fetched.index < data.index else reversed(below)
            nodes = [keccak256(a + b) for a, b in zip(left, right, strict=True)]
        else:
            nodes = fetched.leaves
        return fetched.climb(self._reader, nodes, range(level, DEPTH))

    def _content(self, address: int) -> bytearray:
        index = address // LEAF
        for path in self.paths:
            if path.index == index:
                return path.content
        self.paths.append(self._reader.path(index))
        return self.paths[-1].content


def meeting_level(a: int, b: int) -> int:
    """The lowest level at which two different leaves have the same ancestor."""
    return (a ^ b).bit_length()


def _given(tree: NodeAccess, leaf: int, levels: Iterable[int]) -> dict[int, bytes]:
    """The leaf's siblings at `levels`, by level, but for those that are the default."""
    siblings = {level: tree.sibling(leaf, level) for level in levels}
    return {level: sibling for level, sibling in siblings.items() if sibling != DEFAULTS[level]}


def _head(tree: NodeAccess, leaf: int, given: Iterable[int]) -> bytes:
    """A leaf and the bitmap of the levels at which its siblings are given."""
    return sum(1 << level for level in given).to_bytes(4, "big") + tree.node(0, leaf)


@dataclass(frozen=True)
class _Path:
    """A leaf of a witness, and the way from there."""

    index: int
    bitmap: int
    before: bytes
    content: bytearray
    """The leaf as the step leaves it."""

    @property
    def leaves(self) -> list[bytes]:
        """The leaf before the step and after it."""
        return [self.before, bytes(self.content)]

    def gives(self, level: int) -> bool:
        """Whether the witness gives the sibling at `level`."""
        return bool(self.bitmap >> level & 1)

    def climb(self, reader: "_Reader", nodes: list[bytes], levels: range) -> list[bytes]:
        """The ancestors above `levels` of each of the nodes below, by the siblings that come next in the witness."""
        for level in levels:
            sibling = reader.take(LEAF) if self.gives(level) else DEFAULTS[level]
            right = self.index >> level & 1
            nodes = [keccak256(sibling + node if right else node + sibling) for node in nodes]
        return nodes


class _Reader:
    """A witness, taken piece by piece."""

    def __init__(self, witness: bytes) -> None:
        self._rest = witness

    def take(self, size: int) -> bytes:
        if len(self._rest) < size:
            raise IntegrityError("the witness is too short")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def numbers(self) -> list[int]:
        sizes = int.from_bytes(self.take(SIZES), "big")
        if sizes >> 2 * NUMBERS:
            raise IntegrityError(f"the witness has sizes of more than {NUMBERS} numbers")
        pieces = [self.take(1 << (sizes >> 2 * place & 3)) for place in range(NUMBERS)]
        return [int.from_bytes(piece, "big", signed=True) & M64 for piece in pieces]

    def path(self, index: int) -> _Path:
        bitmap = int.from_bytes(self.take(4), "big")
        if bitmap >> DEPTH:
            raise IntegrityError("the witness gives siblings that it must not give")
        leaf = self.take(LEAF)
        return _Path(index, bitmap, leaf, bytearray(leaf))

    def finish(self) -> None:
        if self._rest:
            raise IntegrityError(f"the witness is {len(self._rest)} bytes too long")
