"""A few random models: onnxruntime, the reference, the kernels and the referee agree."""

import pytest

from tests.differential.graph_fuzz import DRAWS, compare, random_graph
from tests.differential.referee import Referee
from tests.differential.tensor_steps import SOURCE

GRAPHS = 60


@pytest.fixture(scope="module")
def tensor_referee(node: str) -> Referee:
    return Referee(node, source=SOURCE)


def test_random_models_agree(tensor_referee: Referee) -> None:
    graphs = [random_graph(seed) for seed in range(GRAPHS)]
    assert len({node.op_type for graph in graphs for node in graph.nodes}) > len(DRAWS) / 2
    for seed, graph in enumerate(graphs):
        assert compare(graph, tensor_referee if seed % 4 == 0 else None) == [], seed


def test_a_model_that_is_another_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.models.recurrent.FUNCTIONS", dict.fromkeys(("Sigmoid", "Tanh"), lambda _, x: x))
    graphs = [each for each in map(random_graph, range(200)) if any(n.op_type == "RNN" for n in each.nodes)]
    assert graphs
    assert all("RNN" in compare(graph, None)[0] for graph in graphs)
