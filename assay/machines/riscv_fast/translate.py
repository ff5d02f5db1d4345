"""A region as one native function, in LLVM IR.

The registers are LLVM's values within a block, and in loops that are not too large: there, they are read from the
context where control comes in, and those that may have changed are written back where it leaves. Elsewhere they are in
the context between blocks: there are more of them than the host has, and calls would have all of them moved. Control
leaves the region for good by going on in the function of another slot. What it cannot do itself (a store to a page that
is not writable, an access that would trap, the last steps before it has to stop) it leaves to the interpreter: at the
beginning of the block or after its last store, which is the last moment that nothing that was done has to be undone for
but what registers hold.
"""

from dataclasses import dataclass

from assay.machines.riscv.hart import SINK
from assay.machines.riscv_fast.accesses import Form, Group, groups_of, rounds_ahead, writes
from assay.machines.riscv_fast.interpreter import ATTRIBUTES, PARAMETERS, proceed, slot_of
from assay.machines.riscv_fast.ir import MODULE_END, number
from assay.machines.riscv_fast.layout import FUNCTION, PLAIN, UNREACHABLE, PageState, Word
from assay.machines.riscv_fast.loops import loops_of
from assay.machines.riscv_fast.region import Block, Region
from assay.machines.riscv_fast.semantics import CONTROL, MEMORY, SIMPLE, Frame

MAX_CAREFUL = 150
"""Instructions of a region that is worth LLVM's full care, which grows faster than the region does."""
REGISTERS = range(1, 32)
MAX_UNROLLED = 64
"""Instructions of a loop's rounds that are done with one look at the steps that remain, and at addresses."""
MAX_ROUNDS = 8
"""How many rounds these are at most."""
MAX_GROUPS = 4
"""Groups of accesses that they may have: to look at more at once takes more registers than there are."""
ABOVE = (1 << 64) - (1 << 32)
"""The bits that no address of memory has."""


@dataclass
class _Checkpoint:
    """A moment that the interpreter can go on from."""

    pc: int
    done: int
    """Steps taken until then, of those that %left does not know of yet."""
    values: dict[int, str]
    """What has been written to registers, likewise."""
    label: str = ""
    """Where it is gone on from; empty if nobody does."""


