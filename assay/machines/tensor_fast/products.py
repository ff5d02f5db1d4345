"""Kernels for products: of rows with panels of columns, and what brings words into panels.

A panel has PANEL_VECTORS vectors side by side for each term. Each element is computed in the one order that the
definition has, from the first term to the last. A product may be cut between terms, since its sums are kept as they
are. That NaNs are made canonical at the end only, and not after each operation, changes no bits: what is computed from
a NaN is a NaN.
"""

from collections.abc import Callable, Iterator

from assay.machines.tensor_fast.emit import ZERO, Code, Constants

PANEL_VECTORS = 2
"""Vectors side by side in a panel."""
SEVERAL = 4
"""So many groups of rows share in bringing the next panel near."""
FEW_RUNS = 3
"""So many runs of columns of a panel are packed without a loop."""
PACKED = (8, 4, 2, 1)
"""Rows that are brought into a panel side by side, as long as there are as many."""

Tiles = tuple[tuple[int, int], ...]
"""How many rows and vectors are computed at once: as many as there are registers for."""


def tiles(lanes: int) -> Tiles:
    """For processors with 32 registers of 16 numbers, and for all others."""
    most = 12 if lanes == 16 else 6
    few = ((1, 8), (2, 6), (3, 6), (4, 4), (5, 4), (6, 4)) if lanes == 16 else ((1, 8), (2, 6), (3, 4))
    return (*((rows, PANEL_VECTORS) for rows in range(1, most + 1)), (most, 1), *few)


