"""What every instruction does, as LLVM IR (docs/machine.md, section 4).

Each is one function of a `Frame`. The interpreter and the translator have frames of their own: where operands come
from, what becomes of results, how a trap is taken and where control goes. So there is one definition of each.
"""

from abc import abstractmethod
from collections.abc import Callable

from assay.machines.riscv_fast.ir import Body, number

MINIMUM = number(1 << 63)


class Frame(Body):
    """An instruction about to be executed."""

    @abstractmethod
    def pc(self) -> str:
        """The address of the instruction."""

    @abstractmethod
    def rs1(self) -> str:
        """What rs1 holds."""

    @abstractmethod
    def rs2(self) -> str:
        """What rs2 holds."""

    @abstractmethod
    def immediate(self) -> str:
        """The immediate, 64 bits."""

    @abstractmethod
    def rd(self, value: str) -> None:
        """Write rd."""

    @abstractmethod
    def follow(self) -> None:
        """Go on with the instruction that follows. Ends the frame's block, as all below do."""

    @abstractmethod
    def jump(self, target: str, link: bool) -> None:
        """Go on elsewhere, after writing pc + 4 to rd if `link`; or trap, if `target` is misaligned."""

    @abstractmethod
    def branch(self, condition: str) -> None:
        """Go on at pc + immediate if the i1 is set."""

    @abstractmethod
    def load(self, address: str, bits: int, atomic: bool = False) -> str:
        """The integer of that width at `address`, or a trap; as for a store if `atomic`."""

    @abstractmethod
    def store(self, address: str, bits: int, value: str) -> None:
        """Store the low bits of a value, or trap."""


Emit = Callable[[Frame], None]
Combine = Callable[[Frame, str, str], str]


def _extended(frame: Frame, value: str, bits: int = 32) -> str:
    """The low bits, sign-extended."""
    return frame.extend(frame.low(value, bits), bits, signed=True)


def _low_unsigned(frame: Frame, value: str) -> str:
    return frame.binary("and", value, number(0xFFFFFFFF))


# ---------------------------------------------------------------- integers: two operands to rd


def _sum(frame: Frame, a: str, b: str) -> str:
    return frame.binary("add", a, b)


def _difference(frame: Frame, a: str, b: str) -> str:
    return frame.binary("sub", a, b)


def _less(frame: Frame, a: str, b: str) -> str:
    return frame.extend(frame.compare("slt", a, b), 1, signed=False)


def _less_unsigned(frame: Frame, a: str, b: str) -> str:
    return frame.extend(frame.compare("ult", a, b), 1, signed=False)


def _xor(frame: Frame, a: str, b: str) -> str:
    return frame.binary("xor", a, b)


def _or(frame: Frame, a: str, b: str) -> str:
    return frame.binary("or", a, b)


def _and(frame: Frame, a: str, b: str) -> str:
    return frame.binary("and", a, b)


def _shift_left(frame: Frame, a: str, b: str) -> str:
    return frame.binary("shl", a, frame.binary("and", b, "63"))


def _shift_right(frame: Frame, a: str, b: str) -> str:
    return frame.binary("lshr", a, frame.binary("and", b, "63"))


def _shift_right_signed(frame: Frame, a: str, b: str) -> str:
    return frame.binary("ashr", a, frame.binary("and", b, "63"))


def _of_low_words(operation: str, shift: bool = False) -> Combine:
    """An operation on the low 32 bits; those of the result, sign-extended. Of a shift, the low 5 bits of b count."""

    def emit(frame: Frame, a: str, b: str) -> str:
        low = [frame.low(value, 32) for value in (a, frame.binary("and", b, "31") if shift else b)]
        return frame.extend(frame.let(f"{operation} i32 {low[0]}, {low[1]}"), 32, signed=True)

    return emit


_sum_w = _of_low_words("add")
_difference_w = _of_low_words("sub")
_product_w = _of_low_words("mul")
_shift_left_w = _of_low_words("shl", shift=True)
_shift_right_w = _of_low_words("lshr", shift=True)
_shift_right_signed_w = _of_low_words("ashr", shift=True)


# ---------------------------------------------------------------- multiplication and division


