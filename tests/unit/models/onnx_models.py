"""Models as ONNX files, and what onnxruntime says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from assay.machines.tensor.program import Program
from tests.unit.models.small import loaded

Array = np.ndarray[Any, Any]
TYPES = {"float32": TensorProto.FLOAT, "bool": TensorProto.BOOL, "int64": TensorProto.INT64, "int32": TensorProto.INT32}


@dataclass
class Graph:
    """A graph that grows node by node."""

    opset: int = 17
    inputs: dict[str, Array] = field(default_factory=dict)
    nodes: list[Any] = field(default_factory=list)
    initializers: list[Any] = field(default_factory=list)
    _count: int = 0

    def input(self, array: Array) -> str:
        name = f"x{len(self.inputs)}"
        self.inputs[name] = array
        return name

    def constant(self, array: Array) -> str:
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        names = [f"t{self._count + i}" for i in range(outputs)]
        self._count += outputs
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}{len(self.nodes)}", **attributes))
        return names[0]

    def model(self, outputs: Sequence[str], like: Array | None = None) -> bytes:
        """The file; `like` has the shape of those outputs of which `onnx` does not know it."""
        inputs = [
            helper.make_tensor_value_info(name, TYPES[array.dtype.name], array.shape)
            for name, array in self.inputs.items()
        ]
        results = [helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = helper.make_graph(self.nodes, "graph", inputs, results, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        inferred = onnx.shape_inference.infer_shapes(model)
        types = {each.name: each for each in (*inferred.graph.value_info, *inferred.graph.output)}
        if like is not None:
            types |= {name: helper.make_tensor_value_info(name, TYPES[like.dtype.name], like.shape) for name in outputs}
        del model.graph.output[:]
        model.graph.output.extend(types[name] for name in outputs)
        return bytes(model.SerializeToString())


def session_of(model: bytes) -> onnxruntime.InferenceSession:
    """The model in onnxruntime, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def by_onnxruntime(model: bytes, inputs: dict[str, Array]) -> list[Array]:
    return list(session_of(model).run(None, inputs))


def by_machine(program: Program, inputs: dict[str, Array]) -> list[Array]:
    given = [np.ascontiguousarray(inputs[each.name]).astype(each.type).tobytes() for each in program.inputs]
    data, results = loaded(program, *given, step_limit=16**10).outcome().stdout, []
    for tensor in program.outputs:
        part, data = data[: 4 * tensor.words], data[4 * tensor.words :]
        results.append(np.frombuffer(part, tensor.type).reshape(tensor.shape))
    return results
