"""The market from Python programs, with a real agent on a real network: what works, and what is raised otherwise."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay import (
    AsyncClient,
    Client,
    JobCancelledError,
    JobExpiredError,
    JobSlashedError,
    JobState,
    JobTimeoutError,
    MissedDeadlineError,
    ProgramError,
    Result,
    ResultMissingError,
)
from assay.amounts import format_tokens
from assay.cli import watch
from assay.errors import InputError
from tests.e2e.market import CHECKOUT, Market, running_agent, running_market
from tests.e2e.provider import Provider
from tests.support.agents import LIAR
from tests.support.programs import program
from tests.unit.models.onnx_models import Graph, by_onnxruntime

TOKEN = 10**18
DEAL = {"price": "0.5", "run_period": 60, "challenge_period": 5}
WALLETS = ("alice", "bob", "carol", "dave", "erin", "mallory")
HALVES = np.full((2, 3), 0.5, np.float32)
LATE = 120
"""Seconds after which a result that should come counts as one that does not."""

UPPER = """
#include <ctype.h>
#include <stdio.h>
int main(int count, char **words) {
    int byte;
    while ((byte = getchar()) != EOF) putchar(toupper(byte));
    for (int word = 1; word < count; word++) printf(" %s", words[word]);
    fputs("done", stderr);
    return count > 2 ? 3 : 0;
}
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A network with requesters, alice and erin, and providers: bob, whose agent takes what it may, carol, by hand."""
    with running_market(tmp_path_factory.mktemp("home"), *WALLETS) as market:
        market.assay("stake", "500", "--wallet", "bob")
        with running_agent(market, "bob", "--roles", "provider"):
            yield market


@pytest.fixture(scope="module", autouse=True)
def readme(network: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The lines of the README, verbatim, in a process of their own beside the other tests: they mostly wait."""
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    (lines,) = (block for block in blocks if "Client" in block)
    assert len(lines.strip().splitlines()) <= 20
    process = subprocess.Popen(
        [sys.executable, "-c", lines],
        cwd=tmp_path_factory.mktemp("readme"),
        env=os.environ | network.environment | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()


@pytest.fixture(scope="module")
def client(network: Market) -> Client:
    return Client(home=network.home, wallet="erin", password_file=network.home / "password")


@pytest.fixture(scope="module")
def upper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("program") / "upper.c"
    source.write_text(UPPER)
    built = source.with_suffix(".elf")
    built.write_bytes(program(source))
    return built


# What goes wrong


def test_what_cannot_be_sent_is_refused_before_anything_is_paid(client: Client, upper: Path) -> None:
    before = client.balance()
    with pytest.raises(InputError, match="encode text"):
        client.submit(upper, stdin="text", **DEAL)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ELF"):
        client.submit(b"no program", **DEAL)
    with pytest.raises(InputError, match="tokens are needed"):
        client.submit(upper, price=10**6)
    with pytest.raises(InputError, match="there is no reward"):
        client.submit(upper, **DEAL, reward=1)  # type: ignore[call-arg]
    assert client.balance() == before


def test_a_job_that_nobody_may_take_is_late_then_taken_back_and_its_money_is_free(
    network: Market, client: Client, upper: Path
) -> None:
    carol = Client(home=network.home, wallet="carol", password="correct horse")
    before = client.balance()
    job = client.submit(upper, only=carol.address, **DEAL)
    with pytest.raises(JobTimeoutError, match=r"waiting for a provider.*0\.5 tokens is in escrow") as late:
        job.result(timeout=0.1)
    assert isinstance(late.value, TimeoutError)
    assert (late.value.job, late.value.money.escrow) == (job.id, TOKEN // 2)
    assert (job.status(), job.done()) == (JobState.OPEN, False)

    assert job.cancel()
    assert not job.cancel()
    with pytest.raises(JobCancelledError, match=r"0\.5 refunded to the requester") as cancelled:
        job.result()
    assert cancelled.value.money.refunded == TOKEN // 2
    now = client.balance()
    assert now.free + now.outside == before.free + before.outside


def test_the_time_of_a_map_counts_from_its_call(network: Market, client: Client, upper: Path) -> None:
    carol = Client(home=network.home, wallet="carol")
    mapped = client.map(upper, [b"1", b"2"], timeout=5, only=carol.address, **DEAL)
    time.sleep(5)
    with pytest.raises(JobTimeoutError, match=r"waiting for a provider.*price of 1 tokens") as late:
        next(mapped)
    assert client.job(str(late.value.job)).cancel()


def test_a_job_that_is_accepted_and_not_claimed_pays_for_the_wait(network: Market, client: Client, upper: Path) -> None:
    carol = Provider(network, "carol")
    job = client.submit(upper, only=carol.session.own_address, price=1, bond=40, run_period=2)
    unclaimed = client.submit(upper, only=carol.session.own_address, price=1, accept_period=1)
    carol.accept(str(job.id))
    assert not job.cancel()
    with pytest.raises(MissedDeadlineError, match=f"1 refunded.*paid to {client.address}") as missed:
        job.result(LATE)
    money = missed.value.money
    assert (money.refunded, money.slashed + money.burned, money.beneficiary) == (TOKEN, 40 * TOKEN, client.address)
    with pytest.raises(JobExpiredError, match="1 refunded"):
        unclaimed.result(LATE)


def test_an_output_that_nobody_has_is_missing_and_the_error_says_who_was_paid(
    network: Market, client: Client, upper: Path
) -> None:
    carol = Provider(network, "carol")
    job = client.submit(upper, stdin=b"kept", only=carol.session.own_address, **DEAL)
    carol.accept(str(job.id))
    output = carol.claim(str(job.id))
    (network.home / "devnet" / "blobs" / output[:2] / output).unlink()
    (network.home / "cache" / output[:2] / output).unlink()
    with pytest.raises(ResultMissingError, match=r"has no blob.*in escrow"):
        job.result(LATE, final=False)


# The whole way


def test_the_lines_in_the_readme_are_enough(readme: subprocess.Popen[str]) -> None:
    told, complaints = readme.communicate(timeout=3 * LATE)  # they build a program, which a busy machine takes long for
    assert readme.returncode == 0, complaints
    assert told.split()[1:] == ["6", "9", "13"]


def test_results_come_as_from_other_libraries(client: Client, upper: Path) -> None:
    with client.executor(upper, max_tasks=4, **DEAL) as executor:
        futures: list[Future[Result]] = [executor.submit(b"%d" % number, str(number)) for number in range(3)]
        failing = executor.submit(b"x", "one", "two")
        mapped = executor.map([b"a", b"b"], ["c", "d"], timeout=LATE)
        job = client.submit(upper, ["and", "more"], stdin=b"loud ", **DEAL)
        listed = client.map(upper, (b"first", upper.with_suffix(".c")), timeout=LATE, **DEAL)

        early = job.result(LATE, final=False)
        assert (early.text, early.stderr, early.exit_status) == ("LOUD  and more", b"done", 3)
        assert [future.result().stdout for future in as_completed(futures[:1])] == [b"0 0"]
        assert [future.result(LATE).text for future in futures] == ["0 0", "1 1", "2 2"]
        assert [result.text for result in mapped] == ["A c", "B d"]
        with pytest.raises(ProgramError, match=f"task .* of job {failing.result().job} exited with status 3.*done"):
            failing.result().check()
    first, second = listed
    assert first.check().stdout == b"FIRST"
    assert second.stdout == upper.with_suffix(".c").read_bytes().upper()
    assert (first.job, first.task, second.task, first.final) == (second.job, 0, 1, True)

    final = job.result(LATE)
    assert final.final
    assert final.stdout == early.stdout
    assert (job.status(), job.done(), job.money().paid) == (JobState.FINALIZED, True, TOKEN // 2)
    assert not job.cancel()
    jobs = {future.result().job for future in [*futures, failing]}
    assert 1 <= len(jobs) < 4  # the first goes alone, and what came meanwhile together
    assert client.job(str(job.id).partition("@")[0]).result() == final
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(b"late")


def test_a_wait_in_asyncio_keeps_nobody_else_waiting(network: Market, upper: Path) -> None:
    async def play() -> None:
        options = {"home": network.home, "wallet": "erin", "password": "correct horse"}
        async with AsyncClient(**options) as client:
            job, other = await asyncio.gather(
                client.submit(upper, stdin=b"one", **DEAL), client.submit_many(upper, [b"two", b"three"], **DEAL)
            )
            with pytest.raises(TimeoutError):
                await job.result(timeout=0)
            waiting = asyncio.create_task(job.result())
            await asyncio.sleep(0)
            waiting.cancel()
            results = await asyncio.gather(job.result(LATE), other.results(LATE))
            assert (results[0].text, [each.text for each in results[1]]) == ("ONE", ["TWO", "THREE"])
            assert [await job.status(), await job.done()] == [JobState.FINALIZED, True]
            assert not await job.cancel()
            assert [result async for result in client.map(upper, [], **DEAL)] == []

    asyncio.run(play())


def test_threads_share_a_client(client: Client, upper: Path) -> None:
    stranger = "0x" + 40 * "1"
    before = client.balance()
    with_threads = [Future[object]() for _ in range(3)]

    def post(into: "Future[object]") -> None:
        try:
            into.set_result(client.submit(upper, only=stranger, **DEAL))
        except Exception as fault:  # noqa: BLE001 - told below
            into.set_exception(fault)

    threads = [threading.Thread(target=post, args=(future,)) for future in with_threads]
    for thread in threads:
        thread.start()
    jobs = [future.result(LATE) for future in with_threads]
    assert len({str(job.id) for job in jobs}) == 3  # type: ignore[attr-defined]
    cancelling = [threading.Thread(target=job.cancel) for job in jobs]  # type: ignore[attr-defined]
    for thread in cancelling:
        thread.start()
    for thread in cancelling:
        thread.join()
    now = client.balance()
    assert format_tokens(now.free + now.outside) == format_tokens(before.free + before.outside)


def test_the_money_comes_and_goes(client: Client) -> None:
    before = client.balance()
    client.deposit("1.5")
    assert client.balance().free == before.free + 3 * TOKEN // 2
    client.withdraw("1.5")
    assert client.balance() == before
    client.deposit("0.5", to="0x000000000000000000000000000000000000bEEF")
    after = client.balance()
    assert (after.free, after.outside) == (before.free, before.outside - TOKEN // 2)
    with pytest.raises(InputError, match="address"):
        client.deposit("0.5", to="bob")


def test_a_model_goes_from_arrays_to_arrays(network: Market, client: Client, tmp_path: Path) -> None:
    graph = Graph()
    scaled = graph.node("Mul", graph.input(np.arange(6, dtype=np.float32).reshape(2, 3)), graph.constant(HALVES))
    model, inputs = graph.model([graph.node("Tanh", scaled)]), list(graph.inputs.values())
    file = tmp_path / "tanh.onnx"
    file.write_bytes(model)
    np.save(tmp_path / "x.npy", inputs[0])
    (expected,) = by_onnxruntime(model, graph.inputs)

    with pytest.raises(InputError, match="the model has 1 inputs, not 0"):
        client.infer(file, [], **DEAL)
    (output,) = client.infer(file, inputs, timeout=LATE, **DEAL).values()
    np.testing.assert_allclose(output, expected, rtol=1e-6)

    async def infer() -> np.ndarray[Any, Any]:
        async with AsyncClient(home=network.home, wallet="erin", password="correct horse") as asynchronous:
            (found,) = (await asynchronous.infer(file, inputs, timeout=LATE, **DEAL)).values()
            return found

    np.testing.assert_array_equal(asyncio.run(infer()), output)
    assert network.json("quote", str(file), "--input", str(tmp_path / "x.npy"), "--run")["ran"]["steps"] > 0
    job = network.json("jobs", "--wallet", "erin")[-1]["job"]
    (tmp_path / "full.json").write_bytes(client.job(job).receipt(full=True))
    verified = network.assay("verify", "--offline", str(tmp_path / "full.json"), ASSAY_STORE=str(tmp_path / "none"))
    assert "all is as claimed" in verified.stdout


# Before, while and after, from the command line


def test_a_quote_names_who_could_run_it_and_why_nobody_can(network: Market, client: Client, upper: Path) -> None:
    job = client.submit(upper, stdin=b"known", **DEAL)
    job.result(LATE, final=False)
    bob = {wallet["name"]: wallet["address"] for wallet in network.json("wallet", "list")}["bob"]
    quote = network.json("quote", str(upper), "--stdin", str(upper.with_suffix(".c")), "--run", "--price", "1")
    (able,) = (each["provider"] for each in quote["providers"] if each["is_able"])
    assert (able, quote["bond"]) == (bob, "20")
    assert quote["ran"]["steps"] > 0
    assert quote["dispute"]["challenger_gas"] > quote["dispute"]["defender_gas"] > 0
    spec = upper.with_name("spec.json")
    spec.write_bytes(client.session.store.get(job.history().spec_ids[0].hex()))
    told = network.assay("quote", str(spec), "--price", "1000", expect=7).stdout
    assert "Nobody can run it now: none of" in told
    assert "asks for a bond of 20000" in told


def test_a_job_is_watched_and_its_receipt_is_all_that_a_stranger_needs(
    network: Market, client: Client, upper: Path, tmp_path: Path
) -> None:
    job = client.submit(upper, stdin=b"watched", **DEAL)
    watched = network.assay("watch", str(job.id), "--json").stdout
    events = [json.loads(line) for line in watched.splitlines()]
    assert [event["stage"] for event in events if event["event"]] == ["posted", "accepted", "claimed", "finalized"]
    assert (events[-1]["status"], events[-1]["money"]["paid"]) == ("finalized", "0.5")

    receipt, full = tmp_path / "receipt.json", tmp_path / "full.json"
    network.assay("receipt", str(job.id), "-o", str(receipt))
    full.write_bytes(job.receipt(full=True))
    verified = network.json("verify", str(receipt))
    assert (verified["agrees"], verified["chain_asked"]) == (True, True)
    stranger = {"ASSAY_HOME": str(tmp_path / "nobody"), "ASSAY_STORE": str(tmp_path / "none")}
    assert "all is as claimed" in network.assay("verify", "--offline", str(full), **stranger).stdout
    assert "has no blob" in network.assay("verify", "--offline", str(receipt), expect=1, **stranger).stderr
    assert "give --offline" in network.assay("verify", str(full), expect=1, **stranger).stderr
    forged = receipt.read_text().replace('"price":"500000000000000000"', '"price":"100000000000000000"', 1)
    receipt.write_text(forged)
    assert "the chain has another price" in network.assay("verify", str(receipt), expect=5).stderr
    assert job.verify().agrees


def test_why_nothing_happens_is_told(
    network: Market, client: Client, upper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FIRST_REASON", 0.5)
    job = client.submit(upper, price=1, bond=5000)
    told = network.assay("watch", str(job.id), "--timeout", "2", expect=9)
    assert "the job asks for a bond of 5000" in told.stdout
    assert job.cancel()
    assert "taken back by its requester" in network.assay("watch", str(job.id), expect=6).stdout


def test_a_wrong_claim_is_found_disputed_and_its_first_wrong_step_named(
    network: Market, client: Client, upper: Path
) -> None:
    for wallet in ("mallory", "dave"):
        network.assay("stake", "100", "--wallet", wallet)
    wallets = {wallet["name"]: wallet["address"] for wallet in network.json("wallet", "list")}
    deal = {**DEAL, "bond": 20, "challenge_period": 300, "step_limit": 16**4}
    with running_agent(network, "mallory", "--step", "-1", program=LIAR):
        job = client.submit(upper, stdin=b"wrong", only=wallets["mallory"], **deal)
        while job.status() != JobState.CLAIMED:
            time.sleep(0.2)
        stranger = network.assay("verify", str(job.id), "--challenge", "--wallet", "carol", expect=1)
        assert "out of the stake" in stranger.stderr
        found = json.loads(
            network.assay("verify", str(job.id), "--challenge", "--json", "--wallet", "dave", expect=8).stdout
        )
        first = found["tasks"][0]["first_difference"]
        assert (first["agreed_until"], first["differs_at"]) == (0, 16**4)
        assert found["challenge"]["bond"] == "10"
        assert job.status() == JobState.DISPUTED
        with (
            running_agent(network, "dave", "--roles", "verifier"),
            pytest.raises(JobSlashedError, match=r"0\.5 refunded.*10 paid to .*10 burned") as slashed,
        ):
            job.result(LATE)
    assert slashed.value.money.beneficiary == wallets["dave"]
    told = network.assay("verify", str(job.id), expect=8).stdout
    assert re.search(r"step [\d,]+ \(.*\) leads to 0x", told)
