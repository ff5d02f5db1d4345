"""Hostile jobs: whatever their documents, programs and blobs are, the agent refuses them for a reason, or runs them."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_socket import enable_socket

from assay.documents import MAX_DOCUMENT, JobSpec, read_job_spec, read_result_document, write_document
from assay.errors import AssayError, InputError, IntegrityError
from assay.machines.registry import Execution, machine_named, machines_for
from assay.store.local import LocalStore
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.confinement import Limits, memory_of
from provider_agent.executor import Executor, JobFaultError
from provider_agent.questions import Check, Produce
from tests.unit.agent.jobs import workload
from tests.unit.agent.test_executor import ask, quiet
from tests.unit.machines.elves import Part, elf_file
from tests.unit.machines.test_riscv import COPY, program

__all__ = ["quiet"]

MIB = 1 << 20
REFERENCE = machines_for(Execution(reference=True))
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("0" * 64),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["assay", "machine", "program", "tasks", "arguments", "stdin", "environment", "start", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)

SPEC = {"assay": "job/1", "machine": "riscv", "program": "0" * 64, "tasks": [{"arguments": ["a"], "stdin": None}]}


def refused_or_done(action: Callable[[], object]) -> None:
    """Nothing but our own errors may come of it."""
    with suppress(AssayError):
        action()


# Documents


@FUZZ
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    refused_or_done(lambda: read_job_spec(content))
    refused_or_done(lambda: read_result_document(content))


@FUZZ
@given(st.sampled_from(sorted(SPEC)), JSON)
def test_a_spec_with_one_wrong_part_is_read_or_refused(name: str, value: Any) -> None:
    refused_or_done(lambda: read_job_spec(json.dumps(SPEC | {name: value}).encode()))


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_000_000,
        b'{"a":' * 300_000,
        b'{"tasks": [' + b"[" * 500_000 + b"]" * 500_000 + b"]}",
        b"1" * 100_000,
        b"1e" + b"9" * 1000,
        b'{"assay": "job/1", "tasks": [' + b"{}," * 600_000 + b"{}]}",
        b" " * (MAX_DOCUMENT + 1),
        b'"\\ud800"',
        b"\xff\xfe[]",
        b'{"assay": NaN}',
    ],
    ids=lambda content: f"{content[:12]!r} and so on, {len(content)}",
)
def test_documents_made_to_break_a_reader_are_refused(content: bytes) -> None:
    for read in (read_job_spec, read_result_document):
        with pytest.raises(AssayError):
            read(content)


@FUZZ
@given(JSON)
def test_any_task_is_loaded_or_refused(task: Any) -> None:
    given_task = task if isinstance(task, dict) else {"start": task, "target": 1}
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        elf = store.put(program(COPY))
        for machine, named in (("counter", None), ("riscv", elf)):
            refused_or_done(lambda m=machine, p=named: machine_named(m, REFERENCE).load(p, given_task, 256, store.get))


@FUZZ
@given(JSON)
def test_any_result_entry_is_proved_or_refused(entry: Any) -> None:
    given_entry = entry if isinstance(entry, dict) else {"state": entry}
    with TemporaryDirectory() as folder:
        for machine in ("counter", "riscv"):
            refused_or_done(lambda m=machine: machine_named(m).check_result(given_entry, LocalStore(Path(folder)).get))


# Programs


ELF = program(COPY)
TASK = {"arguments": ["a"], "stdin": None}


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(ELF) - 1), st.integers(0, 255)), max_size=12), st.integers(0, len(ELF)))
def test_any_damaged_program_is_run_or_refused(changes: list[tuple[int, int]], size: int) -> None:
    damaged = bytearray(ELF)
    for place, value in changes:
        damaged[place] = value
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        for file in (bytes(damaged), bytes(damaged[:size])):
            name = store.put(file)

            def run(name: str = name, store: LocalStore = store) -> None:
                task = {"arguments": ["a"], "stdin": None}
                trace = machine_named("riscv", REFERENCE).load(name, task, 256, store.get)
                trace.run()
                trace.result()
                trace.witness(255)

            refused_or_done(run)


def test_a_program_that_claims_all_memory_takes_none_of_it(tmp_path: Path) -> None:
    """As an archive that unpacks to far more than it is: a segment of many GiB that the file has a page of."""
    parts = [Part(0x10000, b"\x13\0\0\0" * 4, size=size) for size in (1 << 31, 1 << 40, (1 << 64) - 1)]
    store = LocalStore(tmp_path)
    before = memory_of(os.getpid())
    for part in parts:
        name = store.put(elf_file([part], entry=0x10000))
        for machines in (REFERENCE, shipped_machines()):
            refused_or_done(
                lambda m=machines, n=name: machine_named("riscv", m).load(n, TASK, 256, store.get).state_root(0)
            )
    assert memory_of(os.getpid()) - before < 64 * MIB


# Stores


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A peer of a stranger's."""
    enable_socket()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                answer(self)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.05)