def _product(frame: Frame, a: str, b: str) -> str:
    return frame.binary("mul", a, b)


def _high_product(frame: Frame, a: str, b: str, a_signed: bool, b_signed: bool) -> str:
    wide = [
        frame.let(f"{'sext' if signed else 'zext'} i64 {value} to i128")
        for value, signed in ((a, a_signed), (b, b_signed))
    ]
    high = frame.let(f"lshr i128 {frame.let(f'mul i128 {wide[0]}, {wide[1]}')}, 64")
    return frame.let(f"trunc i128 {high} to i64")


def _product_high(frame: Frame, a: str, b: str) -> str:
    return _high_product(frame, a, b, a_signed=True, b_signed=True)


def _product_high_mixed(frame: Frame, a: str, b: str) -> str:
    return _high_product(frame, a, b, a_signed=True, b_signed=False)


def _product_high_unsigned(frame: Frame, a: str, b: str) -> str:
    return _high_product(frame, a, b, a_signed=False, b_signed=False)


def _safe_divisor(frame: Frame, a: str, b: str, signed: bool) -> tuple[str, str]:
    """Whether b is 0; and a divisor that LLVM defines the division by: 1 where it does not define that by b."""
    zero = frame.compare("eq", b, "0")
    unsafe = zero
    if signed:
        overflow = frame.let(f"and i1 {frame.compare('eq', a, MINIMUM)}, {frame.compare('eq', b, '-1')}")
        unsafe = frame.let(f"or i1 {zero}, {overflow}")
    return zero, frame.select(unsafe, "1", b)


def _quotient(frame: Frame, a: str, b: str) -> str:
    zero, divisor = _safe_divisor(frame, a, b, signed=True)
    return frame.select(zero, "-1", frame.binary("sdiv", a, divisor))


def _quotient_unsigned(frame: Frame, a: str, b: str) -> str:
    zero, divisor = _safe_divisor(frame, a, b, signed=False)
    return frame.select(zero, "-1", frame.binary("udiv", a, divisor))


def _remainder(frame: Frame, a: str, b: str) -> str:
    zero, divisor = _safe_divisor(frame, a, b, signed=True)
    return frame.select(zero, a, frame.binary("srem", a, divisor))


def _remainder_unsigned(frame: Frame, a: str, b: str) -> str:
    zero, divisor = _safe_divisor(frame, a, b, signed=False)
    return frame.select(zero, a, frame.binary("urem", a, divisor))


def _of_words(combine: Combine, signed: bool) -> Combine:
    """The same of the low 32 bits; those of the result, sign-extended. In 64 bits nothing overflows."""

    def emit(frame: Frame, a: str, b: str) -> str:
        narrow = _extended if signed else _low_unsigned
        return _extended(frame, combine(frame, narrow(frame, a), narrow(frame, b)))

    return emit


def _registers(combine: Combine) -> Emit:
    return lambda frame: frame.rd(combine(frame, frame.rs1(), frame.rs2()))


def _immediate(combine: Combine) -> Emit:
    return lambda frame: frame.rd(combine(frame, frame.rs1(), frame.immediate()))


# ---------------------------------------------------------------- control


def _auipc(frame: Frame) -> None:
    frame.rd(frame.binary("add", frame.pc(), frame.immediate()))


def _jal(frame: Frame) -> None:
    frame.jump(frame.binary("add", frame.pc(), frame.immediate()), link=True)


def _jalr(frame: Frame) -> None:
    target = frame.binary("add", frame.rs1(), frame.immediate())
    frame.jump(frame.binary("and", target, "-2"), link=True)


def _branch(condition: str) -> Emit:
    return lambda frame: frame.branch(frame.compare(condition, frame.rs1(), frame.rs2()))


# ---------------------------------------------------------------- memory


def _address(frame: Frame) -> str:
    return frame.binary("add", frame.rs1(), frame.immediate())


def _load(bits: int, signed: bool) -> Emit:
    def emit(frame: Frame) -> None:
        value = frame.load(_address(frame), bits)
        frame.rd(value if bits == 64 else frame.extend(value, bits, signed))

    return emit


def _store(bits: int) -> Emit:
    return lambda frame: frame.store(_address(frame), bits, frame.rs2())


