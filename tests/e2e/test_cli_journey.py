"""A requester's way through the command line, on a network of its own; first what goes wrong, then the whole way."""

import json
import socket
import time
from pathlib import Path

import pytest

from tests.e2e.market import Market
from tests.e2e.provider import Provider
from tests.support.anvil import anvil
from tests.support.programs import program

ECHO = """
#include <stdio.h>
int main(int count, char **words) {
    int byte;
    while ((byte = getchar()) != EOF) putchar(byte);
    fprintf(stderr, "%d words\\n", count);
    return count > 2 ? 3 : 0;
}
"""


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that writes what it reads, and exits with 3 if it has two arguments."""
    source = tmp_path_factory.mktemp("program") / "echo.c"
    source.write_text(ECHO)
    built = source.with_suffix(".elf")
    built.write_bytes(program(source))
    return built


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A file to send along."""
    file = tmp_path / "speech.txt"
    file.write_bytes(bytes(range(256)) * 4)
    return file


def balance(market: Market, wallet: str) -> dict[str, str]:
    found = market.json("wallet", "balance", wallet)
    return {name: found[name] for name in ("free", "stake", "outside")}


# What goes wrong


def test_a_price_above_the_balance_is_refused_and_nothing_is_uploaded(market: Market, echo: Path, speech: Path) -> None:
    before = balance(market, "stranger")
    blobs = set((market.home / "devnet" / "blobs").rglob("*"))
    told = market.assay(
        *("submit", str(echo), "--stdin", str(speech), "--price", "10000.000000000000000001", "--wallet", "stranger"),
        expect=1,
    ).stderr
    assert "10000.000000000000000001 tokens are needed" in told
    assert "10000 outside" in told
    assert balance(market, "stranger") == before
    assert set((market.home / "devnet" / "blobs").rglob("*")) == blobs


def test_a_file_that_is_no_program_is_refused(market: Market, speech: Path) -> None:
    told = market.assay("submit", str(speech), "--price", "1", "--wallet", "alice", expect=1).stderr
    assert "ELF" in told


def test_terms_below_the_markets_least_are_refused(market: Market, echo: Path) -> None:
    order = ("submit", str(echo), "--price", "1", "--wallet", "alice")
    assert "BondTooLow" in market.assay(*order, "--bond", "1", expect=4).stderr
    assert "ChallengePeriodTooShort" in market.assay(*order, "--challenge-period", "1s", expect=4).stderr


@pytest.mark.parametrize("command", ["show", "result", "cancel", "expire", "finalize"])
def test_an_unknown_job_is_named(market: Market, command: str) -> None:
    assert "there is no job 77.1" in market.assay(command, "77.1", "--wallet", "alice", expect=1).stderr
    assert "is no job" in market.assay(command, "what", "--wallet", "alice", expect=1).stderr


def test_a_missing_wallet_and_a_wrong_password_are_told_apart(market: Market, tmp_path: Path) -> None:
    assert "no wallet 'carol'" in market.assay("stake", "1", "--wallet", "carol", expect=1).stderr
    (tmp_path / "guess").write_text("a guess")
    wrong = market.assay("stake", "1", "--wallet", "alice", "--password-file", str(tmp_path / "guess"), expect=1)
    assert "the password of wallet 'alice' is wrong" in wrong.stderr
    assert "choose one with --wallet" in market.assay("stake", "1", expect=1).stderr


def test_more_than_there_is_cannot_be_withdrawn_or_unstaked(market: Market) -> None:
    assert "BalanceTooLow" in market.assay("withdraw", "1", "--wallet", "stranger", expect=4).stderr
    assert "StakeTooLow" in market.assay("unstake", "1", "--wallet", "stranger", expect=4).stderr


def test_a_node_that_is_down_is_told(market: Market) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "no node answers" in market.assay("jobs", "--all", "--rpc-url", url, expect=3).stderr


def test_a_node_on_another_chain_is_told(market: Market) -> None:
    with anvil("--chain-id", "5") as url:
        told = market.assay("jobs", "--all", "--rpc-url", url, expect=4).stderr
    assert "is on chain 5" in told


def test_a_chain_without_the_market_is_told(market: Market) -> None:
    with anvil() as url:
        told = market.assay("jobs", "--all", "--rpc-url", url, expect=4).stderr
    assert "not deployed here" in told


def test_a_contract_that_is_not_the_deployed_one_is_told(market: Market, tmp_path: Path) -> None:
    deployment = json.loads((market.home / "deployment.json").read_text())
    deployment["market"], deployment["token"] = deployment["token"], deployment["market"]
    deployment["code_hashes"][deployment["market"]] = "00" * 32
    (tmp_path / "deployment.json").write_text(json.dumps(deployment))
    told = market.assay("jobs", "--all", "--deployment", str(tmp_path / "deployment.json"), expect=4).stderr
    assert "another hash" in told


