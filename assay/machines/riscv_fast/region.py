"""Which code is translated together: what is reached from a hot place by direct jumps, calls and returns included.

A region is a graph of basic blocks. Only code that has been executed at least once is taken in, so what a program keeps
for errors costs nothing; whatever leads elsewhere leaves the region.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from assay.machines.riscv.bits import M64
from assay.machines.riscv.decode import decode
from assay.machines.riscv.hart import SINK
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv_fast.layout import PAGE, UNREACHABLE
from assay.machines.riscv_fast.semantics import CONTROL, MEMORY, SIMPLE

MAX_INSTRUCTIONS = 400
MAX_INLINED = 100
"""Instructions of a function that becomes part of the regions that call it."""
MAX_RETURNS = 200
"""Ways back that are looked for within a region, of all its functions together: LLVM's work grows with them."""
RETURN_ADDRESS = 1
"""The register that calls leave the address to return to in, by the calling convention."""

ReadCode = Callable[[int], int | None]
"""The word at an address; None if it has not been executed yet."""


@dataclass(frozen=True)
class Placed:
    """An instruction and its address."""

    pc: int
    instruction: Instruction

    @property
    def name(self) -> str:
        """The operation."""
        return self.instruction.execute.__name__


@dataclass(frozen=True)
class Block:
    """Instructions that are executed one after the other. Control leaves it in one of the ways below.

    With `taken`, the last instruction is a branch: there, or on to `following`. Else it goes on at `following`; if
    that is None, where a register says. Without `end`, the block is followed by what begins
    another one, or is not translated.
    """

    start: int
    body: tuple[Placed, ...]
    """Without the last one, if that decides where to go on."""
    end: Placed | None
    following: int | None
    taken: int | None = None
    returns_to: int | None = None
    """Where a call is expected to come back to."""

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All its instructions."""
        return self.body if self.end is None else (*self.body, self.end)

    @property
    def length(self) -> int:
        """Steps that it takes from its first instruction to its last."""
        return len(self.placed)


@dataclass(frozen=True)
class Region:
    """Blocks by their addresses."""

    entries: tuple[int, ...]
    """Where control can enter."""
    blocks: dict[int, Block]

    @cached_property
    def words(self) -> dict[int, int]:
        """The code by address: the translation is right as long as that is what is there."""
        placed = (placed for block in self.blocks.values() for placed in block.placed)
        return {each.pc: each.instruction.word for each in placed}

    @cached_property
    def pages(self) -> frozenset[int]:
        """The pages that its code is in."""
        return frozenset(pc // PAGE for pc in self.words)

    @cached_property
    def exits(self) -> frozenset[int]:
        """Where control may come to from here without entering this region at once."""
        ways = {way for block in self.blocks.values() for way in (block.following, block.taken, block.returns_to)}
        return frozenset(way for way in ways if way is not None and way not in self.entries)

    def pruned(self) -> "Region":
        """Without the blocks that control cannot come to within the region."""
        reached, ahead = set(self.entries), list(self.entries)
        while ahead:
            for target in self.successors(self.blocks[ahead.pop()]):
                if target not in reached:
                    reached.add(target)
                    ahead.append(target)
        if len(reached) == len(self.blocks):
            return self
        # Without a call that is gone, what it was to return to may be out of reach too.
        return Region(self.entries, {start: block for start, block in self.blocks.items() if start in reached}).pruned()

    def successors(self, block: Block) -> Iterator[int]:
        """The blocks of the region that control can go to."""
        for target in (block.following, block.taken):
            if target in self.blocks:
                yield target
        if block.end is not None and block.end.name == "jalr" and block.following is None:
            yield from self.return_sites.get(block.start, ())

    @cached_property
    def return_sites(self) -> dict[int, tuple[int, ...]]:
        """Where a block that ends with a return is expected to return to, within the region."""
        sites: dict[int, dict[int, None]] = {}
        for call in self.blocks.values():
            if call.returns_to in self.blocks and call.following in self.blocks:
                for last in self._returns_of(call.following):
                    sites.setdefault(last, {})[call.returns_to] = None
        few = max(MAX_RETURNS // len(sites), 1) if sites else 0
        return {block: tuple(found)[:few] for block, found in sites.items()}

    def _returns_of(self, function: int) -> Iterator[int]:
        """The blocks that a function returns by, its own calls being taken to come back."""
        seen, ahead = {function}, [function]
        while ahead:
            block = self.blocks[ahead.pop()]
            if block.returns_to is not None:
                onward = [block.returns_to]
            else:
                onward = [target for target in (block.following, block.taken) if target is not None]
            if not onward and _is_return(block.end):
                yield block.start
            for target in onward:
                if target in self.blocks and target not in seen:
                    seen.add(target)
                    ahead.append(target)

    @cached_property
    def heads(self) -> frozenset[int]:
        """Blocks that every cycle goes through: those that a walk in depth comes back to, and the entries."""
        heads, done = set(self.entries), set[int]()
        for entry in self.entries:
            if entry not in done:
                self._walk(entry, heads, done)
        return frozenset(heads)

    def _walk(self, entry: int, heads: set[int], done: set[int]) -> None:
        path = {entry}
        stack = [(entry, iter(list(self.successors(self.blocks[entry]))))]
        while stack:
            start, successors = stack[-1]
            for target in successors:
                if target in path:
                    heads.add(target)
                elif target not in done:
                    path.add(target)
                    stack.append((target, iter(list(self.successors(self.blocks[target])))))
                    break
            else:
                stack.pop()
                path.discard(start)
                done.add(start)

    def longest_path(self, head: int) -> int:
        """The most steps from a head until control comes to a head again, or leaves."""
        return self._longest[head]

    @cached_property
    def _longest(self) -> dict[int, int]:
        longest: dict[int, int] = {}
        stack = list(self.blocks)
        while stack:
            start = stack[-1]
            block = self.blocks[start]
            ahead = [target for target in self.successors(block) if target not in self.heads]
            waiting = [target for target in ahead if target not in longest]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            longest[start] = block.length + max((longest[target] for target in ahead), default=0)
        return longest


def _is_return(end: Placed | None) -> bool:
    if end is None or end.name != "jalr":
        return False
    return end.instruction.rs1 == RETURN_ADDRESS and end.instruction.rd == SINK


def find_region(
    place: int, read: ReadCode, entries: Set[int] = frozenset(), limit: int = MAX_INSTRUCTIONS
) -> Region | None:
    """The region around `place`; None if nothing there can be translated.

    Control can enter it at `place`, where loops begin, where calls that lead out of it return to, and at any of the
    `entries` of other regions that are in it, so that it takes their place.
    """
    search = _Search(read, limit)
    search.look(place)
    blocks = search.blocks()
    if place not in blocks:
        return None
    returns = {
        block.returns_to for block in blocks.values() if block.returns_to in blocks and block.following not in blocks
    }
    around = Region((place, *returns), blocks).pruned()
    more = {start for start in around.blocks if start in around.heads or start in returns or start in entries}
    return Region((place, *sorted(more - {place})), around.blocks)


class _Search:
    """First what is reached, then its blocks: a jump into the middle of one ends it."""

    def __init__(self, read: ReadCode, limit: int) -> None:
        self._read = read
        self._limit = limit
        self._at: dict[int, Placed] = {}
        self._leaders: dict[int, None] = {}

    def look(self, entry: int) -> None:
        """Find what is reached from `entry`, the nearest first."""
        ahead = [entry]
        for start in ahead:  # grows
            if start in self._leaders:
                continue
            self._leaders[start] = None
            pc, known = start, dict[int, int]()
            while pc not in self._at and len(self._at) < self._limit:
                placed = self._placed(pc)
                if placed is None:
                    break
                self._at[pc] = placed
                if placed.name in CONTROL:
                    ahead += self._onward(placed, known)
                    break
                _learn(placed, known)
                pc += 4
            else:
                if pc in self._at:
                    self._leaders[pc] = None

    def blocks(self) -> dict[int, Block]:
        """All that was found."""
        return {start: self._block(start) for start in self._leaders if start in self._at}

    def _placed(self, pc: int) -> Placed | None:
        """The instruction at an address, if it has been executed and can be translated."""
        if pc & UNREACHABLE:
            return None
        word = self._read(pc)
        if word is None:
            return None
        placed = Placed(pc, decode(word))
        translatable = placed.name in SIMPLE or placed.name in MEMORY or placed.name in CONTROL
        if not translatable or self._stands_still(placed):
            return None
        return placed

    def _stands_still(self, placed: Placed) -> bool:
        return placed.name in CONTROL and placed.name != "jalr" and placed.instruction.immediate == 0

    def _onward(self, placed: Placed, known: dict[int, int]) -> list[int]:
        """Where control may go on after a jump or branch; what is most likely to be executed first."""
        instruction, following = placed.instruction, placed.pc + 4
        target = placed.pc + instruction.immediate & M64
        if placed.name == "jalr":
            plain = _plain_target(placed, known)
            if plain is None:
                return []
            target = plain
        if placed.name in ("jal", "jalr"):
            if instruction.rd != RETURN_ADDRESS:
                return [target]
            return [target, following] if self._is_small(target) else [following]
        return [target, following] if target <= placed.pc else [following, target]

    def _is_small(self, function: int) -> bool:
        """Whether a function is worth a copy of its own here; as one is that calls itself."""
        if function in self._leaders:
            return True
        if self._limit <= MAX_INLINED:
            return False
        within = _Search(self._read, MAX_INLINED)
        within.look(function)
        return len(within._at) < MAX_INLINED

    def _block(self, start: int) -> Block:
        body: list[Placed] = []
        pc, known = start, dict[int, int]()
        while True:
            placed = self._at.get(pc)
            if placed is None or (pc != start and pc in self._leaders):
                return Block(start, tuple(body), None, pc)
            if placed.name in CONTROL:
                return self._ended(start, tuple(body), placed, known)
            body.append(placed)
            _learn(placed, known)
            pc += 4

    def _ended(self, start: int, body: tuple[Placed, ...], end: Placed, known: dict[int, int]) -> Block:
        instruction, following = end.instruction, end.pc + 4
        target: int | None = end.pc + instruction.immediate & M64
        if end.name == "jalr":
            # By what this block alone makes plain: another way here may have put another address into the register.
            target = _plain_target(end, known)
        if end.name in ("jal", "jalr"):
            returns_to = following if instruction.rd == RETURN_ADDRESS else None
            return Block(start, body, end, target, returns_to=returns_to)
        return Block(start, body, end, following, taken=target)


def _learn(placed: Placed, known: dict[int, int]) -> None:
    """Keep track of addresses that are made of constants."""
    instruction = placed.instruction
    if placed.name == "auipc":
        known[instruction.rd] = placed.pc + instruction.immediate & M64
    elif placed.name == "lui":
        known[instruction.rd] = instruction.immediate
    elif placed.name == "addi" and instruction.rs1 in known:
        known[instruction.rd] = known[instruction.rs1] + instruction.immediate & M64
    else:
        known.pop(instruction.rd, None)


def _plain_target(jump: Placed, known: dict[int, int]) -> int | None:
    """Where a jalr goes, if that is known, and no trap or fixed point."""
    instruction = jump.instruction
    if instruction.rs1 not in known:
        return None
    target = known[instruction.rs1] + instruction.immediate & M64 & ~1
    return None if target & 3 or target == jump.pc else target
