"""Public models as paid jobs: sent by the command line, run and recomputed by agents, paid on a local market."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from assay.chain.records import End, JobId, Status
from tests.e2e.test_agents import account, book_of, end_of, wait_for, wait_until
from tests.e2e.test_models import Requester
from tests.support.agents import AGENT, Agent, running
from tests.support.anvil import anvil
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket
from tests.zoo.models import Model

PRICE = 2


def send(models: Mapping[str, Model]) -> Iterator[str]:
    """Has each model run by one agent and recomputed by another, and tells when it is paid."""
    with TemporaryDirectory() as name, anvil("--block-time", "0.5") as url:
        folder = Path(name)
        (folder / "market").mkdir()
        (folder / "requester").mkdir()
        market = LocalMarket(url, folder / "market")
        provider, verifier = (
            Agent(market, market.join(stake=100 * TOKEN), role, folder) for role in ("provider", "verifier")
        )
        requester = Requester(market, folder / "requester")
        with (
            running(provider, AGENT, "--roles", "provider"),
            running(verifier, AGENT, "--roles", "verifier"),
            ThreadPoolExecutor(1) as pool,
        ):
            for number, (title, model) in enumerate(models.items(), start=1):
                free, _ = account(market, provider)
                here, paid = folder / f"{number}-here", folder / f"{number}-paid"
                arguments = _imported(requester, model, folder / f"{number}.assay")
                requester.model("run", *arguments, "-o", here)
                deal = ("--price", PRICE, "--bond", 10, "--wait", "-o", paid)
                waiting = pool.submit(requester.model, "submit", *arguments, *deal)
                job_id = JobId(requester.address, 0, number)
                wait_until("it is posted", lambda job_id=job_id: job_id in book_of(market).jobs)
                wait_for(market, job_id, lambda history: history.job.status is Status.CLAIMED)
                agreed = f'job={job_id} reason="recomputed, and right"'
                wait_until("the verifier agrees", lambda agreed=agreed: agreed in verifier.said())
                market.skip_time(CHALLENGE_PERIOD)
                waiting.result(120)
                if end_of(market, job_id) is not End.FINALIZED or here.read_bytes() != paid.read_bytes():
                    raise SystemExit(f"{title}: the job has not given what the model gives here")
                earned = account(market, provider)[0] - free
                yield f"{title}: job {job_id} was run, recomputed, and paid with {earned} tokens"


def _imported(requester: Requester, model: Model, target: Path) -> list[object]:
    """What the command line is given for a model and its inputs."""
    given = model.inputs()
    shapes = [f"{name}={'x'.join(map(str, array.shape))}" for name, array in given.items()]
    values = [f"{name}={array.item()}" for name, array in model.constants.items()]
    options = [("--shape", each) for each in shapes] + [("--value", each) for each in values]
    requester.model("import", model.path, "-o", target, *(word for option in options for word in option))
    arguments: list[object] = [target]
    for number, array in enumerate(given.values()):
        path = target.with_suffix(f".{number}.npy")
        np.save(path, array)
        arguments += ["--input", path]
    return arguments
