"""A contract has a program run on a whole network, and is told what it says (`assay deliver`, `AnswerBook`)."""

from collections.abc import Iterator
from typing import Any

import pytest
from web3 import Web3
from web3.contract import Contract

from assay.chain.connection import Chain
from assay.chain.records import JobId, Terms
from assay.client.order import order_program
from assay.client.requester import Conditions, make_terms
from assay.machines.base import RunStatus
from tests.e2e.market import Market, running_market
from tests.e2e.provider import Provider
from tests.e2e.test_signed_paths import address, refused, wait_and_finalize, wait_until
from tests.support.contracts import built, deploy
from tests.support.programs import program

PRICE = 3 * 10**18
SQUARES = """
#include <stdio.h>
int main(void) {
    int count = 0;
    scanf("%d", &count);
    for (int i = 0; i < count; i++) printf("%d squared is %d\\n", i, i * i);
    fprintf(stderr, "%d lines", count);
    return 7;
}
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with running_market(tmp_path_factory.mktemp("home"), "alice", "bob", "carol") as running:
        yield running


@pytest.fixture(scope="module")
def bob(market: Market) -> Provider:
    return Provider(market, "bob")


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source = tmp_path_factory.mktemp("program") / "squares.c"
    source.write_text(SQUARES)
    return program(source)


class Book:
    """An `AnswerBook` of the node's first account, with money in the market."""

    def __init__(self, market: Market) -> None:
        alice = Provider(market, "alice").session
        self.chain: Chain = alice.chain
        self._store = alice.store
        self._web3 = Web3(Web3.HTTPProvider(alice.settings.rpc_url))
        self._owner = self._web3.eth.accounts[0]
        code = built("contracts/examples/AnswerBook.sol")
        self.address = deploy(self._web3, code, self.chain.courier.address)
        self._contract: Contract | Any = self._web3.eth.contract(self.address, abi=code.abi)
        alice.sender.execute(self.chain.token.approve(self.chain.market.address, 10 * PRICE))
        alice.sender.execute(self.chain.market.deposit(self.address, 10 * PRICE))

    def ask(self, slot: int, squares: bytes, text: bytes) -> str:
        """Have the program run on `text`; the job."""
        order = order_program(squares, ["squares"], text, 8)
        order.upload(self._store)
        terms: Terms = make_terms(self.chain, order, Conditions(PRICE, run_period=60, challenge_period=5))
        transaction = self._contract.functions.ask(slot, terms.abi()).transact({"from": self._owner})
        self._web3.eth.wait_for_transaction_receipt(transaction)
        return str(JobId.from_bytes(self._contract.functions.awaited(slot).call()))

    def answer(self, job: str) -> tuple[RunStatus, int, bytes]:
        """What it has heard."""
        status, exit_status, output = self._contract.functions.answerOf(bytes(JobId.parse(job))).call()
        return RunStatus(status), exit_status, output


@pytest.fixture(scope="module")
def book(market: Market) -> Book:
    return Book(market)


def said(count: int) -> bytes:
    return b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(count))


@pytest.mark.parametrize("count", [0, 5, 1000])
def test_a_contract_is_told_what_its_program_has_said(
    market: Market, book: Book, bob: Provider, squares: bytes, count: int
) -> None:
    """SPEC C1, C2: with a call that settles the job too; some 20 KB of output, or none."""
    job = book.ask(0, squares, b"%d" % count)
    deliver = ("deliver", job, "--to", book.address, "--gas", "20000000", "--wallet", "carol")
    bob.accept(job)
    bob.claim(job)
    assert "TooEarly" in refused(market, *deliver, status=4)
    wait_until(market, job)
    told = market.json(*deliver)
    assert (told["job"], told["task"], told["consumer"], told["taken"]) == (job, 0, book.address, True)
    assert market.json("show", job)["status"] == "finalized"
    assert book.answer(job) == (RunStatus.EXITED, 7, said(count))


def test_a_contract_is_told_though_somebody_else_has_finalized_the_job(
    market: Market, book: Book, bob: Provider, squares: bytes
) -> None:
    """SPEC C5."""
    job = book.ask(1, squares, b"2")
    register = ("deliver", job, "--register", "--wallet", "carol")
    assert "only a claim can be registered" in refused(market, *register)
    bob.accept(job)
    bob.claim(job)
    assert market.json(*register)["job"] == job
    assert "is registered" in refused(market, *register)
    wait_and_finalize(market, job)
    assert "it is too late to register it" in refused(market, *register)

    deliver = ("deliver", job, "--to", book.address, "--wallet", "carol")
    assert "has taken the result of task 0" in market.assay(*deliver).stdout
    assert book.answer(job) == (RunStatus.EXITED, 7, said(2))
    # It waits for nothing more.
    assert "has refused the result" in market.assay(*deliver, expect=10).stdout
    assert "there is no contract at" in refused(
        market, "deliver", job, "--to", address(market, "bob"), "--wallet", "carol", status=4
    )
    assert "there is no task 1" in refused(market, *deliver, "--task", "1")

    again = book.ask(1, squares, b"3")
    assert again != job
    assert "was used again" in refused(market, *deliver)


def test_what_was_finalized_unregistered_is_not_told(market: Market, book: Book, bob: Provider, squares: bytes) -> None:
    """SPEC C1."""
    job = book.ask(2, squares, b"1")
    bob.accept(job)
    bob.claim(job)
    wait_and_finalize(market, job)
    deliver = ("deliver", job, "--to", book.address, "--wallet", "carol")
    assert "before its claim was registered" in refused(market, *deliver)


def test_what_cannot_be_meant_is_refused(market: Market) -> None:
    assert "either --to CONTRACT or --register" in market.assay("deliver", "0.1", expect=2).stderr
    both = ("deliver", "0.1", "--to", "0x" + 40 * "1", "--register")
    assert "either --to CONTRACT or --register" in market.assay(*both, expect=2).stderr
