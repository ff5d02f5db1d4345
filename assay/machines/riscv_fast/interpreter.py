"""The interpreter, as LLVM IR: one native function for each operation, which goes on with the next by a tail call.

All of these functions, and those that translations are, share one signature: the context, the guest's memory, the page
states, the steps that remain, the slot and pc. They end by calling the next slot's, or by returning a `Stop`. Code
is in slots: `unknown` decodes a word when control first reaches it, and writes what it found into the slot.
"""

from collections.abc import Callable

from assay.machines.riscv.decode import TABLE, csr, none, shift
from assay.machines.riscv.hart import SINK
from assay.machines.riscv.instructions.system import KEPT
from assay.machines.riscv.traps import Cause
from assay.machines.riscv_fast.ir import MODULE_END, Body, number
from assay.machines.riscv_fast.layout import (
    COUNTED,
    COUNTERS,
    ILLEGAL,
    MAX_REQUESTS,
    MAX_WRITTEN,
    OPERATION_SHIFT,
    OPERATIONS,
    PAGE,
    PLAIN,
    SLOT,
    UNREACHABLE,
    UNTOUCHED_FLAG,
    PageState,
    Stop,
    Word,
)
from assay.machines.riscv_fast.semantics import CONTROL, MEMORY, SIMPLE, Frame

PARAMETERS = "ptr noalias %context, ptr noalias %memory, ptr noalias %states, i64 %remaining, ptr %slot, i64 %pc"
ATTRIBUTES = 'nounwind noimplicitfloat "no-builtins" "no-jump-tables"="true"'


def define(name: str, body: Body) -> str:
    """A function of the common signature."""
    return "\n".join(
        [f"define dso_local preserve_nonecc i64 @{name}({PARAMETERS}) {ATTRIBUTES} {{", *body.lines, "}", ""]
    )


def proceed(body: Body, target: str, remaining: str, slot: str, pc: str) -> None:
    """Go on in another function, for good."""
    arguments = f"ptr %context, ptr %memory, ptr %states, i64 {remaining}, ptr {slot}, i64 {pc}"
    body.do(f"ret i64 {body.let(f'musttail call preserve_nonecc i64 {target}({arguments})')}")


def stop(body: Body, reason: Stop, remaining: str, pc: str) -> None:
    """Go back to Python."""
    body.put(remaining, "%context", 8 * Word.REMAINING)
    body.put(pc, "%context", 8 * Word.PC)
    body.do(f"ret i64 {int(reason)}")


def slot_of(body: Body, pc: str) -> str:
    """The slot for an address that has none of the bits in `UNREACHABLE`; if it has some, another one."""
    pc = body.confined(pc, 4) if pc.startswith("%") else pc
    page = body.binary("lshr", pc, "12")
    code = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.CODE)}")
    slots = body.let(f"load ptr, ptr {body.let(f'getelementptr ptr, ptr {code}, i64 {page}')}")
    offset = body.binary("shl", body.binary("and", pc, number(PAGE - 4)), "2")
    return body.at(slots, offset)


def handler_of(body: Body, slot: str) -> str:
    """The interpreter's function for a slot."""
    operation = body.extend(body.field(slot, 15, bits=8), 8, signed=False)
    handlers = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.HANDLERS)}")
    return body.let(f"load ptr, ptr {body.let(f'getelementptr ptr, ptr {handlers}, i64 {operation}')}")


def arrive(body: Body, pc: str) -> None:
    """Count an arrival at a place; ask for its translation when there have been many."""
    place = body.binary("and", body.binary("lshr", pc, "2"), number(COUNTERS - 1))
    counters = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.COUNTERS)}")
    counter = body.let(f"getelementptr i32, ptr {counters}, i64 {place}")
    left = body.let(f"sub i32 {body.let(f'load i32, ptr {counter}')}, 1")
    body.do(f"store i32 {left}, ptr {counter}")
    on, hot = body.label("on"), body.label("hot")
    body.do(f"br i1 {body.let(f'icmp eq i32 {left}, 0')}, label %{hot}, label %{on}, !prof !0")
    body.place(hot)
    body.do(f"call void @request(ptr %context, ptr {counter}, i64 {pc})")
    body.go(on)
    body.place(on)


