"""`make zoo`: imports public models, runs them, and compares their outputs with those of onnxruntime.

A model fails if an output differs by more than the tolerance, or does not say what it should. `ARGS="--only TEXT"`
takes the models whose names have this, `--json` prints JSON, and `--job` sends those models as paid jobs through a
local market, too.
"""

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx

from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.arrays import input_bytes, output_arrays
from assay.models.onnx_import import import_onnx
from tests.bench.models import timed
from tests.unit.models.onnx_models import session_of
from tests.zoo.models import MODELS, Model

ROUNDS = 5
TOLERANCE = 5e-4
"""Of the largest number of an output, or of 1 where that is less. onnxruntime itself differs by 1.2e-4 in the finder of
text, with its optimisations and without them."""


@dataclass(frozen=True)
class Figures:
    """What was seen of one model."""

    parameters: int
    instructions: int
    steps: int
    memory_mib: float
    """Memory and weights together."""
    onnxruntime_ms: float
    run_ms: float
    """With the weights in order. Both are medians of CPU time, on one thread."""
    error: float
    """The largest difference, by the largest number of its output, or by 1."""
    says: str


def measure(model: Model) -> Figures:
    """Import and run a model; raises `SystemExit` where it is not what onnxruntime says."""
    data, given = model.path.read_bytes(), model.inputs()
    program = import_onnx(data, {name: array.shape for name, array in given.items()}, model.constants)
    session = session_of(data)
    wanted, peer, own, trace = [], list[float](), list[float](), None
    engine = fast_engine()
    inputs = [input_bytes(each, given[each.name]) for each in program.inputs]
    for _ in range(ROUNDS + 1):
        seconds, wanted = timed(lambda: session.run(None, {**given, **model.constants}))
        peer.append(seconds)
        trace = TensorTrace(program, program.initial(inputs), 16**15, lambda: engine)
        own.append(timed(trace.run)[0])
    assert trace is not None
    found = list(output_arrays(program.outputs, trace.outcome().stdout).values())
    errors = [difference(one, other) for one, other in zip(wanted, found, strict=True)]
    return Figures(
        parameters_of(onnx.load_from_string(data).graph),
        len(program.instructions),
        program.steps,
        4 * (program.memory + len(program.weights)) / 2**20,
        1000 * statistics.median(peer[1:]),
        1000 * statistics.median(own[1:]),
        max(errors),
        model.says(found),
    )


def parameters_of(graph: Any) -> int:
    """The floats among the constants of a graph and its branches, but for scalars."""
    tensors = list(graph.initializer)
    for node in graph.node:
        tensors += [each.t for each in node.attribute if node.op_type == "Constant" and each.name == "value"]
    floats = sum(int(np.prod(each.dims)) for each in tensors if each.data_type == onnx.TensorProto.FLOAT and each.dims)
    branches = [each.g for node in graph.node for each in node.attribute if each.HasField("g")]
    return floats + sum(map(parameters_of, branches))


def difference(wanted: np.ndarray, found: np.ndarray) -> float:  # type: ignore[type-arg]
    """By how much an output is off; infinitely, if it is of another shape or type."""
    if wanted.shape != found.shape or wanted.dtype.kind != found.dtype.kind:
        return float("inf")
    scale = max(1.0, float(np.abs(wanted).max()))
    return float(np.abs(wanted.astype(np.float64) - found).max()) / scale


def main() -> None:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", metavar="TEXT", help="models whose names have this; repeatable")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--job", action="store_true", help="send them as paid jobs through a local market, too")
    arguments = parser.parse_args()
    chosen = {n: m for n, m in MODELS.items() if not arguments.only or any(text in n for text in arguments.only)}
    results, wrong = {}, []
    for name, model in chosen.items():
        figures = results[name] = measure(model)
        if not figures.error <= TOLERANCE or figures.says != model.expected:
            wrong.append(f"{name}: off by {figures.error:.1e}, and says {figures.says!r}, not {model.expected!r}")
        if not arguments.json:
            print(row(name, figures), flush=True)
    if arguments.job:
        from tests.zoo.job import send  # noqa: PLC0415 - needs a node

        for line in send(chosen):
            print(line, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(json.dumps({name: asdict(each) for name, each in results.items()}, indent=2))
    for each in wrong:
        print(each, file=sys.stderr)
    raise SystemExit(bool(wrong))


def row(name: str, f: Figures) -> str:
    """A row of the table in docs/operators.md."""
    counts = f"{f.parameters:,} | {f.instructions:,} | {f.steps:,} | {f.memory_mib:,.0f}"
    return f"| {name} | {counts} | {f.onnxruntime_ms:,.1f} | {f.run_ms:,.1f} | {f.error:.1e} | {f.says} |"


if __name__ == "__main__":
    main()
