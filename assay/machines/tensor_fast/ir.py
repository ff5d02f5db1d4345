"""Native code for products, reductions and elementary functions, in LLVM's language (docs/operators.md, section 4).

Vectors go across elements of the result, never along the terms of one: each element is computed in the one order that
the definition has. That NaNs are made canonical at the end only, and not after each operation, changes no bits: what is
computed from a NaN is a NaN.

All functions take `ptr %constants` last: the numbers in `CONSTANTS`, because code has no data of its own. Addresses are
numbers of words, 64 bits each. All sizes are at least 1.
"""

from collections.abc import Callable, Sequence
from itertools import count

from assay.machines.tensor import elementary as reference

NAN, MINUS_INFINITY, ZERO, SIGN = 0x7FC00000, 0xFF800000, 0x00000000, 0x80000000
INTERLEAVED = 8
"""Rows that a reduction goes through side by side: so many additions can be under way at once."""
PANEL_VECTORS = 2
"""Vectors side by side in a panel of a product."""


class Constants:
    """The numbers that functions need, by their bits, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def place(self, bits: int) -> int:
        """Where a number is."""
        if bits not in self.bits:
            self.bits.append(bits)
        return self.bits.index(bits)


class Vectors:
    """The body of a function over vectors of numbers, operation by operation. Values are names of registers."""

    def __init__(self, lanes: int, constants: Constants) -> None:
        self.float, self.int, self.bool = (f"<{lanes} x {kind}>" for kind in ("float", "i32", "i1"))
        self.lines: list[str] = []
        self.head: list[str] = []
        self._lanes = lanes
        self._constants = constants
        self._known: dict[int, str] = {}
        self._numbers = count()

    def new(self, text: str) -> str:
        """A register with what `text` computes."""
        name = f"%v{next(self._numbers)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def number(self, bits: int) -> str:
        """A number in all lanes."""
        if bits not in self._known:
            name, place = f"%c{len(self._known)}", self._constants.place(bits)
            self.head += [
                f"  {name}.at = getelementptr i32, ptr %constants, i64 {place}",
                f"  {name}.one = load float, ptr {name}.at",
                f"  {name}.first = insertelement {self.float} poison, float {name}.one, i32 0",
                f"  {name} = shufflevector {self.float} {name}.first, {self.float} poison, <{self._lanes} x i32> "
                "zeroinitializer",
            ]
            self._known[bits] = name
        return self._known[bits]

    def bits_of(self, number: int) -> str:
        """An integer in all lanes."""
        return self.bits(self.number(number & 0xFFFFFFFF))

    def bits(self, a: str) -> str:
        """The bits of numbers."""
        return self.new(f"bitcast {self.float} {a} to {self.int}")

    def floats(self, a: str) -> str:
        """The numbers that have these bits."""
        return self.new(f"bitcast {self.int} {a} to {self.float}")

    def fma(self, a: str, b: str, c: str) -> str:
        """a * b + c, rounded once."""
        call = f"@llvm.fma.v{self._lanes}f32({self.float} {a}, {self.float} {b}, {self.float} {c})"
        return self.new(f"call {self.float} {call}")

    def arithmetic(self, name: str, a: str, b: str) -> str:
        """fadd, fsub, fmul or fdiv."""
        return self.new(f"{name} {self.float} {a}, {b}")

    def integer(self, name: str, a: str, b: str) -> str:
        """An operation on bits."""
        return self.new(f"{name} {self.int} {a}, {b}")

    def shifted(self, name: str, a: str, distance: int) -> str:
        """Bits shifted by a fixed distance."""
        distances = ", ".join([f"i32 {distance}"] * self._lanes)
        return self.new(f"{name} {self.int} {a}, <{distances}>")

    def compared(self, how: str, a: str, b: str) -> str:
        """A comparison of numbers: olt, ogt, oeq, uno, ..."""
        return self.new(f"fcmp {how} {self.float} {a}, {b}")

    def chosen(self, where: str, a: str, b: str) -> str:
        """a where `where`, otherwise b."""
        return self.new(f"select {self.bool} {where}, {self.float} {a}, {self.float} {b}")

    def magnitude(self, a: str) -> str:
        """Without the sign."""
        return self.floats(self.integer("and", self.bits(a), self.bits_of(0x7FFFFFFF)))

    def negated(self, a: str) -> str:
        """With the other sign."""
        return self.floats(self.integer("xor", self.bits(a), self.bits_of(SIGN)))

    def signed(self, magnitude: str, sign: str) -> str:
        """`magnitude` with the sign of `sign`."""
        own = self.integer("and", self.bits(magnitude), self.bits_of(0x7FFFFFFF))
        return self.floats(self.integer("or", own, self.integer("and", self.bits(sign), self.bits_of(SIGN))))

    def polynomial(self, coefficients: Sequence[int], x: str) -> str:
        """By Horner's rule, the highest power first."""
        y = self.number(coefficients[0])
        for coefficient in coefficients[1:]:
            y = self.fma(y, x, self.number(coefficient))
        return y

    def canonical(self, a: str) -> str:
        """With every NaN the canonical one."""
        return self.chosen(self.compared("uno", a, a), self.number(NAN), a)