def enter_trap(body: Body, pc: str, cause: str, value: str, remaining: str) -> str:
    """Write the registers of a trap; the address of its handler. Stops where that changes nothing at all."""
    handler = body.field("%context", 8 * Word.MTVEC)
    written = {Word.MEPC: pc, Word.MCAUSE: cause, Word.MTVAL: value}
    here, same, on = (body.label(hint) for hint in ("here", "same", "on"))
    body.fork(body.compare("eq", handler, pc), here, on)
    body.place(here)
    equal = "true"
    for word, new in written.items():
        as_before = body.compare("eq", body.field("%context", 8 * word), new)
        equal = body.let(f"and i1 {equal}, {as_before}")
    body.fork(equal, same, on)
    body.place(same)
    stop(body, Stop.END, remaining, pc)
    body.place(on)
    for word, new in written.items():
        body.put(new, "%context", 8 * word)
    return handler


class Handler(Frame):
    """An instruction whose operands are in the slot."""

    def __init__(self) -> None:
        super().__init__()
        self._asides: list[tuple[str, Callable[[], None]]] = []
        self.aside(
            "nothing", self.compare("eq", "%remaining", "0"), lambda: stop(self, Stop.STEPS, "%remaining", "%pc")
        )
        self.left = self.binary("sub", "%remaining", "1")

    def aside(self, hint: str, condition: str, end: Callable[[], None]) -> None:
        """If the i1 is set, which is rare, end by what `end` writes."""
        label = self.label(hint)
        self.rarely(condition, label)
        self._asides.append((label, end))

    def finish(self) -> None:
        """Write the asides."""
        while self._asides:
            label, end = self._asides.pop()
            self.place(label)
            end()

    def pc(self) -> str:
        return "%pc"

    def _register(self, place: str) -> str:
        return self.let(f"getelementptr i64, ptr %context, i64 {place}")

    def _operand(self, offset: int) -> str:
        return self.extend(self.field("%slot", offset, bits=8), 8, signed=False)

    def rs1(self) -> str:
        return self.field(self._register(self._operand(13)), 0)

    def rs1_number(self) -> str:
        """The field itself."""
        return self._operand(13)

    def rs2(self) -> str:
        return self.field(self._register(self.binary("and", self._operand(14), "31")), 0)

    def immediate(self) -> str:
        return self.extend(self.field("%slot", 8, bits=32), 32, signed=True)

    def rd(self, value: str) -> None:
        self.put(value, self._register(self._operand(12)), 0)

    def follow(self) -> None:
        following = self.at("%slot", SLOT)
        target = self.let(f"load ptr, ptr {following}")
        proceed(self, target, self.left, following, self.binary("add", "%pc", "4"))

    def branch(self, condition: str) -> None:
        taken, otherwise = self.label("taken"), self.label("otherwise")
        self.fork(condition, taken, otherwise)
        self.place(otherwise)
        self.follow()
        self.place(taken)
        self.jump(self.binary("add", "%pc", self.immediate()), link=False)

    def jump(self, target: str, link: bool) -> None:
        unreachable = self.compare("ne", self.binary("and", target, number(UNREACHABLE)), "0")
        self.aside("bad", unreachable, lambda: self._jump_badly(target, link))
        self.aside("still", self.compare("eq", target, "%pc"), lambda: self._stand_still(link))
        if link:
            self.rd(self.binary("add", "%pc", "4"))
        arrive(self, target)
        slot = slot_of(self, target)
        proceed(self, self.let(f"load ptr, ptr {slot}"), self.left, slot, target)

    def _jump_badly(self, target: str, link: bool) -> None:
        misaligned, far = self.label("misaligned"), self.label("far")
        self.fork(self.compare("ne", self.binary("and", target, "3"), "0"), misaligned, far)
        self.place(misaligned)
        self.trap(Cause.INSTRUCTION_MISALIGNED, target)
        self.place(far)
        if link:
            self.rd(self.binary("add", "%pc", "4"))
        proceed(self, "@enter", self.left, "%slot", target)

    def _stand_still(self, link: bool) -> None:
        """A jump to itself."""
        end, on = self.label("end"), self.label("on")
        if link:
            following = self.binary("add", "%pc", "4")
            place = self._operand(12)
            rd = self._register(place)
            sunk = self.compare("eq", place, str(SINK))
            same = self.compare("eq", self.field(rd, 0), following)
            self.fork(self.let(f"or i1 {sunk}, {same}"), end, on)
            self.place(on)
            self.put(following, rd, 0)
            proceed(self, "@enter", self.left, "%slot", "%pc")
        else:
            self.go(end)
        self.place(end)
        stop(self, Stop.END, "%remaining", "%pc")

    def trap(self, cause: Cause, value: str) -> None:
        """Take a trap (section 3)."""
        handler = enter_trap(self, "%pc", str(int(cause)), value, "%remaining")
        proceed(self, "@enter", self.left, "%slot", handler)

    def check(self, address: str, bits: int, misaligned: Cause, fault: Cause) -> None:
        """Trap unless an access of that width can be made at `address`."""
        size = bits // 8
        wrong = self.binary("and", address, number((1 << 64) - (1 << 32) + size - 1))

        def refuse() -> None:
            odd, far = self.label("odd"), self.label("far")
            self.fork(self.compare("ne", self.binary("and", address, str(size - 1)), "0"), odd, far)
            self.place(odd)
            self.trap(misaligned, address)
            self.place(far)
            self.trap(fault, address)

        self.aside("bad", self.compare("ne", wrong, "0"), refuse)

    def load(self, address: str, bits: int, atomic: bool = False) -> str:
        if atomic:
            self.check(address, bits, Cause.STORE_MISALIGNED, Cause.STORE_FAULT)
        else:
            self.check(address, bits, Cause.LOAD_MISALIGNED, Cause.LOAD_FAULT)
        return self.field("%memory", self.confined(address, bits // 8), bits)

    def store(self, address: str, bits: int, value: str) -> None:
        self.check(address, bits, Cause.STORE_MISALIGNED, Cause.STORE_FAULT)
        address = self.confined(address, bits // 8)
        page = self.binary("lshr", address, "12")
        state = self.extend(self.field("%states", page, bits=8), 8, signed=False)

        def open_page() -> None:
            self.put(page, "%context", 8 * Word.PAGE_NUMBER)
            proceed(self, "@open", "%remaining", "%slot", "%pc")

        self.aside("closed", self.compare("ne", state, str(int(PageState.WRITABLE))), open_page)
        self.put(value if bits == 64 else self.low(value, bits), "%memory", address, bits)


# ---------------------------------------------------------------- instructions that only the interpreter knows


def _ecall(h: Handler) -> None:
    h.trap(Cause.ECALL, "0")


def _ebreak(h: Handler) -> None:
    h.trap(Cause.BREAKPOINT, "%pc")


def _illegal(h: Handler) -> None:
    h.trap(Cause.ILLEGAL_INSTRUCTION, h.extend(h.field("%memory", h.confined("%pc", 4), bits=32), 32, signed=False))


def _mret(h: Handler) -> None:
    target = h.field("%context", 8 * Word.MEPC)
    h.aside("still", h.compare("eq", target, "%pc"), lambda: _wfi(h))
    proceed(h, "@enter", h.left, "%slot", target)


def _wfi(h: Handler) -> None:
    stop(h, Stop.END, "%remaining", "%pc")


def _load_reserved(bits: int) -> Callable[[Handler], None]:
    def emit(h: Handler) -> None:
        address = h.rs1()
        value = h.load(address, bits)
        h.put(address, "%context", 8 * Word.RESERVATION)
        h.rd(value if bits == 64 else h.extend(value, bits, signed=True))
        h.follow()

    return emit


def _store_conditional(bits: int) -> Callable[[Handler], None]:
    def emit(h: Handler) -> None:
        address = h.rs1()
        h.check(address, bits, Cause.STORE_MISALIGNED, Cause.STORE_FAULT)
        success, failure = h.label("success"), h.label("failure")
        h.fork(h.compare("eq", address, h.field("%context", 8 * Word.RESERVATION)), success, failure)
        for label in (success, failure):
            h.place(label)
            if label is success:
                h.store(address, bits, h.rs2())
            h.put("-1", "%context", 8 * Word.RESERVATION)
            h.rd("0" if label is success else "1")
            h.follow()

    return emit


def _kept_csr(h: Handler, otherwise: Word) -> str:
    """The offset in the context of the CSR that the immediate names."""
    offset = str(8 * otherwise)
    for csr_number, name in KEPT.items():
        named = h.compare("eq", h.immediate(), str(csr_number))
        offset = h.select(named, str(8 * Word[name.upper()]), offset)
    return offset


def _write_csr(h: Handler, value: str, old: str) -> None:
    h.aside("readonly", h.compare("uge", h.immediate(), str(0xC00)), lambda: _illegal(h))
    csrs_of_addresses = [str(n) for n, name in KEPT.items() if name in ("mtvec", "mepc")]
    addresses = [h.compare("eq", h.immediate(), csr_number) for csr_number in csrs_of_addresses]
    mask = h.select(h.let(f"or i1 {addresses[0]}, {addresses[1]}"), "-4", "-1")
    h.put(h.binary("and", value, mask), "%context", _kept_csr(h, Word.NOWHERE))
    h.rd(old)
    h.follow()


def _csr(
    operand: Callable[[Handler], str], combine: Callable[[Handler, str, str], str] | None
) -> Callable[[Handler], None]:
    """Write the operand, or combine it with what is there, unless the field of rs1 is 0."""

    def emit(h: Handler) -> None:
        old = h.field("%context", _kept_csr(h, Word.ZERO))
        if combine is None:
            _write_csr(h, operand(h), old)
            return
        write, read = h.label("write"), h.label("read")
        h.fork(h.compare("eq", h.rs1_number(), "0"), read, write)
        h.place(read)
        h.rd(old)
        h.follow()
        h.place(write)
        _write_csr(h, combine(h, old, operand(h)), old)

    return emit


def _set(h: Handler, old: str, bits: str) -> str:
    return h.binary("or", old, bits)


def _clear(h: Handler, old: str, bits: str) -> str:
    return h.binary("and", old, h.binary("xor", bits, "-1"))


SYSTEM: dict[str, Callable[[Handler], None]] = {
    "lr_w": _load_reserved(32),
    "lr_d": _load_reserved(64),
    "sc_w": _store_conditional(32),
    "sc_d": _store_conditional(64),
    "ecall": _ecall,
    "ebreak": _ebreak,
    "mret": _mret,
    "wfi": _wfi,
    "csrrw": _csr(Handler.rs1, None),
    "csrrs": _csr(Handler.rs1, _set),
    "csrrc": _csr(Handler.rs1, _clear),
    "csrrwi": _csr(Handler.rs1_number, None),
    "csrrsi": _csr(Handler.rs1_number, _set),
    "csrrci": _csr(Handler.rs1_number, _clear),
    "illegal": _illegal,
}


def _handler(name: str) -> str:
    h = Handler()
    if name in SIMPLE or name in MEMORY:
        (SIMPLE.get(name) or MEMORY[name])(h)
        h.follow()
    else:
        (CONTROL.get(name) or SYSTEM[name])(h)
    h.finish()
    return define(f"do_{name}", h)


# ---------------------------------------------------------------- getting from slot to slot


def _crossing() -> str:
    """After the last slot of a page."""
    body = Body()
    proceed(body, "@enter", "%remaining", "%slot", "%pc")
    return define("crossing", body)


def _enter() -> str:
    """Go on at any pc, whose fetch may trap."""
    body = Body()
    fault, fetch, loop = body.label("fault"), body.label("fetch"), body.label("loop")
    nothing, some, trapped = (body.label(hint) for hint in ("nothing", "some", "trapped"))
    body.go(loop)
    body.place(loop)
    body.do(f"%at = phi i64 [ %pc, %0 ], [ %handler, %{trapped} ]")
    body.do(f"%left = phi i64 [ %remaining, %0 ], [ %fewer, %{trapped} ]")
    body.fork(body.compare("eq", "%left", "0"), nothing, some)
    body.place(nothing)
    stop(body, Stop.STEPS, "%left", "%at")

    body.place(some)
    body.fork(body.compare("ne", body.binary("and", "%at", number(UNREACHABLE)), "0"), fault, fetch)
    body.place(fetch)
    slot = slot_of(body, "%at")
    proceed(body, body.let(f"load ptr, ptr {slot}"), "%left", slot, "%at")

    body.place(fault)
    aligned = body.compare("eq", body.binary("and", "%at", "3"), "0")
    cause = body.select(aligned, str(int(Cause.INSTRUCTION_FAULT)), str(int(Cause.INSTRUCTION_MISALIGNED)))
    handler = enter_trap(body, "%at", cause, "%at", "%left")
    body.do(f"%handler = add i64 {handler}, 0")
    body.do("%fewer = sub i64 %left, 1")
    body.go(trapped)
    body.place(trapped)
    body.go(loop)
    return define("enter", body)


def _resume() -> str:
    """Have the interpreter do the instruction at pc, whatever translations there are."""
    body = Body()
    slot = slot_of(body, "%pc")
    proceed(body, handler_of(body, slot), "%remaining", slot, "%pc")
    return define("resume", body)


def _counted() -> str:
    """The function of a slot that translated code jumps to, as long as it has no translation."""
    body = Body()
    arrive(body, "%pc")
    proceed(body, handler_of(body, "%slot"), "%remaining", "%slot", "%pc")
    return define("counted", body)


def _unknown() -> str:
    """Decode the word at pc into the slot, and do it. What goes on from there, if a translation does, stays so."""
    body = Body()
    before = body.field("%slot", 8)
    word = body.field("%memory", body.confined("%pc", 4), bits=32)
    operands = body.let(f"call i64 @decode(i32 {word})")
    flag = body.binary("and", before, number(COUNTED))
    decoded = body.binary("or", operands, flag)
    body.put(decoded, "%slot", 8)
    plain = handler_of(body, "%slot")
    function = body.let(f"select i1 {body.compare('eq', flag, '0')}, ptr {plain}, ptr @counted")
    entered, empty = body.label("entered"), body.label("empty")
    body.fork(body.let(f"icmp eq ptr {body.let('load ptr, ptr %slot')}, @unknown"), empty, entered)
    body.place(empty)
    body.do(f"store ptr {function}, ptr %slot")
    body.put(body.binary("or", decoded, number(PLAIN)), "%slot", 8)
    proceed(body, function, "%remaining", "%slot", "%pc")
    body.place(entered)
    proceed(body, plain, "%remaining", "%slot", "%pc")
    return define("unknown", body)


def _missing() -> str:
    """The function of all slots of a page that has none."""
    body = Body()
    nothing = body.label("nothing")
    body.rarely(body.compare("eq", "%remaining", "0"), nothing)
    stop(body, Stop.NEW_CODE, "%remaining", "%pc")
    body.place(nothing)
    stop(body, Stop.STEPS, "%remaining", "%pc")
    return define("missing", body)


def _fleeting() -> str:
    """The function of all slots of a page that is code and often written to: nothing is kept of it."""
    body = Body()
    word = body.field("%memory", body.confined("%pc", 4), bits=32)
    slot = body.at("%context", 8 * Word.SCRATCH)
    body.put(body.let(f"call i64 @decode(i32 {word})"), slot, 8)
    proceed(body, handler_of(body, slot), "%remaining", slot, "%pc")
    return define("fleeting", body)


def _open() -> str:
    """Make a page writable, and do the store that wants to write there again."""
    body = Body()
    page = body.field("%context", 8 * Word.PAGE_NUMBER)
    state = body.field("%states", page, bits=8)
    code = body.label("code")
    body.rarely(body.let(f"icmp eq i8 {state}, {int(PageState.CODE)}"), code)
    count = body.field("%context", 8 * Word.WRITTEN_COUNT)
    full = body.label("full")
    body.rarely(body.compare("uge", count, str(MAX_WRITTEN)), full)
    fresh, clean, ready = body.label("fresh"), body.label("clean"), body.label("ready")
    body.fork(body.let(f"icmp eq i8 {state}, {int(PageState.UNTOUCHED)}"), fresh, clean)

    body.place(fresh)
    left = body.field("%context", 8 * Word.FRESH)
    spent = body.label("spent")
    body.rarely(body.compare("eq", left, "0"), spent)
    body.put(body.binary("sub", left, "1"), "%context", 8 * Word.FRESH)
    body.go(ready)

    body.place(clean)
    captured = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.CAPTURED)}")
    to = body.at(captured, body.binary("mul", count, str(PAGE)))
    start = body.at("%memory", body.binary("mul", page, str(PAGE)))
    copy = body.label("copy")
    body.go(copy)
    body.place(copy)
    body.do(f"%i = phi i64 [ 0, %{clean} ], [ %next, %{copy} ]")
    body.do(f"%piece = load <4 x i64>, ptr {body.at(start, '%i')}, align 8")
    body.do(f"store <4 x i64> %piece, ptr {body.at(to, '%i')}, align 8")
    body.do("%next = add i64 %i, 32")
    body.fork(body.compare("eq", "%next", str(PAGE)), ready, copy)

    body.place(ready)
    written = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.WRITTEN)}")
    entry = body.let(f"getelementptr i32, ptr {written}, i64 {count}")
    untouched = body.let(f"icmp eq i8 {state}, {int(PageState.UNTOUCHED)}")
    flag = body.select(untouched, str(UNTOUCHED_FLAG), "0")
    body.do(f"store i32 {body.low(body.binary('or', page, flag), 32)}, ptr {entry}")
    body.put(body.binary("add", count, "1"), "%context", 8 * Word.WRITTEN_COUNT)
    body.put(str(int(PageState.WRITABLE)), "%states", page, bits=8)
    proceed(body, handler_of(body, "%slot"), "%remaining", "%slot", "%pc")

    for label, reason in ((code, Stop.CODE_WRITE), (full, Stop.FULL), (spent, Stop.MEMORY)):
        body.place(label)
        stop(body, reason, "%remaining", "%pc")
    return define("open", body)


