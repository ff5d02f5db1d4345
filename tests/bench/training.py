"""Training in figures: `python -m tests.bench.training [--json] [--jobs]`.

Three things, all on one thread: a classifier of scikit-learn's 1,797 handwritten digits (8x8), trained on 1,500 of them
and tried on the other 297; a transformer of characters that reads this project's README; and the time that a step
takes, beside NumPy in binary32 by hand. With `--jobs`, each run of the trainings is a paid job on a local network, that
one agent runs and another one recomputes, and one in twenty is lied about first. The digits need scikit-learn, as
nothing else does: `pip install scikit-learn`.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.arrays import input_blobs, output_arrays
from assay.models.onnx_import import import_onnx
from assay.models.training.export import with_parameters
from assay.models.training.optimizers import Adam, Sgd
from assay.models.training.program import Plan, Training, training_program
from tests.unit.models.networks import Network, character_model, convolutional_classifier
from tests.unit.models.onnx_models import Array

README = Path(__file__).resolve().parents[2] / "README.md"
FAST = fast_engine()
STEPS = 5
"""Of one run: as many as a job would have."""


def run(training: Training, checkpoint: dict[str, Array], *batch: Array) -> dict[str, Array]:
    program = training.program
    trace = TensorTrace(program, program.initial(input_blobs(program, [checkpoint, *batch])), 16**15, lambda: FAST)
    return output_arrays(program.outputs, trace.outcome().stdout)


Run = Callable[..., dict[str, Array]]
"""As `run`: the next checkpoint of a training, from one and a batch."""


def trained(
    training: Training, batches: Callable[[], list[Array]], runs: int, run: Run
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The last checkpoint, and the losses at both ends."""
    checkpoint, losses, began = dict(training.start), [], time.process_time()
    for _ in range(runs):
        checkpoint = run(training, checkpoint, *batches())
        losses.extend(checkpoint["loss"].tolist())
    seconds = time.process_time() - began
    facts = {"jobs": runs, "optimizer steps": len(losses), "steps a second": round(len(losses) / seconds, 1)}
    machine = {"machine steps a job": training.program.steps, "memory, MiB": training.program.memory >> 18}
    ends = {"first losses": round(float(np.mean(losses[:5])), 3), "last losses": round(float(np.mean(losses[-50:])), 3)}
    return checkpoint, {**facts, **machine, **ends}


def digits(runs: int, run: Run = run) -> dict[str, Any]:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - only this needs it

    found, random, batch = load_digits(), np.random.default_rng(1), 50
    images, labels = (found.images / 16).astype(np.float32)[:, None], found.target
    order = random.permutation(len(images))
    known, held = order[:1500], order[1500:]
    model, _, _ = convolutional_classifier(batch, size=8, classes=10)
    training = training_program(model, Plan("cross-entropy", Adam(), 0.003, steps=STEPS))

    def batches() -> list[Array]:
        chosen = random.choice(known, (STEPS, batch))
        return [images[chosen], labels[chosen]]

    checkpoint, facts = trained(training, batches, runs, run)
    program = import_onnx(with_parameters(model, checkpoint))
    right = 0
    for start in range(0, len(held), batch):
        some = held[start : start + batch]
        padded = np.resize(some, batch)
        trace = TensorTrace(program, program.initial(input_blobs(program, [images[padded]])), 16**15, lambda: FAST)
        [found_classes] = output_arrays(program.outputs, trace.outcome().stdout).values()
        right += int(np.sum(found_classes.argmax(axis=1)[: len(some)] == labels[some]))
    return {**facts, "held back": len(held), "right": round(right / len(held), 4)}


