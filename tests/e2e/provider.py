"""A provider played by hand, for tests of what a requester sees: accepts, runs and claims when it is told to."""

from uuid import uuid4

from assay.chain.history import JobHistory
from assay.chain.node import Call
from assay.cli.session import Session
from assay.client.jobs import find_job, read_job
from assay.documents import ResultDocument, read_job_spec, write_document
from assay.machines.registry import machine_named
from assay.settings import load_settings
from tests.e2e.market import Market


class Provider:
    """A wallet of a network, acting as a provider."""

    def __init__(self, market: Market, wallet: str) -> None:
        self.session = Session(load_settings({"wallet": wallet}, market.environment))

    def accept(self, job: str) -> None:
        """Accept a job, with enough stake."""
        history = self._history(job)
        self.session.requester.stake(history.job.terms.bond)
        self._send(self.session.chain.market.accept(history.job))

    def claim(self, job: str) -> str:
        """Run a job of one task and claim its result; the content id of its standard output."""
        history = self._history(job)
        store = self.session.store
        spec = read_job_spec(store.get(history.job.terms.spec_id.hex()))
        trace = machine_named(spec.machine).load(spec.program, spec.tasks[0], history.job.terms.step_limit, store.get)
        trace.run()
        entry, blobs = trace.result()
        ids = [store.put(blob) for blob in blobs]
        document = write_document(ResultDocument(assay="result/1", machine=spec.machine, tasks=[entry]))
        result_id = bytes.fromhex(store.put(document))
        root = trace.state_root(trace.step_limit)
        self._send(self.session.chain.market.claim(history.job, [root], result_id))
        return ids[0]

    def _history(self, job: str) -> JobHistory:
        return read_job(self.session.chain, find_job(self.session.chain, job, None))[0]

    def _send(self, call: Call) -> None:
        self.session.sender.execute(call, str(uuid4()))
