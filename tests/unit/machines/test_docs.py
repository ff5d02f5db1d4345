"""docs/machine.md against the reference: every instruction has its encoding there, and does what is written there."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from assay.machines.riscv import decode
from assay.machines.riscv.decode import TABLE
from tests.unit.machines.harts import hart_at, registers, step

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "machine.md").read_text()
FORMATS = {
    decode.none: "-",
    decode.i_type: "I",
    decode.s_type: "S",
    decode.b_type: "B",
    decode.u_type: "U",
    decode.j_type: "J",
    decode.shift: "H",
    decode.csr: "C",
}
IMMEDIATES = dict(re.findall(r"^\| ([A-Z]) \| `(w.*?)`", PAGE, re.MULTILINE))
EDGES = [0, 1, 2, 31, 32, 63, 64, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


@dataclass(frozen=True)
class Line:
    """What the page has about an instruction."""

    pattern: str
    form: str
    name: str
    effect: str


LINES = [Line(*found) for found in re.findall(r"^([01. ]+[01])  +([A-Z-])   ([A-Z.]+) +(.*)$", PAGE, re.MULTILINE)]
RESULTS = [line for line in LINES if line.effect.startswith("rd = ") and not re.search(r"[;\[]", line.effect)]
BRANCHES = [line for line in LINES if line.effect.startswith("if ") and line.effect.endswith(": pc = pc + imm")]


class Number(int):
    """A number whose `/` and `@` are the page's `/` and `rem`."""

    def __truediv__(self, divisor: int) -> int:
        quotient = abs(self) // abs(divisor) if divisor else -1
        return -quotient if divisor and (self < 0) != (divisor < 0) else quotient

    def __matmul__(self, divisor: int) -> int:
        return int(self) - divisor * (self / divisor)


def signed(value: int, bits: int) -> Number:
    return Number((value & (1 << bits) - 1) - ((value & 1 << bits - 1) << 1))


def evaluate(text: str, **numbers: int) -> int:
    """The value of an expression in the page's notation."""
    text = re.sub(r"(?<![<>!])=", "==", text).replace("mod", "%").replace("rem", "@")
    text = text.replace("xor", "^").replace(" or ", " | ").replace(" and ", " & ")
    numbers |= {f"{name}32": numbers[name] & 0xFFFFFFFF for name in ("a", "b")}
    functions = {"s": lambda x: signed(x, 64), "s32": lambda x: signed(x, 32), "ext": lambda x: signed(x, 32)}
    return int(eval(text, {**functions, **{name: Number(value) for name, value in numbers.items()}}))


def immediate(line: Line, word: int) -> int:
    """As the page's table of formats puts it together."""
    if line.form == "-":
        return 0
    bits = ""
    for high, low, zero in re.findall(r"w\[(\d+)(?::(\d+))?\]|( 0)", IMMEDIATES[line.form]):
        bits += "0" if zero else f"{word:032b}"[31 - int(high) : 32 - int(low or high)]
    value, size = int(bits, 2), len(bits)
    if line.form == "U":
        value, size = value << 12, 32
    return value if line.form == "H" else signed(value, size) & (1 << 64) - 1


def test_the_page_has_every_instruction_once_with_its_pattern_and_its_format() -> None:
    functions = {"AND": "and_", "OR": "or_", "FENCE.I": "fence"}
    written = [(at.pattern, at.form, functions.get(at.name, at.name.lower().replace(".", "_"))) for at in LINES]
    assert sorted(written) == sorted((pattern, FORMATS[placed], execute.__name__) for pattern, placed, execute in TABLE)
    assert len({line.name for line in LINES}) == len(LINES)
    assert (len(RESULTS), len(BRANCHES)) == (43, 6)


@pytest.mark.parametrize("line", RESULTS + BRANCHES, ids=lambda line: line.name)
def test_arithmetic_and_branches_do_what_the_page_says(line: Line) -> None:
    rng = random.Random(line.name)
    for _ in range(60):
        word = int(re.sub(r"\.", lambda _: str(rng.getrandbits(1)), line.pattern.replace(" ", "")), 2)
        rd, rs1, rs2 = (word >> place & 31 for place in (7, 15, 20))
        operands = {register: rng.choice([*EDGES, rng.getrandbits(64)]) for register in (rs1, rs2) if register}
        hart = hart_at(word, operands)
        now = registers(hart)
        at = {"a": operands.get(rs1, 0), "b": operands.get(rs2, 0), "imm": immediate(line, word), "pc": hart.pc}

        if line in RESULTS:
            result = evaluate(line.effect.removeprefix("rd = ").split(",")[0], **at) & (1 << 64) - 1
            expected = {**now, "pc": hart.pc + 4, **({f"x{rd}": result} if rd else {})}
        else:
            taken = evaluate(line.effect.removeprefix("if ").split(":")[0], **at)
            target = hart.pc + at["imm"] & (1 << 64) - 1 if taken else hart.pc + 4
            trap = {"pc": 0, "mepc": hart.pc, "mcause": 0, "mtval": target}
            expected = {**now, **({"pc": target} if target % 4 == 0 else trap)}
        expected.pop("x"), (after := registers(step(hart))).pop("x")
        assert after == expected, f"{word:#x} with {operands}"
