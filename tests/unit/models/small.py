"""Small programs with instructions of every kind."""

import numpy as np

from assay.content import content_id
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.machine import TensorMachine
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.models.builder import Builder

UNARY = (Kind.COPY, Kind.SQRT, Kind.EXP, Kind.LOG, Kind.TANH, Kind.ERF, Kind.SIGMOID)
BINARY = (Kind.ADD, Kind.SUB, Kind.MUL, Kind.DIV, Kind.LARGEST, Kind.LEAST, Kind.LESS, Kind.EQUAL)


def every_kind() -> Program:
    """A program that takes rows of 70 terms through every kind of instruction."""
    random = np.random.default_rng(3)
    builder = Builder()
    x = builder.input("x", (2, 70))
    product = builder.dot(x, builder.constant(random.standard_normal((3, 70)).astype(np.float32)))
    outputs = [product, builder.reduce(Kind.SUM, x)]
    largest = builder.reduce(Kind.FOLD_LARGEST, x)
    place = builder.find(x, largest)
    table = builder.constant(random.standard_normal((70, 2)).astype(np.float32))
    outputs += [largest, builder.gather(table, place, 0), builder.unary(Kind.FROM_INT, place)]
    outputs += [builder.unary(kind, product) for kind in UNARY]
    other = builder.constant(random.standard_normal((3,)).astype(np.float32))
    outputs += [builder.binary(kind, product, other) for kind in BINARY]
    outputs.append(builder.unary(Kind.TO_INT, product, "int32"))
    return builder.program([(f"y{number}", value) for number, value in enumerate(outputs)])


def an_input() -> bytes:
    """For `every_kind`, with zeros of both signs, an infinity in one row and a NaN with a payload in the other."""
    x = np.random.default_rng(4).standard_normal((2, 70)).astype(np.float32)
    x[0, :3] = 0.0, -0.0, np.inf
    x[1, 69:] = np.array([0xFFC12345], np.uint32).view(np.float32)
    return x.astype("<f4").tobytes()


def loaded(program: Program, *inputs: bytes, step_limit: int = 16**4) -> TensorTrace:
    """A trace of the program as a job would have it."""
    document, weights = program.documents()
    blobs = {content_id(blob): blob for blob in (document, weights, *inputs)}
    task = {"inputs": [content_id(each) for each in inputs]}
    return TensorMachine().load(content_id(document), task, step_limit, blobs.__getitem__)
