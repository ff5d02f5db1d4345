"""Kernels in LLVM's language, written operation by operation.

A kernel is `void @name(ptr entry, ptr constants)`. It finds its parameters in the entry of a tape (see `kernels`),
64 bits each behind the address of the kernel itself, and numbers in `constants`, because code has no data of its own.
Values are names of registers. What changes within a loop is a variable, which LLVM makes a register of.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

NAN, MINUS_INFINITY, ZERO, ONE, SIGN = 0x7FC00000, 0xFF800000, 0x00000000, 0x3F800000, 0x80000000


class Constants:
    """The numbers that functions need, by their bits, in the order in which they are asked for."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def place(self, bits: int) -> int:
        """Where a number is."""
        if bits not in self.bits:
            self.bits.append(bits)
        return self.bits.index(bits)


class Code:
    """One kernel that grows."""

    def __init__(self, name: str, parameters: Sequence[str], lanes: int, constants: Constants) -> None:
        """Parameters are `ptr a` or `i64 a`; `%a` is the register of each."""
        self.float, self.int, self.bool = (f"<{lanes} x {kind}>" for kind in ("float", "i32", "i1"))
        self.lanes = lanes
        self.name = name
        self._head: list[str] = []
        self._lines: list[str] = []
        self._constants = constants
        self._known: dict[int, str] = {}
        self._numbers = count()
        for place, parameter in enumerate(parameters, start=1):
            kind, own = parameter.split()
            self._head += [
                f"  %{own}.at = getelementptr i64, ptr %entry, i64 {place}",
                f"  %{own} = load {kind}, ptr %{own}.at",
            ]

    def text(self) -> str:
        """The whole function."""
        # LLVM splits vectors of 512 bits where it believes that they slow the processor down.
        bits = max(128, self.lanes * 32)
        attributes = f'nounwind "no-builtins" "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'
        head = f"define dso_local void @{self.name}(ptr %entry, ptr %constants) {attributes} {{"
        return "\n".join([head, *self._head, "  br label %begin", "begin:", *self._lines, "  ret void", "}"])

    def new(self, text: str) -> str:
        """A register with what `text` computes."""
        name = f"%v{next(self._numbers)}"
        self._lines.append(f"  {name} = {text}")
        return name

    # --- where to go on -----------------------------------------------------------------------------------------------

    @contextmanager
    def loop(self, end: str, step: int = 1, start: str = "0") -> Iterator[str]:
        """From `start` on, as long as the number is below `end`."""
        at = self.variable("i64", start)
        labels = [f"l{next(self._numbers)}" for _ in range(3)]
        head, body, behind = labels
        self._lines += [f"  br label %{head}", f"{head}:"]
        now = self.get("i64", at)
        more = self.new(f"icmp slt i64 {now}, {end}")
        self._lines += [f"  br i1 {more}, label %{body}, label %{behind}", f"{body}:"]
        yield now
        self.set("i64", at, self.new(f"add i64 {now}, {step}"))
        self._lines += [f"  br label %{head}", f"{behind}:"]

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Only if an i1 is set."""
        body, behind = (f"l{next(self._numbers)}" for _ in range(2))
        self._lines += [f"  br i1 {condition}, label %{body}, label %{behind}", f"{body}:"]
        yield
        self._lines += [f"  br label %{behind}", f"{behind}:"]

    def call(self, function: str, arguments: str) -> None:
        """Call what an address names."""
        self._lines.append(f"  call void {function}({arguments})")

    # --- memory -------------------------------------------------------------------------------------------------------

    def variable(self, kind: str, initial: str | None = None, size: int = 1) -> str:
        """A place of its own for `size` values of a type."""
        name = f"%m{next(self._numbers)}"
        self._head.append(f"  {name} = alloca {kind}, i64 {size}")
        if initial is not None:
            self.set(kind, name, initial)
        return name

    def get(self, kind: str, place: str) -> str:
        """What is at a place; vectors need not begin at a multiple of their size."""
        return self.new(f"load {kind}, ptr {place}{', align 4' if kind.startswith('<') else ''}")

    def set(self, kind: str, place: str, value: str) -> None:
        """Put a value at a place."""
        self._lines.append(f"  store {kind} {value}, ptr {place}{', align 4' if kind.startswith('<') else ''}")

    def at(self, pointer: str, index: str | int, kind: str = "float") -> str:
        """The place of a number of an array."""
        return self.new(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def entry(self, table: str, index: str | int) -> str:
        """An i64 of a table."""
        return self.get("i64", self.at(table, index, "i64"))

    def vector(self, pointer: str, index: str | int) -> str:
        """The vector that begins with a number of an array."""
        return self.get(self.float, self.at(pointer, index))

    def apart(self, pointer: str, index: str, step: str) -> str:
        """A vector of numbers that are `step` apart."""
        value, place = "poison", index
        for lane in range(self.lanes):
            number = self.get("float", self.at(pointer, place))
            value = self.new(f"insertelement {self.float} {value}, float {number}, i32 {lane}")
            if lane + 1 < self.lanes:
                place = self.add(place, step)
        return value

    def everywhere(self, number: str) -> str:
        """One number in all lanes."""
        first = self.new(f"insertelement {self.float} poison, float {number}, i32 0")
        return self.new(
            f"shufflevector {self.float} {first}, {self.float} poison, <{self.lanes} x i32> zeroinitializer"
        )

    def put_words(self, target: str, values: Sequence[str], words: str) -> None:
        """The first words of some vectors, one behind the other, and nothing behind them."""
        buffer = self.variable(self.float, size=len(values))
        for place, value in enumerate(values):
            self.set(self.float, self.at(buffer, place, self.float), value)
        with self.loop(words) as i:
            self.set("i32", self.at(target, i, "i32"), self.get("i32", self.at(buffer, i, "i32")))

    def vectors(self, target: str, words: str, body: Callable[[str], str]) -> None:
        """`body` gives a vector from the number of its first word on. Reads whole vectors, writes `words` words."""
        rest = self.new(f"and i64 {words}, {self.lanes - 1}")
        whole = self.new(f"sub i64 {words}, {rest}")
        with self.loop(whole, self.lanes) as i:
            self.set(self.float, self.at(target, i), body(i))
        with self.when(self.new(f"icmp ne i64 {rest}, 0")):
            self.put_words(self.at(target, whole), [body(whole)], rest)

    # --- whole numbers ------------------------------------------------------------------------------------------------

    def add(self, a: str, b: str | int) -> str:
        """The sum of two i64."""
        return self.new(f"add i64 {a}, {b}")

    def mul(self, a: str, b: str | int) -> str:
        """Their product."""
        return self.new(f"mul i64 {a}, {b}")

    # --- vectors ------------------------------------------------------------------------------------------------------

    def number(self, bits: int) -> str:
        """A number in all lanes."""
        if bits not in self._known:
            name, place = f"%c{len(self._known)}", self._constants.place(bits)
            self._head += [
                f"  {name}.at = getelementptr i32, ptr %constants, i64 {place}",
                f"  {name}.one = load float, ptr {name}.at",
                f"  {name}.first = insertelement {self.float} poison, float {name}.one, i32 0",
                f"  {name} = shufflevector {self.float} {name}.first, {self.float} poison, <{self.lanes} x i32> "
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
        call = f"@llvm.fma.v{self.lanes}f32({self.float} {a}, {self.float} {b}, {self.float} {c})"
        return self.new(f"call {self.float} {call}")

    def square_root(self, a: str) -> str:
        """The square root."""
        return self.new(f"call {self.float} @llvm.sqrt.v{self.lanes}f32({self.float} {a})")

    def arithmetic(self, name: str, a: str, b: str) -> str:
        """fadd, fsub, fmul or fdiv."""
        return self.new(f"{name} {self.float} {a}, {b}")

    def integer(self, name: str, a: str, b: str) -> str:
        """An operation on bits."""
        return self.new(f"{name} {self.int} {a}, {b}")

    def shifted(self, name: str, a: str, distance: int) -> str:
        """Bits shifted by a fixed distance."""
        distances = ", ".join([f"i32 {distance}"] * self.lanes)
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
