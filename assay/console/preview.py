"""What tasks wrote, proved to belong to their claims before anybody sees it, and never believed about what it is."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

from assay.chain.history import JobHistory
from assay.chain.records import End
from assay.documents import MAX_DOCUMENT, read_result_document
from assay.errors import InputError, IntegrityError
from assay.machines.base import Outcome
from assay.machines.registry import machine_named
from assay.store.base import Store

MAX_OUTPUT = 8 << 20
"""Bytes of a stream that is fetched for people to look at."""

MAX_TEXT = 64 << 10
"""Characters that are shown of a text."""

_KEPT = 8
"""Outcomes that are remembered."""

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
"""By what they begin with. Nothing that can hold a script, such as SVG, is a picture here."""

_CONTROLS = {chr(code) for code in range(32)} - set("\t\n\r\f\v\x1b")


@dataclass(frozen=True)
class Proved:
    """An outcome that belongs to a claim."""

    final_root: bytes
    outcome: Outcome


class Previewer:
    """Fetches outputs from a store, and checks them; remembers the last ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[tuple[bytes, int], Proved] = OrderedDict()
        self._lock = threading.Lock()

    def outcome(self, machine: str, history: JobHistory, task: int) -> Proved:
        """What a task of a claimed job left behind.

        Raises `InputError` if there is no such claim or task, `MissingBlobError`, `BlobTooLargeError` beyond
        `MAX_OUTPUT`, and `IntegrityError` if it is not what was claimed.
        """
        job = history.job
        if history.result_id is None:
            raise InputError(f"job {job.job_id} has no result: nobody has claimed one")
        if task >= len(history.final_roots):
            raise InputError(f"job {job.job_id} has {len(history.final_roots)} tasks, counted from 0")
        key = (history.final_roots[task], task)
        if (known := self._known.get(key)) is not None:
            return known
        proved = self._prove(machine, history, task)
        with self._lock:
            self._known[key] = proved
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return proved

    def _prove(self, machine: str, history: JobHistory, task: int) -> Proved:
        job = history.job
        document = read_result_document(self._store.get((history.result_id or b"").hex(), MAX_DOCUMENT))
        if document.machine != machine or len(document.tasks) != len(history.final_roots):
            raise IntegrityError(f"the result document of job {job.job_id} is about another job")
        root, outcome = machine_named(machine).check_result(document.tasks[task], self._fetch)
        if root != history.final_roots[task]:
            raise IntegrityError(f"the output of task {task} of job {job.job_id} is not the one that was claimed")
        return Proved(root, outcome)

    def _fetch(self, blob_id: str) -> bytes:
        return self._store.get(blob_id, MAX_OUTPUT)


Standing = Literal["final", "open", "wrong"]


def standing_of(history: JobHistory) -> Standing:
    """Whether a claim stood: `final`, `open` to challenges, or `wrong`."""
    if history.ended is None:
        return "open"
    return "final" if history.ended.end == End.FINALIZED else "wrong"


def picture_type(data: bytes) -> str | None:
    """The media type of a picture that a browser may show; None for anything else."""
    return next((kind for start, kind in _PICTURES if data.startswith(start)), None)


def describe(data: bytes) -> dict[str, Any]:
    """What `models.Stream` has, of some output."""
    kind, text, is_truncated = "empty" if not data else "binary", None, False
    if picture_type(data):
        kind = "picture"
    elif data and (decoded := _text(data)) is not None:
        kind, text, is_truncated = "text", decoded[:MAX_TEXT], len(decoded) > MAX_TEXT
    return {"kind": kind, "size": len(data), "text": text, "truncated": is_truncated}


def _text(data: bytes) -> str | None:
    """Some bytes as text, if that is what they are."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.intersection(text) else text
