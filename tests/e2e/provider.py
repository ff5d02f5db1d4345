"""A provider played by hand, for tests of what a requester sees: accepts, runs and claims when it is told to."""

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
        history = self.history(job)
        self.session.requester.stake(history.job.terms.bond)
        self._send(self.session.chain.market.accept(history.job))

    def claim(self, job: str) -> str:
        """Run a job and claim its result; the content id of its first task's standard output."""
        history = self.history(job)
        roots, result_id, first = self.run(history.spec_ids, history.job.terms.step_limit)
        self._send(self.session.chain.market.claim(history.job, roots, result_id))
        return first

    def run(self, spec_ids: tuple[bytes, ...], step_limit: int) -> tuple[list[bytes], bytes, str]:
        """Run the tasks that spec documents name: their final roots, the result document's id, the first output's."""
        store, roots, entries, ids = self.session.store, [], [], []
        for spec in (read_job_spec(store.get(spec_id.hex())) for spec_id in spec_ids):
            for task in spec.tasks:
                trace = machine_named(spec.machine).load(spec.program, task, step_limit, store.get)
                trace.run()
                entry, blobs = trace.result()
                ids += [store.put(blob) for blob in blobs]
                entries.append(entry)
                roots.append(trace.state_root(trace.step_limit))
        document = write_document(ResultDocument(assay="result/1", machine=spec.machine, tasks=entries))
        return roots, bytes.fromhex(store.put(document)), ids[0]

    def history(self, job: str) -> JobHistory:
        """What became of a job so far."""
        return read_job(self.session.chain, find_job(self.session.chain, job, None))[0]

    def _send(self, call: Call) -> None:
        self.session.sender.execute(call)
