"""Lies about every kind of instruction are found by the referee: what it should have been is written here in bits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from assay.machines.tensor.execution import INITIAL, Spaces
from assay.machines.tensor.instruction import READS_B, REDUCTIONS, Axis, Instruction, Kind, Operand
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from tests.differential.referee import REFUSED, Referee
from tests.differential.tensor_steps import SOURCE
from tests.support.lies import forged

A, B, TARGET, TERMS = 0, 256, 128, 130
ONE, TWO, MINUS_ONE, HALF, TENTH, THREE = 0x3F800000, 0x40000000, 0xBF800000, 0x3F000000, 0x3DCCCCCD, 0x40400000
ZERO, MINUS_ZERO, INFINITY, NAN, ODD_NAN = 0, 0x80000000, 0x7F800000, 0x7FC00000, 0xFFC12345
LARGE, FAR = 0x4B800000, 0xC3480000
"""2^24, to which 1 adds nothing; -200."""


@dataclass(frozen=True)
class Case:
    """Operands, and the word that comes of them."""

    a: Sequence[int]
    """The last one stands for all terms that follow."""
    b: Sequence[int]
    result: int


def one(a: int, result: int, b: int = ZERO) -> Case:
    return Case([a], [b], result)


CASES: dict[Kind, dict[str, Case]] = {
    Kind.COPY: {"number": one(TENTH, TENTH), "zero": one(MINUS_ZERO, MINUS_ZERO), "nan": one(ODD_NAN, ODD_NAN)},
    Kind.ADD: {
        "number": one(LARGE, LARGE, ONE),  # a tie, to even
        "zero": one(ONE, ZERO, MINUS_ONE),
        "minus zero": one(MINUS_ZERO, MINUS_ZERO, MINUS_ZERO),
        "nan": one(ODD_NAN, NAN, ONE),
    },
    Kind.SUB: {
        "number": one(ONE, 0x3F666666, TENTH),
        "zero": one(TENTH, ZERO, TENTH),
        "nan": one(INFINITY, NAN, INFINITY),
    },
    Kind.MUL: {
        "number": one(TENTH, 0x3C23D70B, TENTH),
        "zero": one(MINUS_ONE, MINUS_ZERO, ZERO),
        "nan": one(INFINITY, NAN, ZERO),
    },
    Kind.DIV: {
        "number": one(ONE, 0x3EAAAAAB, THREE),
        "zero": one(MINUS_ZERO, MINUS_ZERO, ONE),
        "nan": one(ZERO, NAN, ZERO),
    },
    Kind.LARGEST: {  # of two zeros the first one
        "number": one(ONE, TWO, TWO),
        "zero": one(MINUS_ZERO, MINUS_ZERO, ZERO),
        "nan": one(ONE, NAN, ODD_NAN),
    },
    Kind.LEAST: {
        "number": one(ONE, ONE, TWO),
        "zero": one(ZERO, ZERO, MINUS_ZERO),
        "nan": one(ODD_NAN, NAN, ONE),
    },
    Kind.LESS: {"number": one(ONE, ONE, TWO), "zero": one(ONE, ZERO, ONE), "nan": one(ODD_NAN, ZERO, ONE)},
    Kind.EQUAL: {"number": one(MINUS_ZERO, ONE, ZERO), "zero": one(ONE, ZERO, TWO), "nan": one(NAN, ZERO, NAN)},
    Kind.SQRT: {"number": one(TWO, 0x3FB504F3), "zero": one(MINUS_ZERO, MINUS_ZERO), "nan": one(MINUS_ONE, NAN)},
    Kind.EXP: {"number": one(ONE, 0x402DF854), "zero": one(FAR, ZERO), "nan": one(ODD_NAN, NAN)},
    Kind.LOG: {"number": one(TWO, 0x3F317218), "zero": one(ONE, ZERO), "nan": one(MINUS_ONE, NAN)},
    Kind.TANH: {"number": one(INFINITY, ONE), "zero": one(MINUS_ZERO, ZERO), "nan": one(ODD_NAN, NAN)},
    Kind.ERF: {"number": one(0xC0A00000, MINUS_ONE), "zero": one(MINUS_ZERO, MINUS_ZERO), "nan": one(ODD_NAN, NAN)},
    Kind.SIGMOID: {"number": one(ZERO, HALF), "zero": one(FAR, ZERO), "nan": one(ODD_NAN, NAN)},
    Kind.TO_INT: {"number": one(FAR, 0xFFFFFF38), "zero": one(0xBF000000, ZERO), "nan": one(ODD_NAN, ZERO)},
    Kind.FROM_INT: {"number": one(0x01000001, LARGE), "zero": one(ZERO, ZERO), "minus": one(0xFFFFFFFF, MINUS_ONE)},
    Kind.GATHER: {  # the third word from the first one
        "number": Case([ONE, TWO, TENTH, ZERO], [2], TENTH),
        "zero": Case([ONE, TWO, MINUS_ZERO, ZERO], [2], MINUS_ZERO),
        "nan": Case([ONE, TWO, ODD_NAN, ZERO], [2], ODD_NAN),
    },
    Kind.DOT: {
        "number": Case([LARGE, ONE], [ONE], LARGE),  # in this order each sum is a tie
        "zero": Case([ONE, MINUS_ONE, MINUS_ZERO], [ONE], ZERO),
        "nan": Case([ODD_NAN, ONE], [ONE], NAN),
    },
    Kind.SUM: {
        "number": Case([ONE, LARGE, ONE], [ZERO], 0x4B800000),
        "zero": Case([MINUS_ZERO], [ZERO], ZERO),
        "nan": Case([INFINITY, 0xFF800000, ONE], [ZERO], NAN),
    },
    Kind.FOLD_LARGEST: {
        "number": Case([ONE, TWO, ONE], [ZERO], TWO),
        "zero": Case([MINUS_ZERO, ZERO, MINUS_ONE], [ZERO], MINUS_ZERO),
        "nan": Case([ONE, ODD_NAN, ONE], [ZERO], NAN),
    },
    Kind.FIND: {
        "number": Case([ONE, TENTH, ONE], [TENTH], 1),
        "zero": Case([MINUS_ZERO, ZERO, ZERO], [ZERO], 1),
        "nan": Case([ONE, ONE, ODD_NAN, NAN], [0x7F800001], 2),
        "none": Case([ONE], [TWO], 0xFFFFFFFF),
    },
}
ALL = [(kind, name) for kind, cases in CASES.items() for name in cases]


def lies(word: int) -> set[int]:
    """Another rounding to either side, the other sign, other NaNs and zeros; whichever are something else."""
    return {word + 1 & 0xFFFFFFFF, word - 1 & 0xFFFFFFFF, word ^ MINUS_ZERO, NAN, ODD_NAN, 0x7FC00001, ZERO} - {word}


def filled(words: Sequence[int]) -> list[int]:
    return [*words, *[words[-1]] * (256 - len(words))]


def trace_of(kind: Kind, case: Case) -> TensorTrace:
    """One instruction of two elements, of which the second one is the case; its operands are weights."""
    length = TERMS if kind in REDUCTIONS else 1
    axes = (Axis(2, 1, 0, 0),)
    instruction = Instruction(kind, TARGET, Operand(A, True), Operand(B, True), axes, length)
    weights = np.array([*filled(case.a), *filled(case.b)], np.uint32)
    program = Program(weights, 256, (), (), (instruction,))
    return TensorTrace(program, Spaces(weights, np.zeros(256, np.uint32)), 16**3)


@pytest.fixture(scope="module")
def tensor_referee(node: str) -> Referee:
    return Referee(node, source=SOURCE)


def test_every_kind_has_its_cases() -> None:
    assert set(CASES) == set(Kind) - {Kind.KEEP}  # which computes nothing: see test_tensor_steps.py
    assert all({"number", "zero"} <= set(cases) for cases in CASES.values())
    assert [kind for kind, cases in CASES.items() if "nan" not in cases] == [Kind.FROM_INT]


def test_lies_about_a_rounding_a_sign_a_payload_or_an_element_are_found(tensor_referee: Referee) -> None:
    calls, told = [], []
    for kind, name in ALL:
        honest = trace_of(kind, CASES[kind][name])
        end = honest.run()
        assert int(honest._memory(end)[TARGET + 1]) == CASES[kind][name].result, (kind.name, name)
        roots = set()
        for lie in lies(CASES[kind][name].result):
            liar = forged(honest, TARGET + 1, lie)
            assert liar.state_root(end - 1) == honest.state_root(end - 1)
            roots.add(liar.state_root(end))
        calls.append((honest.state_root(end - 1), honest.witness(end - 1)))
        told.append((kind.name, name, honest.state_root(end), roots))
    for verdict, (kind_name, name, right, wrong) in zip(tensor_referee.step_all(calls), told, strict=True):
        assert verdict == right, (kind_name, name)
        assert len(wrong) >= 5
        assert right not in wrong


def test_lies_about_an_accumulator_between_two_runs_are_found(tensor_referee: Referee) -> None:
    calls, right = [], []
    for kind, name in ALL:
        if kind not in REDUCTIONS:
            continue
        trace = trace_of(kind, CASES[kind][name])
        trace.run()
        for step in (0, 1):
            state = trace._state(step + 1)
            assert state.run == step + 1
            calls.append((trace.state_root(step), trace.witness(step)))
            right.append(state)
            # Nor can a run go on from an accumulator that is another one.
            forged = replace(state, accumulator=state.accumulator ^ 1)
            calls.append((state.root(), trace.witness(step + 1).replace(state.encode()[32:], forged.encode()[32:])))
            right.append(None)
    for verdict, state in zip(tensor_referee.step_all(calls), right, strict=True):
        if state is None:
            assert verdict == REFUSED
            continue
        assert verdict == state.root()
        assert all(verdict != replace(state, accumulator=lie).root() for lie in lies(state.accumulator))
    assert {0xFF800000, 0xFFFFFFFF} <= set(INITIAL.values())


def test_a_wrong_weight_has_no_witness_in_any_kind(tensor_referee: Referee) -> None:
    calls = []
    for kind, cases in CASES.items():
        trace = trace_of(kind, cases["number"])
        for place in (A, B) if kind in READS_B else (A,):
            forged = trace_of(kind, cases["number"])
            forged.initial.weights[place] ^= np.uint32(1)
            assert forged.state_root(0) != trace.state_root(0)
            # The liar's witness under the true root, and the true one with the liar's block in it.
            block = slice(place // 64 * 64, place // 64 * 64 + 64)
            true, wrong = (each.initial.weights[block].astype(">u4").tobytes() for each in (trace, forged))
            mixed = trace.witness(0).replace(true, wrong)
            assert mixed != trace.witness(0), kind.name
            calls += [(trace.state_root(0), forged.witness(0)), (trace.state_root(0), mixed)]
    assert tensor_referee.step_all(calls) == [REFUSED] * len(calls)