class Translation(Frame):
    """The function of a region, as it grows."""

    def __init__(self, region: Region) -> None:
        super().__init__()
        self._region = region
        self._loops = loops_of(region)
        self._used: dict[int | None, set[int]] = {}  # registers, by loop
        self._written: dict[int | None, set[int]] = {}
        for start, loop in self._loops.items():
            for placed in region.blocks[start].placed:
                instruction = placed.instruction
                used = {instruction.rd, instruction.rs1, instruction.rs2} - {0, SINK}
                self._used.setdefault(loop, set()).update(used)
                if writes(placed):
                    self._written.setdefault(loop, set()).add(instruction.rd)
        self._ways_out: dict[tuple[int | None, int | None], str] = {}  # labels, by loop and where to go on
        self._ways_in: dict[int, str] = {}  # labels for control that comes to a block from outside of its loop
        self._checkpoints: list[_Checkpoint] = []

    def text(self) -> str:
        """The module."""
        self._prologue()
        for block in self._region.blocks.values():
            self._block(block)
        self._leave_loops()
        self._enter_loops()
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
            self._values[self._now.instruction.rd] = value

    def follow(self) -> None:
        """Nothing to do: the next instruction is written next."""

    def branch(self, condition: str) -> None:
        self._done += 1
        if self._goes_on and not self._last_round:
            return
        taken, following = self.label("taken"), self.label("following")
        self.fork(condition, taken, following)
        self.place(following)
        self._go(self._now_in.following)
        self.place(taken)
        if not self._last_round:
            return  # the next one is written next
        target = self._now_in.taken
        if target is None or target & UNREACHABLE:
            self._done -= 1
            self._resume(self._now.pc)
        else:
            self._go(target)

    def jump(self, target: str, link: bool) -> None:
        block = self._now_in
        if block.following is not None:
            if block.following & UNREACHABLE:
                self._resume(self._now.pc)
                return
            self._link(link)
            self._done += 1
            self._go(block.following)
            return
        wrong = self.binary("and", target, number(UNREACHABLE))
        self._aside(self.compare("ne", wrong, "0"))
        self._aside(self.compare("eq", target, self.pc()))
        self._link(link)
        self._done += 1
        self._commit()
        for site in self._region.return_sites.get(block.start, ()):
            here, other = self.label("here"), self.label("other")
            self.fork(self.compare("eq", target, number(site)), here, other)
            self.place(here)
            self._go_within(site)
            self.place(other)
        self._write_back(self._loops.get(self._now_in.start))
        slot = slot_of(self, target)
        plain = self.let(f"and i8 {self.field(slot, 14, bits=8)}, {PLAIN >> 48}")
        uncounted = self.label("uncounted")
        self.rarely(self.let(f"icmp ne i8 {plain}, 0"), uncounted)
        proceed(self, self.let(f"load ptr, ptr {slot}"), self._left(), slot, target)
        self.place(uncounted)
        self._proceed(Word.COUNTED, target, slot)

    def load(self, address: str, bits: int, atomic: bool = False) -> str:  # noqa: ARG002
        return self.let(f"load i{bits}, ptr {self._accessed()}")

    def store(self, address: str, bits: int, value: str) -> None:  # noqa: ARG002
        self.do(f"store i{bits} {value if bits == 64 else self.low(value, bits)}, ptr {self._accessed()}")
        self._stored = True

    # ---------------------------------------------------------------- blocks

    def _prologue(self) -> None:
        for register in REGISTERS:
            self.do(f"%x{register} = alloca i64")
        self.do("%left = alloca i64")
        self.do("%at = alloca i64")
        self.do("store i64 %remaining, ptr %left")
        entry, *others = self._region.entries
        cases = " ".join(f"i64 {other}, label %{self._way_in(other)}" for other in others)
        self.do(f"switch i64 %pc, label %{self._way_in(entry)} [ {cases} ]")

    def _way_in(self, start: int) -> str:
        """The label of a block for control that comes from outside of its loop, if it is in one."""
        if start not in self._loops:
            return _label(start)
        return self._ways_in.setdefault(start, f"into{start:x}")

    def _enter_loops(self) -> None:
        """Have the variables hold what the registers do, where control comes into a loop."""
        for start, label in self._ways_in.items():
            self.place(label)
            for register in sorted(self._used[self._loops[start]]):
                self.do(f"store i64 {self.field('%context', 8 * register)}, ptr %x{register}")
            self.go(_label(start))

    def _block(self, block: Block) -> None:
        """A block; before it, if it is a short loop, several rounds of it at once."""
        self.place(_label(block.start))
        rounds = _rounds(block)
        if rounds > 1:
            singly = self.label("singly")
            self._rounds(block, rounds, singly)
            self.place(singly)
        self._rounds(block, 1)

    def _rounds(self, block: Block, rounds: int, otherwise: str = "") -> None:
        """So many rounds of a block, if there are steps for them and accesses can be made; else go `otherwise`.

        Without that, the interpreter goes on.
        """
        self._now_in, self._done = block, 0
        self._values: dict[int, str] = {}
        self._at_start: dict[int, str] = {}
        self._remaining = self.let("load i64, ptr %left")
        self._checkpoint(block.start)
        needed = 0
        if block.start in self._region.heads:
            needed = (rounds - 1) * block.length + self._region.longest_path(block.start)
        ahead = rounds_ahead(block.placed) if rounds > 1 else None
        self._goes_on = ahead is not None  # until the last of these rounds, whatever registers hold
        if ahead is not None:
            distance, step = ahead
            self._aside(self.compare("ule", self._value(distance), str((rounds - 2) * step)), otherwise)
        self._groups = groups_of(block.placed * rounds)
        self._bases: dict[Group, str] = {}
        self._check(self._groups.after.get(None, []), needed, otherwise)
        for current in range(rounds):
            self._last_round = current == rounds - 1
            if current:
                self._checkpoint(block.start)
            for self._now in block.body:
                self._stored = False
                (SIMPLE.get(self._now.name) or MEMORY[self._now.name])(self)
                self._done += 1
                if self._stored:
                    self._checkpoint(self._now.pc + 4)
                self._check(self._groups.after.get(self._done - 1, []))
            if block.end is None:
                self._go(block.following)
            else:
                self._now = block.end
                CONTROL[block.end.name](self)
        self._finish()

    # ---------------------------------------------------------------- pieces

    def _register(self, register: int) -> str:
        if not register:
            return "0"
        return self._values.get(register) or self._old(register)

    def _old(self, register: int) -> str:
        """What a register held where the block began."""
        if register not in self._at_start:
            if self._now_in.start in self._loops:
                self._at_start[register] = self.let(f"load i64, ptr %x{register}")
            else:
                self._at_start[register] = self.field("%context", 8 * register)
        return self._at_start[register]

    def _link(self, link: bool) -> None:
        if link:
            self.rd(number(self._now.pc + 4))

    def _accessed(self) -> str:
        """The host's address of what the instruction accesses."""
        group, distance = self._groups.of[self._done]
        return self.at(self.at("%memory", self._bases[group]), distance)

    def _check(self, groups: list[Group], steps: int = 0, otherwise: str = "") -> None:
        """Go aside unless all accesses of some groups can be made, and so many steps remain."""
        by_mask: dict[int, str] = {}  # what must have none of these bits
        for group in groups:
            for form in group.tested():
                # Where all are aligned or none is, it takes no mask of its own.
                aligned = (form.offset - group.base.offset) % group.size == 0
                mask, value = ABOVE + (group.size - 1 if aligned else 0), self._value(form)
                by_mask[mask] = self.binary("or", by_mask[mask], value) if mask in by_mask else value
        if steps and not groups:
            self._aside(self.compare("ult", self._remaining, str(steps)), otherwise)
        elif steps:
            few = self.binary("ashr", self.binary("sub", self._remaining, str(steps)), "63")  # all bits, or none
            mask = next(iter(by_mask))
            by_mask[mask] = self.binary("or", by_mask[mask], few)
        wrong = ""
        for mask, value in by_mask.items():
            part = self.binary("and", value, number(mask))
            wrong = self.binary("or", wrong, part) if wrong else part
        if wrong:
            # One branch, not several: LLVM would make one of them, and not as well.
            self._aside(self.compare("ne", wrong, "0"), otherwise)
        for group in groups:
            self._bases[group] = self.confined(self._value(group.base), group.size)
        states = [self._state(group, form) for group in groups for form in group.stored()]
        if len(states) == 1:
            self._aside(self.let(f"icmp ne i8 {states[0]}, {int(PageState.WRITABLE)}"), otherwise)
        elif states:
            both = states[0]
            for state in states[1:]:
                both = self.let(f"and i8 {both}, {state}")
            bit = self.let(f"and i8 {both}, {int(PageState.WRITABLE)}")
            self._aside(self.let(f"icmp eq i8 {bit}, 0"), otherwise)

    def _state(self, group: Group, form: Form) -> str:
        """The state of the page of one of a group's addresses."""
        address = self.binary("add", self._bases[group], str(form.offset - group.base.offset))
        return self.field("%states", self.binary("lshr", address, "12"), bits=8)

    def _value(self, form: Form) -> str:
        total = ""
        for register, factor in form.terms:
            # What a term stands for that is no register of the beginning was computed just now.
            part = self._old(register) if register >= 0 else self._register(self._now.instruction.rd)
            if factor != 1:
                part = self.binary("mul", part, str(factor))
            total = self.binary("add", total, part) if total else part
        if not total:
            return number(form.offset)
        return self.binary("add", total, number(form.offset)) if form.offset else total

    def _checkpoint(self, pc: int) -> None:
        self._checkpoints.append(_Checkpoint(pc, self._done, dict(self._values)))

    def _aside(self, condition: str, otherwise: str = "") -> None:
        """Go back to the last checkpoint and have the interpreter go on from there, if the i1 is set."""
        last = self._checkpoints[-1]
        if not otherwise and not last.label:
            last.label = self.label("aside")
        self.rarely(condition, otherwise or last.label)

    def _finish(self) -> None:
        """Write what happens aside."""
        for checkpoint in self._checkpoints:
            if checkpoint.label:
                self.place(checkpoint.label)
                self._values, self._done = checkpoint.values, checkpoint.done
                self._at_start = {}
                self._resume(checkpoint.pc)
        self._checkpoints.clear()

    def _resume(self, pc: int) -> None:
        """Have the interpreter go on."""
        self._commit()
        self.do(f"store i64 {number(pc)}, ptr %at")
        self._leave(None)

    def _commit(self) -> None:
        """Have the registers hold what they do now: in a loop, variables; elsewhere, those of the context."""
        self.do(f"store i64 {self.binary('sub', self._remaining, str(self._done))}, ptr %left")
        for register, value in self._values.items():
            if self._now_in.start in self._loops:
                self.do(f"store i64 {value}, ptr %x{register}")
            else:
                self.put(value, "%context", 8 * register)

    def _left(self) -> str:
        return self.let("load i64, ptr %left")

    def _go(self, target: int | None) -> None:
        """Go on at a known address."""
        self._commit()
        self._go_within(target) if target in self._region.blocks else self._leave(target or 0)

    def _go_within(self, target: int) -> None:
        """Go on in the region, all being committed."""
        if self._loops.get(self._now_in.start) == self._loops.get(target):
            self.go(_label(target))
        else:
            self._leave(target)

    def _leave(self, target: int | None) -> None:
        """Go on outside of the loop, or with what is not in any; or in the interpreter, at %at."""
        self.go(self._ways_out.setdefault((self._loops.get(self._now_in.start), target), self.label("out")))

    def _leave_loops(self) -> None:
        """Write what `_leave` goes to."""
        for (loop, target), label in self._ways_out.items():
            self.place(label)
            self._write_back(loop)
            if target is None:
                self._proceed(Word.RESUME, self.let("load i64, ptr %at"))
            elif target in self._region.blocks:
                self.go(self._way_in(target))
            elif target & UNREACHABLE:
                self._proceed(Word.ENTER, number(target))
            else:
                slot = slot_of(self, number(target))
                proceed(self, self.let(f"load ptr, ptr {slot}"), self._left(), slot, number(target))

    def _proceed(self, function: Word, pc: str, slot: str = "%slot") -> None:
        """Go on in one of the interpreter's functions."""
        address = self.let(f"load ptr, ptr {self.at('%context', 8 * function)}")
        proceed(self, address, self._left(), slot, pc)

    def _write_back(self, loop: int | None) -> None:
        """Have the context hold what the variables of a loop do."""
        for register in sorted(self._written.get(loop, ())):
            self.put(self.let(f"load i64, ptr %x{register}"), "%context", 8 * register)


def translate(region: Region) -> tuple[str, int]:
    """The module of a region, which is one function, `FUNCTION`; and the level to optimise it at."""
    return Translation(region).text(), 2 if len(region.words) <= MAX_CAREFUL else 1


def _rounds(block: Block) -> int:
    """How many rounds of a block to do at once."""
    if block.taken != block.start:
        return 1
    rounds = min(MAX_UNROLLED // block.length, MAX_ROUNDS)
    while rounds > 1 and len(groups_of(block.placed * rounds).after.get(None, ())) > MAX_GROUPS:
        rounds //= 2
    return max(rounds, 1)


def _label(start: int) -> str:
    return f"at{start:x}"
