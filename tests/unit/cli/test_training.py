"""`assay model train`: from an ONNX file to a trained one, by way of checkpoints."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from assay.cli.main import cli
from tests.unit.models.onnx_models import Graph, by_onnxruntime

RANDOM = np.random.default_rng(1)
ADAM = ("--loss", "cross-entropy", "--rate", "0.05", "--batch", "16")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of two classes that is open in its batch, and points on either side of a line."""
    graph = Graph()
    x = graph.input(np.zeros((1, 2), np.float32))
    weights = [graph.constant(RANDOM.standard_normal(shape).astype(np.float32)) for shape in ((2, 2), (2,))]
    y = graph.node("Softmax", graph.node("Gemm", x, *weights))
    import onnx  # noqa: PLC0415

    model = onnx.load_from_string(graph.model([y]))
    for each in (*model.graph.input, *model.graph.output):
        each.type.tensor_type.shape.dim[0].dim_param = "batch"
    (tmp_path / "line.onnx").write_bytes(model.SerializeToString())
    points = RANDOM.standard_normal((3, 16, 2)).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    np.save(tmp_path / "sides.npy", (points.sum(axis=-1) > 0).astype(np.int64))
    np.save(tmp_path / "batch.npy", points[0])
    np.save(tmp_path / "side.npy", (points[0].sum(axis=-1) > 0).astype(np.int64))
    return tmp_path


def assay(folder: Path, *arguments: str) -> Result:
    paths = [str(folder / each) if each.endswith((".onnx", ".npz", ".npy", ".assay")) else each for each in arguments]
    return CliRunner().invoke(cli, ["model", *paths])


def succeeds(folder: Path, *arguments: str) -> str:
    result = assay(folder, *arguments)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


def test_a_model_is_trained_from_checkpoint_to_checkpoint_and_exported(folder: Path) -> None:
    said = succeeds(folder, "train", "line.onnx", *ADAM, "--steps", "3", "--start", "c.npz", "-o", "step.assay")
    assert "trained: w0, w1" in said
    assert "x0 float32 3x16x2, labels int32 3x16" in said
    losses = []
    for _ in range(20):
        run = ("--input", "c.npz", "--input", "points.npy", "--input", "sides.npy", "-o", "next.npz")
        succeeds(folder, "run", "step.assay", *run)
        (folder / "next.npz").replace(folder / "c.npz")
        losses.extend(np.load(folder / "c.npz")["loss"])
    assert len(losses) == 60
    assert losses[-1] < 0.3 < losses[0]
    succeeds(folder, "export", "line.onnx", "c.npz", "-o", "trained.onnx")
    points = np.load(folder / "points.npy").reshape(-1, 2)
    [found] = by_onnxruntime((folder / "trained.onnx").read_bytes(), {"x0": points})
    assert np.mean(found.argmax(axis=1) == np.load(folder / "sides.npy").ravel()) > 0.95


def test_a_run_can_be_told_the_rate_and_facts_are_json(folder: Path) -> None:
    options = ("--loss", "cross-entropy", "--optimizer", "sgd", "--momentum", "0.9", "--batch", "16", "--freeze", "w1")
    said = succeeds(folder, "train", "line.onnx", *options, "--start", "c.npz", "-o", "step.assay", "--json")
    facts = json.loads(said)
    assert [each["name"] for each in facts["inputs"]] == ["checkpoint", "rate", "x0", "labels"]
    assert [each["name"] for each in facts["outputs"]] == ["w0", "w0.velocity", "loss"]
    assert (facts["trained"], facts["frozen"]) == (["w0"], ["w1"])
    changes = []
    for rate in (0.1, 0.2):
        np.save(folder / "rate.npy", np.array([rate], np.float32))
        inputs = [part for name in ("c.npz", "rate.npy", "batch.npy", "side.npy") for part in ("--input", name)]
        succeeds(folder, "run", "step.assay", *inputs, "-o", "next.npz")
        changes.append(np.load(folder / "next.npz")["w0"] - np.load(folder / "c.npz")["w0"])
    np.testing.assert_allclose(changes[1], 2 * changes[0], rtol=1e-5)


def test_what_does_not_fit_is_refused(folder: Path) -> None:
    to = ("--start", "c.npz", "-o", "step.assay")
    assert "--momentum is not for adam" in assay(folder, "train", "line.onnx", *ADAM, "--momentum", "0.5", *to).output
    assert "is open: say which" in assay(folder, "train", "line.onnx", *ADAM[:4], *to).output
    frozen = ("--freeze", "w0", "--freeze", "w1")
    assert "has no parameters" in assay(folder, "train", "line.onnx", *ADAM, *frozen, *to).output
    assert "'w7' is no initializer" in assay(folder, "train", "line.onnx", *ADAM, "--freeze", "w7", *to).output
    assert "no output 'z'" in assay(folder, "train", "line.onnx", *ADAM, "--of", "z", *to).output
    succeeds(folder, "train", "line.onnx", *ADAM, *to)
    run = ("run", "step.assay", "--input", "batch.npy", "--input", "side.npy", "-o", "next.npz")
    assert "has 3 inputs, not 2" in assay(folder, *run).output
    np.savez(folder / "other.npz", w0=np.zeros((2, 2), np.float32))
    assert "the checkpoint has no 'w1'" in assay(folder, *run, "--input", "other.npz").output
    np.savez(folder / "strange.npz", a=np.zeros(1))
    assert "has none of the inputs" in assay(folder, *run, "--input", "strange.npz").output
    assert "no parameter of this model" in assay(folder, "export", "line.onnx", "strange.npz", "-o", "t.onnx").output
    assert "is one array" in assay(folder, "export", "line.onnx", "batch.npy", "-o", "t.onnx").output