# --- elementary functions: section 3, as `assay.machines.tensor.elementary` has them --------------------------------


def _exp(v: Vectors, x: str) -> str:
    high, low = v.number(reference.EXP_OVERFLOW), v.number(reference.EXP_UNDERFLOW)
    ordinary = v.new(f"and {v.bool} {v.compared('ole', x, high)}, {v.compared('oge', x, low)}")
    inside = v.chosen(ordinary, x, v.number(ZERO))
    rounder = v.number(reference.ROUNDER)
    shifted = v.fma(inside, v.number(reference.LOG2_E), rounder)
    whole = v.arithmetic("fsub", shifted, rounder)
    r = v.fma(whole, v.number(reference.LN2_HIGH ^ SIGN), inside)
    r = v.fma(whole, v.number(reference.LN2_LOW ^ SIGN), r)
    n = v.integer("sub", v.bits(shifted), v.bits_of(reference.ROUNDER))
    half = v.shifted("ashr", n, 1)
    y = v.arithmetic("fmul", v.polynomial(reference.EXP, r), _power_of_two(v, half))
    y = v.arithmetic("fmul", y, _power_of_two(v, v.integer("sub", n, half)))
    y = v.chosen(v.compared("ogt", x, high), v.number(MINUS_INFINITY ^ SIGN), y)
    y = v.chosen(v.compared("olt", x, low), v.number(ZERO), y)
    return v.chosen(v.compared("uno", x, x), v.number(NAN), y)


def _power_of_two(v: Vectors, n: str) -> str:
    return v.floats(v.shifted("shl", v.integer("add", n, v.bits_of(127)), 23))


def _log(v: Vectors, x: str) -> str:
    zero, infinity, one = v.number(ZERO), v.number(MINUS_INFINITY ^ SIGN), v.number(reference.ONE)
    ordinary = v.new(f"and {v.bool} {v.compared('ogt', x, zero)}, {v.compared('olt', x, infinity)}")
    inside = v.chosen(ordinary, x, one)
    small = v.compared("olt", inside, v.number(0x00800000))
    scaled = v.chosen(small, v.arithmetic("fmul", inside, v.number(0x4B000000)), inside)
    offset = v.integer("sub", v.bits(scaled), v.bits_of(reference.LOG_SPLIT))
    lowered = v.bits(v.chosen(small, v.floats(v.bits_of(23)), zero))
    exponent = v.integer("sub", v.shifted("ashr", offset, 23), lowered)
    e = v.new(f"sitofp {v.int} {exponent} to {v.float}")
    significand = v.integer("add", v.integer("and", offset, v.bits_of(0x7FFFFF)), v.bits_of(reference.LOG_SPLIT))
    f = v.arithmetic("fsub", v.floats(significand), one)
    z = v.arithmetic("fmul", f, f)
    p = v.arithmetic("fmul", v.polynomial(reference.LOG, f), f)
    y = v.fma(p, z, v.arithmetic("fmul", e, v.number(reference.LN2_LOW)))
    y = v.fma(z, v.number(reference.MINUS_HALF), y)
    y = v.fma(e, v.number(reference.LN2_HIGH), v.arithmetic("fadd", f, y))
    y = v.chosen(v.compared("oeq", x, zero), v.number(MINUS_INFINITY), y)
    y = v.chosen(v.compared("oeq", x, infinity), infinity, y)
    return v.chosen(v.compared("ult", x, zero), v.number(NAN), y)


