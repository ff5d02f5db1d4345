"""The witness of a step, and the step as the referee takes it (docs/operators.md, section 6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.merkle import climb
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.block_tree import BLOCK_BYTES, DEFAULTS, DEPTH, BlockTree
from assay.machines.tensor.execution import INITIAL, Spaces, accumulate, terms_of_run, value
from assay.machines.tensor.instruction import ADDRESSES, BLOCK, READS_B, REDUCTIONS, Instruction, Kind
from assay.machines.tensor.state import END, State

BITMAP = 3  # bytes
M64 = (1 << 64) - 1


@dataclass(frozen=True)
class Access:
    """A block that a step reads or writes to, as its witness tells it."""

    weights: bool
    block: int
    content: bytes
    siblings: list[bytes]

    def encode(self) -> bytes:
        """The bitmap of the siblings that are given, the block, and the siblings."""
        given = [level for level in range(DEPTH) if self.siblings[level] != DEFAULTS[level]]
        bitmap = sum(1 << level for level in given)
        return bitmap.to_bytes(BITMAP, "big") + self.content + b"".join(self.siblings[level] for level in given)


def record(instruction: bytes, following: bytes, state: State, trees: tuple[BlockTree, BlockTree]) -> bytes:
    """The witness of the step from `state`; `trees` are those over the weights and over memory.

    `instruction` is empty at the end of the code, and `following` is the code behind it.
    """
    position = state.weights + state.memory + state.encode()[96:]
    if not instruction:
        return b"\0" + position
    code = len(instruction).to_bytes(1, "big") + instruction + following
    decoded = Instruction.decode(instruction)
    accesses = b""
    if decoded is not None:
        for weights, address in addresses(decoded, state, trees):
            tree, block = trees[0 if weights else 1], address // BLOCK
            accesses += Access(weights, block, tree.block(block), tree.path(block)).encode()
    return code + position + accesses


def addresses(instruction: Instruction, state: State, trees: tuple[BlockTree, BlockTree]) -> Iterator[tuple[bool, int]]:
    """The space and an address of each block that a step touches: what b is, what a is, and the result."""
    target, a, b = instruction.place(state.element)
    if instruction.kind == Kind.KEEP:
        yield False, target % ADDRESSES
        return
    if instruction.kind in REDUCTIONS:
        a += state.run * BLOCK
        b += state.run * BLOCK * (instruction.kind == Kind.DOT)
    b %= ADDRESSES
    if instruction.kind in READS_B:
        yield instruction.b.weights, b
    if instruction.kind == Kind.GATHER:
        word = trees[0 if instruction.b.weights else 1].block(b // BLOCK)[b % BLOCK * 4 :][:4]
        a += int.from_bytes(word, "big", signed=True) * instruction.length
    yield instruction.a.weights, a % ADDRESSES
    if state.run + 1 >= instruction.runs:
        yield False, target % ADDRESSES


class Reader:
    """A witness that is read from its start to its end; raises `IntegrityError` where it is wrong."""

    def __init__(self, witness: bytes) -> None:
        self._rest = witness

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if len(self._rest) < size:
            raise IntegrityError("the witness is too short")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def access(self, root: bytes, address: int) -> tuple[Words, list[bytes]]:
        """The block around `address` under `root`, as words, and its siblings."""
        bitmap = int.from_bytes(self.take(BITMAP), "big")
        content = self.take(BLOCK_BYTES)
        siblings = [self.take(32) if bitmap >> level & 1 else DEFAULTS[level] for level in range(DEPTH)]
        if climb(keccak256(content), address // BLOCK, siblings) != root:
            raise IntegrityError("the witness has a block that is not under the root")
        return np.frombuffer(content, ">u4").astype(np.uint32), siblings

    def end(self) -> None:
        """There must be nothing left."""
        if self._rest:
            raise IntegrityError("the witness is too long")


def replay(prestate: bytes, witness: bytes) -> bytes:
    """The state root after `prestate`, as the referee finds it; raises `IntegrityError` for a wrong witness."""
    reader = Reader(witness)
    encoding = reader.take(reader.take(1)[0])
    following = reader.take(32) if encoding else END
    code = keccak256(encoding + following) if encoding else END
    state = State.decode(code + reader.take(80))
    if state.root() != prestate:
        raise IntegrityError("the witness is not that of this state root")
    instruction = Instruction.decode(encoding)
    if instruction is None:
        reader.end()
        return prestate
    after = _step(instruction, following, state, reader)
    reader.end()
    return after.root()


def _step(instruction: Instruction, following: bytes, state: State, reader: Reader) -> State:
    target, a, b = instruction.place(state.element)
    kind = instruction.kind
    if kind == Kind.KEEP:
        return _written(instruction, following, state, _kept(target % ADDRESSES, state.memory, reader))
    reduces = kind in REDUCTIONS
    if reduces:
        a += state.run * BLOCK
        b += state.run * BLOCK * (kind == Kind.DOT)
    a, b, target = a % ADDRESSES, b % ADDRESSES, target % ADDRESSES

    def root(weights: bool) -> bytes:
        return state.weights if weights else state.memory

    block_b = np.zeros(BLOCK, np.uint32)
    if kind in READS_B:
        block_b, _ = reader.access(root(instruction.b.weights), b)
    if kind == Kind.GATHER:
        a = (a + int(block_b[b % BLOCK].view(np.int32)) * instruction.length) % ADDRESSES
    block_a, _ = reader.access(root(instruction.a.weights), a)

    # The two blocks are put where the definition finds them: that of a in the weights, and that of b in memory.
    narrow = Instruction(kind, 0, replace(instruction.a, weights=True), replace(instruction.b, weights=False))
    places = np.array([a % BLOCK]), np.array([b % BLOCK])
    spaces = Spaces(block_a, block_b)
    if kind == Kind.GATHER:
        result = block_a[a % BLOCK]
    elif reduces:
        begin, count = terms_of_run(instruction, state.run)
        start = np.array([INITIAL[kind] if state.run == 0 else state.accumulator], np.uint32)
        found = accumulate(narrow, spaces, start, places, 0, count)
        if kind == Kind.FIND and found[0] != start[0]:
            found = found + np.uint32(begin)
        result = found[0]
    else:
        result = value(narrow, spaces, *places)[0]

    if state.run + 1 < instruction.runs:
        return replace(state, run=state.run + 1, accumulator=int(result))
    block, siblings = reader.access(state.memory, target)
    block[target % BLOCK] = result
    memory = climb(keccak256(block.astype(">u4").tobytes()), target // BLOCK, siblings)
    return _written(instruction, following, state, memory)


def _kept(address: int, root: bytes, reader: Reader) -> bytes:
    """The memory root once all words behind the block of `address` are zero."""
    block, siblings = reader.access(root, address)
    index = address // BLOCK
    kept = [siblings[level] if index >> level & 1 else DEFAULTS[level] for level in range(DEPTH)]
    return climb(keccak256(block.astype(">u4").tobytes()), index, kept)


def _written(instruction: Instruction, following: bytes, state: State, memory: bytes) -> State:
    """The state after an element's last step, which has left this memory root."""
    if state.element + 1 < instruction.elements:
        return replace(state, memory=memory, element=state.element + 1 & M64, run=0, accumulator=0)
    return State(following, state.weights, memory)