def header_trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("peer", [endless, trickle, header_trickle], ids=lambda peer: peer.__name__)
def test_a_peer_that_sends_for_ever_costs_one_job_and_little_memory(
    tmp_path: Path,
    quiet: int,
    peer: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    before = memory_of(os.getpid())
    with serving(peer) as url:
        executor = Executor(shipped_machines, 1, Limits(memory=512 * MIB, check_time=4.0))
        try:
            with pytest.raises(JobFaultError):
                ask(executor, "job", workload(tmp_path, store=url), Check(), quiet)
            honest = workload(tmp_path / "honest")
            assert ask(executor, "next", honest, Check(), quiet).size > 0
        finally:
            executor.close()
    assert memory_of(os.getpid()) - before < 64 * MIB


def test_a_blob_that_changes_between_reads_is_never_taken_for_the_first(tmp_path: Path) -> None:
    honest = LocalStore(tmp_path / "honest")
    work = _copying(honest, b"first")
    asked: dict[str, int] = {}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rpartition("/")[2]
        asked[name] = asked.get(name, 0) + 1
        body = honest.get(name)
        send(handler, body if asked[name] == 1 else body[::-1])

    with serving(answer) as url:
        reached = _bench(work, url, tmp_path / "cache")
        reached.initial_roots()
        assert reached.compute(0).blobs[0] == b"first"
        # Again, as after a restart: what was read once is kept, so the store is not even asked.
        assert _bench(work, url, tmp_path / "cache").compute(0).blobs[0] == b"first"
        assert set(asked.values()) == {1}
        # And one that never read it is told something else, and finds that out.
        with pytest.raises(IntegrityError):
            _bench(work, url, tmp_path / "another").initial_roots()


def test_a_cache_that_is_tampered_with_is_found_out(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    work = _copying(store, b"input")
    with serving(lambda handler: send(handler, store.get(handler.path.rpartition("/")[2]))) as url:
        _bench(work, url, tmp_path / "cache").initial_roots()
        for blob in (path for path in (tmp_path / "cache").rglob("*") if path.is_file()):
            blob.write_bytes(b"something else")
        assert _bench(work, url, tmp_path / "cache").compute(0).blobs[0] == b"input"  # read from the store again


def test_a_name_that_is_no_content_id_reaches_no_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    (tmp_path / "secret").write_text("key")
    for name in ("../secret", "/etc/passwd", "ab/../../secret", "0" * 63, "0" * 64 + "\n", "A" * 64, "\0" * 64):
        with pytest.raises(InputError, match="content id"):
            store.get(name)
        spec = json.dumps(SPEC | {"program": name}).encode()
        with pytest.raises(InputError):
            read_job_spec(spec)


def _copying(store: LocalStore, stdin: bytes) -> Workload:
    """A job that copies its input."""
    task = {"arguments": ["copy"], "stdin": store.put(stdin)}
    elf = store.put(program(COPY))
    spec = store.put(write_document(JobSpec(assay="job/1", machine="riscv", program=elf, tasks=[task])))
    root = machine_named("riscv", REFERENCE).load(elf, task, 16**3, store.get).state_root(0)
    return Workload("riscv", (spec,), root, 1, 3, str(store.folder), Path("unused"), MIB)


def _bench(work: Workload, url: str, cache: Path) -> Bench:
    fields = work.__dict__ | {"store": url, "cache": cache}
    return Bench(Workload(**fields), REFERENCE, lambda _: None)


def test_the_produce_of_a_job_that_is_not_what_it_says_is_never_published(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "blobs")
    other = workload(tmp_path, task_root=bytes(32))
    with pytest.raises(IntegrityError):
        Produce().answer(Bench(other, REFERENCE, lambda _: None))
    assert len([path for path in store.folder.rglob("*") if path.is_file()]) == 1  # the spec
