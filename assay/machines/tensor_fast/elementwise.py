"""Kernels that go along words: arithmetic, elementary functions and copies (docs/operators.md, sections 2 and 3)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from assay.machines.tensor import elementary as reference
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor_fast.emit import MINUS_INFINITY, NAN, ONE, SIGN, ZERO, Code, Constants

# --- elementary functions: section 3, as `assay.machines.tensor.elementary` has them --------------------------------


def _exp(v: Code, x: str) -> str:
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


def _power_of_two(v: Code, n: str) -> str:
    return v.floats(v.shifted("shl", v.integer("add", n, v.bits_of(127)), 23))


def _log(v: Code, x: str) -> str:
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


def _tanh(v: Code, x: str) -> str:
    magnitude, one = v.magnitude(x), v.number(reference.ONE)
    z = v.arithmetic("fmul", x, x)
    near = v.fma(v.arithmetic("fmul", v.polynomial(reference.TANH, z), z), x, x)
    power = _exp(v, v.arithmetic("fadd", magnitude, magnitude))
    far = v.arithmetic("fdiv", v.number(reference.TWO), v.arithmetic("fadd", power, one))
    far = v.signed(v.arithmetic("fsub", one, far), x)
    return v.canonical(v.chosen(v.compared("olt", magnitude, v.number(reference.TANH_SPLIT)), near, far))


def _erf(v: Code, x: str) -> str:
    magnitude, one, end = v.magnitude(x), v.number(reference.ONE), v.number(reference.ERF_END)
    near = v.fma(v.polynomial(reference.ERF, v.arithmetic("fmul", x, x)), x, x)
    inside = v.chosen(v.compared("olt", magnitude, end), magnitude, end)
    far = v.arithmetic("fsub", one, _exp(v, v.polynomial(reference.LOG_ERFC, inside)))
    y = v.chosen(v.compared("olt", magnitude, one), near, v.signed(far, x))
    return v.chosen(v.compared("uno", x, x), v.number(NAN), y)


def _sigmoid(v: Code, x: str) -> str:
    one = v.number(reference.ONE)
    return v.canonical(v.arithmetic("fdiv", one, v.arithmetic("fadd", one, _exp(v, v.negated(x)))))


# --- sections 2.1 to 2.6 ----------------------------------------------------------------------------------------------


def _arithmetic(name: str) -> Callable[[Code, str, str], str]:
    return lambda v, a, b: v.canonical(v.arithmetic(name, a, b))


def larger(v: Code, a: str, b: str, how: str = "olt") -> str:
    """b where a < b, else a; a NaN if either is one."""
    chosen = v.chosen(v.compared(how, a, b), b, a)
    return v.chosen(v.compared("uno", a, b), v.number(NAN), chosen)


def _truth(how: str) -> Callable[[Code, str, str], str]:
    return lambda v, a, b: v.chosen(v.compared(how, a, b), v.number(ONE), v.number(ZERO))


def _to_int(v: Code, x: str) -> str:
    low, high = v.number(0xCF000000), v.number(0x4F000000)  # -2^31, 2^31
    inside = v.new(f"and {v.bool} {v.compared('ogt', x, low)}, {v.compared('olt', x, high)}")
    whole = v.floats(v.new(f"fptosi {v.float} {v.chosen(inside, x, v.number(ZERO))} to {v.int}"))
    whole = v.chosen(v.compared("oge", x, high), v.number(0x7FFFFFFF), whole)
    return v.chosen(v.compared("ole", x, low), v.number(0x80000000), whole)


def _from_int(v: Code, x: str) -> str:
    return v.new(f"sitofp {v.int} {v.bits(x)} to {v.float}")


UNARY: Mapping[Kind, Callable[[Code, str], str]] = {
    Kind.SQRT: lambda v, x: v.canonical(v.square_root(x)),
    Kind.EXP: _exp,
    Kind.LOG: _log,
    Kind.TANH: _tanh,
    Kind.ERF: _erf,
    Kind.SIGMOID: _sigmoid,
    Kind.TO_INT: _to_int,
    Kind.FROM_INT: _from_int,
}
BINARY: Mapping[Kind, Callable[[Code, str, str], str]] = {
    Kind.ADD: _arithmetic("fadd"),
    Kind.SUB: _arithmetic("fsub"),
    Kind.MUL: _arithmetic("fmul"),
    Kind.DIV: _arithmetic("fdiv"),
    Kind.LARGEST: larger,
    Kind.LEAST: lambda v, a, b: larger(v, a, b, "ogt"),
    Kind.LESS: _truth("olt"),
    Kind.EQUAL: _truth("oeq"),
}


# --- kernels ----------------------------------------------------------------------------------------------------------


def _of_one(code: Code, function: Callable[[Code, str], str], place: str) -> str:
    return function(code, code.vector("%a", place))


def _of_two(code: Code, function: Callable[[Code, str, str], str], place: str) -> str:
    return function(code, code.vector("%a", place), code.vector("%b", place))


def elementwise_kernels(lanes: int, constants: Constants) -> Iterator[Code]:
    """The kernels, by the names of their kinds: `target, a, words` and `target, a, b, words`.

    copy: `rows` of `words` words, so far apart. spread: one word, again and again, for each row. scatter: words that
    are apart as well.
    """
    for kind, unary in UNARY.items():
        code = Code(kind.name, ("ptr target", "ptr a", "i64 words"), lanes, constants)
        code.vectors("%target", "%words", partial(_of_one, code, unary))
        yield code
    for kind, binary in BINARY.items():
        code = Code(kind.name, ("ptr target", "ptr a", "ptr b", "i64 words"), lanes, constants)
        code.vectors("%target", "%words", partial(_of_two, code, binary))
        yield code

    rows = ("ptr target", "ptr a", "i64 words", "i64 rows", "i64 target_row", "i64 a_row")
    code = Code("copy", rows, lanes, constants)
    with code.loop("%rows") as row:
        target, a = (code.at(f"%{each}", code.mul(row, f"%{each}_row")) for each in ("target", "a"))
        code.vectors(target, "%words", lambda i: code.vector(a, i))
    yield code

    spread = Code("spread", rows, lanes, constants)
    with spread.loop("%rows") as row:
        target, a = (spread.at(f"%{each}", spread.mul(row, f"%{each}_row")) for each in ("target", "a"))
        number = spread.everywhere(spread.get("float", a))
        spread.vectors(target, "%words", lambda _: number)
    yield spread

    scatter = Code("scatter", (*rows, "i64 target_step", "i64 a_step"), lanes, constants)
    with scatter.loop("%rows") as row:
        target, a = (scatter.at(f"%{each}", scatter.mul(row, f"%{each}_row")) for each in ("target", "a"))
        with scatter.loop("%words") as i:
            word = scatter.get("i32", scatter.at(a, scatter.mul(i, "%a_step"), "i32"))
            scatter.set("i32", scatter.at(target, scatter.mul(i, "%target_step"), "i32"), word)
    yield scatter
