"""Models as Python programs load them."""

from pathlib import Path

import numpy as np
import pytest

from assay.errors import InputError
from assay.sdk.models import load_model
from tests.unit.models.onnx_models import Graph


@pytest.fixture
def scaling(tmp_path: Path) -> Path:
    """The file of a model whose second input is one number."""
    graph = Graph()
    x, by = graph.input(np.ones((2, 3), np.float32)), graph.input(np.array(0.5, np.float32))
    file = tmp_path / "scaling.onnx"
    file.write_bytes(graph.model([graph.node("Mul", x, by)]))
    return file


def test_an_input_that_is_fixed_at_import_is_none_of_the_models(scaling: Path) -> None:
    assert [each.name for each in load_model(scaling, {}, {}).inputs] == ["x0", "x1"]
    fixed = load_model(scaling, {}, {"x1": 0.5})
    assert [each.name for each in fixed.inputs] == ["x0"]
    assert np.float32(0.5).view(np.uint32) in fixed.weights


def test_a_number_for_an_input_that_is_not_there_is_refused(scaling: Path) -> None:
    with pytest.raises(InputError, match="other"):
        load_model(scaling, {}, {"other": 1})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx cannot be read"):
        load_model(tmp_path / "none.onnx", {}, {})