def _replaced(frame: Frame, old: str, b: str) -> str:  # noqa: ARG001
    return b


def _chosen(condition: str) -> Combine:
    return lambda frame, old, b: frame.select(frame.compare(condition, old, b), old, b)


def _modify(combine: Combine, bits: int) -> Emit:
    """An AMO. Of 32 bits both are sign-extended, which keeps their order as unsigned numbers, too."""

    def emit(frame: Frame) -> None:
        address, b = frame.rs1(), frame.rs2()
        old = frame.load(address, bits, atomic=True)
        if bits == 32:
            old, b = frame.extend(old, 32, signed=True), _extended(frame, b)
        frame.store(address, bits, combine(frame, old, b))
        frame.rd(old)

    return emit


AMOS: dict[str, Combine] = {
    "amoswap": _replaced,
    "amoadd": _sum,
    "amoxor": _xor,
    "amoand": _and,
    "amoor": _or,
    "amomin": _chosen("slt"),
    "amomax": _chosen("sgt"),
    "amominu": _chosen("ult"),
    "amomaxu": _chosen("ugt"),
}

SIMPLE: dict[str, Emit] = {
    "lui": lambda frame: frame.rd(frame.immediate()),
    "auipc": _auipc,
    "addi": _immediate(_sum),
    "slti": _immediate(_less),
    "sltiu": _immediate(_less_unsigned),
    "xori": _immediate(_xor),
    "ori": _immediate(_or),
    "andi": _immediate(_and),
    "slli": _immediate(_shift_left),
    "srli": _immediate(_shift_right),
    "srai": _immediate(_shift_right_signed),
    "addiw": _immediate(_sum_w),
    "slliw": _immediate(_shift_left_w),
    "srliw": _immediate(_shift_right_w),
    "sraiw": _immediate(_shift_right_signed_w),
    "add": _registers(_sum),
    "sub": _registers(_difference),
    "sll": _registers(_shift_left),
    "slt": _registers(_less),
    "sltu": _registers(_less_unsigned),
    "xor": _registers(_xor),
    "srl": _registers(_shift_right),
    "sra": _registers(_shift_right_signed),
    "or_": _registers(_or),
    "and_": _registers(_and),
    "addw": _registers(_sum_w),
    "subw": _registers(_difference_w),
    "sllw": _registers(_shift_left_w),
    "srlw": _registers(_shift_right_w),
    "sraw": _registers(_shift_right_signed_w),
    "mul": _registers(_product),
    "mulh": _registers(_product_high),
    "mulhsu": _registers(_product_high_mixed),
    "mulhu": _registers(_product_high_unsigned),
    "div": _registers(_quotient),
    "divu": _registers(_quotient_unsigned),
    "rem": _registers(_remainder),
    "remu": _registers(_remainder_unsigned),
    "mulw": _registers(_product_w),
    "divw": _registers(_of_words(_quotient, signed=True)),
    "divuw": _registers(_of_words(_quotient_unsigned, signed=False)),
    "remw": _registers(_of_words(_remainder, signed=True)),
    "remuw": _registers(_of_words(_remainder_unsigned, signed=False)),
    "fence": lambda _: None,
}
"""Registers to register, without a way to trap."""

MEMORY: dict[str, Emit] = {
    "lb": _load(8, signed=True),
    "lh": _load(16, signed=True),
    "lw": _load(32, signed=True),
    "ld": _load(64, signed=True),
    "lbu": _load(8, signed=False),
    "lhu": _load(16, signed=False),
    "lwu": _load(32, signed=False),
    "sb": _store(8),
    "sh": _store(16),
    "sw": _store(32),
    "sd": _store(64),
} | {
    f"{name}_{suffix}": _modify(combine, bits)
    for name, combine in AMOS.items()
    for suffix, bits in (("w", 32), ("d", 64))
}

CONTROL: dict[str, Emit] = {
    "jal": _jal,
    "jalr": _jalr,
    "beq": _branch("eq"),
    "bne": _branch("ne"),
    "blt": _branch("slt"),
    "bge": _branch("sge"),
    "bltu": _branch("ult"),
    "bgeu": _branch("uge"),
}
"""They end a block by themselves."""