def _request() -> str:
    body = Body()
    hot = body.low(body.field("%context", 8 * Word.HOT), 32)
    body.do(f"store i32 {hot}, ptr %counter")
    count = body.field("%context", 8 * Word.REQUESTED)
    room, out = body.label("room"), body.label("out")
    body.fork(body.compare("ult", count, str(MAX_REQUESTS)), room, out)
    body.place(room)
    requests = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.REQUESTS)}")
    body.do(f"store i64 %pc, ptr {body.let(f'getelementptr i64, ptr {requests}, i64 {count}')}")
    body.put(body.binary("add", count, "1"), "%context", 8 * Word.REQUESTED)
    body.go(out)
    body.place(out)
    body.do("ret void")
    head = f"define internal void @request(ptr %context, ptr %counter, i64 %pc) noinline {ATTRIBUTES} {{"
    return "\n".join([head, *body.lines, "}", ""])


# ---------------------------------------------------------------- decoding


def _immediate_of(body: Body, kind: Callable[[int], int]) -> str:
    """The immediate of the word %wide, which is zero-extended: its low 32 bits count."""
    if kind is none:
        return "0"
    if kind is csr:
        return body.binary("lshr", "%wide", "20")
    if kind is shift:
        return body.binary("and", body.binary("lshr", "%wide", "20"), "63")
    # The others are linear in the bits of the word, so each bit's place can be asked of the decoder itself.
    places: dict[int, int] = {}  # by distance moved to the left: the bits of the word that move so far
    signed = kind(1 << 31) | ((1 << 64) - 1 ^ (1 << 32) - 1)
    for bit in range(31):
        moved = kind(1 << bit)
        if moved:
            distance = moved.bit_length() - 1 - bit
            places[distance] = places.get(distance, 0) | 1 << bit
    sign = body.extend(body.let("trunc i64 %wide to i32"), 32, signed=True)
    sign = body.binary("ashr", sign, "31")
    parts = [body.binary("and", sign, number(signed))]
    for distance, bits in places.items():
        picked = body.binary("and", "%wide", number(bits))
        parts.append(body.binary("shl" if distance >= 0 else "lshr", picked, str(abs(distance))))
    total = parts[0]
    for part in parts[1:]:
        total = body.binary("or", total, part)
    return total


