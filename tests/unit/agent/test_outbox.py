"""Each purpose once, whatever the node does and wherever the agent is killed."""
# ruff: noqa: ARG002

from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from assay.chain.node import Block, Call, Node, Receipt
from assay.chain.sender import Intent, Sender, SignedTransaction, Worth
from assay.errors import ChainError, ContractError, TransientError
from assay.keccak import keccak256
from provider_agent.journal import Journal
from provider_agent.outbox import IN_VAIN_AFTER, LOST_AFTER, REPLACE_AFTER, RESEND_EVERY, Outbox
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
        self.tip = 1
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
        return self.tip

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


def outbox(journal: Journal, node: MemoryNode, clock: list[float], limit: int = 10**6) -> Outbox:
    """One whose fees are `limit` at most, wei a unit of gas."""
    sender = Sender(cast(Node, node), KEY, 31337, journal, fee_limit=limit)
    settings = LoopSettings(retry=1, retry_limit=4)
    return Outbox(journal, sender, settings, CONFIRMATIONS, lambda: clock[0], REPLACE_AFTER)


def fees_in(node: MemoryNode) -> list[tuple[int, int, int]]:
    """Nonce, maximum fee and tip of each transaction that the node was given."""
    decoded = [TypedTransaction.from_bytes(HexBytes(raw)).as_dict() for raw in node.pool]
    return [(each["nonce"], each["maxFeePerGas"], each["maxPriorityFeePerGas"]) for each in decoded]


def pass_time(box: Outbox, node: MemoryNode, clock: list[float], seconds: float) -> None:
    """Let the loop pass every few seconds for so long, without a block for us."""
    end = clock[0] + seconds
    while clock[0] < end:
        box.settle(node.now.number - CONFIRMATIONS)
        clock[0] += 5


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

    for _ in range(LOST_AFTER):
        assert not box.wants(PURPOSE)  # a node may be wrong about it for a moment
        clock[0] += RESEND_EVERY
        confirm(box, node)
    assert box.wants(PURPOSE)
    assert journal.unsettled() == []


