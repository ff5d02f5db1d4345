"""Each purpose once, whatever the node does and wherever the agent is killed."""
# ruff: noqa: ARG002

from dataclasses import replace
from typing import cast

import pytest
from eth_account import Account

from assay.chain.node import Block, Call, Node, Receipt
from assay.chain.sender import Sender
from assay.errors import ChainError, ContractError, TransientError
from assay.keccak import keccak256
from provider_agent.journal import Journal
from provider_agent.outbox import RESEND_EVERY, Outbox
from provider_agent.settings import LoopSettings

KEY = Account.from_key(b"\x01" * 32)
CALL = Call("0x" + 40 * "1", b"data", "claim")
PURPOSE = "claim 0.1@0x..."
CONFIRMATIONS = 2


class MemoryNode:
    """As much of a node as a sender needs: blocks of transactions, one account."""

    def __init__(self) -> None:
        self.now = Block(10, bytes(32), bytes(32), timestamp=1_000, base_fee=7)
        self.fault: Exception | None = None
        self.pool: list[bytes] = []
        self.included: dict[bytes, Receipt] = {}
        self.nonces: list[int] = []
        """By the blocks of the account's transactions, the block of each."""

    def call(self, call: Call, sender: str) -> bytes:
        if isinstance(self.fault, ContractError):
            raise self.fault
        return b""

    def estimate_gas(self, call: Call, sender: str) -> int:
        return 50_000

    def priority_fee(self) -> int:
        return 1

    def balance(self, address: str) -> int:
        return 10**18

    def head(self, confirmations: int = 0) -> Block:
        return replace(self.now, number=self.now.number - confirmations)

    def next_nonce(self, address: str) -> int:
        return len(self.nonces)

    def mined_nonce(self, address: str, block: int | None = None) -> int:
        return sum(1 for mined in self.nonces if block is None or mined <= block)

    def receipt(self, transaction: bytes) -> Receipt | None:
        return self.included.get(transaction)

    def broadcast(self, raw: bytes) -> None:
        if self.fault is not None:
            raise self.fault
        self.pool.append(raw)

    def include(self, raw: bytes, succeeded: bool = True) -> None:
        """A new block with this transaction."""
        self.now = replace(self.now, number=self.now.number + 1)
        self.nonces.append(self.now.number)
        transaction = keccak256(raw)
        self.included[transaction] = Receipt(transaction, self.now.number, bytes(32), succeeded, 40_000, 8, ())

    def go_on(self, blocks: int) -> None:
        """New blocks without anything for us."""
        self.now = replace(self.now, number=self.now.number + blocks)


@pytest.fixture
def node() -> MemoryNode:
    return MemoryNode()


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


def outbox(journal: Journal, node: MemoryNode, clock: list[float]) -> Outbox:
    sender = Sender(cast(Node, node), KEY, 31337, journal)
    return Outbox(journal, sender, LoopSettings(retry=1, retry_limit=4), CONFIRMATIONS, lambda: clock[0])


def confirm(outbox: Outbox, node: MemoryNode) -> None:
    node.go_on(CONFIRMATIONS)
    outbox.settle(node.now.number - CONFIRMATIONS)


def test_what_the_chain_would_refuse_is_not_signed_and_tried_again_later(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    node.fault = ContractError("the clock ran out", "OutOfTime", {})
    pauses = []
    for _ in range(5):
        assert box.wants(PURPOSE)
        box.send(CALL, PURPOSE)
        assert not box.wants(PURPOSE)
        started = clock[0]
        while not box.wants(PURPOSE):
            clock[0] += 0.5
        pauses.append(clock[0] - started)

    assert pauses == [1, 2, 4, 4, 4]
    assert journal.find(PURPOSE) is None

    node.fault = None
    box.send(CALL, PURPOSE)
    assert len(node.pool) == 1


def test_a_purpose_is_sent_once(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock)
    for _ in range(3):
        box.send(CALL, PURPOSE)
    outbox(journal, node, clock).send(CALL, PURPOSE)

    assert len(node.pool) == 1


def test_an_agent_killed_before_it_could_send_sends_the_same_bytes_when_it_is_back(
    location: str, node: MemoryNode, clock: list[float]
) -> None:
    journal = Journal(location)
    node.fault = TransientError("the node does not answer")
    with pytest.raises(TransientError):
        outbox(journal, node, clock).send(CALL, PURPOSE)
    signed = journal.find(PURPOSE)
    assert signed is not None
    journal.close()

    node.fault = None
    reopened = Journal(location)
    box = outbox(reopened, node, clock)
    assert not box.wants(PURPOSE)
    box.settle(node.now.number)

    assert node.pool == [signed.raw]
    reopened.close()


def test_it_is_pending_until_a_confirmed_block_has_it(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    node.include(node.pool[0])

    box.settle(node.now.number - CONFIRMATIONS)
    assert len(journal.unsettled()) == 1

    confirm(box, node)
    assert journal.unsettled() == []
    assert not box.wants(PURPOSE)


def test_a_transaction_that_the_node_has_forgotten_is_sent_again(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    confirm(box, node)
    assert len(node.pool) == 1

    clock[0] += RESEND_EVERY
    confirm(box, node)
    assert node.pool[0] == node.pool[1]


def test_a_node_that_does_not_take_it_is_asked_again(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock)
    node.fault = ChainError("the pool is full")
    box.send(CALL, PURPOSE)
    assert len(journal.unsettled()) == 1

    confirm(box, node)
    node.fault = None
    clock[0] += RESEND_EVERY
    confirm(box, node)

    assert len(node.pool) == 1


def test_a_transaction_that_reverted_frees_its_purpose(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    node.include(node.pool[0], succeeded=False)
    confirm(box, node)

    assert box.wants(PURPOSE)
    box.send(CALL, PURPOSE)
    assert len(set(node.pool)) == 2


def test_only_a_confirmed_rival_for_its_nonce_frees_the_purpose(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    node.include(b"a transaction of another program, signed with the same key")
    clock[0] += RESEND_EVERY
    box.settle(node.now.number - CONFIRMATIONS)
    assert not box.wants(PURPOSE)

    clock[0] += RESEND_EVERY
    confirm(box, node)
    assert box.wants(PURPOSE)
    assert journal.unsettled() == []
