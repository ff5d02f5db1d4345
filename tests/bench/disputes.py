"""What a dispute about a model costs, by the model's size: `make bench-disputes`, which draws docs/disputes.svg.

Models of growing size are run, one word of a product is lied about in the middle of each, and both sides play the
dispute on a local chain until the referee has executed the step. Gas is all that the transactions used.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from web3 import Web3

from assay.chain.records import DisputeTerms, TaskProof
from assay.dispute.game import ARITY, History, Side
from assay.dispute.strategy import opening
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.kernels import load_kernels
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.onnx_import import import_onnx
from simulation.figure import STYLE
from tests.bench.gas_chain import GasChain, gas_chain
from tests.bench.gas_paths import Desk, turns
from tests.bench.models import Network, convolutional, perceptron, transformer
from tests.support.contracts import built, deploy
from tests.support.lies import forged

FIGURE = Path(__file__).resolve().parents[2] / "docs" / "disputes.svg"


def layers(width: int, count: int = 2, rows: int = 1) -> bytes:
    """A perceptron of equal layers."""
    net = Network()
    x = net.given(rows, width)
    for _ in range(count):
        x = net.node("Relu", net.dense(x, width, width))
    return net.model([x])


MODELS: Mapping[str, Callable[[], bytes]] = {
    "perceptron, width 8": lambda: layers(8),
    "perceptron, width 64": lambda: layers(64),
    "perceptron, width 256": lambda: layers(256),
    "perceptron, 784 inputs": perceptron,
    "perceptron, width 1024, 16 rows": lambda: layers(1024, 2, 16),
    "transformer, 1 layer, 16 tokens": lambda: transformer(1, 16, 128, 4),
    "convolutional, 64x64": convolutional,
    "transformer, 6 layers, 128 tokens": transformer,
}


@dataclass(frozen=True)
class Figures:
    """Sizes, and gas."""

    multiply_adds: int
    steps: int
    rounds: int
    opening: int
    turns: list[int]
    step: int
    """With what the market does at the end."""

    @property
    def whole(self) -> int:
        return self.opening + sum(self.turns) + self.step


def middle(program: Program) -> int:
    """The address of an element of a product, that of the middle one of the products' steps."""
    products = [each for each in program.instructions if each.kind == Kind.DOT]
    left = sum(each.steps for each in products) // 2
    for instruction in products:
        if left < instruction.steps:
            return instruction.place(left // instruction.runs)[0]
        left -= instruction.steps
    raise AssertionError("a model without products")


def measure(desk: Desk, referee: str, model: bytes) -> Figures:
    """Play a dispute about a run of the model."""
    program, random = import_onnx(model), np.random.default_rng(3)
    # An even number, so that the challenger executes the step: a liar whose turn it were would wait for its clock.
    rounds = next(rounds for rounds in range(2, 17, 2) if ARITY**rounds >= program.steps)
    inputs = [random.standard_normal(each.shape).astype("<f4").tobytes() for each in program.inputs]
    honest = TensorTrace(program, program.initial(inputs), ARITY**rounds, fast_engine)
    place, execute = middle(program), FastExecution(load_kernels())
    word = int(Engine(execute).everything(program, honest.initial)[place])
    liar = forged(honest, place, word ^ 1, execute)
    initial, claimed = honest.state_root(0), liar.state_root(ARITY**rounds)
    chain: GasChain = desk.chain
    _, job = desk.plain(replace(desk.terms, referee=referee, rounds=rounds, task_root=initial), [claimed])
    roots = opening(honest, rounds)
    opened = chain.send(chain.verifier, chain.market.challenge(job, TaskProof(0, initial, (), claimed, ()), roots)).gas
    terms = DisputeTerms(
        market=chain.market.address,
        claim=bytes(job.job_id),
        task=0,
        referee=referee,
        rounds=rounds,
        challenger=chain.verifier,
        defender=chain.provider,
        initial_root=initial,
        claimed_root=claimed,
    )
    traces = {Side.CHALLENGER: honest, Side.DEFENDER: liar}
    *moves, step = turns(chain, terms, History(rounds, initial, roots), traces, job.encode())
    adds = sum(each.elements * each.length for each in program.instructions if each.kind == Kind.DOT)
    return Figures(adds, program.steps, rounds, opened, moves, step)


def draw(found: Mapping[str, Figures], path: Path) -> None:
    """Draw what was seen, and write it as SVG. The file depends on nothing else."""
    rows = sorted(found.values(), key=lambda each: each.multiply_adds)
    x = [each.multiply_adds for each in rows]
    with mpl.rc_context({**STYLE, "svg.hashsalt": "disputes"}):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axis = figure.subplots()
        parts = [
            ("opening", [each.opening for each in rows]),
            ("turns", [sum(each.turns) for each in rows]),
            ("the step, and what the market does", [each.step for each in rows]),
        ]
        axis.stackplot(x, [values for _, values in parts], labels=[name for name, _ in parts], alpha=0.5)
        axis.plot(x, [each.whole for each in rows], "o-", color="black", markersize=4, label="the whole dispute")
        axis.set(xscale="log", xlabel="multiply-adds of a run", ylabel="gas", ylim=(0, None))
        axis.set(title="A dispute's gas grows with the logarithm of a model's size")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda gas, _: f"{gas:,.0f}"))
        axis.legend(loc="upper left")
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.disputes", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object: a key a model")
    parser.add_argument("--only", action="append", metavar="TEXT", help="models whose names have this; draws nothing")
    arguments = parser.parse_args()
    chosen = [name for name in MODELS if not arguments.only or any(text in name for text in arguments.only)]
    found = {}
    with TemporaryDirectory() as folder, gas_chain(Path(folder)) as chain:
        referee = deploy(Web3(Web3.HTTPProvider(chain.url)), built("contracts/referees/TensorReferee.sol"))
        desk = Desk(chain)
        measure(desk, referee, MODELS[chosen[0]]())  # warms up the slot and the parties' accounts
        for name in chosen:
            each = found[name] = measure(desk, referee, MODELS[name]())
            if not arguments.json:
                print(
                    f"| {name} | {each.multiply_adds:,} | {each.steps:,} | {each.rounds} | {each.opening:,} "
                    f"| {max(each.turns, default=0):,} | {each.step:,} | {each.whole:,} |",
                    flush=True,
                )
    if not arguments.only:
        draw(found, FIGURE)
    if arguments.json:
        print(json.dumps({name: {**asdict(each), "whole": each.whole} for name, each in found.items()}, indent=2))


if __name__ == "__main__":
    main()
