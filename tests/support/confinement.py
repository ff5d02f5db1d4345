"""What the machine code of a translation can reach: an abstract interpretation of it (x86-64 only).

It trusts neither the translator nor LLVM. It follows where addresses come from, and which of their bits have been found
to be zero by a comparison and a jump that every way there has taken, and refuses code that

- reads or writes through anything but the context, the guest's memory, the page states, the slots, or its own frame;
- writes the context but for x1 to x31, and the states or the slots at all;
- calls, returns, traps, asks the operating system, or jumps anywhere but within itself or to the function of a slot, or
  to `enter` or `resume`.

It doubts what depends on numbers that it cannot follow, since LLVM knows more of them than it does:

- an access to guest memory at an address that may be 2^32 or more, or not a multiple of the size;
- a write there without a look at the state of that page;
- an offset in the states, the slots or the table of slots that may be beyond their ends.

It knows the arguments' registers of LLVM's calling convention `preserve_nonecc`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import capstone
from capstone import x86

from assay.machines.riscv_fast.layout import SLOTS_SIZE, PageState, Word

M64 = (1 << 64) - 1
RED_ZONE = 128
MAX_FRAME = 8192

Value = tuple[Any, ...]
"""("const", n), ("base", name), ("add", value, n), ("and", value, n), ("shr", value, n), ("shl", value, n),
("sum", value, value), ("slots",), or something unknown: ("unknown", address, place)."""

CONTEXT, MEMORY, STATES, CODE, STACK = (("base", name) for name in ("context", "memory", "states", "code", "stack"))
ARGUMENTS = {"r12": CONTEXT, "r13": MEMORY, "r14": STATES, "rsp": STACK}
SLOTS: Value = ("slots",)
"""The slots of some page."""
FUNCTION: Value = ("function",)
"""Where control may go on."""
FUNCTIONS = (8 * Word.ENTER, 8 * Word.RESUME)

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
_JUMPS_IF_ZERO = {"je": True, "jne": False}
_JUMPS_IF_BELOW = {"jb": True, "jae": False}
_JUMPS_IF_GREATER = {"jg": True, "jle": False}
_JUMPS_IF_LESS = {"jl": True, "jge": False}
_JUMPS_IF_ABOVE = {"ja": True, "jbe": False}


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
    return value if mask == M64 else ("and", value, mask)


def shifted(kind: str, value: Value, distance: int) -> Value:
    if value[0] == "const":
        return const(value[1] >> distance if kind == "shr" else value[1] << distance)
    return (kind, value, distance) if distance else value


Facts = frozenset[tuple[str, Value, int]]
"""("zero", value, mask): these bits are zero. ("most", value, number) and ("least", value, number): as a signed
number, it is at most, or at least, that. ("writable", page, 0): stores to this page need not ask."""


def zeros(value: Value, facts: Facts) -> int:
    """The bits of a value that are known to be zero."""
    found = 0
    for kind, subject, mask in facts:
        if kind == "zero" and subject == value:
            found |= mask
    match value:
        case ("const", number):
            found |= ~number & M64
        case ("and", of, mask):
            found |= zeros(of, facts) | ~mask & M64
        case ("shr", of, distance):
            found |= (zeros(of, facts) >> distance) | (M64 << 64 - distance & M64)
        case ("shl", of, distance):
            found |= (zeros(of, facts) << distance & M64) | (1 << distance) - 1
        case ("add", of, number):
            low, high = bounds(of, facts)
            if 0 <= low + _signed(number) <= high + _signed(number) < 1 << 32:
                found |= M64 ^ (1 << 32) - 1
            found |= low_zeros(of, number, facts)
            below = ~zeros(of, facts) & M64  # no more than this
            if below + number < 1 << 63:
                found |= M64 & -1 << (below + number).bit_length()
    return found


def bounds(value: Value, facts: Facts) -> tuple[int, int]:
    """The least and the greatest that a value can be as a signed number."""
    low, high = -(1 << 63), (1 << 63) - 1
    for kind, subject, number in facts:
        of, more = (subject[1], _signed(subject[2])) if subject[0] == "add" else (subject, 0)
        if of != value:
            continue
        if kind == "most" and not more:
            high = min(high, number)
        elif kind == "least" and not more:
            low = max(low, number)
        elif kind == "zero":
            limit = (~number & M64) | (1 << 32) - 1  # what follows of the upper bits alone
            if limit == (1 << 32) - 1:
                low, high = max(low, -more), min(high, limit - more)
    return low, high


def low_zeros(value: Value, more: int, facts: Facts) -> int:
    """The low bits, below a word's size, that are known to be zero in value + more."""
    for size in (8, 4, 2):
        for kind, subject, mask in facts:
            of, other = (subject[1], subject[2]) if subject[0] == "add" else (subject, 0)
            if kind == "zero" and of == value and mask & size - 1 == size - 1 and (more - other) % size == 0:
                return size - 1
        if zeros(value, facts) & size - 1 == size - 1 and more % size == 0:
            return size - 1
    return 0