def _tanh(v: Vectors, x: str) -> str:
    magnitude, one = v.magnitude(x), v.number(reference.ONE)
    z = v.arithmetic("fmul", x, x)
    near = v.fma(v.arithmetic("fmul", v.polynomial(reference.TANH, z), z), x, x)
    power = _exp(v, v.arithmetic("fadd", magnitude, magnitude))
    far = v.arithmetic("fdiv", v.number(reference.TWO), v.arithmetic("fadd", power, one))
    far = v.signed(v.arithmetic("fsub", one, far), x)
    return v.canonical(v.chosen(v.compared("olt", magnitude, v.number(reference.TANH_SPLIT)), near, far))


def _erf(v: Vectors, x: str) -> str:
    magnitude, one, end = v.magnitude(x), v.number(reference.ONE), v.number(reference.ERF_END)
    near = v.fma(v.polynomial(reference.ERF, v.arithmetic("fmul", x, x)), x, x)
    inside = v.chosen(v.compared("olt", magnitude, end), magnitude, end)
    far = v.arithmetic("fsub", one, _exp(v, v.polynomial(reference.LOG_ERFC, inside)))
    y = v.chosen(v.compared("olt", magnitude, one), near, v.signed(far, x))
    return v.chosen(v.compared("uno", x, x), v.number(NAN), y)


def _sigmoid(v: Vectors, x: str) -> str:
    one = v.number(reference.ONE)
    return v.canonical(v.arithmetic("fdiv", one, v.arithmetic("fadd", one, _exp(v, v.negated(x)))))


FUNCTIONS: dict[str, Callable[[Vectors, str], str]] = {
    "exp": _exp,
    "log": _log,
    "tanh": _tanh,
    "erf": _erf,
    "sigmoid": _sigmoid,
}


def _function(name: str, lanes: int, constants: Constants) -> str:
    """`void @name(ptr target, ptr a, i64 vectors, ptr constants)`: of so many vectors, one behind the other."""
    v = Vectors(lanes, constants)
    result = FUNCTIONS[name](v, "%x")
    body = "\n".join(v.lines)
    return f"""
define dso_local void @{name}(ptr %target, ptr %a, i64 %vectors, ptr %constants) {_attributes(lanes)} {{
{chr(10).join(v.head)}
  br label %next
next:
  %i = phi i64 [0, %0], [%more, %next]
  %from = getelementptr {v.float}, ptr %a, i64 %i
  %to = getelementptr {v.float}, ptr %target, i64 %i
  %x = load {v.float}, ptr %from, align 4
{body}
  store {v.float} {result}, ptr %to, align 4
  %more = add i64 %i, 1
  %over = icmp eq i64 %more, %vectors
  br i1 %over, label %end, label %next
end:
  ret void
}}"""


# --- products ---------------------------------------------------------------------------------------------------------


