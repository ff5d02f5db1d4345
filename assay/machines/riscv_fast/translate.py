"""A region as one native function, in LLVM IR.

The registers are LLVM's values while control is in the region; they are read from the context where it enters, and
those that may have changed are written back where it leaves. It leaves for good by going on in the function of another
slot. What it cannot do itself (a store to a page that is not writable, an access that would trap, the last steps before
it has to stop) it leaves to the interpreter, at the very instruction: nothing of it has been done then.
"""

from assay.machines.riscv.hart import SINK
from assay.machines.riscv_fast.interpreter import ATTRIBUTES, PARAMETERS, proceed, slot_of
from assay.machines.riscv_fast.ir import MODULE_END, number
from assay.machines.riscv_fast.layout import UNREACHABLE, PageState, Word
from assay.machines.riscv_fast.region import Block, Placed, Region
from assay.machines.riscv_fast.semantics import CONTROL, MEMORY, SIMPLE, Frame

FUNCTION = "region"

MAX_CAREFUL = 150
"""Instructions of a region that is worth LLVM's full care, which grows faster than the region does."""
REGISTERS = range(1, 32)


class Translation(Frame):
    """The function of a region, as it grows."""

    def __init__(self, region: Region, careful: bool) -> None:
        """If not `careful`, what registers are given goes to the context at once: less to do where control leaves."""
        super().__init__()
        self._careful = careful
        self._region = region
        self._changed = _changed_before(region)
        self._dirty: set[int] = set()
        self._asides: dict[int, tuple[str, int, frozenset[int]]] = {}  # by pc: label, steps done, registers changed

    def text(self) -> str:
        """The module."""
        self._prologue()
        for block in self._region.blocks.values():
            self._block(block)
        head = f"define dso_local preserve_nonecc i64 @{FUNCTION}({PARAMETERS}) {ATTRIBUTES} {{"
        return "\n".join([head, *self.lines, "}", ""]) + MODULE_END

    # ---------------------------------------------------------------- the frame of an instruction

    def pc(self) -> str:
        return number(self._now.pc)

    def rs1(self) -> str:
        return self._register(self._now.instruction.rs1)

    def rs2(self) -> str:
        return self._register(self._now.instruction.rs2)

    def immediate(self) -> str:
        return number(self._now.instruction.immediate)

    def rd(self, value: str) -> None:
        if self._now.instruction.rd != SINK:
            self.do(f"store i64 {value}, ptr %x{self._now.instruction.rd}")
            if self._careful:
                self._dirty.add(self._now.instruction.rd)
            else:
                self.put(value, "%context", 8 * self._now.instruction.rd)

    def follow(self) -> None:
        """Nothing to do: the next instruction is written next."""

    def branch(self, condition: str) -> None:
        block = self._region.blocks[self._start]
        self._spend(block.length)
        taken, following = self.label("taken"), self.label("following")
        self.fork(condition, taken, following)
        for label, target in ((taken, block.taken), (following, block.following)):
            self.place(label)
            self._go(target, self._now if label is taken else None)

    def jump(self, target: str, link: bool) -> None:
        block = self._region.blocks[self._start]
        if block.following is not None:
            if block.following & UNREACHABLE:
                self._resume(self._now.pc, self._done)
                return
            self._link(link)
            self._spend(block.length)
            self._go(block.following, None)
            return
        wrong = self.binary("and", target, number(UNREACHABLE))
        self._aside(self.compare("ne", wrong, "0"))
        self._aside(self.compare("eq", target, self.pc()))
        self._link(link)
        self._spend(block.length)
        for site in self._region.return_sites.get(block.start, ()):
            here, other = self.label("here"), self.label("other")
            self.fork(self.compare("eq", target, number(site)), here, other)
            self.place(here)
            self._go(site, None)
            self.place(other)
        self._write_back()
        slot = slot_of(self, target)
        proceed(self, self.let(f"load ptr, ptr {slot}"), self._left(), slot, target)

    def load(self, address: str, bits: int, atomic: bool = False) -> str:  # noqa: ARG002
        self._check(address, bits)
        return self.let(f"load i{bits}, ptr {self.at('%memory', address)}")

    def store(self, address: str, bits: int, value: str) -> None:
        self._check(address, bits)
        page = self.binary("lshr", address, "12")
        state = self.field("%states", page, bits=8)
        self._aside(self.let(f"icmp ne i8 {state}, {int(PageState.WRITABLE)}"))
        self.put(value if bits == 64 else self.low(value, bits), "%memory", address, bits)

    # ---------------------------------------------------------------- pieces

    def _prologue(self) -> None:
        for register in REGISTERS:
            self.do(f"%x{register} = alloca i64")
        self.do("%left = alloca i64")
        self.do("store i64 %remaining, ptr %left")
        for register in REGISTERS:
            self.do(f"store i64 {self.field('%context', 8 * register)}, ptr %x{register}")
        entry, *others = self._region.entries
        cases = " ".join(f"i64 {other}, label %{_label(other)}" for other in others)
        self.do(f"switch i64 %pc, label %{_label(entry)} [ {cases} ]")

    def _block(self, block: Block) -> None:
        self._start = block.start
        self._dirty = set(self._changed[block.start]) if self._careful else set()
        self._done = 0
        self.place(_label(block.start))
        self._remaining = self.let("load i64, ptr %left")
        if block.start in self._region.heads:
            few = self.compare("ult", self._remaining, str(self._region.longest_path(block.start)))
            # Not the aside of the first instruction: LLVM would make one condition of the two.
            enough, interpreted = self.label("enough"), self.label("interpreted")
            self.do(f"br i1 {few}, label %{interpreted}, label %{enough}, !prof !0")
            self.place(interpreted)
            self._resume(block.start, 0)
            self.place(enough)
        for self._now in block.body:
            (SIMPLE.get(self._now.name) or MEMORY[self._now.name])(self)
            self._done += 1
        if block.end is not None:
            self._now = block.end
            CONTROL[block.end.name](self)
        else:
            self._spend(block.length)
            self._go(block.following, None)
        self._finish()

    def _register(self, register: int) -> str:
        return self.let(f"load i64, ptr %x{register}") if register else "0"

    def _link(self, link: bool) -> None:
        if link:
            self.rd(number(self._now.pc + 4))

    def _check(self, address: str, bits: int) -> None:
        wrong = self.binary("and", address, number((1 << 64) - (1 << 32) + bits // 8 - 1))
        self._aside(self.compare("ne", wrong, "0"))

    def _aside(self, condition: str) -> None:
        """Leave this instruction to the interpreter if the i1 is set."""
        pc = self._now.pc
        if pc not in self._asides:
            self._asides[pc] = self.label("aside"), self._done, frozenset(self._dirty)
        self.rarely(condition, self._asides[pc][0])

    def _finish(self) -> None:
        """Write the asides of a block."""
        for pc, (label, done, dirty) in self._asides.items():
            self.place(label)
            self._dirty = set(dirty)
            self._resume(pc, done)
        self._asides.clear()

    def _resume(self, pc: int, done: int) -> None:
        """Have the interpreter go on at an instruction of the block."""
        self._write_back()
        resume = self.let(f"load ptr, ptr {self.at('%context', 8 * Word.RESUME)}")
        proceed(self, resume, self.binary("sub", self._remaining, str(done)), "%slot", number(pc))

    def _spend(self, steps: int) -> None:
        self.do(f"store i64 {self.binary('sub', self._remaining, str(steps))}, ptr %left")

    def _left(self) -> str:
        return self.let("load i64, ptr %left")

    def _go(self, target: int | None, branch: Placed | None) -> None:
        """Go on at a known address, after `_spend`. To `branch` itself, where its target is out of reach."""
        if target in self._region.blocks:
            self.go(_label(target))
        elif target is None or target & UNREACHABLE:
            self._write_back()
            at = self._now.pc if branch is not None else target
            steps = self._left() if branch is None else self.binary("add", self._left(), "1")
            resume = self.let(
                f"load ptr, ptr {self.at('%context', 8 * (Word.ENTER if branch is None else Word.RESUME))}"
            )
            proceed(self, resume, steps, "%slot", number(at or 0))
        else:
            self._write_back()
            slot = slot_of(self, number(target))
            proceed(self, self.let(f"load ptr, ptr {slot}"), self._left(), slot, number(target))

    def _write_back(self) -> None:
        for register in sorted(self._dirty):
            self.put(self._register(register), "%context", 8 * register)


def translate(region: Region) -> tuple[str, int]:
    """The module of a region, which is one function, `FUNCTION`; and the level to optimise it at."""
    careful = len(region.words) <= MAX_CAREFUL
    return Translation(region, careful).text(), 2 if careful else 1


def _changed_before(region: Region) -> dict[int, set[int]]:
    """The registers that may have been written in the region before control comes to each block."""
    changed: dict[int, set[int]] = {start: set() for start in region.blocks}
    ahead = list(region.blocks)
    while ahead:
        block = region.blocks[ahead.pop()]
        after = changed[block.start] | {
            placed.instruction.rd for placed in (*block.body, block.end) if placed and _writes(placed)
        }
        for target in region.successors(block):
            if not after <= changed[target]:
                changed[target] |= after
                ahead.append(target)
    return changed


def _writes(placed: Placed) -> bool:
    no_result = placed.name in ("sb", "sh", "sw", "sd", "fence") or (placed.name in CONTROL and placed.name[0] == "b")
    return not no_result and placed.instruction.rd != SINK


def _label(start: int) -> str:
    return f"at{start:x}"