def _decode() -> str:
    """From a word to the operands of a slot: the decoder's table, row by row."""
    body = Body()
    wide = body.let("zext i32 %word to i64")
    body.do(f"%wide = add i64 {wide}, 0")
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for operation, (pattern, _, _) in enumerate(TABLE):
        drawn = pattern.replace(" ", "")
        mask, bits = int(drawn.replace("0", "1").replace(".", "0"), 2), int(drawn.replace(".", "0"), 2)
        rows.setdefault(bits & 0x7F, []).append((operation, mask, bits))
    illegal = body.label("illegal")
    labels = {opcode: body.label("opcode") for opcode in rows}
    opcode = body.let("and i32 %word, 127")
    cases = " ".join(f"i32 {opcode_}, label %{label}" for opcode_, label in labels.items())
    body.do(f"switch i32 {opcode}, label %{illegal} [ {cases} ]")
    for opcode_, label in labels.items():
        body.place(label)
        for operation, mask, bits in rows[opcode_]:
            found, other = body.label("found"), body.label("other")
            masked = body.binary("and", "%wide", str(mask))
            body.fork(body.compare("eq", masked, str(bits)), found, other)
            body.place(found)
            body.do(f"ret i64 {_packed(body, operation, TABLE[operation][1])}")
            body.place(other)
        body.go(illegal)
    body.place(illegal)
    body.do(f"ret i64 {_packed(body, ILLEGAL, none)}")
    head = f"define internal i64 @decode(i32 %word) {ATTRIBUTES} {{"
    return "\n".join([head, *body.lines, "}", ""])