def test_a_receipt_that_the_accounts_nonce_does_not_bear_out_is_not_believed(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    invented = keccak256(node.pool[0])
    node.included[invented] = Receipt(invented, node.now.number, bytes(32), True, 40_000, 8, ())
    confirm(box, node)
    assert len(journal.unsettled()) == 1

    del node.included[invented]
    node.include(node.pool[0])
    confirm(box, node)
    assert journal.unsettled() == []


def test_a_purpose_that_is_still_to_be_achieved_long_after_its_transaction_is_tried_again(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    node.include(node.pool[0])
    confirm(box, node)
    node.go_on(IN_VAIN_AFTER - 2 * CONFIRMATIONS)
    confirm(box, node)
    assert not box.wants(PURPOSE)

    node.go_on(2)
    confirm(box, node)
    assert box.wants(PURPOSE)
    box.send(CALL, PURPOSE)
    assert len(set(node.pool)) == 2


# Fees


def test_a_transaction_that_no_block_takes_is_replaced_by_itself_with_higher_fees(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    assert fees_in(node) == [(0, 15, 1)]
    node.now = replace(node.now, base_fee=1000)
    pass_time(box, node, clock, 2 * REPLACE_AFTER)

    versions = sorted(set(fees_in(node)))
    assert versions[0] == (0, 15, 1)
    assert [nonce for nonce, *_ in versions] == [0] * len(versions)
    assert all(new[1] >= 1.1 * old[1] and new[2] >= 1.1 * old[2] for old, new in pairwise(versions))
    assert versions[1][1] >= 2000
    assert {TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["data"] for raw in node.pool} == {b"data"}


@pytest.mark.parametrize("included", [0, -1], ids=["the first version", "the last version"])
def test_whichever_version_a_block_takes_fulfils_the_purpose(
    journal: Journal, node: MemoryNode, clock: list[float], included: int
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    pass_time(box, node, clock, REPLACE_AFTER + RESEND_EVERY)
    versions = list(dict.fromkeys(node.pool))
    assert len(versions) == 2
    node.include(versions[included])
    confirm(box, node)

    assert journal.unsettled() == []
    assert not box.wants(PURPOSE)
    assert journal.find(PURPOSE) is not None


def test_an_agent_killed_while_it_replaced_one_goes_on_from_the_highest_fees(
    location: str, node: MemoryNode, clock: list[float]
) -> None:
    journal = Journal(location)
    box = outbox(journal, node, clock)
    box.send(CALL, PURPOSE)
    pass_time(box, node, clock, REPLACE_AFTER + RESEND_EVERY)
    node.fault = KeyboardInterrupt()  # as good as a kill: the next replacement is signed, and never sent
    with pytest.raises(KeyboardInterrupt):
        pass_time(box, node, clock, 100 * REPLACE_AFTER)
    (pending,) = journal.unsettled()
    journal.close()
    node.fault = None

    reopened = Journal(location)
    box = outbox(reopened, node, clock)
    box.settle(node.now.number - CONFIRMATIONS)
    assert node.pool[-1] == pending.latest.raw
    assert pending.latest.fees.maximum == max(fee for _, fee, _ in fees_in(node))
    reopened.close()


def test_only_the_next_transaction_is_replaced_since_the_others_wait_for_it(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, "first")
    box.send(CALL, "second")
    pass_time(box, node, clock, REPLACE_AFTER + RESEND_EVERY)

    assert [len(pending.attempts) for pending in journal.unsettled()] == [2, 1]


def test_a_transaction_behind_another_is_replaced_once_blocks_ask_for_more_than_it_offers(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, "first")
    box.send(CALL, "second")
    node.now = replace(node.now, base_fee=1000)
    pass_time(box, node, clock, REPLACE_AFTER + RESEND_EVERY)

    assert [len(pending.attempts) for pending in journal.unsettled()] == [2, 2]


def test_fees_are_never_above_the_limit(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock, limit=40)
    box.send(CALL, PURPOSE)
    node.now, node.tip = replace(node.now, base_fee=39), 10**6
    pass_time(box, node, clock, 20 * REPLACE_AFTER)

    offered = [fee for _, fee, _ in fees_in(node)]
    assert 15 < max(offered) <= 40
    assert not box.wants(PURPOSE)


def test_nothing_is_signed_while_blocks_ask_for_more_than_the_limit(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock, limit=40)
    node.now = replace(node.now, base_fee=40)
    box.send(CALL, PURPOSE)
    assert journal.unsettled() == []

    node.now = replace(node.now, base_fee=39)
    clock[0] += 10
    box.send(CALL, PURPOSE)
    assert fees_in(node) == [(0, 40, 1)]


def test_a_transaction_that_is_worth_less_than_its_gas_is_not_sent_and_the_log_says_so(
    journal: Journal, node: MemoryNode, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    box = outbox(journal, node, clock)
    likely = 50_000 * (7 + 1)
    worths = {"cheap": Worth(likely), "dear": Worth(likely - 1), "with more": Worth(likely, later_gas=1), "duty": None}
    box.appraise = worths.__getitem__
    for purpose in worths:
        box.send(CALL, purpose)

    assert [each.intent.purpose for each in journal.unsettled()] == ["cheap", "duty"]
    refused = [record for record in caplog.records if record.getMessage() == "not sent"]
    assert [record.fields["purpose"] for record in refused] == ["dear", "with more"]  # type: ignore[attr-defined]
    assert all("it is worth" in record.fields["reason"] for record in refused)  # type: ignore[attr-defined]


def test_a_replacement_may_cost_what_all_that_wait_behind_it_are_worth_together(
    journal: Journal, node: MemoryNode, clock: list[float]
) -> None:
    box = outbox(journal, node, clock)
    box.appraise = lambda _: Worth(10**6)
    box.send(CALL, "first")
    node.now = replace(node.now, base_fee=20)  # 62,500 of gas at more than 20 wei cost more than a million
    pass_time(box, node, clock, 2 * REPLACE_AFTER)
    assert [len(pending.attempts) for pending in journal.unsettled()] == [1]

    node.now = replace(node.now, base_fee=7)
    box.send(CALL, "second")
    node.now = replace(node.now, base_fee=20)
    pass_time(box, node, clock, RESEND_EVERY)
    assert next(len(pending.attempts) for pending in journal.unsettled()) == 2


def test_what_pending_transactions_may_cost_is_not_spent_twice(
    journal: Journal, node: MemoryNode, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = outbox(journal, node, clock)
    monkeypatch.setattr(node, "balance", lambda _: int(1.5 * 62_500 * 15))
    box.send(CALL, "first")
    box.send(CALL, "second")

    assert [each.intent.purpose for each in journal.unsettled()] == ["first"]


# Another program's nonces


def test_a_nonce_that_another_program_took_and_gave_up_is_filled(
    journal: Journal, node: MemoryNode, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = outbox(journal, node, clock)
    with monkeypatch.context() as pooled:
        pooled.setattr(node, "next_nonce", lambda _: 1)  # theirs is in the pool
        box.send(CALL, PURPOSE)
        pass_time(box, node, clock, 2 * REPLACE_AFTER)
    assert {nonce for nonce, *_ in fees_in(node)} == {1}

    pass_time(box, node, clock, RESEND_EVERY + 5)
    assert {nonce for nonce, *_ in fees_in(node)} == {0, 1}
    assert [each.intent.purpose for each in journal.unsettled()] == ["fill nonce 0", PURPOSE]
    filled = next(raw for raw in node.pool if TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["nonce"] == 0)
    decoded = TypedTransaction.from_bytes(HexBytes(filled)).as_dict()
    assert (decoded["value"], decoded["data"], decoded["to"].hex()) == (0, b"", KEY.address[2:].lower())


def test_our_own_transactions_are_no_gap(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    box = outbox(journal, node, clock)
    box.send(CALL, "first")
    box.send(CALL, "second")
    pass_time(box, node, clock, 4 * REPLACE_AFTER)
    assert [each.intent.purpose for each in journal.unsettled()] == ["first", "second"]


# Intents


class Refusing:
    """A signer that signs nothing any more."""

    address = KEY.address

    def __init__(self, journal: Journal, fault: BaseException) -> None:
        self.journal, self.fault = journal, fault
        self.seen: list[int] = []

    def sign_transaction(self, fields: dict[str, Any]) -> SignedTransaction:
        assert self.journal.unsettled() == []
        self.seen.append(fields["nonce"])
        raise self.fault


def test_what_a_signer_refuses_frees_its_nonce(journal: Journal, node: MemoryNode, clock: list[float]) -> None:
    signer = Refusing(journal, ChainError("request denied"))
    sender = Sender(cast(Node, node), signer, 31337, journal)
    box = Outbox(journal, sender, LoopSettings(), CONFIRMATIONS, lambda: clock[0])
    box.send(CALL, "first")
    box.send(CALL, "second")

    assert signer.seen == [0, 0]
    assert journal.next_nonce(KEY.address) == 0


def test_an_agent_killed_before_it_had_signed_signs_another_purpose_without_a_gap(
    location: str, node: MemoryNode, clock: list[float]
) -> None:
    journal = Journal(location)
    journal.intend(Intent("first", KEY.address, 0, CALL.to, CALL.data, 1))  # and then it was killed
    journal.close()

    reopened = Journal(location)
    box = outbox(reopened, node, clock)
    assert box.wants("first")
    box.send(CALL, "second")
    box.send(CALL, "first")

    assert [(each.intent.purpose, each.intent.nonce) for each in reopened.unsettled()] == [("second", 0), ("first", 1)]
    reopened.close()
