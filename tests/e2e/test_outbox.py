"""What the agent sends, on a real node: through jumps of the base fee, and killed at every line of its own code."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount

from assay.chain.fees import GWEI
from assay.chain.node import Call, Node
from assay.chain.sender import Sender
from provider_agent.journal import Journal
from provider_agent.outbox import REPLACE_AFTER, RESEND_EVERY, Outbox
from provider_agent.settings import LoopSettings
from tests.support.anvil import CHECKOUT, anvil

CHAIN_ID = 31337
SOMEONE = "0x" + 40 * "5"
WAIT = 60.0
"""Seconds of real time after which something that should happen counts as not happening."""

OURS = tuple(str(CHECKOUT / part) for part in ("provider_agent", "assay/chain"))


@dataclass
class Station:
    """A node, and an agent's outbox on it whose clock the test turns."""

    url: str
    path: Path
    account: LocalAccount = field(default_factory=Account.create)
    limit: int = 10_000 * GWEI
    now: float = 0.0

    def rpc(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = requests.post(self.url, json=body, timeout=20).json()
        assert "error" not in answer, answer
        return answer["result"]

    def open(self) -> tuple[Journal, Outbox]:
        """As a process that starts does."""
        journal = Journal(str(self.path))
        sender = Sender(Node(self.url), self.account, CHAIN_ID, journal, fee_limit=self.limit)
        return journal, Outbox(journal, sender, LoopSettings(), 0, lambda: self.now)

    def mined(self) -> list[tuple[int, bytes]]:
        """Nonce and data of every transaction of the account that a block has."""
        found = []
        for number in range(int(self.rpc("eth_blockNumber"), 16) + 1):
            for entry in self.rpc("eth_getBlockByNumber", hex(number), True)["transactions"]:
                if entry["from"].lower() == self.account.address.lower():
                    found.append((int(entry["nonce"], 16), bytes.fromhex(entry["input"][2:])))
        return found


def call(purpose: str) -> Call:
    return Call(SOMEONE, purpose.encode(), purpose)


@pytest.fixture
def station(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Station]:
    """On a chain with a block every half second and a low base fee, unless the test wants another."""
    arguments: Sequence[str] = getattr(request, "param", ("--block-time", "0.5", "--base-fee", "100"))
    with anvil(*arguments) as url:
        made = Station(url, tmp_path / "journal.db")
        made.rpc("anvil_setBalance", made.account.address, hex(10**18))
        yield made


def settle_until(station: Station, box: Outbox, condition: Callable[[], bool]) -> None:
    """Pass as the loop does, ten times as fast by the outbox's clock."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT:g} s"
        box.settle(int(station.rpc("eth_blockNumber"), 16))
        time.sleep(0.1)
        station.now += 1.0


def test_transactions_whose_base_fee_has_jumped_are_replaced_until_blocks_take_them(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    journal, box = station.open()
    station.rpc("evm_setIntervalMining", 0)
    for purpose in ("one", "two", "three"):
        box.send(call(purpose), purpose)
    assert all(pending.latest.fees.maximum < 2 * GWEI for pending in journal.unsettled())
    station.rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * GWEI))
    station.rpc("evm_mine")
    station.rpc("evm_setIntervalMining", 1)
    settle_until(station, box, lambda: not journal.unsettled())

    assert station.mined() == [(0, b"one"), (1, b"two"), (2, b"three")]
    replaced = [record.fields for record in caplog.records if record.getMessage() == "replaced"]  # type: ignore[attr-defined]
    assert {fields["purpose"] for fields in replaced} == {"one", "two", "three"}
    journal.close()


def test_a_transaction_waits_at_the_limit_until_blocks_ask_for_less(station: Station) -> None:
    station.limit = 20 * GWEI
    journal, box = station.open()
    station.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    time.sleep(1)
    box.send(call("one"), "one")
    assert journal.unsettled() == []  # nothing is signed above the limit

    # An empty block asks for an eighth less than the one before.
    settle_until(
        station, box, lambda: (box.send(call("one"), "one"), not box.wants("one"))[1] and bool(station.mined())
    )
    assert station.mined() == [(0, b"one")]
    journal.close()


@pytest.mark.parametrize("station", [("--no-mining", "--base-fee", "100")], indirect=True)
def test_the_node_takes_each_replacement_in_place_of_the_last(station: Station) -> None:
    journal, box = station.open()
    box.send(call("one"), "one")
    for _ in range(3):
        box.settle(0)
        station.now += REPLACE_AFTER + RESEND_EVERY
        box.settle(0)
        pool = station.rpc("txpool_content")["pending"]
        (pooled,) = next(iter(pool.values())).values()
        (pending,) = journal.unsettled()
        assert pooled["hash"] == f"0x{pending.latest.hash.hex()}"
    assert len(pending.attempts) == 4

    station.rpc("evm_mine")
    box.settle(1)
    assert journal.unsettled() == []
    assert station.mined() == [(0, b"one")]
    journal.close()


# Kills


def journey(station: Station) -> None:
    """Two purposes, one of them replaced before a block takes it, through to the end."""
    journal, box = station.open()
    box.send(call("one"), "one")
    box.settle(0)
    station.now += REPLACE_AFTER + RESEND_EVERY
    box.settle(0)
    box.send(call("two"), "two")
    station.rpc("evm_mine")
    box.settle(int(station.rpc("eth_blockNumber"), 16))
    journal.close()


def killed_at(line: int, action: Callable[[], None]) -> bool:
    """Have a copy of this process do something, killed by SIGKILL at a line of our code; whether it came to that.

    The lines are counted as they are executed, loops and all.
    """
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(OURS):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            action()
        finally:
            sys.settrace(None)
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("station", [("--no-mining", "--base-fee", "100")], indirect=True)
def test_killed_at_any_line_it_goes_on_and_ends_as_if_it_had_not_been(station: Station) -> None:
    """Every line up to the end, in strides that a run takes half a minute for; each run begins at another line."""
    fresh, line, kills = station.rpc("evm_snapshot"), 1 + time.time_ns() % STRIDE, 0
    while killed_at(line, lambda: journey(station)):
        station.now = 10_000.0 + line
        journal, box = station.open()
        for _ in range(20):
            for purpose in ("one", "two"):
                box.send(call(purpose), purpose)
            station.rpc("evm_mine")
            box.settle(int(station.rpc("eth_blockNumber"), 16))
            station.now += REPLACE_AFTER + RESEND_EVERY
            if not journal.unsettled() and not box.wants("one") and not box.wants("two"):
                break
        mined = station.mined()
        assert sorted(data for _, data in mined) == [b"one", b"two"], f"killed at line {line}: {mined}"
        assert [nonce for nonce, _ in mined] == [0, 1], f"killed at line {line}: {mined}"
        assert journal.unsettled() == []
        journal.close()
        for leftover in station.path.parent.glob("journal.db*"):
            leftover.unlink()
        station.rpc("evm_revert", fresh)
        station.rpc("anvil_dropAllTransactions")
        fresh, line, kills = station.rpc("evm_snapshot"), line + STRIDE, kills + 1
        station.now = 0.0
    assert kills > 10


STRIDE = int(os.environ.get("KILL_STRIDE", "61"))
"""1 kills at every line, and takes ten minutes."""
