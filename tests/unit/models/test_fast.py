"""Instructions by native code against the definition: the same bits, whatever they are given."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from assay.errors import NativeError
from assay.machines.tensor import execution
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Spaces
from assay.machines.tensor.instruction import REDUCTIONS, Axis, Instruction, Kind, Operand
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.ir import kernels_ir
from assay.machines.tensor_fast.kernels import load_kernels
from assay.models.builder import Builder, Value
from assay.native.compile import Target, compile_ir
from tests.unit.models.small import an_input, every_kind

SPECIAL = np.array(
    [
        *(0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000),
        *(0x7FC00000, 0xFFC12345, 0x7F800001, 0x3F800000, 0xBF800000, 0x42B17218, 0x42B17219, 0xC2D00000, 0xC2D00001),
        *(0x3F200000, 0x3F1FFFFF, 0x40800000, 0x3F3504F3, 0x3F3504F2, 0x4F000000, 0xCF000000, 0xCF000001),
    ],
    np.uint32,
)
"""Zeros, subnormal and infinite numbers, NaNs with payloads, and where functions change from one formula to another."""

UNARY = [kind for kind in Kind if kind <= Kind.FROM_INT and not Kind.ADD <= kind <= Kind.EQUAL]
BINARY = [kind for kind in Kind if Kind.ADD <= kind <= Kind.EQUAL]


@pytest.fixture(scope="module")
def fast() -> FastExecution:
    return FastExecution(load_kernels())


def some_words(count: int, seed: int) -> np.ndarray:
    """Random bits, random numbers of a usual size, and the special ones."""
    random = np.random.default_rng(seed)
    bits = random.integers(0, 1 << 32, count, np.uint32)
    numbers = (random.standard_normal(count) * 4).astype(np.float32).view(np.uint32)
    words = np.where(random.random(count) < 0.5, bits, numbers)
    return np.where(random.random(count) < 0.1, random.choice(SPECIAL, count), words)


def assert_same(fast: FastExecution, instruction: Instruction, spaces: Spaces) -> None:
    short, defined = Spaces(spaces.weights, spaces.memory.copy()), Spaces(spaces.weights, spaces.memory.copy())
    with np.errstate(all="ignore"):
        assert fast._execute(instruction, short), "there is a short way"
    execution.execute(instruction, defined)
    wrong = np.nonzero(short.memory != defined.memory)[0]
    assert len(wrong) == 0, [(place, hex(short.memory[place]), hex(defined.memory[place])) for place in wrong[:5]]


@pytest.mark.parametrize("kind", UNARY)
def test_what_one_number_becomes(fast: FastExecution, kind: Kind) -> None:
    count = 20_003
    memory = np.concatenate([some_words(count, kind), np.zeros(count, np.uint32)])
    assert_same(fast, Instruction(kind, count, Operand(0), axes=(Axis(count, 1, 1),)), Spaces(memory[:0], memory))


@pytest.mark.parametrize("kind", UNARY)
@pytest.mark.parametrize(
    "axes",
    [
        (Axis(50, 1, 3),),
        (Axis(50, 1, -3),),
        (Axis(7, 4, 12), Axis(3, 1, 4)),  # three words of four in the result, which lie as one row in the operand
        (Axis(7, 4, 0), Axis(3, 1, 4)),
        (Axis(5, 16, 2), Axis(9, 1, 10)),
    ],
)
def test_what_numbers_that_lie_apart_become(fast: FastExecution, kind: Kind, axes: tuple[Axis, ...]) -> None:
    memory = np.concatenate([some_words(200, kind), np.zeros(200, np.uint32)])
    start = 160 if axes[0].a < 0 else 0
    assert_same(fast, Instruction(kind, 200, Operand(start), axes=axes), Spaces(memory[:0], memory))


def any_instruction(random: Random) -> Instruction:
    """One that reads the first 4,096 words of a space, and writes each word once, from there on."""
    sizes = [random.choice((1, 2, 3, 5, 8, 17)) for _ in range(random.randint(0, 3))]
    apart, targets = 1, {}
    for axis in random.sample(range(len(sizes)), len(sizes)):
        targets[axis] = apart * random.choice((1, 1, 1, 2, 4))
        apart = targets[axis] * sizes[axis]
    kind = random.choice(list(Kind))
    length = random.choice((1, 3, 64, 70, 130)) if kind in REDUCTIONS else random.randint(0, 5)
    step = random.choice((1, 64)) if kind in REDUCTIONS else 1

    def strides(room: int) -> tuple[int, list[int]]:
        """Where an operand begins, and how it goes on; mostly inside."""
        found, low, high = [], 0, 0
        for size in sizes:
            most = max(0, (room - (high - low)) // (step * max(1, size - 1)))
            stride = step * random.choice((0, 1, 2, -1, random.randint(-9, 9), random.randint(-most, most)))
            if abs(stride) * (size - 1) > room - (high - low):
                stride = 0
            low, high = low + min(0, stride) * (size - 1), high + max(0, stride) * (size - 1)
            found.append(stride)
        return -low + (0 if step == 64 else random.randint(0, room - (high - low))), found

    (a, a_strides), (b, b_strides) = (strides(3800) for _ in range(2))
    axes = tuple(map(Axis, sizes, [targets[axis] for axis in range(len(sizes))], a_strides, b_strides))
    where = random.random() < 0.5, random.random() < 0.5 and kind != Kind.GATHER
    if kind == Kind.GATHER:
        where = True, False
    return Instruction(kind, 4096, Operand(a, where[0]), Operand(b, where[1]), axes, length)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_instructions(fast: FastExecution, seed: int) -> None:
    random, short = Random(seed), Counter[Kind]()
    for number in range(300):
        instruction = any_instruction(random)
        words = some_words(4096, seed + number)
        if instruction.kind == Kind.GATHER:
            words = np.random.default_rng(number).integers(0, 200, 4096, np.uint32)
        memory = np.concatenate([words, np.zeros(int(instruction.places()[0].max()) - 4095, np.uint32)])
        spaces = Spaces(some_words(4096, number), memory), Spaces(some_words(4096, number), memory.copy())
        with np.errstate(all="ignore"):
            done = fast._execute(instruction, spaces[0])
            execution.execute(instruction, spaces[1])
        short[instruction.kind] += done
        assert not done or np.array_equal(spaces[0].memory, spaces[1].memory), instruction
    assert all(short[kind] for kind in Kind if kind != Kind.KEEP)


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("strides", [(1, 1), (0, 1), (1, 0), (-1, 2)])
def test_what_two_numbers_become(fast: FastExecution, kind: Kind, strides: tuple[int, int]) -> None:
    count = 5_000
    memory = np.concatenate([some_words(count, kind), np.zeros(count, np.uint32)])
    a, b = strides
    start = count - 1 if a < 0 else 0
    instruction = Instruction(kind, count, Operand(start), Operand(7, True), (Axis(count, 1, a, b),))
    assert_same(fast, instruction, Spaces(some_words(2 * count + 7, 99), memory))


@pytest.mark.parametrize("kind", [Kind.SUM, Kind.FOLD_LARGEST, Kind.FIND])
@pytest.mark.parametrize("length", [1, 7, 64, 65, 200])
@pytest.mark.parametrize("finite", [True, False])
def test_reductions(fast: FastExecution, kind: Kind, length: int, finite: bool) -> None:
    rows, pitch = 19, 256
    source = some_words(rows * pitch, length)
    if finite:
        source = np.random.default_rng(length).standard_normal(rows * pitch).astype(np.float32).view(np.uint32)
    sought = source[: rows * pitch : pitch].copy()  # the first of each row, but of the last row, which is not found
    sought[-1] = 0x12345678
    memory = np.concatenate([source, sought, np.zeros(100, np.uint32)])
    target, b = rows * pitch + rows, Operand(rows * pitch)
    instruction = Instruction(kind, target, Operand(0), b, (Axis(rows, 1, pitch, 1),), length)
    assert_same(fast, instruction, Spaces(memory[:0], memory))


def _matrix(builder: Builder, shape: tuple[int, ...], constant: bool, seed: int) -> Value:
    if not constant:
        return builder.input(f"x{seed}", shape)
    return builder.constant(some_words(int(np.prod(shape)), seed).view(np.float32).reshape(shape))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((1, 1), (1, 1)),
        ((1, 300), (50, 300)),
        ((13, 64), (48, 64)),
        ((25, 70), (33, 70)),
        ((3, 2, 5, 8), (3, 2, 7, 8)),
        ((4, 9), (2, 3, 5, 9)),
        ((2, 6, 17), (1, 16, 17)),
    ],
)
@pytest.mark.parametrize("constant", [(False, True), (True, False), (False, False)])
def test_products(fast: FastExecution, a: tuple[int, ...], b: tuple[int, ...], constant: tuple[bool, bool]) -> None:
    builder = Builder()
    product = builder.dot(_matrix(builder, a, constant[0], 1), _matrix(builder, b, constant[1], 2))
    program = builder.program([("y", product)])
    given = [some_words(tensor.words, seed).tobytes() for seed, tensor in enumerate(program.inputs)]
    spaces = program.whole(program.initial(given))
    for instruction in program.writing:
        assert_same(fast, instruction, spaces)
        execution.execute(instruction, spaces)


def test_products_of_finite_numbers_keep_their_order_of_additions(fast: FastExecution) -> None:
    random = np.random.default_rng(5)
    builder = Builder()
    x = builder.input("x", (40, 500))
    w = builder.constant(random.standard_normal((70, 500)).astype(np.float32))
    program = builder.program([("y", builder.dot(x, w))])
    given = [random.standard_normal((40, 500)).astype(np.float32).tobytes()]
    spaces = program.whole(program.initial(given))
    for instruction in program.writing:
        assert_same(fast, instruction, spaces)


def test_gathering_rows_and_words(fast: FastExecution) -> None:
    builder = Builder()
    index = builder.input("index", (3, 4), "int32")
    table = builder.constant(some_words(50 * 6, 1).view(np.float32).reshape(50, 6))
    outputs = [("rows", builder.gather(table, index, 0)), ("words", builder.gather(table.transposed([1, 0]), index, 1))]
    program = builder.program(outputs)
    places = np.random.default_rng(1).integers(0, 50, (3, 4), np.int32)
    spaces = program.whole(program.initial([places.tobytes()]))
    for instruction in program.writing:
        assert_same(fast, instruction, spaces)


@pytest.mark.parametrize(
    "instruction",
    [
        Instruction(Kind.ADD, 64, Operand(120), Operand(0), (Axis(20, 1, 1, 1),)),  # beyond the end, where all is zero
        Instruction(Kind.COPY, 64, Operand((1 << 30) - 2), axes=(Axis(4, 1, 1),)),  # around the end of all addresses
        Instruction(Kind.DOT, 64, Operand(60), Operand(0), (Axis(2, 1, 1),), 10),  # a run that wraps in its block
        Instruction(Kind.SUM, 64, Operand(0), axes=(Axis(2, 1, 1),)),  # no terms at all
        Instruction(Kind.GATHER, 64, Operand(0, True), Operand(0), (Axis(4, 1, 0, 1),), 1 << 20),
    ],
)
def test_what_has_no_short_way_is_as_it_is_defined(fast: FastExecution, instruction: Instruction) -> None:
    memory = np.arange(128, dtype=np.float32).view(np.uint32)
    short, defined = Spaces(memory[:64].copy(), memory.copy()), Spaces(memory[:64].copy(), memory.copy())
    fast(instruction, short)
    execution.execute(instruction, defined)
    assert np.array_equal(short.memory, defined.memory)


def test_a_run_has_the_same_states_at_every_step(fast: FastExecution) -> None:
    program = every_kind()
    by_definition = TensorTrace(program, program.initial([an_input()]), 16**4)
    by_kernels = TensorTrace(program, program.initial([an_input()]), 16**4, lambda: Engine(fast))
    steps = by_definition.run()
    assert by_kernels.run() == steps
    assert all(by_kernels.state_root(step) == by_definition.state_root(step) for step in range(steps + 1))
    assert by_kernels.result() == by_definition.result()


@pytest.mark.parametrize(
    ("processor", "triple", "lanes"),
    [
        ("haswell", "x86_64-linux-gnu", 8),
        ("znver4", "x86_64-linux-gnu", 16),
        ("skylake-avx512", "x86_64-linux-gnu", 16),
        ("generic", "aarch64-linux-gnu", 4),
        ("neoverse-v2", "aarch64-linux-gnu", 4),
    ],
)
def test_kernels_need_nothing_beside_themselves_on_any_processor(processor: str, triple: str, lanes: int) -> None:
    text, _ = kernels_ir(lanes, (6, 2, 1))
    assert {"product6", "exp", "dot"} <= set(compile_ir(text, target=Target(triple, processor, "")).symbols)


def test_a_processor_without_fused_additions_has_no_kernels_but_the_definition() -> None:
    text, _ = kernels_ir(4, (1,))
    with pytest.raises(NativeError, match="fmaf"):
        compile_ir(text, target=Target("x86_64-linux-gnu", "x86-64", ""))