def holds(fact: tuple[str, Value, int], facts: Facts) -> bool:
    """Whether something is known."""
    kind, value, number = fact
    if fact in facts:
        return True
    if kind == "zero":
        return zeros(value, facts) & number == number
    if kind == "writable":
        page = plain(value, facts)
        return any(other == kind and plain(found, facts) == page for other, found, _ in facts)
    if value[0] == "const":
        low = high = _signed(value[1])
    else:
        low, high = bounds(value, facts)
    return high <= number if kind == "most" else low >= number


def _common(facts: Facts, was: dict[Value, Value], others: Facts) -> Facts:
    """What of the facts holds on another way too, where some values have other names."""
    common = set()
    for kind, value, number in facts:
        there = replaced(value, was)
        if kind == "zero":
            both = number & (zeros(there, others))
            if both:
                common.add((kind, value, both))
        elif holds((kind, there, number), others):
            common.add((kind, value, number))
    return frozenset(common)


def replaced(value: Value, by: dict[Value, Value]) -> Value:
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
    return value


def plain(value: Value, facts: Facts) -> Value:
    """Without what changes nothing: masks of bits that are zero anyway."""
    if value[0] == "and":
        of = plain(value[1], facts)
        mask = value[2]
        return of if (zeros(of, facts) | mask) & M64 == M64 else ("and", of, mask)
    if value[0] in ("shr", "shl"):
        return (value[0], plain(value[1], facts), value[2])
    return value


def mentions(value: Value, address: int) -> bool:
    """Whether a value is made of what was unknown at an address."""
    if value[0] == "unknown":
        return bool(value[1] == address)
    return any(isinstance(part, tuple) and mentions(part, address) for part in value[1:])


@dataclass(frozen=True)
class State:
    """What is known before an instruction."""

    places: dict[str | int, Value]
    """By the name of a register, or the offset of a word of the frame."""
    facts: Facts = frozenset()
    flags: tuple[str, Value, int] | None = None
    """("zero", value, mask): ZF is set if these bits are zero. ("state", page, 0): ... if that page is writable.
    ("compare", value, number): all are as after a comparison of the two."""


