"""`assay model`: from an ONNX file to its output."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from assay.cli.main import cli
from tests.unit.models.onnx_models import Graph, by_onnxruntime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    graph, random = Graph(), np.random.default_rng(1)
    x = graph.input(random.standard_normal((2, 6)).astype(np.float32))
    y = graph.node("MatMul", x, graph.constant(random.standard_normal((6, 3)).astype(np.float32)))
    model = graph.model([y])
    (tmp_path / "small.onnx").write_bytes(model)
    np.save(tmp_path / "x.npy", graph.inputs[x])
    np.save(tmp_path / "expected.npy", by_onnxruntime(model, graph.inputs)[0])
    return tmp_path


def assay(folder: Path, *arguments: str) -> Result:
    paths = [str(folder / each) if "." in each and "=" not in each else each for each in arguments]
    return CliRunner().invoke(cli, ["model", *paths])


def test_a_model_is_imported_and_run(folder: Path) -> None:
    imported = assay(folder, "import", "small.onnx", "-o", "small.assay")
    assert imported.exit_code == 0, imported.output
    assert "13 steps" in imported.output  # six products, six words of the output, and one that keeps them
    ran = assay(folder, "run", "small.assay", "--input", "x.npy", "-o", "y.npy", "--stats")
    assert ran.exit_code == 0, ran.output
    assert "13 steps, from state" in ran.output
    np.testing.assert_allclose(np.load(folder / "y.npy"), np.load(folder / "expected.npy"), rtol=1e-6, atol=1e-6)


def test_what_cannot_be_imported_or_run_is_refused(folder: Path) -> None:
    assert "is no shape" in assay(folder, "import", "small.onnx", "-o", "s.assay", "--shape", "x").output
    assert "has the shape [2, 6]" in assay(folder, "import", "small.onnx", "-o", "s.assay", "--shape", "x0=2x7").output
    assert "not an ONNX model" in assay(folder, "import", "x.npy", "-o", "s.assay").output
    assay(folder, "import", "small.onnx", "-o", "small.assay")
    assert "has 1 inputs, not 0" in assay(folder, "run", "small.assay", "-o", "y.npy").output
    np.save(folder / "wide.npy", np.zeros((2, 7), np.float32))
    wrong = assay(folder, "run", "small.assay", "--input", "wide.npy", "-o", "y.npy")
    assert wrong.exit_code == 1
    assert "is float32 [2, 6], not float32 [2, 7]" in wrong.output
    spoilt = (folder / "small.assay").read_bytes()[:-1] + b"\1"
    (folder / "small.assay").write_bytes(spoilt)
    assert "are not those of its model" in assay(folder, "run", "small.assay", "--input", "x.npy", "-o", "y.npy").output


def test_an_input_can_be_fixed_at_import(folder: Path) -> None:
    graph = Graph()
    x, factor = graph.input(np.ones(3, np.float32)), graph.input(np.array(1.5, np.float32))
    model = graph.model([graph.node("Mul", x, factor)])
    (folder / "scaled.onnx").write_bytes(model)
    np.save(folder / "ones.npy", np.ones(3, np.float32))
    assert assay(folder, "import", "scaled.onnx", "-o", "scaled.assay", "--value", "x1=1.5").exit_code == 0
    ran = assay(folder, "run", "scaled.assay", "--input", "ones.npy", "-o", "y.npy")
    assert ran.exit_code == 0, ran.output
    assert np.load(folder / "y.npy").tolist() == [1.5, 1.5, 1.5]
    assert "is no value" in assay(folder, "import", "scaled.onnx", "-o", "s.assay", "--value", "x1").output
    assert "no input x2" in assay(folder, "import", "scaled.onnx", "-o", "s.assay", "--value", "x2=1").output