def _product(rows: int, lanes: int, constants: Constants) -> str:
    """The products of rows with the columns of panels, `rows` at a time.

    `void @product{rows}(ptr space, ptr places, i64 groups, ptr panels, i64 count, i64 length, ptr target, ptr targets,
    ptr constants)`: row i is at `space + places[i]`, its results go to `target + targets[i]` on. A panel has
    PANEL_VECTORS vectors for each of `length` terms.
    """
    v = Vectors(lanes, constants)
    width = PANEL_VECTORS * lanes
    nan = v.number(NAN)
    accumulators = [(row, part) for row in range(rows) for part in range(PANEL_VECTORS)]
    starts, loads, phis, finals = [], [], [], []
    for row in range(rows):
        starts += [
            f"  %index{row} = add i64 %first, {row}",
            f"  %place{row}.at = getelementptr i64, ptr %places, i64 %index{row}",
            f"  %place{row} = load i64, ptr %place{row}.at",
            f"  %row{row} = getelementptr float, ptr %space, i64 %place{row}",
        ]
        loads += [
            f"  %a{row}.at = getelementptr float, ptr %row{row}, i64 %k",
            f"  %a{row}.one = load float, ptr %a{row}.at",
            f"  %a{row}.first = insertelement {v.float} poison, float %a{row}.one, i32 0",
            f"  %a{row} = shufflevector {v.float} %a{row}.first, {v.float} poison, <{lanes} x i32> zeroinitializer",
        ]
        finals += [
            f"  %target{row}.at = getelementptr i64, ptr %targets, i64 %index{row}",
            f"  %target{row}.place = load i64, ptr %target{row}.at",
            f"  %target{row}.row = getelementptr float, ptr %target, i64 %target{row}.place",
            f"  %target{row} = getelementptr float, ptr %target{row}.row, i64 %column",
        ]
    for part in range(PANEL_VECTORS):
        loads += [
            f"  %b{part}.at = getelementptr {v.float}, ptr %terms, i64 {part}",
            f"  %b{part} = load {v.float}, ptr %b{part}.at, align 4",
        ]
    for row, part in accumulators:
        name = f"%sum{row}.{part}"
        phis.append(f"  {name} = phi {v.float} [zeroinitializer, %group], [{name}.next, %term]")
        fma = f"@llvm.fma.v{lanes}f32({v.float} %a{row}, {v.float} %b{part}, {v.float} {name})"
        loads.append(f"  {name}.next = call {v.float} {fma}")
        finals += [
            f"  {name}.none = fcmp uno {v.float} {name}.next, {name}.next",
            f"  {name}.end = select {v.bool} {name}.none, {v.float} {nan}, {v.float} {name}.next",
            f"  {name}.to = getelementptr {v.float}, ptr %target{row}, i64 {part}",
            f"  store {v.float} {name}.end, ptr {name}.to, align 4",
        ]

    def text(lines: list[str]) -> str:
        return "\n".join(lines)

    return f"""
define dso_local void @product{rows}(ptr %space, ptr %places, i64 %groups, ptr %panels, i64 %count, i64 %length,
    ptr %target, ptr %targets, ptr %constants) {_attributes(lanes)} {{
{text(v.head)}
  %size = mul i64 %length, {width}
  br label %panel
panel:
  %p = phi i64 [0, %0], [%p.next, %panel.end]
  %p.first = mul i64 %p, %size
  %p.terms = getelementptr float, ptr %panels, i64 %p.first
  %column = mul i64 %p, {width}
  br label %group
group:
  %g = phi i64 [0, %panel], [%g.next, %group.end]
  %first = mul i64 %g, {rows}
{text(starts)}
  br label %term
term:
  %k = phi i64 [0, %group], [%k.next, %term]
{text(phis)}
  %term.first = mul i64 %k, {width}
  %terms = getelementptr float, ptr %p.terms, i64 %term.first
{text(loads)}
  %k.next = add i64 %k, 1
  %k.over = icmp eq i64 %k.next, %length
  br i1 %k.over, label %group.end, label %term
group.end:
{text(finals)}
  %g.next = add i64 %g, 1
  %g.over = icmp eq i64 %g.next, %groups
  br i1 %g.over, label %panel.end, label %group
panel.end:
  %p.next = add i64 %p, 1
  %p.over = icmp eq i64 %p.next, %count
  br i1 %p.over, label %end, label %panel
end:
  ret void
}}"""


# --- reductions -------------------------------------------------------------------------------------------------------


def _sum(row: int) -> str:
    return f"  %sum{row}.next = fadd float %sum{row}, %a{row}"


def _largest(row: int) -> str:
    return f"""\
  %less{row} = fcmp olt float %sum{row}, %a{row}
  %none{row} = fcmp uno float %sum{row}, %a{row}
  %larger{row} = select i1 %less{row}, float %a{row}, float %sum{row}
  %sum{row}.next = select i1 %none{row}, float %nan, float %larger{row}"""


def _fused(row: int) -> str:
    return f"""\
  %b{row}.at = getelementptr float, ptr %other{row}, i64 %k
  %b{row} = load float, ptr %b{row}.at
  %sum{row}.next = call float @llvm.fma.f32(float %a{row}, float %b{row}, float %sum{row})"""


