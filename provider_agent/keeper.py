"""Keeps what the agent owes to others for as long as it does, and its own disk tidy.

A provider owes the result document of each job that it has claimed, and the outputs that this names, while the job runs
and for `store.keep_days` after its end. Then they are dropped from the store, but for what another job's results share.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from assay.content import is_content_id
from assay.documents import read_result_document
from assay.errors import AssayError, TransientError
from assay.store.base import Store
from assay.store.local import LocalStore
from assay.store.location import open_store
from provider_agent.duty import Duty
from provider_agent.journal import Journal
from provider_agent.logs import about
from provider_agent.settings import Settings

log = logging.getLogger(__name__)

TIDY_EVERY = 3600.0
"""Seconds between two looks at the disk."""

STALE = 24 * 3600.0
"""Seconds after which something half written was left by a process that was killed."""

PAUSE = 60.0
"""Seconds after a fault."""

_DAY = 24 * 3600.0


class Holdings(Protocol):
    """What the keeper needs of a context."""

    @property
    def settings(self) -> Settings: ...
    @property
    def journal(self) -> Journal: ...


class Keeper:
    """What one agent keeps. A pass of the loop does little of it at a time, so that no dispute waits."""

    def __init__(self, holdings: Holdings, clock: Callable[[], float] = time.time) -> None:
        self._settings = holdings.settings
        self._journal = holdings.journal
        self._clock = clock
        self._tidied_at = self._paused_until = float("-inf")
        self._store: Store | None = None

    def tick(self) -> None:
        """Do a little: one job's outputs at most. A fault is no reason for anything else to wait."""
        if self._clock() < self._paused_until:
            return
        try:
            self._do_a_little()
        except AssayError as fault:
            self._paused_until = self._clock() + PAUSE
            log.warning("not tidied", extra=about(reason=fault, retry_in=PAUSE))

    def _do_a_little(self) -> None:
        if self._clock() - self._tidied_at >= TIDY_EVERY:
            self._tidied_at = self._clock()
            self._tidy()
        if self._settings.store.keep_days is None:
            return
        if (duty := self._journal.unlisted()) is not None:
            self._list(duty)
        elif (job := self._journal.droppable(self._clock() - self._settings.store.keep_days * _DAY)) is not None:
            self._drop(job)

    def _tidy(self) -> None:
        """Remove what an agent that was killed has left behind: jobs' folders, and what was half written."""
        live = {duty.job for duty in self._journal.live_duties()}
        folder = self._settings.cache
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir() and path.name not in live:
                shutil.rmtree(path, ignore_errors=True)
                log.info("tidied", extra=about(folder=path.name))
        if isinstance(store := self._opened(), LocalStore):
            store.sweep(STALE)

    def _list(self, duty: Duty) -> None:
        """Write down what a job's results are made of."""
        assert duty.result_id is not None
        result_id = duty.result_id.hex()
        try:
            document = read_result_document(self._opened().get(result_id))
            parts = set(_ids(document.tasks))
        except TransientError:
            raise
        except AssayError:
            parts = set()  # it is gone already, or never was: nothing that it names can be known
        self._journal.list_outputs(duty.job, {result_id, *parts})

    def _drop(self, job: str) -> None:
        blobs = self._journal.outputs_of_no_other(job)
        dropped = sum(self._opened().drop(blob_id) for blob_id in sorted(blobs))
        self._journal.drop_outputs(job)
        log.info("dropped", extra=about(job=job, blobs=dropped))

    def _opened(self) -> Store:
        if self._store is None:
            self._store = open_store(self._settings.store.location)
        return self._store


def room_for(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _ids(part: Any) -> Iterator[str]:
    """The content ids in a part of a result document, whatever machine it is of: each is the `id` of an object."""
    if isinstance(part, list):
        for each in part:
            yield from _ids(each)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "id" and isinstance(value, str) and is_content_id(value):
                yield value
            else:
                yield from _ids(value)