def _product(rows: int, vectors: int, lanes: int, constants: Constants) -> Code:
    """Element k of row i is `a[places[i] + k * apart]`. The next panel is `next_panel` words behind.

    With `continues`, sums go on from what the target holds. Row i of the result begins at `target[targets[i]]`; of the
    last vectors only `columns` words are written.
    """
    v = Code(
        f"product_{rows}_{vectors}",
        (
            *("ptr a", "ptr places", "i64 apart", "i64 groups", "ptr panel", "i64 next_panel", "i64 length"),
            *("ptr target", "ptr targets", "i64 columns", "i64 continues"),
        ),
        lanes,
        constants,
    )
    width = PANEL_VECTORS * lanes
    sums = [[v.variable(v.float) for _ in range(vectors)] for _ in range(rows)]
    fits = v.new(f"icmp sge i64 %columns, {vectors * lanes}")
    short = v.new(f"icmp slt i64 %columns, {vectors * lanes}")
    # The next panel is brought near: by several groups a part each, or by each of a few along with its own.
    several = v.new(f"icmp sge i64 %groups, {SEVERAL}")
    share = v.new(f"select i1 {several}, i64 {v.add(v.new('udiv i64 %length, %groups'), 1)}, i64 0")
    along = v.new(f"select i1 {several}, i64 0, i64 %next_panel")
    next_panel = v.at("%panel", "%next_panel")
    with v.loop("%groups") as group:
        first, behind = v.mul(group, rows), v.mul(v.add(group, 1), share)
        if vectors == PANEL_VECTORS:
            with v.loop(behind, start=v.mul(group, share)) as k:
                _bring_near(v, v.at(next_panel, v.mul(k, width)))
        indices = [v.add(first, row) for row in range(rows)]
        starts = [v.at("%a", v.entry("%places", index)) for index in indices]
        ends = [v.at("%target", v.entry("%targets", index)) for index in indices]
        for row in range(rows):
            for part in range(vectors):
                v.set(v.float, sums[row][part], v.number(ZERO))
        with v.when(v.new("icmp ne i64 %continues, 0")):
            for row in range(rows):
                for part in range(vectors):
                    v.set(v.float, sums[row][part], v.vector(ends[row], part * lanes))
        with v.loop("%length") as k:
            place, terms = v.mul(k, "%apart"), v.at("%panel", v.mul(k, width))
            if vectors == PANEL_VECTORS:
                _bring_near(v, v.at(terms, along))

            def number(row: int, place: str = place) -> str:
                return v.everywhere(v.get("float", v.at(starts[row], place)))

            def column(part: int, terms: str = terms) -> str:
                if part >= PANEL_VECTORS:
                    terms = v.at(terms, v.mul("%next_panel", part // PANEL_VECTORS))
                return v.vector(terms, part % PANEL_VECTORS * lanes)

            # What there are fewer of stays in registers; the others are read one at a time.
            for row, part, a, b in _pairs(rows, vectors, number, column):
                v.set(v.float, sums[row][part], v.fma(a, b, v.get(v.float, sums[row][part])))
        results = [[v.canonical(v.get(v.float, each)) for each in row] for row in sums]
        with v.when(fits):
            for row in range(rows):
                for part in range(vectors):
                    v.set(v.float, v.at(ends[row], part * lanes), results[row][part])
        with v.when(short):
            for row in range(rows):
                v.put_words(ends[row], results[row], "%columns")
    return v


def _bring_near(v: Code, place: str) -> None:
    v.call("@llvm.prefetch.p0", f"ptr {place}, i32 0, i32 2, i32 1")


def _pairs(
    rows: int, vectors: int, number: Callable[[int], str], column: Callable[[int], str]
) -> Iterator[tuple[int, int, str, str]]:
    if rows < vectors:
        numbers = [number(row) for row in range(rows)]
        for part in range(vectors):
            b = column(part)
            yield from ((row, part, a, b) for row, a in enumerate(numbers))
    else:
        columns = [column(part) for part in range(vectors)]
        for row in range(rows):
            a = number(row)
            yield from ((row, part, a, b) for part, b in enumerate(columns))


def _pack_words(lanes: int, constants: Constants) -> Code:
    """`panel[k * width + i] = a[places[i] + terms[k]]` for each of `count` rows and `length` terms."""
    parameters = ("ptr a", "ptr places", "i64 count", "ptr terms", "i64 length", "ptr panel", "i64 width")
    code = Code("pack_words", parameters, lanes, constants)

    def rows(first: str, count: int) -> None:
        starts = [code.at("%a", code.entry("%places", code.add(first, row))) for row in range(count)]
        target = code.at("%panel", first)
        with code.loop("%length") as k:
            term = code.entry("%terms", k)
            to = code.at(target, code.mul(k, "%width"), "i32")
            for row, start in enumerate(starts):
                code.set("i32", code.at(to, row, "i32"), code.get("i32", code.at(start, term, "i32")))

    done = "0"
    for count in PACKED:  # rows that are read side by side
        end = code.new(f"and i64 %count, {-count}")
        with code.loop(end, count, start=done) as first:
            rows(first, count)
        done = end
    return code


def _pack_runs(lanes: int, constants: Constants) -> Code:
    """A panel whose columns lie one behind the other, in some runs: `runs` has the first place and the column of each.

    Whole panels are read and written from each column on; what is too much is written over by the next run or term.
    """
    parameters = ("ptr a", "ptr runs", "i64 count", "ptr terms", "i64 length", "ptr panel")
    code = Code("pack_runs", parameters, lanes, constants)
    width = PANEL_VECTORS * lanes

    def one(source: str, target: str) -> None:
        for part in range(PANEL_VECTORS):
            code.set(code.float, code.at(target, part * lanes), code.vector(source, part * lanes))

    for few in range(1, FEW_RUNS + 1):
        with code.when(code.new(f"icmp eq i64 %count, {few}")):
            sources = [code.at("%a", code.entry("%runs", 2 * run)) for run in range(few)]
            targets = [code.at("%panel", code.entry("%runs", 2 * run + 1)) for run in range(few)]
            with code.loop("%length") as k:
                term, to = code.entry("%terms", k), code.mul(k, width)
                for source, target in zip(sources, targets, strict=True):
                    one(code.at(source, term), code.at(target, to))
    with code.when(code.new(f"icmp sgt i64 %count, {FEW_RUNS}")), code.loop("%length") as k:
        term, to = code.entry("%terms", k), code.at("%panel", code.mul(k, width))
        with code.loop("%count") as run:
            pair = code.mul(run, 2)
            source = code.at("%a", code.add(code.entry("%runs", pair), term))
            one(source, code.at(to, code.entry("%runs", code.add(pair, 1))))
    return code


def product_kernels(lanes: int, constants: Constants) -> Iterator[Code]:
    """All of them."""
    yield from (_product(*tile, lanes, constants) for tile in tiles(lanes))
    yield _pack_words(lanes, constants)
    yield _pack_runs(lanes, constants)