def _reduction(
    name: str, initial: int, step: Callable[[int], str], constants: Constants, operands: Sequence[str] = ("row",)
) -> str:
    """`void @name(ptr row_space, ptr row_places, i64 groups, i64 length, ptr target, ptr constants)`.

    Of INTERLEAVED rows at a time, row i at `row_space + row_places[i]`; one result each, one behind the other. With a
    second operand, there are a space and places of its rows behind those of the first one.
    """
    starts, phis, terms, ends = [], [], [], []
    for row in range(INTERLEAVED):
        starts.append(f"  %index{row} = add i64 %first, {row}")
        starts += [
            f"""\
  %{operand}.place{row}.at = getelementptr i64, ptr %{operand}_places, i64 %index{row}
  %{operand}.place{row} = load i64, ptr %{operand}.place{row}.at
  %{operand}{row} = getelementptr float, ptr %{operand}_space, i64 %{operand}.place{row}"""
            for operand in operands
        ]
        phis.append(f"  %sum{row} = phi float [%initial, %group], [%sum{row}.next, %term]")
        terms.append(f"""\
  %a{row}.at = getelementptr float, ptr %row{row}, i64 %k
  %a{row} = load float, ptr %a{row}.at
{step(row)}""")
        ends.append(f"""\
  %to{row} = getelementptr float, ptr %target, i64 %index{row}
  store float %sum{row}.next, ptr %to{row}""")
    start, phi, term, end = ("\n".join(each) for each in (starts, phis, terms, ends))
    given = ", ".join(f"ptr %{operand}_space, ptr %{operand}_places" for operand in operands)
    return f"""
define dso_local void @{name}({given}, i64 %groups, i64 %length, ptr %target, ptr %constants)
    nounwind "no-builtins" {{
  %initial.at = getelementptr float, ptr %constants, i64 {constants.place(initial)}
  %initial = load float, ptr %initial.at
  %nan.at = getelementptr float, ptr %constants, i64 {constants.place(NAN)}
  %nan = load float, ptr %nan.at
  br label %group
group:
  %g = phi i64 [0, %0], [%g.next, %group.end]
  %first = mul i64 %g, {INTERLEAVED}
{start}
  br label %term
term:
  %k = phi i64 [0, %group], [%k.next, %term]
{phi}
{term}
  %k.next = add i64 %k, 1
  %k.over = icmp eq i64 %k.next, %length
  br i1 %k.over, label %group.end, label %term
group.end:
{end}
  %g.next = add i64 %g, 1
  %g.over = icmp eq i64 %g.next, %groups
  br i1 %g.over, label %end, label %group
end:
  ret void
}}"""


# --- panels -----------------------------------------------------------------------------------------------------------


def _pack(lanes: int) -> str:
    """`void @pack(ptr space, ptr places, i64 count, i64 length, ptr panels, ptr constants)`.

    Column i is at `space + places[i]`; there are as many as `count` panels have.
    """
    width = PANEL_VECTORS * lanes
    return f"""
define dso_local void @pack(ptr %space, ptr %places, i64 %count, i64 %length, ptr %panels, ptr %constants)
    nounwind "no-builtins" {{
  %size = mul i64 %length, {width}
  %columns = mul i64 %count, {width}
  br label %column
column:
  %c = phi i64 [0, %0], [%c.next, %column.end]
  %place.at = getelementptr i64, ptr %places, i64 %c
  %place = load i64, ptr %place.at
  %from = getelementptr i32, ptr %space, i64 %place
  %p = udiv i64 %c, {width}
  %within = urem i64 %c, {width}
  %panel = mul i64 %p, %size
  %first = add i64 %panel, %within
  %to = getelementptr i32, ptr %panels, i64 %first
  br label %term
term:
  %k = phi i64 [0, %column], [%k.next, %term]
  %a.at = getelementptr i32, ptr %from, i64 %k
  %a = load i32, ptr %a.at
  %b = mul i64 %k, {width}
  %b.at = getelementptr i32, ptr %to, i64 %b
  store i32 %a, ptr %b.at
  %k.next = add i64 %k, 1
  %k.over = icmp eq i64 %k.next, %length
  br i1 %k.over, label %column.end, label %term
column.end:
  %c.next = add i64 %c, 1
  %c.over = icmp eq i64 %c.next, %columns
  br i1 %c.over, label %end, label %column
end:
  ret void
}}"""


# --- all of it --------------------------------------------------------------------------------------------------------


def _attributes(lanes: int) -> str:
    bits = lanes * 32  # LLVM splits vectors of 512 bits where it believes that they slow the processor down
    return f'nounwind "no-builtins" "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'


def kernels_ir(lanes: int, rows: Sequence[int]) -> tuple[str, list[int]]:
    """The module, for vectors of `lanes` numbers and products of so many rows at a time; and CONSTANTS, as bits."""
    constants = Constants()
    functions = [
        f"declare <{lanes} x float> @llvm.fma.v{lanes}f32(<{lanes} x float>, <{lanes} x float>, <{lanes} x float>)",
        "declare float @llvm.fma.f32(float, float, float)",
        *(_product(each, lanes, constants) for each in rows),
        *(_function(name, lanes, constants) for name in FUNCTIONS),
        _reduction("sum", ZERO, _sum, constants),
        _reduction("largest", MINUS_INFINITY, _largest, constants),
        _reduction("dot", ZERO, _fused, constants, ("row", "other")),
        _pack(lanes),
    ]
    return "\n".join(functions), constants.bits
