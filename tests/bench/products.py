"""How fast single products and convolutions are, beside OpenBLAS (in NumPy) and onnxruntime: `make bench-products`.

Each is a model of one operator with constant weights, run in this process on one thread, in turn with its peers. The
median of the CPU time counts. What goes in and comes out is copied, as in onnxruntime.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from assay.machines.tensor_fast.machine import fast_engine
from assay.models.onnx_import import import_onnx
from tests.bench.models import Network, product, timed
from tests.unit.models.onnx_models import session_of

ROUNDS = 7
WORK = 2e8
"""Multiply-adds of a measurement, at least."""
PRODUCTS = (
    *((1, 384, 1536), (1, 2048, 2048), (4, 768, 768), (16, 384, 1536), (64, 384, 1536), (128, 384, 1536)),
    *((256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048)),
)
CONVOLUTIONS = (
    (64, 64, 56, 3, 1, 1),
    (256, 256, 14, 3, 1, 1),
    (3, 64, 112, 7, 2, 1),
    (128, 32, 56, 1, 1, 1),
    (96, 96, 56, 3, 1, 96),
)
"""Channels, outputs, places along each axis, kernel, stride, groups."""


def convolution(channels: int, outputs: int, places: int, kernel: int, stride: int, groups: int) -> bytes:
    net = Network()
    size = (places - 1) * stride + 1
    x, w = net.given(1, channels, size, size), net.weights(outputs, channels // groups, kernel, kernel)
    pads = [kernel // 2] * 4
    return net.model([net.node("Conv", x, w, pads=pads, strides=[stride] * 2, group=groups)])


def measure(model: bytes, adds: int, numpy: Callable[[np.ndarray[Any, Any]], Any] | None) -> list[float]:
    """Seconds of the machine, of onnxruntime, and of NumPy."""
    program, session = import_onnx(model), session_of(model)
    [tensor] = program.inputs
    x = np.random.default_rng(2).standard_normal(tensor.shape).astype(np.float32)
    engine, initial = fast_engine(), program.initial([x.tobytes()])
    runs: list[Callable[[], Any]] = [
        lambda: engine.final(program, initial),
        lambda: session.run(None, {tensor.name: x}),
    ]
    if numpy is not None:
        runs.append(lambda: numpy(x))
    times: list[list[float]] = [[] for _ in runs]
    repeats = max(1, int(WORK / adds))
    for _ in range(ROUNDS + 1):
        for run, own in zip(runs, times, strict=True):
            own.append(timed(lambda run=run: [run() for _ in range(repeats)])[0] / repeats)
    return [statistics.median(own[1:]) for own in times]


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.bench.products", description=__doc__.partition("\n")[0]).parse_args()
    load = os.getloadavg()[0]
    print("| what | OpenBLAS | onnxruntime | assay | speed, of the best |\n|---|---|---|---|---|")

    def row(name: str, seconds: list[float]) -> None:
        own, ort, *blas = (1000 * each for each in seconds)
        told = f"{blas[0]:.3f}" if blas else ""
        print(f"| {name} | {told} | {ort:.3f} | {own:.3f} | {min([ort, *blas]) / own:.2f} |", flush=True)

    for rows, inner, columns in PRODUCTS:
        w = np.random.default_rng(3).standard_normal((inner, columns)).astype(np.float32)
        seconds = measure(product(rows, inner, columns), rows * inner * columns, lambda x, w=w: x @ w)
        row(f"product {rows}x{inner}x{columns}", seconds)
    for channels, outputs, places, kernel, stride, groups in CONVOLUTIONS:
        adds = outputs * places**2 * channels // groups * kernel**2
        shape = f"{places}x{places}, kernel {kernel}, stride {stride}, groups {groups}"
        seconds = measure(convolution(channels, outputs, places, kernel, stride, groups), adds, None)
        row(f"convolution {channels} to {outputs}, {shape}", seconds)
    print(f"\nMilliseconds of CPU time on one thread, medians of {ROUNDS}.")
    print(f"The machine's load was {load:.1f} on {os.cpu_count()} processors.")


if __name__ == "__main__":
    main()
