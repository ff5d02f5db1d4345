"""Models as jobs: sent by the command line, run and recomputed by agents, lies about one element judged on chain."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from assay.chain.records import End, JobId, Status
from assay.cli.main import cli
from assay.machines.tensor.instruction import Kind
from assay.models.files import read_model
from assay.models.onnx_import import import_onnx
from tests.e2e.test_agents import account, book_of, end_of, wait_for, wait_until
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import anvil
from tests.support.lies import telling_step
from tests.support.market import CHALLENGE_PERIOD, PASSWORD, TOKEN, LocalMarket
from tests.unit.models.onnx_models import Array, Graph, by_onnxruntime

VERIFIER = ("--roles", "verifier")

Recruit = Callable[[str], Agent]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMarket]:
    with anvil("--block-time", "0.5") as url:
        yield LocalMarket(url, tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def verifier(network: LocalMarket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    agent = Agent(network, network.join(stake=100 * TOKEN), "verifier", tmp_path_factory.mktemp("a"))
    with running(agent, AGENT, *VERIFIER):
        yield agent


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Array]:
    """A folder with an ONNX file of a small convolutional network and its input, and what onnxruntime makes of it.

    A run has so many steps that disputes have four rounds: then the challenger executes the step that is left.
    """
    folder, graph, random = tmp_path_factory.mktemp("model"), Graph(), np.random.default_rng(1)

    def weights(*shape: int) -> str:
        return graph.constant((random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32))

    x = graph.node("Conv", graph.input(random.random((3, 1, 8, 8), np.float32)), weights(8, 1, 3, 3), weights(8))
    pooled = graph.node("MaxPool", graph.node("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    hidden = graph.node("Gemm", graph.node("Flatten", pooled), weights(72, 16), weights(16))
    y = graph.node("Softmax", graph.node("MatMul", graph.node("Tanh", hidden), weights(16, 10)))
    model = graph.model([y])
    (folder / "digits.onnx").write_bytes(model)
    np.save(folder / "image.npy", graph.inputs["x0"])
    return folder, by_onnxruntime(model, graph.inputs)[0]


class Requester:
    """Somebody who uses the command line."""

    def __init__(self, network: LocalMarket, folder: Path) -> None:
        party = network.join(free=100 * TOKEN)
        (folder / "wallets").mkdir()
        self.address = party.address
        self._environment = {
            "ASSAY_HOME": str(folder),
            "ASSAY_RPC_URL": network.url,
            "ASSAY_DEPLOYMENT": str(network.deployment_file),
            "ASSAY_STORE": str(network.store.folder),
            "ASSAY_WALLET": str(party.write_wallet(folder / "wallets", "alice").stem),
            "ASSAY_PASSWORD": PASSWORD,
        }

    def model(self, *arguments: object) -> Result:
        """`assay model` with these arguments."""
        result = CliRunner().invoke(cli, ["model", *map(str, arguments)], env=self._environment)
        assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
        return result


@pytest.fixture
def requester(network: LocalMarket, tmp_path: Path) -> Requester:
    return Requester(network, tmp_path)


@pytest.fixture
def recruit(network: LocalMarket, verifier: Agent, tmp_path: Path) -> Iterator[Recruit]:
    """Makes agents that have staked; prints what all said if the test fails."""
    agents = [verifier]

    def make(name: str) -> Agent:
        agents.append(Agent(network, network.join(stake=100 * TOKEN), name, tmp_path))
        return agents[-1]

    yield make
    for agent in agents:
        print(f"--- {agent.folder.name} {agent.party.address}\n{agent.said()}")


def test_a_model_is_run_by_an_agent_and_its_output_is_what_onnxruntime_computes(
    network: LocalMarket, requester: Requester, verifier: Agent, expected: tuple[Path, Array], recruit: Recruit
) -> None:
    folder, wanted = expected
    provider = recruit("provider")
    free, _ = account(network, provider)
    output, again = folder / "y.npy", folder / "again.npy"
    submit = ("submit", folder / "digits.onnx", "--input", folder / "image.npy", "--price", "2", "--bond", "10")
    with running(provider, AGENT, "--roles", "provider"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requester.model, *submit, "--wait", "-o", output)
        job_id = JobId(requester.address, 0, 1)
        wait_until("it is posted", lambda: job_id in book_of(network).jobs)
        wait_for(network, job_id, lambda history: history.job.status is Status.CLAIMED)
        wait_until("the verifier agrees", lambda: f'job={job_id} reason="recomputed, and right"' in verifier.said())
        network.skip_time(CHALLENGE_PERIOD)
        waiting.result()

    assert end_of(network, job_id) is End.FINALIZED
    assert account(network, provider)[0] == free + 2
    requester.model("result", "0.1", "-o", again)
    assert again.read_bytes() == output.read_bytes()
    np.testing.assert_allclose(np.load(output), wanted, rtol=1e-5)


def test_lies_in_one_bit_of_a_product_and_of_an_exponential_are_slashed_by_the_steps_that_write_them(
    network: LocalMarket, requester: Requester, verifier: Agent, expected: tuple[Path, Array], recruit: Recruit
) -> None:
    folder, _ = expected
    program = import_onnx((folder / "digits.onnx").read_bytes())
    image = np.load(folder / "image.npy").astype("<f4").tobytes()
    kinds = [instruction.kind for instruction in program.instructions]
    steps = [telling_step(program, kinds.index(kind), [image]) for kind in (Kind.DOT, Kind.EXP)]
    liars = [recruit(f"liar-{step}") for step in steps]
    free, stake = account(network, verifier)
    submit = ("submit", folder / "digits.onnx", "--input", folder / "image.npy", "--price", "1", "--bond", "10")
    with ExitStack() as processes:
        for liar, step in zip(liars, steps, strict=True):
            processes.enter_context(running(liar, LIAR, "--step", str(step)))
        facts = [json.loads(requester.model(*submit, "--json").stdout) for _ in steps]
        job_ids = [JobId.parse(each["job"]) for each in facts]
        assert [end_of(network, job_id) for job_id in job_ids] == [End.SLASHED_BY_STEP] * 2

    disputes = [dispute for job_id in job_ids for dispute in book_of(network).disputes_of(job_id)]
    found = [dispute.play.start + dispute.stepped.index for dispute in disputes if dispute.stepped]
    assert sorted(found) == sorted(steps)
    assert [account(network, liar) for liar in liars] == [(0, 90)] * 2
    assert account(network, verifier) == (free + 2 * 5, stake)


@pytest.fixture
def lesson(requester: Requester, tmp_path: Path) -> Path:
    """A folder with a program that trains a small perceptron, its first checkpoint, and a batch."""
    graph, random = Graph(), np.random.default_rng(2)

    def weights(*shape: int) -> str:
        return graph.constant((random.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32))

    x = graph.node("Relu", graph.node("Gemm", graph.input(random.random((16, 12), np.float32)), weights(12, 8)))
    model = graph.model([graph.node("Softmax", graph.node("Gemm", x, weights(8, 4), weights(4)))])
    (tmp_path / "perceptron.onnx").write_bytes(model)
    np.save(tmp_path / "x.npy", graph.inputs["x0"])
    np.save(tmp_path / "labels.npy", random.integers(0, 4, 16))
    files = ("--start", tmp_path / "start.npz", "-o", tmp_path / "step.assay")
    requester.model("train", tmp_path / "perceptron.onnx", "--loss", "cross-entropy", "--rate", "0.01", *files)
    return tmp_path


def test_a_training_goes_on_from_what_a_job_gave_and_a_lie_about_one_element_of_a_gradient_is_slashed(
    network: LocalMarket, requester: Requester, lesson: Path, recruit: Recruit
) -> None:
    def inputs(checkpoint: str) -> list[object]:
        files = [lesson / name for name in (checkpoint, "x.npy", "labels.npy")]
        return [lesson / "step.assay", *(part for file in files for part in ("--input", file))]

    deal = ("--price", "1", "--bond", "10", "--json")
    provider = recruit("trainer")
    with running(provider, AGENT, "--roles", "provider"):
        facts = json.loads(requester.model("submit", *inputs("start.npz"), *deal).stdout)
        job_id = JobId.parse(facts["job"])
        wait_for(network, job_id, lambda history: history.job.status is Status.CLAIMED)
    requester.model("result", f"{job_id.slot}.{job_id.generation}", "-o", lesson / "next.npz")
    requester.model("run", *inputs("start.npz"), "-o", lesson / "local.npz")
    found, wanted = (np.load(lesson / name) for name in ("next.npz", "local.npz"))
    assert {name: found[name].tobytes() for name in found} == {name: wanted[name].tobytes() for name in wanted}
    assert not np.array_equal(found["w0"], np.load(lesson / "start.npz")["w0"])

    program = read_model((lesson / "step.assay").read_bytes())
    number = max(number for number, each in enumerate(program.instructions) if each.kind == Kind.DOT)
    assert program.instructions[number].elements == 12 * 8, "the gradient by the first weights"
    step = sum(each.steps for each in program.instructions[:number]) + 29
    liar = recruit("liar-trainer")
    with running(liar, LIAR, "--step", str(step)):
        job_id = JobId.parse(json.loads(requester.model("submit", *inputs("next.npz"), *deal).stdout)["job"])
        assert end_of(network, job_id) is End.SLASHED_BY_STEP
    [dispute] = [each for each in book_of(network).disputes_of(job_id) if each.stepped]
    assert dispute.stepped is not None
    assert dispute.play.start + dispute.stepped.index == step
    assert account(network, liar) == (0, 90)
