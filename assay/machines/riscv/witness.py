"""Witnesses: what a referee needs to execute one step (docs/machine.md, section 5). Recording and replaying them."""

from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import MemoryAccess
from assay.machines.riscv.memory_tree import DEFAULTS, DEPTH, LEAF, MemoryTree
from assay.machines.riscv.state import ENCODING, State


def record(hart: Hart, tree: MemoryTree) -> bytes:
    """The witness of the step that `hart` is about to take, which it does not take. `tree` is that of its memory."""
    recorder = RecordingAccess(hart.memory)
    run(hart.on(recorder), 1)
    witness = hart.state(tree.root()).encode()
    match recorder.leaves:
        case [fetched]:
            witness += _part(tree, fetched, range(DEPTH))
        case [fetched, data]:
            meeting = meeting_level(fetched, data)
            witness += _part(tree, fetched, (level for level in range(DEPTH) if level != meeting - 1))
            witness += _part(tree, data, range(meeting - 1))
    return witness


def replay(prestate: bytes, witness: bytes) -> bytes:
    """The state root one step after `prestate`: what the referee finds. Raises `IntegrityError` for a wrong witness."""
    reader = _Reader(witness)
    encoding = reader.take(ENCODING.size)
    if keccak256(encoding) != prestate:
        raise IntegrityError("the witness's state is not that of the state root")
    state = State.decode(encoding)

    memory = ReplayingAccess(reader)
    hart = Hart.of(state, memory)
    run(hart, 1)

    reader.finish()
    if not memory.paths:
        return hart.state(state.memory_root).root()
    if memory.root(path.leaf for path in memory.paths) != state.memory_root:
        raise IntegrityError("the witness's memory is not that of the state")
    return hart.state(memory.root(path.content for path in memory.paths)).root()


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

    def root(self, leaves: Iterable[bytes | bytearray]) -> bytes:
        """The memory root, if these were the leaves."""
        nodes = [bytes(leaf) for leaf in leaves]
        fetched = self.paths[0]
        if len(self.paths) == 1:
            return fetched.climb(nodes[0], 0, DEPTH)
        data = self.paths[1]
        below = meeting_level(fetched.index, data.index) - 1
        left, right = fetched.climb(nodes[0], 0, below), data.climb(nodes[1], 0, below)
        if fetched.index >> below & 1:
            left, right = right, left
        return fetched.climb(keccak256(left + right), below + 1, DEPTH)

    def _content(self, address: int) -> bytearray:
        index = address // LEAF
        for path in self.paths:
            if path.index == index:
                return path.content
        self.paths.append(self._reader.path(index))
        self._check_bitmaps()
        return self.paths[-1].content

    def _check_bitmaps(self) -> None:
        """The siblings that the two paths are to each other are not given, nor those above."""
        fetched = self.paths[0]
        wrong = fetched.bitmap >> DEPTH
        if len(self.paths) == 2:
            data = self.paths[1]
            below = meeting_level(fetched.index, data.index) - 1
            wrong |= data.bitmap >> below | fetched.bitmap >> below & 1
        if wrong:
            raise IntegrityError("the witness gives siblings that it must not give")


def meeting_level(a: int, b: int) -> int:
    """The lowest level at which two different leaves have the same ancestor."""
    return (a ^ b).bit_length()


def _part(tree: MemoryTree, leaf: int, levels: Iterable[int]) -> bytes:
    """A fetch or data part: the leaf, and its siblings at `levels` that are not the default."""
    siblings = {level: tree.sibling(leaf, level) for level in levels}
    given = {level: sibling for level, sibling in siblings.items() if sibling != DEFAULTS[level]}
    bitmap = sum(1 << level for level in given)
    return bitmap.to_bytes(4, "big") + tree.node(0, leaf) + b"".join(given.values())


@dataclass(frozen=True)
class _Path:
    """A part of a witness, as read."""

    index: int
    bitmap: int
    leaf: bytes
    siblings: dict[int, bytes]
    content: bytearray
    """The leaf as the step leaves it."""

    def climb(self, node: bytes, start: int, end: int) -> bytes:
        """The ancestor at level `end` of the path's node at level `start`."""
        for level in range(start, end):
            sibling = self.siblings.get(level, DEFAULTS[level])
            node = keccak256(sibling + node if self.index >> level & 1 else node + sibling)
        return node


class _Reader:
    """A witness, taken piece by piece."""

    def __init__(self, witness: bytes) -> None:
        self._rest = witness

    def take(self, size: int) -> bytes:
        if len(self._rest) < size:
            raise IntegrityError("the witness is too short")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def path(self, index: int) -> _Path:
        bitmap = int.from_bytes(self.take(4), "big")
        leaf = self.take(LEAF)
        siblings = {level: self.take(LEAF) for level in range(DEPTH) if bitmap >> level & 1}
        return _Path(index, bitmap, leaf, siblings, bytearray(leaf))

    def finish(self) -> None:
        if self._rest:
            raise IntegrityError(f"the witness is {len(self._rest)} bytes too long")