@dataclass
class Checker:
    """The check of one function."""

    text: bytes
    entry: int = 0
    frame: int = 0
    """The bytes of stack that it was found to use."""
    accesses: set[int] = field(default_factory=set)
    """Where it uses an address that is not constant."""
    doubts: dict[int, str] = field(default_factory=dict)
    """Those of them that could not be shown to be confined, and why."""
    _before: dict[int, State] = field(default_factory=dict)
    _merged: dict[int, set[str | int]] = field(default_factory=dict)

    def check(self) -> None:
        """Raises `Escape` for what is wrong whatever the addresses are. What depends on these is in `doubts`."""
        engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
        engine.detail = True
        instructions = {each.address: each for each in engine.disasm(self.text, 0)}
        joins = self._joins(instructions)
        self._flow(self.entry, State(dict(ARGUMENTS)), joins)
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
        if known is None:
            self._before[target] = state
            return True
        merged = self._merged.setdefault(target, set())
        places, became, was = {}, dict[Value, Value](), dict[Value, Value]()
        for place in known.places.keys() & state.places.keys():
            if place in merged or known.places[place] != state.places[place]:
                if place == "rsp":
                    raise Escape(f"the frame has two sizes at {target:#x}")
                either: Value = ("unknown", -target - 1, place)
                if place not in merged:
                    became[known.places[place]] = either
                merged.add(place)
                was[either] = state.places[place]
                places[place] = either
            else:
                places[place] = known.places[place]
        # What was known of a value is known of what stands for it now; and if that is another's sum, of the other.
        became |= {old[1]: add(new, -old[2]) for old, new in became.items() if old[0] == "add"}
        facts = known.facts | {
            (kind, replaced(value, {old: new}), mask)
            for kind, value, mask in known.facts
            for old, new in became.items()
        }
        facts |= {("zero", new, zeros(old, known.facts)) for old, new in became.items()}
        joined = State(places, _common(facts, was, state.facts), known.flags if known.flags == state.flags else None)
        self._before[target] = joined
        return joined != known

    def _stale(self, state: State, address: int) -> State:
        """What was unknown at an address is about to be something else: nothing may be taken for it."""
        places = {
            place: ("unknown", 1 << 62 | address & M64, place) if mentions(value, address) else value
            for place, value in state.places.items()
        }
        facts = frozenset(fact for fact in state.facts if not mentions(fact[1], address))
        lost = 1 << 62 | address & M64
        facts = frozenset(fact for fact in facts if not mentions(fact[1], lost))
        flags = None if state.flags is not None and mentions(state.flags[1], address) else state.flags
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
            return
        if name[0] == "j":
            yield from self._branch(instruction, state)
            return
        for operand in instruction.operands:
            if operand.type == x86.X86_OP_MEM and name != "lea":
                self._access(instruction, operand, state)
        yield following, self._effect(instruction, state)

    def _branch(self, instruction: Any, state: State) -> Iterator[tuple[int, State]]:
        taken = instruction.operands[0].imm
        following = instruction.address + instruction.size
        yield taken, State(state.places, state.facts | self._learnt(instruction.mnemonic, True, state), state.flags)
        yield (
            following,
            State(state.places, state.facts | self._learnt(instruction.mnemonic, False, state), state.flags),
        )

    def _learnt(self, name: str, taken: bool, state: State) -> Facts:  # noqa: PLR0911
        if state.flags is None:
            return frozenset()
        kind, value, number = state.flags
        if kind in ("zero", "state") and name in _JUMPS_IF_ZERO and _JUMPS_IF_ZERO[name] == taken:
            return frozenset({("zero", value, number) if kind == "zero" else ("writable", value, 0)})
        if kind == "compare":
            if name in _JUMPS_IF_BELOW and _JUMPS_IF_BELOW[name] == taken and number:
                return frozenset({("zero", value, M64 << (number - 1).bit_length() & M64)})
            if name in _JUMPS_IF_ABOVE and _JUMPS_IF_ABOVE[name] != taken:
                return frozenset({("zero", value, M64 << number.bit_length() & M64)})
            if name in _JUMPS_IF_GREATER:
                if _JUMPS_IF_GREATER[name] == taken:
                    return frozenset({("least", value, _signed(number) + 1)})
                return frozenset({("most", value, _signed(number))})
            if name in _JUMPS_IF_LESS:
                if _JUMPS_IF_LESS[name] == taken:
                    return frozenset({("most", value, _signed(number) - 1)})
                return frozenset({("least", value, _signed(number))})
        return frozenset()

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

    def _access(self, instruction: Any, operand: Any, state: State) -> None:  # noqa: PLR0912
        """Check one operand in memory."""
        where = f"{instruction.mnemonic} {instruction.op_str} at {instruction.address:#x}"
        address = self._address(instruction, operand, state)
        writes = bool(operand.access & capstone.CS_AC_WRITE)
        kind, offset = _split(address)
        size = operand.size
        if kind in (MEMORY, STATES, CODE) or kind == SLOTS:
            self.accesses.add(instruction.address)
        if kind == STACK:
            low = _signed(state.places["rsp"][2]) if state.places["rsp"][0] == "add" else 0
            place = _signed(offset[1]) if offset[0] == "const" else None
            if place is None or not low - RED_ZONE <= place <= -size:
                raise Escape(f"outside of the frame: {where}")
            self.frame = max(self.frame, -place)
        elif kind == CONTEXT:
            if offset[0] != "const" or offset[1] + size > 8 * Word.SIZE:
                raise Escape(f"outside of the context: {where}")
            if writes and not 8 <= offset[1] <= 8 * 32 - size:
                raise Escape(f"writes the context: {where}")
        elif kind == MEMORY:
            found = zeros(offset, state.facts)
            needed = (M64 ^ 0xFFFFFFFF) | size - 1
            if found & needed != needed:
                self._doubt(instruction, f"an address that is not checked: {where}: {offset}")
            if writes and not self._writable(offset, state.facts):
                self._doubt(instruction, f"a page that was not found writable: {where}: {offset}")
        elif kind == STATES:
            if writes or size != 1:
                raise Escape(f"writes the states: {where}")
            if zeros(offset, state.facts) | (1 << 20) - 1 != M64:
                self._doubt(instruction, f"outside of the states: {where}: {offset}")
        elif kind == CODE:
            if writes or size != 8:
                raise Escape(f"writes the table of code: {where}")
            if zeros(offset, state.facts) | (1 << 23) - 8 != M64:
                self._doubt(instruction, f"outside of the table of code: {where}: {offset}")
        elif kind == SLOTS:
            last = ~zeros(offset, state.facts) & M64
            if writes:
                raise Escape(f"writes a slot: {where}")
            if last + size > SLOTS_SIZE:
                self._doubt(instruction, f"outside of the slots: {where}: {offset}")
        else:
            raise Escape(f"an address from nowhere: {where}: {address}")

    def _doubt(self, instruction: Any, why: str) -> None:
        self.doubts.setdefault(instruction.address, why)

    def _writable(self, offset: Value, facts: Facts) -> bool:
        return holds(("writable", shifted("shr", plain(offset, facts), 12), 0), facts)

    def _loaded(self, instruction: Any, operand: Any, state: State) -> Value | None:
        """What an operand in memory holds, if that matters."""
        kind, offset = _split(self._address(instruction, operand, state))
        if kind == CONTEXT and offset[0] == "const" and operand.size == 8:
            if offset[1] == 8 * Word.CODE:
                return CODE
            return FUNCTION if offset[1] in FUNCTIONS else None  # the others change
        if kind == CODE and operand.size == 8:
            return SLOTS
        if kind == SLOTS and operand.size == 8:
            if zeros(offset, state.facts) & 15 != 15:
                self._doubt(instruction, f"what may not be a function of a slot at {instruction.address:#x}: {offset}")
            return FUNCTION
        if kind == STACK and offset[0] == "const" and operand.size == 8:
            return state.places.get(_signed(offset[1]))
        return None

    # ---------------------------------------------------------------- values

    def _register(self, name: str, state: State) -> Value:
        """What a register holds: of 64 bits, or the low 32 as they count in an instruction of 32."""
        whole = _WHOLE.get(name, name)
        value = state.places.get(whole, ("unknown", -1, whole))
        return masked(value, 0xFFFFFFFF) if name in _HALVES else value

    def _operand(self, instruction: Any, operand: Any, state: State) -> Value:
        if operand.type == x86.X86_OP_IMM:
            return const(operand.imm)
        if operand.type == x86.X86_OP_REG:
            name = instruction.reg_name(operand.reg)
            if operand.size in (4, 8):
                return self._register(name, state)
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
        if "rflags" in names:
            flags = self._flags(instruction, state)
            names.discard("rflags")
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
        elif target is not None and target.type == x86.X86_OP_MEM and target.access & capstone.CS_AC_WRITE:
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
        for place in [place for place in places if isinstance(place, int) and at - 8 < place < at + target.size]:
            del places[place]
        if instruction.mnemonic == "mov" and target.size == 8:
            places[at] = values[1]

    def _result_of_unknown(self, instruction: Any, register: str) -> Value:
        unknown: Value = ("unknown", instruction.address, register)
        return masked(unknown, 0xFFFFFFFF) if register in _HALVES else unknown

    def _set(self, places: dict[str | int, Value], register: str, value: Value | None, instruction: Any) -> None:
        whole = _WHOLE.get(register, register)
        if value is None:
            value = ("unknown", instruction.address, register)
        places[whole] = masked(value, 0xFFFFFFFF) if register in _HALVES else value

    def _computed(self, instruction: Any, values: list[Value], state: State) -> Value | None:  # noqa: PLR0911
        """The result of the instructions that addresses are made by; None for others."""
        operands = instruction.operands
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
            case "and":
                return masked(values[0], number) if number is not None else None
            case "shr":
                return shifted("shr", values[0], number & 63) if number is not None else None
            case "shl":
                return shifted("shl", values[0], number & 63) if number is not None else None
            case "xor" if operands[0].type == operands[1].type and operands[0].reg == operands[1].reg:
                return const(0)
        return None

    def _flags(self, instruction: Any, state: State) -> tuple[str, Value, int] | None:  # noqa: PLR0911
        operands = instruction.operands
        if len(operands) != 2 or operands[0].size not in (1, 4, 8):
            return None
        width = (1 << 8 * operands[0].size) - 1
        values = [self._operand(instruction, operand, state) for operand in operands]
        match instruction.mnemonic:
            case "test" | "and":
                for value, mask in (values, values[::-1]):
                    if mask[0] == "const" and operands[0].size > 1:
                        return ("zero", value, mask[1] & width)
                if values[0] == values[1] and operands[0].size > 1:
                    return ("zero", values[0], width)
            case "shr" if values[1][0] == "const" and operands[0].size > 1:
                return ("zero", values[0], width >> values[1][1] << values[1][1])
            case "cmp":
                if (
                    operands[0].type == x86.X86_OP_MEM
                    and operands[0].size == 1
                    and values[1] == const(PageState.WRITABLE)
                ):
                    kind, offset = _split(self._address(instruction, operands[0], state))
                    return ("state", offset, 0) if kind == STATES else None
                if values[1][0] == "const" and operands[0].size == 8:
                    return ("compare", values[0], values[1][1])
        return None


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
    return ("none",), address


def _is_base(value: Value) -> bool:
    return value[0] == "base" or value == SLOTS


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


_NAMED = {f"r{letter}": (f"e{letter}", letter, f"{letter[0]}l") for letter in ("ax", "bx", "cx", "dx")}
_NAMED |= {f"r{letter}": (f"e{letter}", letter, f"{letter}l") for letter in ("si", "di", "bp", "sp")}
_NAMED |= {f"r{n}": (f"r{n}d", f"r{n}w", f"r{n}b") for n in range(8, 16)}
_WHOLE = {part: whole for whole, parts in _NAMED.items() for part in parts}
_WHOLE |= {f"{letter}h": f"r{letter}x" for letter in "abcd"}
_HALVES = {parts[0] for parts in _NAMED.values()}
