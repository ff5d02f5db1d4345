"""Programs that are run for their outputs only, against the definition: the same bits, whatever they are."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from assay.errors import InputError
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Spaces
from assay.machines.tensor.instruction import BLOCK, READS_B, REDUCTIONS, Axis, Instruction, Kind, Operand
from assay.machines.tensor.program import OUTPUT, Input, Program, Tensor, check, keep, read_program
from assay.machines.tensor_fast import matrices
from assay.machines.tensor_fast.engine import FastEngine
from assay.machines.tensor_fast.kernels import Kernels, load_kernels
from assay.machines.tensor_fast.lowering import MOST
from assay.machines.tensor_fast.plan import LONGEST, CannotBePlannedError, Plan
from assay.models.builder import Builder, Value
from assay.models.windows import Windows
from tests.unit.models.fence import fence
from tests.unit.models.small import an_input, every_kind
from tests.unit.models.test_fast import some_words


@pytest.fixture(scope="module")
def fast() -> FastEngine:
    return FastEngine(load_kernels())


def by_definition(program: Program, initial: Spaces) -> Words:
    with np.errstate(all="ignore"):
        return Engine().final(program, initial)


def given(program: Program, seed: int, finite: bool) -> Spaces:
    random = np.random.default_rng(seed)
    numbers = [random.standard_normal(tensor.words).astype(np.float32) for tensor in program.inputs]
    words = [some_words(tensor.words, seed + place) for place, tensor in enumerate(program.inputs)]
    return program.initial([each.tobytes() for each in (numbers if finite else words)])


def assert_same(fast: FastEngine, program: Program, seed: int = 1, planned: bool = True) -> None:
    """Runs twice: what the first run has left behind must not matter."""
    for finite in (True, False):
        initial = given(program, seed, finite)
        assert_same_words(fast.final(program, initial), by_definition(program, initial))
    assert (fast.plan(program) is not None) == planned


def assert_same_words(found: Words, wanted: Words) -> None:
    wrong = np.nonzero(found != wanted)[0]
    assert len(found) == len(wanted)
    assert len(wrong) == 0, [(place, hex(found[place]), hex(wanted[place])) for place in wrong[:5]]


# --- what models are made of ------------------------------------------------------------------------------------------


def constant(builder: Builder, shape: tuple[int, ...], seed: int, words: bool = False) -> Value:
    count = int(np.prod(shape))
    random = np.random.default_rng(seed)
    numbers = some_words(count, seed).view(np.float32) if words else random.standard_normal(count).astype(np.float32)
    return builder.constant(numbers.reshape(shape))


def convolved(builder: Builder, x: Value, outputs: int, kernel: int, step: int, pad: int, groups: int) -> Value:
    channels, places = x.shape[1], [(size + 2 * pad - kernel) // step + 1 for size in x.shape[2:]]
    windows = Windows((kernel,) * 2, (step,) * 2, (1, 1), (pad,) * 2, (pad,) * 2, tuple(places))
    rows = windows.convolution_rows(builder, x, groups)
    weights = constant(builder, (groups, outputs // groups, channels // groups * kernel**2), 7)
    result = builder.dot(weights.broadcast((x.shape[0], *weights.shape)), rows)
    return builder.reshape(result, (x.shape[0], outputs, *places))


@pytest.mark.parametrize("size", [5, 14])
@pytest.mark.parametrize(
    ("channels", "outputs", "kernel", "step", "pad", "groups"),
    [
        (3, 7, 3, 1, 1, 1),
        (3, 18, 3, 2, 0, 1),
        (8, 8, 3, 1, 1, 8),
        (6, 12, 5, 2, 2, 6),
        (4, 6, 3, 1, 1, 2),
        (20, 40, 1, 1, 0, 1),
        (2, 100, 2, 1, 0, 1),
    ],
)
def test_convolutions(
    fast: FastEngine, size: int, channels: int, outputs: int, kernel: int, step: int, pad: int, groups: int
) -> None:
    builder = Builder()
    x = builder.input("x", (1, channels, size, size + 2))
    y = convolved(builder, x, outputs, kernel, step, pad, groups)
    y = builder.binary(Kind.ADD, y, constant(builder, (outputs, 1, 1), 3))
    y = builder.binary(Kind.LARGEST, builder.scalar(0.0), y)
    z = convolved(builder, y, 4, 3, 1, 1, 1)
    assert_same(fast, builder.program([("y", y), ("z", z)]))


@pytest.mark.parametrize("kind", [Kind.FOLD_LARGEST, Kind.SUM])
@pytest.mark.parametrize(("size", "kernel", "step"), [(9, 3, 2), (16, 2, 2), (17, 3, 1), (12, 6, 6), (33, 5, 5)])
def test_poolings(fast: FastEngine, kind: Kind, size: int, kernel: int, step: int) -> None:
    builder = Builder()
    x = builder.unary(Kind.TANH, builder.input("x", (2, 3, size, size)))
    places = ((size + 1 - kernel) // step + 1,) * 2
    windows = Windows((kernel,) * 2, (step,) * 2, (1, 1), (1, 1), (0, 0), places)
    rows = windows.pooled_rows(builder, x, float("-inf"))
    pooled = builder.reshape(builder.reduce(kind, rows), (2, 3, *places))
    assert_same(fast, builder.program([("y", builder.binary(Kind.ADD, pooled, builder.scalar(1.0)))]))


def attention(builder: Builder, x: Value, heads: int) -> Value:
    tokens, width = x.shape
    size = width // heads
    rows = [builder.dot(x, constant(builder, (width, width), seed)) for seed in range(3)]
    query, key, value = (builder.reshape(each, (tokens, heads, size)).transposed([1, 0, 2]) for each in rows)
    scores = builder.binary(Kind.DIV, builder.dot(query, key), builder.scalar(float(np.sqrt(size))))
    largest = builder.reduce(Kind.FOLD_LARGEST, scores).with_axis(2, 1, 0)
    powers = builder.unary(Kind.EXP, builder.binary(Kind.SUB, scores, largest))
    total = builder.reduce(Kind.SUM, powers).with_axis(2, 1, 0)
    mixed = builder.dot(builder.binary(Kind.DIV, powers, total), value.transposed([0, 2, 1]))
    joined = builder.reshape(mixed.transposed([1, 0, 2]), (tokens, width))
    y = builder.binary(Kind.ADD, x, builder.dot(joined, constant(builder, (width, width), 4)))
    mean = builder.binary(Kind.DIV, builder.reduce(Kind.SUM, y), builder.scalar(float(width))).with_axis(1, 1, 0)
    centred = builder.binary(Kind.SUB, y, mean)
    squares = builder.reduce(Kind.SUM, builder.binary(Kind.MUL, centred, centred)).with_axis(1, 1, 0)
    return builder.binary(Kind.DIV, centred, builder.unary(Kind.SQRT, squares))


@pytest.mark.parametrize(("tokens", "width", "heads"), [(1, 16, 2), (5, 24, 3), (17, 72, 2)])
def test_attention(fast: FastEngine, tokens: int, width: int, heads: int) -> None:
    builder = Builder()
    x = builder.input("x", (tokens, width))
    assert_same(fast, builder.program([("y", attention(builder, attention(builder, x, heads), heads))]))


@pytest.mark.parametrize(
    ("rows", "columns", "length"),
    [
        *((rows, 70, 9) for rows in range(1, 14)),
        *((3, columns, 20) for columns in (1, 7, 8, 9, 15, 16, 17, 31, 33, 130)),
        *((40, columns, 5) for columns in (1, 8, 50)),
        *((rows, 40, 330) for rows in (1, 2, 8)),  # more than what is packed at once
        (1, 1, 1),
        (8, 3, 1),
    ],
)
def test_products_of_all_sizes(fast: FastEngine, rows: int, columns: int, length: int) -> None:
    builder = Builder()
    a, b = builder.input("a", (rows, length)), builder.input("b", (columns, length))
    w = constant(builder, (columns, length), 9)
    outputs = [("y", builder.dot(a, b)), ("z", builder.dot(a, w)), ("t", builder.dot(w, a))]
    assert_same(fast, builder.program(outputs))


@pytest.mark.parametrize(("rows", "columns", "length"), [(40, 70, 33), (100, 9, 50), (13, 130, 64), (3, 70, 200)])
def test_products_in_blocks(monkeypatch: pytest.MonkeyPatch, rows: int, columns: int, length: int) -> None:
    """With blocks that are smaller than those of any processor, so that small products have many."""
    for name, size in (("TERMS", 20), ("TERMS_PACKED", 7), ("ROWS", 12), ("RESULTS", 256), ("PANELS", 1500)):
        monkeypatch.setattr(matrices, name, size)
    monkeypatch.setattr(matrices, "PACK_ROWS", rows * length + rows % 2)  # some are packed
    test_products_of_all_sizes(FastEngine(load_kernels()), rows, columns, length)


def test_every_kind(fast: FastEngine) -> None:
    program = every_kind()
    initial = program.initial([an_input()])
    assert_same_words(fast.final(program, initial), by_definition(program, initial))
    assert_same(fast, program)


def test_data_that_is_moved(fast: FastEngine) -> None:
    builder = Builder()
    x = builder.unary(Kind.COPY, builder.input("x", (3, 5, 10)))
    y = builder.unary(Kind.EXP, x.transposed([2, 0, 1]))
    joined = builder.empty((10, 6, 5))
    builder.emit(Kind.COPY, joined.sliced(1, 0, 3), y)
    builder.emit(Kind.COPY, joined.sliced(1, 3, 3), builder.unary(Kind.TANH, y))
    flat = builder.reshape(joined.transposed([1, 2, 0]), (30, 10))
    padded = builder.pad(flat, [1, 2], [0, 3], 2.0)
    turned = padded.sliced(0, 30, 31, -1)
    outputs = [builder.reduce(Kind.SUM, turned), builder.binary(Kind.MUL, turned, turned.transposed([0, 1])), joined]
    assert_same(fast, builder.program([(f"y{place}", value) for place, value in enumerate(outputs)]))


def test_what_is_not_there_takes_no_memory(fast: FastEngine) -> None:
    builder = Builder()
    x = builder.input("x", (1, 8, 32, 32))
    for _ in range(6):
        x = builder.binary(Kind.LARGEST, builder.scalar(0.0), convolved(builder, x, 8, 3, 1, 1, 1))
    program = builder.program([("y", x)])
    plan = Plan(load_kernels(), program)
    assert len(plan._arena) < program.memory / 15
    assert sum(each.kind == Kind.COPY for step in plan._steps for each in step.operations) == 1  # the input's padding
    assert_same(fast, program)


def test_progress_ends_with_all_steps(fast: FastEngine) -> None:
    program, seen = every_kind(), list[int]()
    fast.final(program, program.initial([an_input()]), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == program.steps


# --- engines ----------------------------------------------------------------------------------------------------------


def a_product(rows: int = 30) -> Program:
    builder = Builder()
    return builder.program([("y", builder.dot(builder.input("x", (rows, 20)), constant(builder, (40, 20), 1)))])


@pytest.mark.parametrize("way", ["by a plan", "without one", "everything"])
def test_runs_at_the_same_time_do_not_disturb_each_other(way: str) -> None:
    program, engine = a_product(200), FastEngine(load_kernels())
    if way == "without one":  # an instruction that reads beyond the weights
        beyond = Instruction(Kind.COPY, program.memory, Operand(len(program.weights), True), axes=(Axis(4, 1, 1),))
        instructions = (*program.writing, beyond, program.instructions[-1])
        program = replace(program, memory=program.memory + BLOCK, instructions=instructions)
    run = engine.everything if way == "everything" else engine.final
    inputs = [given(program, seed, True) for seed in range(8)]
    wanted = [run(program, each) for each in inputs]
    assert way == "everything" or (engine.plan(program) is None) == (way == "without one")
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for found, each in zip(pool.map(lambda one: run(program, one), inputs), wanted, strict=True):
                assert_same_words(found, each)


def test_views_that_begin_at_one_word_near_the_end_of_the_weights_read_what_is_there(fast: FastEngine) -> None:
    outputs = (Tensor(name="y", type="float32", shape=[8192]),)
    instructions = (
        Instruction(Kind.COPY, OUTPUT, Operand(8876, True), axes=(Axis(124, 1, 1),)),
        Instruction(Kind.COPY, OUTPUT + 124, Operand(8876, True), axes=(Axis(8000, 1, -1),)),
        keep(outputs),
    )
    assert_same(fast, Program(np.arange(9000, dtype=np.uint32), 16384, (), outputs, instructions))


@pytest.mark.parametrize(("count", "planned"), [(500, True), (MOST + 1, False)])
def test_chains_are_no_longer_than_what_is_planned_in_time(fast: FastEngine, count: int, planned: bool) -> None:
    outputs = (Tensor(name="y", type="float32", shape=[1]),)
    first = OUTPUT + BLOCK
    adds = [
        Instruction(Kind.ADD, first + number + 1, Operand(first + number), Operand(0, True)) for number in range(count)
    ]
    copies = (
        Instruction(Kind.COPY, first, Operand(1, True)),
        *adds,
        Instruction(Kind.COPY, OUTPUT, Operand(first + count)),
    )
    weights = np.array([1, 0.5], np.float32).view(np.uint32)
    program = Program(weights, first + count + 1, (), outputs, (*copies, keep(outputs)))
    assert_same(fast, program, planned=planned)
    plan = fast.plan(program)
    assert plan is None or max(len(step.operations) for step in plan._steps) == LONGEST


def test_tasks_of_one_document_have_one_plan() -> None:
    document, weights = a_product().documents()
    first, second = (read_program(document, lambda _: weights) for _ in range(2))
    engine = FastEngine(load_kernels())
    assert engine.plan(first) is engine.plan(second)
    other, _ = a_product(29).documents()
    assert engine.plan(read_program(other, lambda _: weights)) is not engine.plan(first)
    document, weights = replace(first, weights=first.weights ^ np.uint32(1)).documents()
    assert engine.plan(read_program(document, lambda _: weights)) is not engine.plan(first)


def test_a_gather_beyond_the_weights_is_as_it_is_defined(fast: FastEngine) -> None:
    builder = Builder()
    table = constant(builder, (5, 8), 1)
    program = builder.program([("y", builder.gather(table, builder.input("index", (4,), "int32"), 0))])
    for index in ([0, 4, 2, 1], [0, 5, 1 << 20, -1], [3, 3, 3, 3]):
        initial = program.initial([np.array(index, np.int32).tobytes()])
        assert_same_words(fast.final(program, initial), by_definition(program, initial))


@pytest.mark.parametrize(
    "instruction",
    [
        Instruction(Kind.ADD, 64, Operand(4090), Operand(0), (Axis(20, 1, 1, 1),)),  # beyond the end
        Instruction(Kind.COPY, 64, Operand((1 << 30) - 2), axes=(Axis(4, 1, 1),)),  # around the end of all addresses
        Instruction(Kind.DOT, 64, Operand(260), Operand(256), (Axis(2, 1, 1),), 10),  # a run that wraps in its block
        Instruction(Kind.SUM, 64, Operand(256), axes=(Axis(2, 1, 1),)),  # no terms at all
        Instruction(Kind.COPY, 64, Operand(100), axes=(Axis(20, 2, 1),)),  # between what it writes
        Instruction(Kind.EXP, 64, Operand(256), axes=(Axis(1 << 31, 0, 0), Axis(1 << 31, 0, 0))),  # without an end
    ],
)
def test_what_is_out_of_the_ordinary_has_no_plan(fast: FastEngine, instruction: Instruction) -> None:
    outputs = (Tensor(name="y", type="float32", shape=[BLOCK]),)
    x = Input(name="x", type="float32", shape=[256], address=256, strides=[1])
    program = Program(some_words(4096, 1), 4096, (x,), outputs, (instruction, keep(outputs)))
    assert fast.plan(program) is None
    if instruction.elements < 1 << 30:
        assert_same(fast, program, planned=False)


# --- any programs -----------------------------------------------------------------------------------------------------


def any_program(random: Random) -> Program:
    """A few instructions that write what nobody has written before, and read anything anywhere."""
    memory, instructions, free = 4096, list[Instruction](), OUTPUT + 2 * BLOCK
    inputs = 1024
    free += inputs
    for _ in range(random.randint(2, 9)):
        sizes = [random.choice((1, 2, 3, 4, 8, 17)) for _ in range(random.randint(0, 3))]
        kind = random.choice(list(Kind)[: Kind.KEEP] + [Kind.COPY] * 8 + [Kind.ADD, Kind.MUL, Kind.EXP] * 3)
        if kind == Kind.GATHER:
            continue
        length = random.choice((1, 3, 8, 64, 70)) if kind in REDUCTIONS else 0
        step = 1
        while step < min(length, BLOCK):
            step *= 2
        gap, targets = random.choice((1, 1, 2)), [0] * len(sizes)
        extent = gap
        for axis in random.sample(range(len(sizes)), len(sizes)) if random.random() < 0.3 else range(len(sizes))[::-1]:
            targets[axis] = extent
            extent *= sizes[axis]
            extent += random.choice((0, 0, 0, 1, 5))
        if free + extent >= memory - 64:
            break
        target = OUTPUT if not instructions and extent < 2 * BLOCK and gap == 1 else free
        if target == free:
            free += extent + random.choice((0, 1, 64 - extent % 64))

        def view(step: int = step, sizes: list[int] = sizes) -> tuple[Operand, list[int]]:
            if instructions and random.random() < 0.6:  # what another one has written, often as it is
                other = random.choice(instructions)
                if [max(axis.size, 1) for axis in other.axes] == sizes:
                    return Operand(other.target), [axis.target for axis in other.axes]
            start, strides = random.randrange(0, 3000, step), []
            weights = random.random() < 0.2
            for size in sizes:
                stride = step * random.choice((0, 1, 1, 2, size, 4 * size, -1))
                strides.append(stride)
            return Operand(start, weights), strides

        (a, a_strides), (b, b_strides) = view(), view(1 if kind == Kind.FIND else step)
        if kind not in READS_B:
            b, b_strides = Operand(0), [0] * len(sizes)
        axes = tuple(map(Axis, sizes, targets, a_strides, b_strides))
        instructions.append(Instruction(kind, target, a, b, axes, length))
    last = instructions[-1]
    count = min(int(last.elements), 100)
    end = OUTPUT if all(each.target != OUTPUT for each in instructions) else OUTPUT + BLOCK
    instructions.append(Instruction(Kind.COPY, end, Operand(last.target), axes=(Axis(count, 1, 1),)))
    words = some_words(4096, random.randrange(1000))
    outputs = (Tensor(name="y", type="float32", shape=[2 * BLOCK]),)
    instructions.append(keep(outputs))
    tensor = {"name": "x", "type": "float32", "shape": [inputs], "address": OUTPUT + 2 * BLOCK, "strides": [1]}
    return Program(
        weights=words,
        memory=memory,
        inputs=(Input.model_validate(tensor),),
        outputs=outputs,
        instructions=tuple(instructions),
    )


@pytest.mark.parametrize("lanes", [4, 16])
def test_no_tape_leaves_the_buffers_that_there_are(lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels, random, planned = Kernels(lanes=lanes), Random(lanes), 0
    with fence(kernels, monkeypatch) as around:
        builder = Builder()
        a, b = (builder.input(name, (rows, 70)) for name, rows in (("a", 100), ("b", 90)))
        around.check(Plan(kernels, builder.program([("y", builder.dot(a, b))])))
        while planned < 50:
            with suppress(InputError, IndexError, CannotBePlannedError):
                program = any_program(random)
                check(program)
                around.check(Plan(kernels, program))
                planned += 1
    assert {"copy", "scatter", "spread", "rows_dot", "rows_sum"} <= around.seen
    assert {"product", "pack", "windows"} <= {name.partition("_")[0] for name in around.seen}


def test_a_fence_sees_an_access_beyond_a_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = load_kernels()
    with fence(kernels, monkeypatch) as around:
        plan = Plan(kernels, a_product())
        around.check(plan)
        [(tape, _)] = plan._parts
        assert not callable(tape)
        tape[0, 2] += 1 << 20
        with pytest.raises(AssertionError, match="Access"):
            around.check(plan)


@pytest.mark.parametrize("seed", range(2))
def test_any_programs(fast: FastEngine, seed: int) -> None:
    random, seen = Random(seed), Counter[str]()
    while seen["tried"] < 100:
        try:
            program = any_program(random)
            check(program)
        except (InputError, IndexError):
            continue
        seen["tried"] += 1
        for finite in (True, False):
            initial = given(program, seen["tried"], finite)
            found = fast.final(program, initial)
            assert np.array_equal(found, by_definition(program, initial)), program.instructions
        seen["planned"] += fast.plan(program) is not None
    assert seen["planned"] > 80