def _packed(body: Body, operation: int, kind: Callable[[int], int]) -> str:
    """The second word of a slot."""
    packed = body.binary("and", _immediate_of(body, kind), number(0xFFFFFFFF))
    rd = body.binary("and", body.binary("lshr", "%wide", "7"), "31")
    rd = body.select(body.compare("eq", rd, "0"), "32", rd)
    rs1 = body.binary("and", body.binary("lshr", "%wide", "15"), "31")
    rs2 = body.binary("and", body.binary("lshr", "%wide", "20"), "31")
    for value, place in ((rd, 32), (rs1, 40), (rs2, 48)):
        packed = body.binary("or", packed, body.binary("shl", value, str(place)))
    return body.binary("or", packed, number(operation << OPERATION_SHIFT))


def _start() -> str:
    """What Python calls: run from the context's pc for REMAINING steps; the reason to stop."""
    body = Body()
    memory = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.MEMORY)}")
    states = body.let(f"load ptr, ptr {body.at('%context', 8 * Word.STATES)}")
    remaining = body.field("%context", 8 * Word.REMAINING)
    pc = body.field("%context", 8 * Word.PC)
    arguments = f"ptr %context, ptr {memory}, ptr {states}, i64 {remaining}, ptr null, i64 {pc}"
    body.do(f"ret i64 {body.let(f'call preserve_nonecc i64 @enter({arguments})')}")
    return "\n".join([f"define dso_local i64 @start(ptr %context) {ATTRIBUTES} {{", *body.lines, "}", ""])


def interpreter_ir() -> str:
    """The whole module."""
    functions = [_handler(name) for name in dict.fromkeys((*OPERATIONS, "illegal"))]
    others = (_crossing, _enter, _resume, _counted, _unknown, _missing, _fleeting, _open, _request, _decode, _start)
    return "\n".join([*functions, *(function() for function in others)]) + MODULE_END
