"""Writing LLVM IR: a function's body, line by line. (llvmlite's own builder takes several times longer.)"""

from itertools import count

MASK64 = (1 << 64) - 1


def number(value: int) -> str:
    """A 64-bit constant."""
    value &= MASK64
    return str(value - (1 << 64) if value >> 63 else value)


class Body:
    """The body of one function. Values have 64 bits if nothing else is said; methods return their names."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names = count()

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append("  " + text)

    def let(self, text: str) -> str:
        """An instruction with a result."""
        name = f"%v{next(self._names)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, hint: str) -> str:
        """A new label, to be placed later."""
        return f"{hint}{next(self._names)}"

    def place(self, label: str) -> None:
        """Start a block."""
        self.lines.append(f"{label}:")

    def binary(self, operation: str, a: str, b: str) -> str:
        """`add`, `xor`, ..."""
        return self.let(f"{operation} i64 {a}, {b}")

    def compare(self, condition: str, a: str, b: str) -> str:
        """An i1: `eq`, `ne`, `ult`, `slt`, ..."""
        return self.let(f"icmp {condition} i64 {a}, {b}")

    def select(self, condition: str, a: str, b: str) -> str:
        """`a` if the i1 is set, else `b`."""
        return self.let(f"select i1 {condition}, i64 {a}, i64 {b}")

    def low(self, value: str, bits: int) -> str:
        """The low bits of a value, as an integer of that width."""
        return self.let(f"trunc i64 {value} to i{bits}")

    def extend(self, value: str, bits: int, signed: bool) -> str:
        """An integer of that width as 64 bits."""
        return self.let(f"{'sext' if signed else 'zext'} i{bits} {value} to i64")

    def field(self, base: str, offset: int | str, bits: int = 64) -> str:
        """What is at a byte offset of a pointer, as an integer of that width."""
        return self.let(f"load i{bits}, ptr {self.at(base, offset)}")

    def at(self, base: str, offset: int | str) -> str:
        """A pointer, some bytes further."""
        return self.let(f"getelementptr i8, ptr {base}, i64 {offset}")

    def put(self, value: str, base: str, offset: int | str, bits: int = 64) -> None:
        """Store an integer of that width at a byte offset of a pointer."""
        self.do(f"store i{bits} {value}, ptr {self.at(base, offset)}")

    def confined(self, value: str, size: int = 1) -> str:
        """The greatest multiple of `size` in the low 32 bits of a value: itself, if it is an aligned address of memory.

        It is made whatever has been tested of the value. LLVM is kept from knowing better by an instruction that does
        nothing, but that it cannot see through.
        """
        low = self.let(f'call i32 asm "", "=r,0"(i32 {self.low(value, 32)}) memory(none) nounwind willreturn')
        if size > 1:
            low = self.let(f"and i32 {low}, {-size}")
        return self.extend(low, 32, signed=False)

    def go(self, label: str) -> None:
        """Branch."""
        self.do(f"br label %{label}")

    def fork(self, condition: str, yes: str, no: str) -> None:
        """Branch on an i1."""
        self.do(f"br i1 {condition}, label %{yes}, label %{no}")

    def rarely(self, condition: str, label: str) -> None:
        """Branch to a label, which the caller places later, if the i1 is set; it seldom is."""
        usual = self.label("on")
        self.do(f"br i1 {condition}, label %{label}, label %{usual}, !prof !0")
        self.place(usual)


MODULE_END = '\n!0 = !{!"branch_weights", i32 1, i32 100000}\n'
"""What `Body.rarely` refers to; every module ends with it."""
