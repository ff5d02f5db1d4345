"""Kernels for reductions: of rows side by side, and of windows whose results lie one behind the other."""

from collections.abc import Callable, Iterator, Mapping

from assay.machines.tensor_fast.elementwise import larger
from assay.machines.tensor_fast.emit import MINUS_INFINITY, ZERO, Code, Constants

INTERLEAVED = 8
"""Rows that a reduction goes through side by side: so many additions can be under way at once."""
SIDE_BY_SIDE = 4
"""Vectors of windows that are computed at once."""

Step = Callable[[Code, str, str, str], str]
"""The next accumulator, of the last one, a term of the one operand and of the other one."""

_STEPS: Mapping[str, tuple[int, Step]] = {
    "sum": (ZERO, lambda v, c, a, _: v.arithmetic("fadd", c, a)),
    "largest": (MINUS_INFINITY, lambda v, c, a, _: larger(v, c, a)),
    "dot": (ZERO, lambda v, c, a, b: v.fma(a, b, c)),
}


def _rows(name: str, constants: Constants) -> Code:
    """Row i of an operand begins at `a[a_places[i]]`, and its result goes to `target[targets[i]]`.

    There are `groups` times INTERLEAVED rows. The terms of a are `apart` words from each other, those of b are dense.
    """
    initial, step = _STEPS[name]
    v = Code(
        f"rows_{name}",
        (
            *("ptr a", "ptr a_places", "i64 apart", "ptr b", "ptr b_places"),
            *("i64 groups", "i64 length", "ptr target", "ptr targets"),
        ),
        1,
        constants,
    )
    sums = [v.variable(v.float) for _ in range(INTERLEAVED)]
    with v.loop("%groups") as group:
        first = v.mul(group, INTERLEAVED)
        indices = [v.add(first, row) for row in range(INTERLEAVED)]
        a = [v.at("%a", v.entry("%a_places", index)) for index in indices]
        b = [v.at("%b", v.entry("%b_places", index)) for index in indices] if name == "dot" else a
        for each in sums:
            v.set(v.float, each, v.number(initial))
        with v.loop("%length") as k:
            place = v.mul(k, "%apart")
            for row, each in enumerate(sums):
                other = v.vector(b[row], k) if name == "dot" else ""
                v.set(v.float, each, step(v, v.get(v.float, each), v.vector(a[row], place), other))
        for index, each in zip(indices, sums, strict=True):
            v.set(v.float, v.at("%target", v.entry("%targets", index)), v.canonical(v.get(v.float, each)))
    return v


def _windows(name: str, apart: bool, lanes: int, constants: Constants) -> Code:
    """Term k of element i of a row is `a[row * a_row + i * step + terms[k]]`; the other operand is the same for all.

    Results go to `target[row * target_row + i]`. Reads whole vectors, writes `words` words a row.
    """
    initial, step = _STEPS[name]
    v = Code(
        f"windows_{name}{'_apart' if apart else ''}",
        (
            *("ptr a", "ptr terms", "i64 length", "ptr b", "ptr target"),
            *("i64 words", "i64 rows", "i64 a_row", "i64 target_row", "i64 step"),
        ),
        lanes,
        constants,
    )
    rest = v.new(f"and i64 %words, {lanes - 1}")
    whole = v.new(f"sub i64 %words, {rest}")
    many = SIDE_BY_SIDE if not apart else 1
    left = v.new(f"srem i64 {whole}, {many * lanes}")
    blocks = v.new(f"sub i64 {whole}, {left}")

    def results(source: str, first: str, count: int) -> list[str]:
        sums = [v.variable(v.float) for _ in range(count)]
        for each in sums:
            v.set(v.float, each, v.number(initial))
        with v.loop("%length") as k:
            start = v.at(source, v.entry("%terms", k))
            other = v.everywhere(v.get("float", v.at("%b", k))) if name == "dot" else ""
            for part, each in enumerate(sums):
                index = v.add(first, part * lanes)
                term = v.apart(start, v.mul(index, "%step"), "%step") if apart else v.vector(start, index)
                v.set(v.float, each, step(v, v.get(v.float, each), term, other))
        return [v.canonical(v.get(v.float, each)) for each in sums]

    with v.loop("%rows") as row:
        source, target = (v.at(f"%{each}", v.mul(row, f"%{each}_row")) for each in ("a", "target"))
        with v.loop(blocks, many * lanes) as i:
            for part, value in enumerate(results(source, i, many)):
                v.set(v.float, v.at(target, v.add(i, part * lanes)), value)
        if many > 1:
            with v.loop(whole, lanes, start=blocks) as i:
                v.set(v.float, v.at(target, i), results(source, i, 1)[0])
        with v.when(v.new(f"icmp ne i64 {rest}, 0")):
            v.put_words(v.at(target, whole), results(source, whole, 1), rest)
    return v


def reduction_kernels(lanes: int, constants: Constants) -> Iterator[Code]:
    """All of them."""
    for name in _STEPS:
        yield _rows(name, constants)
        yield _windows(name, False, lanes, constants)
        yield _windows(name, True, lanes, constants)
