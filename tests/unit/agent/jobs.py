"""Jobs for the counter, and what the agent's parts need to know of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.documents import JobSpec, write_document
from assay.machines import merkle
from assay.machines.registry import machine_named
from assay.store.local import LocalStore
from provider_agent.bench import Workload

COUNT = {"start": 7, "target": 100}
OTHER = {"start": 0, "target": 3}


def workload(folder: Path, tasks: Sequence[Mapping[str, Any]] = (COUNT,), **changes: Any) -> Workload:
    """A counter job whose spec is in the store `folder`/blobs, with `changes` to what its terms say."""
    store = LocalStore(folder / "blobs")
    spec = JobSpec(assay="job/1", machine="counter", program=None, tasks=[dict(task) for task in tasks])
    traces = [machine_named("counter").load(None, task, 256, store.get) for task in tasks]
    terms = {
        "machine": "counter",
        "spec_ids": (store.put(write_document(spec)),),
        "task_root": merkle.root([trace.state_root(0) for trace in traces]),
        "task_count": len(tasks),
        "rounds": 2,
        "store": str(store.folder),
        "cache": folder / "cache",
        "maximum_bytes": 1 << 20,
    }
    return Workload(**(terms | changes))
