"""What a mutant has to survive: the steps of the differential tests, each with what the referee has to say about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from web3 import Web3
from web3.types import RPCEndpoint

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines.counter.state import CounterState
from assay.machines.counter.state import replay as replay_counter
from tests.differential import edges
from tests.differential.compare import Step, steps_of
from tests.differential.fuzz import random_steps
from tests.differential.referee import REFUSED, Referee, Verdict, step_call
from tests.differential.spoiling import spoilt
from tests.mutation.compiler import Entry
from tests.unit.machines.assembler import OP_IMM, OP_IMM_32

EDGES, RANDOM_STEPS, SPOILT = 14_000, 4000, 2000
"""How many of each; of the edges these are some half."""
FIRST = 40
"""Steps to a mutant's first request, the likeliest to kill; each request after that is twice as long."""
GAS = 1_000_000
"""That a step may use: a mutant that never ends is killed soon."""


@dataclass(frozen=True)
class Question:
    """A step, and the right answer."""

    call: str
    """The calldata: what does not change from mutant to mutant is made once."""
    answer: Verdict

    @staticmethod
    def of(prestate: bytes, witness: bytes, answer: Verdict) -> "Question":
        """The question of the step from `prestate`."""
        return Question(step_call(prestate, witness), answer)


def riscv_questions() -> list[Question]:
    """The edges, a few thousand random steps, and spoilt witnesses, in an order that soon has some of everything."""
    random = Random(0)
    steps = random.sample(list(_edge_steps()), EDGES)
    steps += islice(random_steps(seed=1), RANDOM_STEPS)
    steps += [spoilt(random, step) for step in random.sample(steps, SPOILT)]
    random.shuffle(steps)
    return [Question.of(step.before.root(), step.witness, step.expected) for step in steps]


def counter_questions() -> list[Question]:
    """States at the edges, with their witness and with others."""
    numbers = (0, 1, 2, 255, 256, (1 << 63) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1)
    states = [CounterState(value, target) for value in numbers for target in numbers]
    questions = []
    for state, other in zip(states, [*states[1:], states[0]], strict=True):
        right = state.encode()
        for witness in (right, other.encode(), right[:-1], right + b"\0", b"", right[::-1]):
            questions.append(Question.of(state.root(), witness, _counter_verdict(state.root(), witness)))
        questions += [Question.of(keccak256(wrong), wrong, REFUSED) for wrong in (right[:-1], right + b"\0", b"")]
    return questions


QUESTIONS = {
    Entry("contracts/referees/RiscvReferee.sol", "RiscvReferee"): riscv_questions,
    Entry("contracts/referees/CounterReferee.sol", "CounterReferee"): counter_questions,
}
"""The suite of each referee."""


class Suite:
    """The questions, and a node to ask them."""

    def __init__(self, url: str, questions: list[Question]) -> None:
        self._node = Web3(Web3.HTTPProvider(url))
        self._referee = Referee(url, gas=GAS)
        self._questions = questions

    def __len__(self) -> int:
        return len(self._questions)

    def kills(self, code: str) -> bool:
        """Whether a referee with this code answers a question wrongly. Such a question comes first from then on."""
        self._node.provider.make_request(RPCEndpoint("anvil_setCode"), [self._referee.address, "0x" + code])
        start, size = 0, FIRST
        while start < len(self._questions):
            asked = self._questions[start : start + size]
            verdicts = self._referee.call_all([question.call for question in asked])
            for place, (question, verdict) in enumerate(zip(asked, verdicts, strict=True), start):
                if verdict != question.answer:
                    self._questions.insert(0, self._questions.pop(place))
                    return True
            start, size = start + size, 2 * size
        return False


def _edge_steps() -> Iterator[Step]:
    groups = [edges.computations(*which) for which in edges.COMPUTATIONS]
    groups += [edges.immediates(opcode) for opcode in (OP_IMM, OP_IMM_32)]
    groups += [group() for group in edges.SINGLE_STEPS]
    for group in groups:
        for name, case in group:
            yield from steps_of(name, case, 1)
    for walk in edges.WALKS:
        for name, case in walk():
            yield from steps_of(name, case, 8)


def _counter_verdict(prestate: bytes, witness: bytes) -> Verdict:
    try:
        return replay_counter(prestate, witness)
    except IntegrityError:
        return REFUSED