def test_a_missing_and_a_broken_deployment_file_are_told(market: Market, tmp_path: Path) -> None:
    missing = market.assay("jobs", "--all", "--deployment", str(tmp_path / "none.json"), expect=1)
    assert "there is no deployment file" in missing.stderr
    (tmp_path / "broken.json").write_text('{"chain_id": "one"}')
    broken = market.assay("jobs", "--all", "--deployment", str(tmp_path / "broken.json"), expect=1)
    assert "cannot be used" in broken.stderr


# The whole way


def test_a_job_is_taken_back_before_anyone_accepts_it(market: Market, echo: Path) -> None:
    market.assay("deposit", "5", "--wallet", "alice")
    before = balance(market, "alice")
    posted = market.json("submit", str(echo), "--price", "2.5", "--wallet", "alice")
    assert float(balance(market, "alice")["free"]) == float(before["free"]) - 2.5
    assert "NotTheRequester" in market.assay("cancel", posted["job"], "--wallet", "bob", expect=4).stderr
    assert market.json("cancel", posted["job"], "--wallet", "alice")["refunded"] == "2.5"
    assert balance(market, "alice") == before
    assert "has ended already" in market.assay("cancel", posted["job"], "--wallet", "alice", expect=1).stderr
    assert market.json("show", posted["job"])["status"] == "cancelled"


def test_a_sponsor_deposits_for_somebody_else(market: Market) -> None:
    sponsor, sponsored = balance(market, "bob"), balance(market, "alice")
    address = next(one["address"] for one in market.json("wallet", "list") if one["name"] == "alice")
    told = market.json("deposit", "1.5", "--for", address.lower(), "--wallet", "bob")
    assert float(told["free"]) == float(sponsored["free"]) + 1.5
    assert balance(market, "alice") == sponsored | {"free": told["free"]}
    after = balance(market, "bob")
    assert after["free"] == sponsor["free"]
    assert float(after["outside"]) == float(sponsor["outside"]) - 1.5
    assert "address" in market.assay("deposit", "1", "--for", "alice", "--wallet", "bob", expect=2).stderr


def test_a_job_that_nobody_takes_is_ended_and_refunded_by_whoever_waits(market: Market, echo: Path) -> None:
    before = balance(market, "alice")
    waited = market.assay(
        *("submit", str(echo), "--price", "1", "--accept-period", "2s", "--wait", "--json", "--wallet", "alice"),
        expect=6,
    )
    told = json.loads(waited.stdout)
    assert (told["status"], told["refunded"]) == ("expired", "1")
    assert float(balance(market, "alice")["free"]) == float(before["free"])


def test_a_job_is_paid_and_its_output_is_the_programs(market: Market, echo: Path, speech: Path, tmp_path: Path) -> None:
    earlier = balance(market, "bob")
    job = market.json(
        *("submit", str(echo), "loud", "and", "--stdin", str(speech), "--price", "3", "--wallet", "alice"),
        *("--challenge-period", "10s"),
    )["job"]
    provider = Provider(market, "bob")
    assert "nobody has claimed" in market.assay("result", job, expect=1).stderr

    provider.accept(job)
    assert "WrongStatus" in market.assay("cancel", job, "--wallet", "alice", expect=4).stderr
    stdout_id = provider.claim(job)
    assert "TooEarly" in market.assay("finalize", job, "--wallet", "stranger", expect=4).stderr

    output = tmp_path / "out"
    fetched = market.assay("result", job, "-o", str(output))
    assert output.read_bytes() == speech.read_bytes()
    assert "The claim is not final" in fetched.stderr
    assert "3 words" in fetched.stderr
    assert "exit status is 3" in fetched.stderr
    check_that_tampered_and_missing_outputs_are_refused(market, job, stdout_id)

    deadline = market.json("show", job)["deadline"]
    while provider.session.chain.node.head().timestamp <= deadline:
        time.sleep(0.2)
    assert market.json("finalize", job, "--wallet", "stranger")["paid"] == "3"
    shown = market.json("show", job)
    assert shown["status"] == "finalized"
    assert [stage["stage"] for stage in shown["stages"]] == ["posted", "accepted", "claimed", "finalized"]
    assert shown["stages"][0]["time"] <= shown["stages"][-1]["time"]
    now = balance(market, "bob")
    assert float(now["free"]) == float(earlier["free"]) + 3
    assert [found["job"] for found in market.json("jobs", "--wallet", "bob")] == [job]
    assert "finalized" in market.assay("jobs", "--wallet", "bob").stdout
    assert "paid to" in market.assay("show", job).stdout


def check_that_tampered_and_missing_outputs_are_refused(market: Market, job: str, blob_id: str) -> None:
    """Both in the store that all use, and seen by somebody who has no copy of it yet."""
    blob = market.home / "devnet" / "blobs" / blob_id[:2] / blob_id
    copy = market.home / "cache" / blob_id[:2] / blob_id
    right = blob.read_bytes()
    for change, status, told in ((b"wrong" + right[5:], 5, "exchanged"), (None, 1, "has no blob")):
        copy.unlink()
        blob.unlink()
        if change is not None:
            blob.write_bytes(change)
        assert told in market.assay("result", job, expect=status).stderr
        blob.write_bytes(right)
        market.assay("result", job)
