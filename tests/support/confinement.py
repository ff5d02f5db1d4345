"""What the machine code of a translation can reach: an abstract interpretation of it (x86-64 only).

It trusts neither the translator nor LLVM. It follows what addresses are made of and which of their bits can be set, by
the instructions that make them alone: no comparison counts. It refuses code that

- reads or writes through anything but the context, the guest's memory, the page states, the slots, or its own frame;
- reads or writes beyond the end of one of these: of memory, beyond the margin that follows it;
- writes the context but for x1 to x31, and the states or the slots at all;
- calls, returns, traps, asks the operating system, or jumps anywhere but within itself or to the function of a slot, or
  to `enter`, `resume` or `counted`; or to these with other arguments than its own, or a slot that is none.

Beside that, it notes writes to guest memory that were not preceded by a look at the states of the pages that they go
to: these are confined, but break what the engine promises. Here comparisons count, and the jumps that every way there
has taken.

It knows the arguments' registers of LLVM's calling convention `preserve_nonecc`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import capstone
from capstone import x86

from assay.machines.riscv_fast.layout import MARGIN, MEMORY_SIZE, PAGE, PAGES, SLOTS_SIZE, PageState, Word
from assay.machines.riscv_fast.layout import SLOT as SLOT_SIZE

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
WIDTHS = (14, 20, 23, 32, 64)
"""How many bits a number may have is kept as one of these: of the offset of a slot, of a page state, of a page in the
table of slots; of an address. They are few, so that what changes in a loop settles."""
MAX_NUMBERS = 32
RED_ZONE = 128
MAX_FRAME = 8192

Value = tuple[Any, ...]
"""A number: ("const", n), ("add", value, n), ("and", value, n), ("shr", value, n), ("shl", value, n),
("sum", value, value), ("or", value, value), ("oneof", name, n, ...), or something unknown, ("unknown", address, place).
An address: ("base", name), ("slots",), ("slot",), ("holder",), ("readable",), ("function",), or a sum of one of these.
States of pages: ("state", page), ("states", value, value) for their conjunction, ("bit", value) for a bit of that.
In the frame, what takes less than a word: ("half", value), ("byte", value)."""

CONTEXT, MEMORY, STATES, CODE, STACK = (("base", name) for name in ("context", "memory", "states", "code", "stack"))
SLOTS: Value = ("slots",)
"""The slots of some page."""
SLOT: Value = ("slot",)
"""The address of one of them."""
HOLDER: Value = ("holder",)
"""Where the address of a function is: in a slot or in the context."""
READABLE: Value = ("readable",)
"""The address of a word of 64 bits that may be read, in memory or elsewhere."""
FUNCTION: Value = ("function",)
"""Where control may go on."""
ARGUMENTS = {"r12": CONTEXT, "r13": MEMORY, "r14": STATES, "rdi": SLOT, "rsp": STACK}
FUNCTIONS = (8 * Word.ENTER, 8 * Word.RESUME, 8 * Word.COUNTED)

_FORBIDDEN = (
    "call",
    "ret",
    "syscall",
    "sysenter",
    "int",
    "int3",
    "in",
    "out",
    "hlt",
    "rdmsr",
    "wrmsr",
    "xgetbv",
    "cpuid",
)
_READS = ("test", "cmp", "bt", "push", "jmp", "mul", "div", "idiv")
"""What does not write to its first operand."""
_KEEPS_FLAGS = ("mov", "movabs", "movzx", "movsx", "movsxd", "lea", "push", "pop", "nop", "not", "bswap", "xchg")
_KEEPS_FLAGS += ("mulx", "shlx", "shrx", "sarx", "rorx")
_JUMPS_IF_ZERO = {"je": True, "jne": False}


class Escape(AssertionError):  # noqa: N818 - what is wrong is not the test
    """The code may reach what it must not, or this module cannot tell that it does not."""


def const(number: int) -> Value:
    return ("const", number & M64)


def add(value: Value, number: int) -> Value:
    number &= M64
    if value[0] == "const":
        return const(value[1] + number)
    if value[0] == "add":
        value, number = value[1], value[2] + number & M64
    return ("add", value, number) if number else value


def total(a: Value, b: Value) -> Value:
    if a[0] == "const":
        a, b = b, a
    if b[0] == "const":
        return add(a, b[1])
    if a[0] == "add":
        return add(total(a[1], b), a[2])
    if b[0] == "add":
        return add(total(a, b[1]), b[2])
    return ("sum", *sorted((a, b), key=repr))


def masked(value: Value, mask: int) -> Value:
    mask &= M64
    if value[0] == "const":
        return const(value[1] & mask)
    if value[0] == "and":
        value, mask = value[1], value[2] & mask
    return value if bits(value) | mask == mask else ("and", value, mask)


def shifted(kind: str, value: Value, distance: int) -> Value:
    if value[0] == "const":
        return const(value[1] >> distance if kind == "shr" else value[1] << distance)
    return (kind, value, distance) if distance else value


def either(a: Value, b: Value) -> Value:
    return const(a[1] | b[1]) if a[0] == b[0] == "const" else ("or", *sorted((a, b), key=repr))


Facts = frozenset[Value]
"""Addresses, as distances from memory, in pages that stores need not ask about. Of one that is masked, the low bits are
left out, which only tell where in the page it is."""


def most(value: Value) -> int:  # noqa: PLR0911
    """What a value is at most, as an unsigned number."""
    match value:
        case ("const", number):
            return int(number)
        case ("and", of, mask):
            return min(most(of), int(mask))
        case ("shr", of, distance):
            return most(of) >> distance
        case ("shl", of, distance):
            return _below_wrapping(most(of) << distance)
        case ("add", of, number):
            return _below_wrapping(most(of) + number)
        case ("sum", a, b):
            return _below_wrapping(most(a) + most(b))
        case ("or", a, b):
            return bits(a) | bits(b)
        case ("oneof", _, *numbers):
            return int(max(numbers))
    return M64


def bits(value: Value) -> int:  # noqa: PLR0911
    """The bits of a value that may be set."""
    match value:
        case ("const", number):
            return int(number)
        case ("and", of, mask):
            return bits(of) & int(mask)
        case ("shr", of, distance):
            return bits(of) >> distance
        case ("shl", of, distance):
            return bits(of) << distance & M64
        case ("or", a, b):
            return bits(a) | bits(b)
        case ("oneof", _, *numbers):
            return int(reduce(or_, numbers))
        case ("add", of, number):
            low = bits(of) | number
        case ("sum", a, b):
            low = bits(a) | bits(b)
        case _:
            return M64
    return (1 << most(value).bit_length()) - 1 & -(low & -low)


def _below_wrapping(number: int) -> int:
    return number if number <= M64 else M64


def fits(offset: Value, size: int, end: int) -> bool:
    """Whether an access at an offset stays before an end."""
    return min(most(offset), bits(offset)) + size <= end


def blurred(value: Value, name: Value, *others: Value) -> Value:
    """Something unknown of that name that any of these values may be: all that is kept is what they have in common of
    their bases, and roughly of the bits that may be set."""
    parts = [_split(each) for each in (value, *others)]
    base = parts[0][0]
    if any(kind != base for kind, _ in parts):
        base, parts = NO_BASE, [(NO_BASE, each) for each in (value, *others)]
    numbers = {number for _, offset in parts for number in _numbers(offset)}
    if all(_numbers(offset) for _, offset in parts) and len(numbers) <= MAX_NUMBERS:
        offset: Value = ("oneof", name, *sorted(numbers))
        return offset if base == NO_BASE else total(base, offset)
    possible = 0
    for _, offset in parts:
        possible |= bits(offset)
    low = min(possible & -possible, 16) or 16
    mask = next((1 << width) - 1 for width in WIDTHS if possible < 1 << width) & -low
    return masked(name, mask) if base == NO_BASE else total(base, masked(name, mask))


def _numbers(value: Value) -> tuple[int, ...]:
    """All that a value can be, if that is known."""
    return value[1:] if value[0] == "const" else value[2:] if value[0] == "oneof" else ()


def in_page(address: Value) -> Value:
    """An address without the bits that tell where in its page it is, if it is masked."""
    return masked(address, M64 & -PAGE) if address[0] in ("and", "const") else address


def replaced(value: Value, by: dict[Value, Value]) -> Value:  # noqa: PLR0911
    """A value whose parts have been replaced."""
    if value in by:
        return by[value]
    match value:
        case ("add", of, number):
            return add(replaced(of, by), number)
        case ("and", of, number):
            return masked(replaced(of, by), number)
        case ("shr" | "shl" as kind, of, number):
            return shifted(kind, replaced(of, by), number)
        case ("sum", a, b):
            return total(replaced(a, by), replaced(b, by))
        case ("or", a, b):
            return either(replaced(a, by), replaced(b, by))
    return value


def mentions(value: Value, address: int) -> bool:
    """Whether a value is made of what was unknown at an address."""
    if value[0] == "unknown":
        return bool(value[1] == address)
    return any(isinstance(part, tuple) and mentions(part, address) for part in value[1:])


def renamed(value: Value, old: int, new: int) -> Value:
    """A value, in which what was unknown at an address has the name of another."""
    match value:
        case ("unknown", address, place):
            return ("unknown", new, place) if address == old else value
        case ("sum", a, b):
            return total(renamed(a, old, new), renamed(b, old, new))
        case ("or", a, b):
            return either(renamed(a, old, new), renamed(b, old, new))
    return tuple(renamed(part, old, new) if isinstance(part, tuple) else part for part in value)


@dataclass(frozen=True)
class State:
    """What is known before an instruction."""

    places: dict[str | int, Value]
    """By the name of a register, or the offset in the frame."""
    facts: Facts = frozenset()
    flags: tuple[bool, Value] | None = None
    """Whether ZF is set if the pages of these states are writable, or unless they are; and the states."""


@dataclass
class Checker:
    """The check of one function."""

    text: bytes
    entry: int = 0
    frame: int = 0
    """The bytes of stack that it was found to use."""
    accesses: set[int] = field(default_factory=set)
    """Where it uses an address that is not constant."""
    escapes: dict[int, str] = field(default_factory=dict)
    """Those of them that may be beyond the end of what they are to access, and why."""
    unasked: dict[int, str] = field(default_factory=dict)
    """Those that write to pages whose states may not have been looked at, and why."""
    _before: dict[int, State] = field(default_factory=dict)
    _merged: dict[int, set[str | int]] = field(default_factory=dict)

    def check(self) -> None:
        """Raises `Escape` for what is wrong whatever the numbers are; what depends on them is noted."""
        engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
        engine.detail = True
        instructions = {each.address: each for each in engine.disasm(self.text, 0)}
        joins = self._joins(instructions)
        self._flow(self.entry, State({**ARGUMENTS}), joins)
        ahead = [self.entry]
        while ahead:
            address = ahead.pop()
            if address not in instructions:
                raise Escape(f"control comes to {address:#x}, which is no instruction")
            for target, state in self._step(instructions[address], self._before[address]):
                if self._flow(target, state, joins):
                    ahead.append(target)

    def _joins(self, instructions: dict[int, Any]) -> set[int]:
        return {
            each.operands[0].imm
            for each in instructions.values()
            if each.mnemonic[0] == "j" and each.operands[0].type == x86.X86_OP_IMM
        }

    def _flow(self, target: int, state: State, joins: set[int]) -> bool:
        """Add what is known on one way to an instruction to what is known on others; whether that made it less."""
        if target in joins:
            state = self._stale(state, -target - 1)
        known = self._before.get(target)
        if known is None or target not in joins:
            self._before[target] = state
            return state != known
        merged = self._merged.setdefault(target, set())
        places, became, was = {}, list[tuple[Value, Value]](), dict[Value, Value]()
        for place in known.places.keys() & state.places.keys():
            here, there = known.places[place], state.places[place]
            if here == there and place not in merged:
                places[place] = here
            elif _is_slot(here) and _is_slot(there):
                places[place] = SLOT
            elif _holds_function(here) and _holds_function(there):
                places[place] = HOLDER
            elif _split(here)[0] != _split(there)[0] and _is_readable(here) and _is_readable(there):
                places[place] = READABLE
            elif place == "rsp":
                raise Escape(f"the frame has two sizes at {target:#x}")
            else:
                merged.add(place)
                places[place] = blurred(here, ("unknown", -target - 1, place), there)
                (base, old), (_, new), (other_base, other) = (_split(each) for each in (here, places[place], there))
                if base != other_base:
                    old, new, other = here, places[place], there
                became.append((old, new))
                was[new] = other
        # What was known of a value is known of what stands for it now; and if that is another's sum, of the other.
        became += [(old[1], add(new, -old[2])) for old, new in became if old[0] == "add"]
        facts = known.facts | {replaced(fact, {old: new}) for fact in known.facts for old, new in became}
        # The low bits of a page's address are not in the fact: so they are not looked for either.
        became_pages = [(in_page(old), in_page(new)) for old, new in became]
        was |= {in_page(new): in_page(other) for new, other in was.items()}
        facts |= {new for old, new in became_pages if old in known.facts}
        common = frozenset(fact for fact in facts if _is_writable(replaced(fact, was), 1, state.facts))
        joined = State(places, common, known.flags if known.flags == state.flags else None)
        self._before[target] = joined
        return joined != known

    def _stale(self, state: State, address: int) -> State:
        """What was unknown at an address is about to be something else: nothing may be taken for it."""
        lost = 1 << 62 | address & M64
        # It gets another name; what had that one, from the last time, is not followed any further.
        facts = frozenset(renamed(fact, address, lost) for fact in state.facts if not mentions(fact, lost))
        places = {
            place: renamed(
                blurred(value, ("unknown", lost, ("old", place))) if mentions(value, lost) else value, address, lost
            )
            for place, value in state.places.items()
        }
        flags = state.flags
        if flags is not None:
            flags = None if mentions(flags[1], lost) else (flags[0], renamed(flags[1], address, lost))
        return State(places, facts, flags)

    # ---------------------------------------------------------------- one instruction

    def _step(self, instruction: Any, state: State) -> Iterator[tuple[int, State]]:
        name, address = instruction.mnemonic, instruction.address
        following = address + instruction.size
        if name.split()[-1] in _FORBIDDEN or name.startswith("sys"):
            raise Escape(f"{name} at {address:#x}")
        state = self._stale(state, address)
        if name == "nop":
            yield following, state
            return
        if name == "jmp":
            operand = instruction.operands[0]
            if operand.type == x86.X86_OP_IMM:
                yield operand.imm, state
            elif self._operand(instruction, operand, state) != FUNCTION:
                raise Escape(f"a jump to something unknown at {address:#x}")
            else:
                self._arguments(instruction, state)
            return
        if name[0] == "j":
            taken = self._learnt(name, state)
            yield instruction.operands[0].imm, State(state.places, state.facts | taken[0], state.flags)
            yield following, State(state.places, state.facts | taken[1], state.flags)
            return
        for place, operand in enumerate(instruction.operands):
            if operand.type == x86.X86_OP_MEM and name != "lea":
                self._access(instruction, place, state)
        yield following, self._effect(instruction, state)

    def _arguments(self, instruction: Any, state: State) -> None:
        """Check what another function is handed."""
        for register, value in ARGUMENTS.items():
            given = self._register(register, state)
            if given != value and not (value == SLOT and _is_slot(given)):
                raise Escape(f"{register} is not what it has to be at {instruction.address:#x}: {given}")

    def _learnt(self, jump: str, state: State) -> tuple[Facts, Facts]:
        """What a jump tells: if it is taken, and if it is not."""
        nothing = Facts()
        if state.flags is None or jump not in _JUMPS_IF_ZERO:
            return nothing, nothing
        if_zero, states = state.flags
        writable = Facts(in_page(address) for address in _addresses(states))
        return (writable, nothing) if _JUMPS_IF_ZERO[jump] == if_zero else (nothing, writable)

    # ---------------------------------------------------------------- memory

    def _address(self, instruction: Any, operand: Any, state: State) -> Value:
        mem = operand.mem
        if mem.segment != x86.X86_REG_INVALID:
            raise Escape(f"a segment at {instruction.address:#x}")
        value = const(mem.disp)
        for register, scale in ((mem.base, 1), (mem.index, mem.scale)):
            if register != x86.X86_REG_INVALID:
                part = self._register(instruction.reg_name(register), state)
                value = total(value, shifted("shl", part, scale.bit_length() - 1))
        return value

    def _access(self, instruction: Any, place: int, state: State) -> None:  # noqa: PLR0912
        """Check one operand in memory."""
        where = f"{instruction.mnemonic} {instruction.op_str} at {instruction.address:#x}"
        operand = instruction.operands[place]
        address = self._address(instruction, operand, state)
        writes = _writes(instruction, place)
        kind, offset = _split(address)
        size = operand.size
        if kind in (MEMORY, STATES, CODE, SLOTS, SLOT):
            self.accesses.add(instruction.address)
        if kind == STACK:
            low = _signed(state.places["rsp"][2]) if state.places["rsp"][0] == "add" else 0
            at = _signed(offset[1]) if offset[0] == "const" else None
            if at is None or not low - RED_ZONE <= at <= -size:
                raise Escape(f"outside of the frame: {where}")
            self.frame = max(self.frame, -at)
        elif kind == CONTEXT:
            numbers = _numbers(offset)
            if not numbers or max(numbers) + size > 8 * Word.SIZE:
                raise Escape(f"outside of the context: {where}")
            if writes and not all(8 <= each <= 8 * 32 - size for each in numbers):
                raise Escape(f"writes the context: {where}")
        elif kind == MEMORY:
            if not fits(offset, size, MEMORY_SIZE + MARGIN):
                self.escapes[instruction.address] = f"may be outside of memory: {where}: {offset}"
            if writes and not _is_writable(offset, size, state.facts):
                self.unasked[instruction.address] = f"a page that was not found writable: {where}: {offset}"
        elif kind == STATES:
            if writes or size != 1:
                raise Escape(f"writes the states: {where}")
            if not fits(offset, size, PAGES + MARGIN // PAGE):
                self.escapes[instruction.address] = f"may be outside of the states: {where}: {offset}"
        elif kind == CODE:
            if writes or size != 8:
                raise Escape(f"writes the table of code: {where}")
            if not fits(offset, size, 8 * PAGES) or bits(offset) & 7:
                self.escapes[instruction.address] = f"may be outside of the table of code: {where}: {offset}"
        elif kind in (SLOTS, SLOT):
            if writes:
                raise Escape(f"writes a slot: {where}")
            if not fits(offset, size, SLOTS_SIZE if kind == SLOTS else SLOT_SIZE):
                self.escapes[instruction.address] = f"may be outside of the slots: {where}: {offset}"
        elif kind in (HOLDER, READABLE):
            if writes or offset != const(0) or size > 8:
                raise Escape(f"not the word that is there: {where}")
        else:
            raise Escape(f"an address from nowhere: {where}: {address}")

    def _loaded(self, instruction: Any, operand: Any, state: State) -> Value | None:  # noqa: PLR0911
        """What an operand in memory holds, if that matters."""
        kind, offset = _split(self._address(instruction, operand, state))
        if kind == CONTEXT and offset[0] == "const" and operand.size == 8:
            if offset[1] == 8 * Word.CODE:
                return CODE
            return FUNCTION if offset[1] in FUNCTIONS else None  # the others change
        if kind == CODE and operand.size == 8:
            return SLOTS
        if kind == STATES and operand.size == 1:
            return ("state", offset)
        if kind == HOLDER and operand.size == 8:
            return FUNCTION
        if kind in (SLOTS, SLOT) and operand.size == 8:
            return FUNCTION if not bits(offset) & SLOT_SIZE - 1 else None
        if kind == STACK and offset[0] == "const":
            kind, kept = _kept(state.places.get(_signed(offset[1])))
            if kept is not None and operand.size == 4 and kept[0] not in STATE:
                return masked(kept, M32) if kind in ("word", "half") else None
            return kept if operand.size == SIZES[kind] else None
        return None

    # ---------------------------------------------------------------- values

    def _register(self, name: str, state: State) -> Value:
        """What a register holds: of 64 bits, or the low 32 as they count in an instruction of 32."""
        whole = _WHOLE.get(name, name)
        value = state.places.get(whole, ("unknown", -1, whole))
        return masked(value, M32) if name in _HALVES else value

    def _operand(self, instruction: Any, operand: Any, state: State) -> Value:
        if operand.type == x86.X86_OP_IMM:
            return const(operand.imm)
        if operand.type == x86.X86_OP_REG:
            name = instruction.reg_name(operand.reg)
            whole = self._register(name, state)
            if operand.size in (4, 8) or whole[0] in STATE:
                return whole
            return ("unknown", instruction.address, name)
        loaded = self._loaded(instruction, operand, state)
        unknown: Value = ("unknown", instruction.address, "memory")
        if loaded is None:
            return masked(unknown, (1 << 8 * operand.size) - 1) if operand.size < 8 else unknown
        return loaded

    def _effect(self, instruction: Any, state: State) -> State:
        """What is known after an instruction."""
        name, operands = instruction.mnemonic, instruction.operands
        places = dict(state.places)
        flags, facts = state.flags, state.facts
        _, written = instruction.regs_access()
        names = {instruction.reg_name(register) for register in written}
        names.discard("rflags")
        if name not in _KEEPS_FLAGS and not name.startswith(("cmov", "set")):
            flags = self._flags(instruction, state)
        names |= {
            instruction.reg_name(operand.reg)
            for place, operand in enumerate(operands)
            if operand.type == x86.X86_OP_REG and _writes(instruction, place)
        }
        for register in names:
            places[_WHOLE.get(register, register)] = self._result_of_unknown(instruction, register)
        values = [self._operand(instruction, operand, state) for operand in operands]
        target = operands[0] if operands else None
        if name in ("push", "pop"):
            at = add(state.places["rsp"], -8 if name == "push" else 8)
            if name == "push":
                self.frame = max(self.frame, -_signed(at[2]))
                places[_signed(at[2])] = values[0]
            else:
                here = state.places["rsp"]
                if here == STACK:
                    raise Escape(f"pops what is not its own at {instruction.address:#x}")
                self._set(places, instruction.reg_name(target.reg), state.places.get(_signed(here[2])), instruction)
            places["rsp"] = at
        elif target is not None and target.type == x86.X86_OP_REG:
            result = self._computed(instruction, values, state)
            if result is not None:
                self._set(places, instruction.reg_name(target.reg), result, instruction)
        elif target is not None and target.type == x86.X86_OP_MEM and _writes(instruction, 0):
            self._spill(instruction, target, values, state, places)
        if places["rsp"] != STACK and (places["rsp"][0] != "add" or places["rsp"][1] != STACK):
            raise Escape(f"a frame of unknown size at {instruction.address:#x}")
        if self.frame > MAX_FRAME:
            raise Escape(f"a frame of {self.frame} bytes")
        # What one of the places held has changed; what was known of it is known by its value, which has not.
        return State(places, facts, flags)

    def _spill(
        self, instruction: Any, target: Any, values: list[Value], state: State, places: dict[str | int, Value]
    ) -> None:
        kind, offset = _split(self._address(instruction, target, state))
        if kind != STACK:
            return
        at = _signed(offset[1])
        for place in [place for place in places if isinstance(place, int)]:
            if at - SIZES[_kept(places[place])[0]] < place < at + target.size:
                del places[place]
        if instruction.mnemonic == "mov" and target.size == 8:
            places[at] = values[1]
        elif instruction.mnemonic == "mov" and target.size == 4:
            places[at] = ("half", values[1])
        elif instruction.mnemonic == "mov" and values[1][0] in STATE and target.size == 1:
            places[at] = ("byte", values[1])

    def _result_of_unknown(self, instruction: Any, register: str) -> Value:
        unknown: Value = ("unknown", instruction.address, register)
        return masked(unknown, M32) if register in _HALVES else unknown

    def _set(self, places: dict[str | int, Value], register: str, value: Value | None, instruction: Any) -> None:
        whole = _WHOLE.get(register, register)
        if value is None:
            value = ("unknown", instruction.address, register)
        is_number = value[0] not in STATE
        places[whole] = masked(value, M32) if register in _HALVES and is_number else value

    def _computed(self, instruction: Any, values: list[Value], state: State) -> Value | None:  # noqa: PLR0911, PLR0912
        """The result of the instructions that addresses are made by; None for others."""
        operands = instruction.operands
        if values[-1][0] in STATE:
            if instruction.mnemonic in ("mov", "movzx"):
                return values[-1]
            return _both(values[0], values[1]) if instruction.mnemonic == "and" else None
        if values[0][0] in STATE and instruction.mnemonic == "and":
            return _both(values[0], values[1])
        if operands[0].size not in (4, 8):
            return None
        number = values[1][1] if len(values) == 2 and values[1][0] == "const" else None
        match instruction.mnemonic:
            case "mov" | "movabs" | "movzx":
                return masked(values[1], (1 << 8 * operands[1].size) - 1)
            case "lea":
                return self._address(instruction, operands[1], state)
            case "add":
                return total(values[0], values[1])
            case "sub":
                return add(values[0], -number) if number is not None else None
            case "inc":
                return add(values[0], 1)
            case "dec":
                return add(values[0], -1)
            case "or" if number is not None and values[0][0] == "const":
                return const(values[0][1] | number)
            case "or" if len(values) == 2:
                return either(values[0], values[1])
            case "and" if values[0][0] == "const":
                return masked(values[1], values[0][1])
            case "and":
                return masked(values[0], number) if number is not None else None
            case "shr":
                return shifted("shr", values[0], number & 63) if number is not None else None
            case "shl":
                return shifted("shl", values[0], number & 63) if number is not None else None
            case "xor" if operands[0].type == operands[1].type and operands[0].reg == operands[1].reg:
                return const(0)
        return None

    def _flags(self, instruction: Any, state: State) -> tuple[bool, Value] | None:
        operands = instruction.operands
        if len(operands) != 2:
            return None
        values = [self._operand(instruction, operand, state) for operand in operands]
        if instruction.mnemonic in ("test", "and"):
            both = _both(values[0], values[1])
            return (False, both) if both is not None and both[0] == "bit" else None
        if instruction.mnemonic == "cmp" and values[0][0] == "state" and values[1] == BIT:
            return True, values[0]
        return None


def _writes(instruction: Any, place: int) -> bool:
    """Whether an operand is written to, by its place. Capstone does not know it of all."""
    operands, name = instruction.operands, instruction.mnemonic
    if operands[place].access & capstone.CS_AC_WRITE:
        return True
    return place == 0 and name not in _READS and not (name == "imul" and len(operands) == 1)


SIZES = {"word": 8, "half": 4, "byte": 1}
"""What is kept in the frame, and the bytes that it takes."""


def _kept(place: Value | None) -> tuple[str, Value | None]:
    """How a value is kept in the frame, and the value."""
    return (place[0], place[1]) if place is not None and place[0] in ("half", "byte") else ("word", place)


STATE = ("state", "states", "bit")
BIT = const(PageState.WRITABLE)


def _both(a: Value, b: Value) -> Value | None:
    """The conjunction of two states, or of states and the bit that only writable pages have."""
    if BIT in (a, b):
        states = a if b == BIT else b
        return states if states[0] == "bit" else ("bit", states) if states[0] in STATE else None
    if a[0] not in STATE or b[0] not in STATE:
        return None
    both = ("states", *(each[1] if each[0] == "bit" else each for each in (a, b)))
    return ("bit", both) if "bit" in (a[0], b[0]) else both


def _is_slot(value: Value) -> bool:
    """Whether this is the address of a slot."""
    kind, offset = _split(value)
    aligned = not bits(offset) & SLOT_SIZE - 1
    return value == SLOT or (kind == SLOTS and aligned and fits(offset, SLOT_SIZE, SLOTS_SIZE))


def _holds_function(value: Value) -> bool:
    """Whether this is where the address of a function is."""
    kind, offset = _split(value)
    return (
        value == HOLDER
        or _is_slot(value)
        or (kind == CONTEXT and _numbers(offset) != () and {*_numbers(offset)} <= {*FUNCTIONS})
    )


def _is_readable(value: Value) -> bool:
    """Whether this is the address of a word that may be read."""
    kind, offset = _split(value)
    if kind == MEMORY:
        return fits(offset, 8, MEMORY_SIZE + MARGIN)
    if kind == CONTEXT:
        return _numbers(offset) != () and max(_numbers(offset)) + 8 <= 8 * Word.SIZE
    return value == READABLE or _holds_function(value)


def _addresses(states: Value) -> Iterator[Value]:
    """Addresses in the pages of some states."""
    if states[0] in ("states", "bit"):
        for part in states[1:]:
            yield from _addresses(part)
    elif states[1][0] == "shr" and 1 << states[1][2] == PAGE:
        yield states[1][1]
    elif states[1][0] == "const":
        yield const(states[1][1] * PAGE)


def _is_writable(offset: Value, size: int, facts: Facts) -> bool:
    """Whether all the pages that a write goes to have been found writable."""
    of, number = (offset[1], offset[2]) if offset[0] == "add" else (offset, 0)
    near = [fact[2] for fact in facts if fact[0] == "add" and fact[1] == of]
    if in_page(of) in facts:
        near.append(0)
    unit = bits(of) & -bits(of) or PAGE  # from one multiple of it to the next, everything is in one page
    found = [(each & -unit, (each & -unit) + unit - 1) for each in near]
    step = min(number & -number or size, unit, size)
    return all(
        any(low <= part <= high - step + 1 and high - low < PAGE + unit for low, _ in found for _, high in found)
        for part in range(number, number + size, step)
    )


def _split(address: Value) -> tuple[Value, Value]:
    """The base and the rest of an address."""
    if _is_base(address):
        return address, const(0)
    if address[0] == "add":
        base, offset = _split(address[1])
        return base, add(offset, address[2])
    if address[0] == "sum":
        for base, offset in (address[1:], address[:0:-1]):
            if _is_base(base):
                return base, offset
            inner, rest = _split(base)
            if _is_base(inner):
                return inner, total(rest, offset)
    return NO_BASE, address


NO_BASE: Value = ("none",)


def _is_base(value: Value) -> bool:
    return value[0] == "base" or value in (SLOTS, SLOT, HOLDER, READABLE)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


_NAMED = {f"r{letter}": (f"e{letter}", letter, f"{letter[0]}l") for letter in ("ax", "bx", "cx", "dx")}
_NAMED |= {f"r{letter}": (f"e{letter}", letter, f"{letter}l") for letter in ("si", "di", "bp", "sp")}
_NAMED |= {f"r{n}": (f"r{n}d", f"r{n}w", f"r{n}b") for n in range(8, 16)}
_WHOLE = {part: whole for whole, parts in _NAMED.items() for part in parts}
_WHOLE |= {f"{letter}h": f"r{letter}x" for letter in "abcd"}
_HALVES = {parts[0] for parts in _NAMED.values()}
