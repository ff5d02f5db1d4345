"""The sender on a real node: what it refuses to sign, and that a purpose is fulfilled once."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from assay.chain.contracts.token import Token
from assay.chain.fees import Fees
from assay.chain.node import Node
from assay.chain.sender import Intent, MemoryJournal, Pending, RevertedError, Sender, Transaction
from assay.errors import ChainError, ContractError, IntegrityError, TransientError
from tests.support.anvil import anvil
from tests.support.contracts import built

CHAIN_ID = 31337
RICH = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first account, known to everyone
SOMEONE = "0x" + 40 * "5"


@pytest.fixture
def url() -> Iterator[str]:
    with anvil() as running:
        yield running


@pytest.fixture
def node(url: str) -> Node:
    return Node(url)


@pytest.fixture
def owner() -> LocalAccount:
    account: LocalAccount = Account.from_key(RICH)
    return account


@pytest.fixture
def token(node: Node, owner: LocalAccount) -> Token:
    """A token, all of it the owner's."""
    code = bytes.fromhex(built("contracts/token/AssayToken.sol").bytecode[2:])
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": 0, "value": 0, "data": code, "gas": 3_000_000}
    signed = owner.sign_transaction({**fields, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9})
    deploy = Transaction(
        "deploy", owner.address, 0, bytes(signed.hash), bytes(signed.raw_transaction), Fees(10**10, 10**9)
    )
    sender = Sender(node, owner, CHAIN_ID)
    sender.broadcast(deploy)
    (minted,) = sender.wait(deploy, pause=0.01).logs
    return Token(node, to_checksum_address(minted.address))


def rpc(url: str, method: str, *params: object) -> None:
    """Tell the node to do something that only a test node does."""
    requests.post(
        url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=5
    ).raise_for_status()


def pending(transaction: Transaction) -> Pending:
    """One with a single version."""
    intent = Intent(transaction.purpose, transaction.sender, transaction.nonce, SOMEONE, b"", 1)
    return Pending(intent, (transaction,))


def test_what_would_revert_is_neither_signed_nor_sent(node: Node, token: Token, owner: LocalAccount) -> None:
    journal = MemoryJournal()
    sender = Sender(node, owner, CHAIN_ID, journal)
    with pytest.raises(ContractError, match="holds 1000000000 tokens, and 1000000001 are needed") as refused:
        sender.send(token.transfer(SOMEONE, 1_000_000_001 * 10**18), "too much")
    assert refused.value.error == "ERC20InsufficientBalance"
    assert journal.find("too much") is None
    assert node.next_nonce(owner.address) == 1


def test_without_coins_for_gas_nothing_is_signed(node: Node, token: Token) -> None:
    journal = MemoryJournal()
    with pytest.raises(ChainError, match="0 coins for gas"):
        Sender(node, Account.create(), CHAIN_ID, journal).send(token.approve(SOMEONE, 1), "approve")
    assert journal.find("approve") is None


def test_a_purpose_is_fulfilled_once_however_often_it_is_sent(node: Node, token: Token, owner: LocalAccount) -> None:
    journal = MemoryJournal()
    first = Sender(node, owner, CHAIN_ID, journal).execute(token.transfer(SOMEONE, 5), "pay someone")
    again = Sender(node, owner, CHAIN_ID, journal).execute(token.transfer(SOMEONE, 5), "pay someone")
    assert again == first
    assert token.balance_of(SOMEONE) == 5


def test_what_was_signed_before_a_crash_is_sent_and_not_signed_anew(
    node: Node, token: Token, owner: LocalAccount
) -> None:
    class Crash(MemoryJournal):
        def record(self, transaction: object) -> None:
            super().record(transaction)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    journal = Crash()
    with pytest.raises(KeyboardInterrupt):
        Sender(node, owner, CHAIN_ID, journal).send(token.transfer(SOMEONE, 7), "pay someone")
    signed = journal.find("pay someone")
    assert signed is not None
    assert node.receipt(signed.hash) is None
    assert (
        Sender(node, owner, CHAIN_ID, journal).execute(token.transfer(SOMEONE, 7), "pay someone").transaction
        == signed.hash
    )
    assert token.balance_of(SOMEONE) == 7


