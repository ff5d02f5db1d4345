"""The SAT solver: models satisfy the formula, proofs are checked by unit propagation, small formulas by trying."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "solve"
SOLVE = FOLDER / "solve.c"
FACTOR = (FOLDER / "factor.cnf").read_bytes()
SATISFIABLE, UNSATISFIABLE = 10, 20

Clauses = list[list[int]]


class Circuit:
    """A circuit of gates over variables, as clauses."""

    def __init__(self) -> None:
        self.variables = 0
        self.clauses: Clauses = []

    def wire(self) -> int:
        self.variables += 1
        return self.variables

    def gate(self, inputs: Sequence[int], truth: Sequence[int]) -> int:
        """A new wire; `truth` has its value for each combination of the inputs, the first of them the lowest bit."""
        output = self.wire()
        for place, value in enumerate(truth):
            differs = [-wire if place >> i & 1 else wire for i, wire in enumerate(inputs)]
            self.clauses.append([*differs, output if value else -output])
        return output

    def add(self, column: list[int]) -> tuple[int, int]:
        """Take two or three wires off the column; their sum and carry."""
        inputs = [column.pop(0) for _ in range(min(3, len(column)))]
        ones = [bin(place).count("1") for place in range(1 << len(inputs))]
        return self.gate(inputs, [n & 1 for n in ones]), self.gate(inputs, [n >> 1 for n in ones])

    def equals_product(self, number: int, bits: int) -> None:
        """Wires 1 to `bits` and the next ones as many are two factors of the number, lowest bits first."""
        left, right = ([self.wire() for _ in range(bits)] for _ in range(2))
        columns: list[list[int]] = [[] for _ in range(2 * bits + 1)]
        for (i, a), (j, b) in itertools.product(enumerate(left), enumerate(right)):
            columns[i + j].append(self.gate([a, b], [0, 0, 0, 1]))
        for place, column in enumerate(columns):
            while len(column) > 1:
                total, carry = self.add(column)
                column.append(total)
                columns[place + 1].append(carry)
            self.clauses += [[wire if number >> place & 1 else -wire] for wire in column]


def product(number: int, bits: int) -> tuple[int, Clauses]:
    circuit = Circuit()
    circuit.equals_product(number, bits)
    return circuit.variables, circuit.clauses


def pigeons(count: int) -> tuple[int, Clauses]:
    """So many pigeons in one hole less, no two in the same."""
    holes = count - 1
    places = [[pigeon * holes + hole + 1 for hole in range(holes)] for pigeon in range(count)]
    shared = ([-a[hole], -b[hole]] for a, b in itertools.combinations(places, 2) for hole in range(holes))
    return count * holes, [*places, *shared]


def noise(variables: int, clauses: int, seed: int) -> tuple[int, Clauses]:
    chance = random.Random(seed)
    literals = [sign * variable for variable in range(1, variables + 1) for sign in (1, -1)]
    return variables, [chance.choices(literals, k=chance.choice([1, 2, 3, 3, 3, 3, 4])) for _ in range(clauses)]


def dimacs(variables: int, clauses: Clauses) -> bytes:
    lines = [f"p cnf {variables} {len(clauses)}", *(" ".join(map(str, [*clause, 0])) for clause in clauses)]
    return "".join(f"{line}\n" for line in lines).encode()


def parsed(formula: bytes) -> tuple[int, Clauses]:
    lines = [line.split() for line in formula.decode().splitlines() if not line.startswith("c")]
    return int(lines[0][2]), [[int(number) for number in line[:-1]] for line in lines[1:]]


def is_satisfiable(variables: int, clauses: Clauses) -> bool:
    """By trying all assignments."""
    return any(
        all(any(values[abs(literal) - 1] == (literal > 0) for literal in clause) for clause in clauses)
        for values in itertools.product([False, True], repeat=variables)
    )


def model_of(answer: bytes) -> set[int]:
    first, *rest = answer.decode().splitlines()
    assert first == "s SATISFIABLE"
    assert all(line.startswith("v ") and len(line) < 80 for line in rest)
    numbers = [int(number) for line in rest for number in line.split()[1:]]
    assert numbers.pop() == 0
    return set(numbers)


def assert_model(answer: bytes, variables: int, clauses: Clauses) -> None:
    model = model_of(answer)
    assert sorted(map(abs, model)) == list(range(1, variables + 1))
    assert all(model.intersection(clause) for clause in clauses)


def is_refuted(clauses: Clauses, assumed: list[int]) -> bool:
    """Whether the assumed literals contradict the clauses by unit propagation alone."""
    true = set(assumed)
    is_new = True
    while is_new:
        is_new = False
        for clause in clauses:
            if not true.isdisjoint(clause):
                continue
            left = {literal for literal in clause if -literal not in true}
            if not left:
                return True
            if len(left) == 1:
                true |= left
                is_new = True
    return False


def assert_proof(answer: bytes, clauses: Clauses) -> None:
    *lines, last = answer.decode().splitlines()
    assert last == "s UNSATISFIABLE"
    lessons = [[int(number) for number in line.split()] for line in lines]
    assert lessons[-1] == [0]
    known = list(clauses)
    for *lesson, end in lessons:
        assert end == 0
        assert is_refuted(known, [-literal for literal in lesson])
        known.append(lesson)


def check(variables: int, clauses: Clauses) -> int:
    """The exit status; the model, or the proof, is checked."""
    formula = dimacs(variables, clauses)
    plain, proof = run_native(SOLVE, stdin=formula), run_native(SOLVE, "-p", stdin=formula)
    assert (plain.returncode, plain.stderr) == (proof.returncode, proof.stderr)
    assert plain.stderr == b""
    assert proof.stdout.endswith(plain.stdout)
    if plain.returncode == SATISFIABLE:
        assert_model(plain.stdout, variables, clauses)
    else:
        assert plain.returncode == UNSATISFIABLE
        assert_proof(proof.stdout, clauses)
    return plain.returncode


@pytest.mark.parametrize("arguments", [["-q"], ["-p", "-p"], ["formula.cnf"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    done = run_native(SOLVE, *arguments, stdin=FACTOR)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage:")


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (b"", b"line 1 of the formula: there has to be `p cnf"),
        (b"c only\nc comments", b"line 2 of the formula: there has to be `p cnf"),
        (b"p dnf 1 1\n1 0\n", b"line 1 of the formula: there has to be `p cnf"),
        (b"p cnf x 1\n", b"line 1 of the formula: there has to be a number"),
        (b"p cnf 99999999999 1\n", b"line 1 of the formula: this number is too large"),
        (b"p cnf -1 1\n", b"line 1 of the formula: there cannot be less than nothing"),
        (b"p cnf 2 1\n1 3 0\n", b"line 2 of the formula: this number is too large"),
        (b"p cnf 2 1\n1 y 0\n", b"line 2 of the formula: there has to be a number"),
        (b"p cnf 2 2\n1 2 0\n1", b"line 3 of the formula: there has to be a number"),
        (b"p cnf 2 1\n1 2 0\n1 0\n", b"line 3 of the formula: there are more clauses"),
    ],
)
def test_what_is_no_formula_is_refused(formula: bytes, message: bytes) -> None:
    done = run_native(SOLVE, stdin=formula)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("variables", "clauses", "status"),
    [
        (0, [], SATISFIABLE),
        (3, [], SATISFIABLE),
        (0, [[]], UNSATISFIABLE),
        (1, [[1], [-1]], UNSATISFIABLE),
        (2, [[1, -1], [2, 2]], SATISFIABLE),
        (2, [[1, 2], [-1, 2], [1, -2], [-1, -2]], UNSATISFIABLE),
    ],
)
def test_the_smallest_formulas_are_answered(variables: int, clauses: Clauses, status: int) -> None:
    assert check(variables, clauses) == status


def test_answers_are_those_of_trying_everything() -> None:
    answers = []
    for seed in range(120):
        variables = 4 + seed % 6
        formula = noise(variables, 2 * variables + seed % 9, seed)
        answers.append(check(*formula) == SATISFIABLE)
        assert answers[-1] == is_satisfiable(*formula)
    assert 0.2 < sum(answers) / len(answers) < 0.8


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_pigeons_find_no_place(count: int) -> None:
    assert check(*pigeons(count)) == UNSATISFIABLE


@pytest.mark.parametrize("seed", range(4))
def test_hard_noise_makes_it_forget_and_still_be_right(seed: int) -> None:
    chance = random.Random(seed)
    clauses = [[v * chance.choice([1, -1]) for v in chance.sample(range(1, 181), 3)] for _ in range(767)]
    done = run_native(SOLVE, stdin=dimacs(180, clauses))
    assert done.returncode in (SATISFIABLE, UNSATISFIABLE)
    if done.returncode == SATISFIABLE:
        assert_model(done.stdout, 180, clauses)


@pytest.mark.parametrize(("number", "bits", "factors"), [(143, 4, {11, 13}), (56153, 8, {233, 241})])
def test_numbers_are_factored(number: int, bits: int, factors: set[int]) -> None:
    model = model_of(run_native(SOLVE, stdin=dimacs(*product(number, bits))).stdout)
    wires = [range(1, bits + 1), range(bits + 1, 2 * bits + 1)]
    assert {sum((wire in model) << place for place, wire in enumerate(factor)) for factor in wires} == factors


def test_a_prime_has_no_factors_that_are_smaller() -> None:
    assert check(*product(211, 7)) == UNSATISFIABLE


def test_the_formula_in_the_folder_factors_its_number() -> None:
    assert parsed(FACTOR) == product(245_009, 9)
    done = run_native(SOLVE, stdin=FACTOR)
    assert done.returncode == SATISFIABLE
    assert_model(done.stdout, *parsed(FACTOR))
    model = model_of(done.stdout)
    first, second = (sum((base + place in model) << place for place in range(9)) for base in (1, 10))
    assert {first, second} == {491, 499}


@pytest.mark.parametrize("formula", [product(143, 4), pigeons(5)], ids=["satisfiable", "unsatisfiable"])
def test_the_machine_gives_the_same_answer(formula: tuple[int, Clauses]) -> None:
    done = run_native(SOLVE, "-p", stdin=dimacs(*formula))
    assert run(SOLVE, ["-p"], dimacs(*formula)) == Outcome(RunStatus.EXITED, done.returncode, done.stdout, b"")
