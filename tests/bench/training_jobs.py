"""Training as a chain of paid jobs: each is run by one agent and recomputed by another, and one is lied about."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from assay.chain.records import End, JobId, Status
from assay.dispute.game import Side
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.kernels import load_kernels
from assay.models.arrays import input_blobs
from assay.models.files import write_model
from assay.models.training.program import Training
from tests.e2e.test_agents import book_of, end_of, wait_for, wait_until
from tests.e2e.test_models import Requester
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import anvil
from tests.support.lies import telling_step
from tests.support.market import ALLOWANCE, CHALLENGE_PERIOD, TOKEN, LocalMarket
from tests.unit.models.onnx_models import Array

LIES = 20
"""One of so many jobs is first taken by somebody who lies."""


class School:
    """A local market with a requester who trains, and agents that do the work."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        for name in ("market", "requester"):
            (folder / name).mkdir()
        self._market = LocalMarket(url, folder / "market")
        self._requester = Requester(self._market, folder / "requester")
        self.provider, self.verifier = (self._agent(role) for role in ("provider", "verifier"))
        self.jobs = 0
        self.caught = 0

    def _agent(self, name: str) -> Agent:
        return Agent(self._market, self._market.join(stake=100 * TOKEN), name, self._folder)

    def run(self, training: Training, checkpoint: dict[str, Array], *batch: Array) -> dict[str, Array]:
        """The next checkpoint, by a job that was recomputed and paid."""
        if self.jobs % LIES == 2:
            self._lie(training, checkpoint, *batch)
        target = self._folder / "next.npz"
        with running(self.provider, AGENT, "--roles", "provider"):
            job_id = self._submit(training, checkpoint, *batch)
            wait_for(self._market, job_id, lambda history: history.job.status is Status.CLAIMED)
            agreed = f'job={job_id} reason="recomputed, and right"'
            wait_until("the verifier agrees", lambda: agreed in self.verifier.said())
            self._requester.model("result", f"{job_id.slot}.{job_id.generation}", "-o", target)
            self._market.skip_time(CHALLENGE_PERIOD)
            if end_of(self._market, job_id) is not End.FINALIZED:
                raise SystemExit(f"job {job_id} was not paid")
        with np.load(target) as found:
            return dict(found)

    def _lie(self, training: Training, checkpoint: dict[str, Array], *batch: Array) -> None:
        """Have somebody run the same job who changes one bit of the last gradient, and is slashed for it."""
        program, inputs = training.program, input_blobs(training.program, [checkpoint, *batch])
        number = max(number for number, each in enumerate(program.instructions) if each.kind == Kind.DOT)
        step = telling_step(program, number, inputs, FastExecution(load_kernels()))
        liar = self._agent(f"liar-{self.jobs}")
        with running(liar, LIAR, "--step", str(step)):
            job_id = self._submit(training, checkpoint, *batch)
            wait_until("the dispute is at its step", lambda: self._at_step(job_id))
            [dispute] = book_of(self._market).disputes_of(job_id)
            if dispute.to_move is Side.DEFENDER:  # who cannot execute it, and waits for its clock
                self._market.skip_time(2 * ALLOWANCE)
            end = end_of(self._market, job_id)
        [dispute] = book_of(self._market).disputes_of(job_id)
        found = [dispute.play.start + dispute.stepped.index] if dispute.stepped else []
        if end not in (End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT) or (found and found != [step]):
            raise SystemExit(f"the lie about step {step} ended with {end}, steps {found}")
        self.caught += 1

    def _at_step(self, job_id: JobId) -> bool:
        disputes = book_of(self._market).disputes_of(job_id)
        return any(each.stepped or each.resolved or each.play.remaining == 0 for each in disputes)

    def _submit(self, training: Training, checkpoint: dict[str, Array], *batch: Array) -> JobId:
        program = self._folder / "step.assay"
        program.write_bytes(write_model(training.program))
        np.savez(self._folder / "checkpoint.npz", **checkpoint)  # type: ignore[arg-type]
        files = [self._folder / "checkpoint.npz"]
        for number, array in enumerate(batch):
            files.append(self._folder / f"batch{number}.npy")
            np.save(files[-1], array)
        given = [part for file in files for part in ("--input", file)]
        deal = ("--price", "1", "--bond", "10", "--json")
        facts = json.loads(self._requester.model("submit", program, *given, *deal).stdout)
        self.jobs += 1
        return JobId.parse(facts["job"])


@contextmanager
def school() -> Iterator[School]:
    """One on a node of its own, with a verifier at work."""
    with TemporaryDirectory() as name, anvil("--block-time", "0.5") as url:
        found = School(url, Path(name))
        with running(found.verifier, AGENT, "--roles", "verifier"):
            yield found