def test_transactions_that_no_block_has_yet_do_not_share_a_nonce(
    url: str, node: Node, token: Token, owner: LocalAccount
) -> None:
    rpc(url, "evm_setAutomine", False)
    sender = Sender(node, owner, CHAIN_ID)
    sent = [sender.send(token.transfer(SOMEONE, amount), f"pay {amount}") for amount in (1, 2, 4)]
    assert [transaction.nonce for transaction in sent] == [1, 2, 3]
    with pytest.raises(TransientError, match="no block has transaction"):
        sender.wait(sent[0], timeout=0.1, pause=0.01)
    rpc(url, "evm_mine")
    assert [sender.wait(transaction).succeeded for transaction in sent] == [True] * 3
    assert token.balance_of(SOMEONE) == 7


def test_a_transaction_is_lost_when_another_one_has_its_nonce(
    url: str, node: Node, token: Token, owner: LocalAccount
) -> None:
    rpc(url, "evm_setAutomine", False)
    sender = Sender(node, owner, CHAIN_ID)
    lost = sender.send(token.transfer(SOMEONE, 1), "pay 1")
    rpc(url, "anvil_dropTransaction", f"0x{lost.hash.hex()}")
    assert not sender.is_lost(pending(lost))
    other = Sender(node, owner, CHAIN_ID).send(token.transfer(SOMEONE, 2), "pay 2")
    assert other.nonce == lost.nonce
    rpc(url, "evm_mine")
    assert not sender.is_lost(pending(lost), confirmations=1)
    rpc(url, "evm_mine")
    assert sender.is_lost(pending(lost), confirmations=1)
    assert not sender.is_lost(pending(other), confirmations=1)


def test_a_transaction_that_reverts_in_its_block_is_told(
    url: str, node: Node, token: Token, owner: LocalAccount
) -> None:
    rpc(url, "evm_setAutomine", False)
    sender = Sender(node, owner, CHAIN_ID)
    everything = token.total_supply()
    sender.send(token.transfer(SOMEONE, everything), "first")
    second = sender.send(token.transfer(SOMEONE, 1), "second")  # the node simulates it on the last block
    rpc(url, "evm_mine")
    with pytest.raises(RevertedError, match=r"was included in block .* and reverted"):
        sender.wait(second)


def test_a_permit_of_the_owner_is_an_allowance_and_one_that_was_changed_is_none(
    node: Node, token: Token, owner: LocalAccount
) -> None:
    permit = token.sign_permit(owner, SOMEONE, 9, int(time.time()) + 1000)
    with pytest.raises(ContractError, match="the permit was signed by"):
        node.call(token.permit(owner.address, SOMEONE, replace(permit, amount=10)))
    Sender(node, owner, CHAIN_ID).execute(token.permit(owner.address, SOMEONE, permit), "permit")
    assert token.allowance(owner.address, SOMEONE) == 9


def test_reads_are_of_the_block_that_they_are_pinned_to(node: Node, token: Token, owner: LocalAccount) -> None:
    before = node.head()
    Sender(node, owner, CHAIN_ID).execute(token.transfer(SOMEONE, 3), "pay")
    assert token.balance_of(SOMEONE, before.number) == 0
    assert token.balance_of(SOMEONE) == 3
    assert node.head(confirmations=1) == before
    assert node.head(confirmations=100).number == 0


def test_an_address_without_a_contract_is_no_token(node: Node) -> None:
    with pytest.raises(IntegrityError, match="balanceOf"):
        Token(node, SOMEONE).balance_of(SOMEONE)
