"""The network on one's own machine: what keeps it from starting, what it leaves behind, and Brownie's scripts."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.chain.node import Node
from assay.errors import TransientError
from tests.e2e.market import CHECKOUT, Market, running_market
from tests.support.programs import program


@pytest.fixture
def empty(tmp_path: Path) -> Market:
    """A home folder without a network."""
    return Market(tmp_path)


def test_a_taken_port_is_refused_before_anything_is_started(empty: Market) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for option, other in (("--port", "--store-port"), ("--store-port", "--port")):
            told = empty.assay("devnet", option, port, other, "0", expect=1).stderr
            assert f"port {port} is taken" in told
    assert not (empty.home / "config.toml").exists()


def test_a_wallet_that_is_not_there_cannot_be_funded(empty: Market) -> None:
    assert "no wallet 'nobody'" in empty.assay("devnet", "--fund", "nobody", expect=1).stderr


def test_there_is_nothing_to_stop(empty: Market) -> None:
    assert "no network is running" in empty.assay("devnet", "--stop", expect=1).stderr


def test_a_network_runs_once_in_a_home_folder(market: Market) -> None:
    told = market.assay("devnet", "--port", "0", "--store-port", "0", expect=1).stderr
    assert "running already" in told
    assert "running already" in market.assay("devnet", "--detach", expect=1).stderr


def test_what_a_user_has_configured_stays(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('wallet = "alice"\n')
    with running_market(tmp_path, "alice") as running:
        running.assay("deposit", "1")
        url = (tmp_path / "config.toml").read_text().split('rpc_url = "')[1].split('"')[0]
        assert Node(url).chain_id() == 31337
    assert 'wallet = "alice"' in (tmp_path / "config.toml").read_text()
    with pytest.raises(TransientError):
        Node(url, attempts=1).chain_id()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_network_leaves_no_process_behind(tmp_path: Path, stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "assay.cli.main", "devnet", "--port", "0", "--store-port", "0"]
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path)}
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdout=said, stderr=subprocess.STDOUT)
    log = tmp_path / "devnet" / "anvil.log"
    while process.poll() is None and not (log.exists() and "Listening on" in log.read_text()):
        time.sleep(0.05)
    url = "http://" + log.read_text().split("Listening on ")[1].split()[0]
    assert Node(url).chain_id() == 31337
    process.send_signal(stop)  # while Brownie deploys the contracts
    assert process.wait(30) == 0, (tmp_path / "said").read_text()
    with pytest.raises(TransientError):
        Node(url, attempts=1).chain_id()


def test_a_wallet_stakes_and_pays_with_brownie(market: Market, tmp_path: Path) -> None:
    home = market.home / "devnet" / "brownie"  # where the network is known to Brownie
    environment = {**os.environ, **market.environment, "HOME": str(home), "ASSAY_WALLET": "dave"}
    (tmp_path / "quick.c").write_text("int main(void) { return 0; }")
    (tmp_path / "quick.elf").write_bytes(program(tmp_path / "quick.c"))
    (tmp_path / "input").write_bytes(b"some input")

    def brownie(*arguments: str, expect: int = 0) -> str:
        command = [str(Path(sys.executable).parent / "brownie"), "run", *arguments, "--network", "assay-devnet"]
        ran = subprocess.run(
            command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode == expect, ran.stdout + ran.stderr
        return ran.stdout

    before = market.json("wallet", "balance", "dave")
    assert "tokens staked" in brownie("stake", "main", "12.5")
    after = market.json("wallet", "balance", "dave")
    assert float(after["stake"]) == float(before["stake"]) + 12.5
    blobs = set((market.home / "devnet" / "blobs").rglob("*"))
    order = (str(tmp_path / "quick.elf"), str(tmp_path / "input"))
    assert "20000 tokens are needed" in brownie("pay", "main", "20000", *order, expect=1)
    assert set((market.home / "devnet" / "blobs").rglob("*")) == blobs
    assert "pays 2 tokens" in brownie("pay", "main", "2", str(tmp_path / "quick.elf"), str(tmp_path / "input"))
    (job,) = market.json("jobs", "--wallet", "dave")
    assert (job["status"], job["terms"]["price"], job["machine"]) == ("open", "2", "riscv")
    assert "too many decimals" in brownie("stake", "main", "0.0000000000000000001", expect=1)