def characters(runs: int, run: Run = run) -> dict[str, Any]:
    text = np.frombuffer(README.read_bytes(), np.uint8)
    codes = np.unique(text, return_inverse=True)[1].reshape(-1)
    size, batch, length, random = int(codes.max()) + 1, 8, 32, np.random.default_rng(1)
    model, _, _ = character_model(size, batch, length, width=64, heads=4)
    training = training_program(model, Plan("cross-entropy", Adam(), 0.003, steps=STEPS))

    def batches() -> list[Array]:
        starts = random.integers(0, len(codes) - length - 1, (STEPS, batch))
        windows = codes[starts[..., None] + np.arange(length + 1)]
        return [windows[..., :-1], windows[..., 1:]]

    return {**trained(training, batches, runs, run)[1], "by chance": round(float(np.log(size)), 3)}


def beside_numpy(rows: int = 128, width: int = 512, rounds: int = 5) -> dict[str, Any]:
    """A step of a perceptron 784-512-10: CPU milliseconds, medians."""
    net = Network()
    x = net.random.random((rows, 784), np.float32)
    hidden = net.node("Relu", net.node("Gemm", net.input(x), net.weights(784, width), net.zeros(width)))
    model = net.model([net.node("Gemm", hidden, net.weights(width, 10), net.zeros(10))])
    training, labels = training_program(model, Plan("cross-entropy", Sgd(), 0.01)), net.random.integers(0, 10, rows)
    program, state = training.program, {name: array.copy() for name, array in training.start.items()}
    initial = program.initial(input_blobs(program, [training.start, x, labels]))

    def by_numpy() -> None:
        w0, b0, w1, b1 = state.values()
        h = np.maximum(x @ w0 + b0, 0)
        powers = np.exp((logits := h @ w1 + b1) - logits.max(axis=1, keepdims=True))
        g = powers / powers.sum(axis=1, keepdims=True)
        g[np.arange(rows), labels] -= 1
        g /= np.float32(rows)
        d = (g @ w1.T) * (h > 0)
        for array, gradient in ((w0, x.T @ d), (b0, d.sum(axis=0)), (w1, h.T @ g), (b1, g.sum(axis=0))):
            np.subtract(array, np.float32(0.01) * gradient, out=array)

    def by_machine() -> TensorTrace:
        trace = TensorTrace(program, initial, 16**15, lambda: FAST)
        trace.run()
        return trace

    def milliseconds(action: Callable[[], object]) -> float:
        action()
        taken = []
        for _ in range(rounds):
            began = time.process_time()
            action()
            taken.append(time.process_time() - began)
        return round(1000 * float(np.median(taken)), 2)

    trace = by_machine()
    began = time.process_time()
    trace.state_root(0), trace.state_root(16**15)
    roots = round(1000 * (time.process_time() - began), 2)
    return {"numpy": milliseconds(by_numpy), "machine": milliseconds(by_machine), "roots": roots}


def by_jobs(runs: int, as_json: bool) -> None:
    """Both trainings as chains of paid jobs."""
    from tests.bench.training_jobs import school  # noqa: PLC0415 - needs a node

    results: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    for name, part in (("digits", digits), ("characters", characters)):
        began = time.monotonic()
        with school() as network:
            facts = part(runs, network.run)
            minutes = round((time.monotonic() - began) / 60, 1)
            results[name] = {**facts, "jobs posted": network.jobs, "lies slashed": network.caught, "minutes": minutes}
        if not as_json:
            print(name, *(f"  {key}: {value}" for key, value in results[name].items()), sep="\n", flush=True)
    if as_json:
        print(json.dumps(results, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=120, help="jobs of each training (default: 120)")
    parser.add_argument("--jobs", action="store_true", help="send the runs as paid jobs through a local market")
    arguments = parser.parse_args()
    if arguments.jobs:
        by_jobs(arguments.runs, arguments.json)
        return
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "digits": lambda: digits(arguments.runs),
        "characters": lambda: characters(arguments.runs),
        "a step of 784-512-10 on 128 rows, ms": beside_numpy,
    }
    results: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    for name, part in parts.items():
        try:
            results[name] = part()
        except ImportError:
            results[name] = {"left out": "pip install scikit-learn"}
        if not arguments.json:
            print(name, *(f"  {key}: {value}" for key, value in results[name].items()), sep="\n")
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
