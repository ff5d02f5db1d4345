"""Jobs that begin with a signature, and who deals with whom, on the command line: each way from the file to the end."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.client.checks import check_tickets
from assay.client.jobs import read_job
from assay.client.papers import SignedOrder, SignedTickets, read_paper
from assay.errors import ContractError
from tests.e2e.market import Market, running_market
from tests.e2e.provider import Provider
from tests.support.programs import program

SHOUT = """
#include <ctype.h>
#include <stdio.h>
int main(void) { int byte; while ((byte = getchar()) != EOF) putchar(toupper(byte)); }
"""
SHORT = ("--run-period", "60s", "--challenge-period", "5s")
UNHURRIED = ("--challenge-period", "30s")
"""Where something has to happen before the period is over, however busy the computer is."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with running_market(tmp_path_factory.mktemp("home"), "alice", "bob", "carol") as running:
        running.assay("deposit", "500", "--wallet", "alice")
        running.assay("stake", "1000", "--wallet", "bob")
        yield running


@pytest.fixture(scope="module")
def shout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("program") / "shout.c"
    source.write_text(SHOUT)
    built = source.with_suffix(".elf")
    built.write_bytes(program(source))
    return built


@pytest.fixture(scope="module")
def bob(market: Market) -> Provider:
    return Provider(market, "bob")


def text(folder: Path, name: str) -> Path:
    file = folder / name
    file.write_text(f"this is {name}")
    return file


def address(market: Market, wallet: str) -> str:
    return str(market.json("wallet", "balance", wallet)["address"])


def sign_order(market: Market, shout: Path, folder: Path, *more: str, name: str = "order.json") -> Path:
    target = folder / name
    order = ("order", "sign", str(shout), "--stdin", str(text(folder, "one")), "--price", "3", *SHORT)
    market.assay(*order, "-o", str(target), "--wallet", "alice", *more)
    return target


def wait_until(market: Market, job: str) -> None:
    """The challenge period of a claim is over."""
    deadline = market.json("show", job)["deadline"]
    chain = Provider(market, "carol").session.chain
    while chain.node.head().timestamp <= deadline:
        time.sleep(0.2)


def wait_and_finalize(market: Market, job: str) -> dict[str, str]:
    wait_until(market, job)
    found: dict[str, str] = market.json("finalize", job, "--wallet", "carol")
    return found


def refused(market: Market, *command: str, status: int = 1) -> str:
    return market.assay(*command, expect=status).stderr


# Orders


def test_an_order_is_filled_once_run_and_paid(market: Market, shout: Path, bob: Provider, tmp_path: Path) -> None:
    order = sign_order(market, shout, tmp_path)
    shown = market.json("order", "show", str(order))
    assert (shown["usable"], shown["problem"], shown["terms"]["price"]) == (True, None, "3")
    assert "usable     yes" in market.assay("order", "show", str(order)).stdout

    job = market.json("order", "fill", str(order), "--wallet", "bob")["job"]
    assert "holds a job that is not over" in refused(market, "order", "fill", str(order), "--wallet", "bob")
    bob.claim(job)
    assert market.assay("result", job).stdout == "THIS IS ONE"
    assert wait_and_finalize(market, job)["paid"] == "3"
    assert "was filled or cancelled" in refused(market, "order", "fill", str(order), "--wallet", "bob")
    assert market.json("order", "show", str(order))["usable"] is False


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"expiry": 1}, "this expired at 1970-01-01"),
        ({"chain_id": 1}, "on chain 1, and this is"),
        ({"market": "0x" + 40 * "1"}, "signed for the market 0x1111"),
        ({"epoch": 1}, "it was signed in epoch 1, and its account is in 0"),
        ({"terms": {"price": "1"}}, "the signature is not that of"),
        ({"signature": 130 * "0"}, "the signature is not that of"),
        ({"signature": ""}, "the signature is not that of"),
        ({"more": 1}, "not a signed order: more"),
        ({"job": "0.1"}, "not a signed order: job: "),
    ],
    ids=str,
)
def test_an_order_that_does_not_count_is_refused(
    market: Market, shout: Path, tmp_path: Path, change: dict[str, object], told: str
) -> None:
    """SPEC S1."""
    order = sign_order(market, shout, tmp_path)
    content = json.loads(order.read_text())
    for name, value in change.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    order.write_text(json.dumps(content))
    assert told in refused(market, "order", "fill", str(order), "--wallet", "bob")


def test_an_order_is_cancelled_by_its_requester_alone(market: Market, shout: Path, tmp_path: Path) -> None:
    order = sign_order(market, shout, tmp_path)
    assert "nobody else can cancel it" in refused(market, "order", "cancel", str(order), "--wallet", "bob")
    market.assay("order", "cancel", str(order), "--wallet", "alice")
    assert "was filled or cancelled" in refused(market, "order", "fill", str(order), "--wallet", "bob")


def test_an_order_that_was_run_already_is_filled_and_claimed_at_once(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    paper = read_paper(SignedOrder, sign_order(market, shout, tmp_path).read_bytes())
    terms = paper.order.terms
    roots, result_id, _ = bob.run((terms.spec_id,), terms.step_limit)
    bob.session.provider.fill_and_claim(paper, roots, result_id)
    job = str(paper.job)
    assert [stage["stage"] for stage in market.json("show", job)["stages"]] == ["claimed"]
    assert market.assay("result", job).stdout == "THIS IS ONE"
    assert wait_and_finalize(market, job)["end"] == "finalized"


def test_an_order_is_claimed_in_the_call_that_pays_for_the_previous_job(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    """SPEC J7, S2."""
    first = read_paper(SignedOrder, sign_order(market, shout, tmp_path, *UNHURRIED).read_bytes())
    terms = first.order.terms
    roots, result_id, _ = bob.run((terms.spec_id,), terms.step_limit)
    bob.session.provider.fill_and_claim(first, roots, result_id)
    foreign = (
        "order",
        "sign",
        str(shout),
        "--price",
        "3",
        *SHORT,
        "-o",
        str(tmp_path / "x"),
        "--after",
        str(first.job),
    )
    assert f"is a job of {first.signer}" in refused(market, *foreign, "--wallet", "bob")
    second = read_paper(SignedOrder, sign_order(market, shout, tmp_path, "--after", str(first.job)).read_bytes())
    assert second.job == replace(first.job, generation=first.job.generation + 1)
    history, _ = read_job(bob.session.chain, first.job)
    with pytest.raises(ContractError, match="TooEarly"):
        bob.session.provider.claim_next(second, roots[0], result_id, history)
    wait_until(market, str(first.job))
    bob.session.provider.claim_next(second, roots[0], result_id, history)
    assert market.json("show", str(first.job))["status"] == "finalized"
    assert market.assay("result", str(second.job)).stdout == "THIS IS ONE"

    # Somebody else has the second one paid before the third is claimed.
    third = read_paper(SignedOrder, sign_order(market, shout, tmp_path, "--after", str(second.job)).read_bytes())
    assert wait_and_finalize(market, str(second.job))["end"] == "finalized"
    history, _ = read_job(bob.session.chain, second.job)
    bob.session.provider.claim_next(third, roots[0], result_id, history)
    assert wait_and_finalize(market, str(third.job))["end"] == "finalized"


def test_an_order_after_a_job_is_cancelled_with_the_end_of_that_job(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    """SPEC S2, J7."""
    first = read_paper(SignedOrder, sign_order(market, shout, tmp_path, *UNHURRIED).read_bytes())
    after = sign_order(market, shout, tmp_path, "--after", str(first.job), name="after.json")
    cancel = ("order", "cancel", str(after), "--wallet", "alice")
    assert "only after the jobs or orders before it" in refused(market, *cancel)
    terms = first.order.terms
    roots, result_id, _ = bob.run((terms.spec_id,), terms.step_limit)
    bob.session.provider.fill_and_claim(first, roots, result_id)
    assert f"{first.job}, which this order comes after, can be challenged until" in refused(market, *cancel)
    early = ("order", "sign", str(shout), "--price", "3", *SHORT, "--expires", "1s", "--after", str(first.job))
    assert "give the order more time" in refused(market, *early, "-o", str(tmp_path / "x"), "--wallet", "alice")

    wait_until(market, str(first.job))
    transaction = market.json(*cancel)["transaction"]
    shown = market.json("show", str(first.job))
    assert (shown["status"], shown["stages"][-1]["transaction"]) == ("finalized", transaction)
    assert "was filled or cancelled" in refused(market, *cancel)
    assert "was filled or cancelled" in market.json("order", "show", str(after))["problem"]
    again = ("order", "sign", str(shout), "--price", "3", *SHORT, "-o", str(tmp_path / "x"), "--after", str(first.job))
    assert "was used already, or skipped" in refused(market, *again, "--wallet", "alice")


def test_all_that_was_signed_is_cancelled_by_a_new_epoch(market: Market, shout: Path, tmp_path: Path) -> None:
    order = sign_order(market, shout, tmp_path, "--wallet", "carol")
    assert market.json("epoch", "raise", "--wallet", "carol")["epoch"] == 1
    assert "has cancelled this" in market.json("order", "show", str(order))["problem"]
    again = sign_order(market, shout, tmp_path, "--wallet", "carol")
    assert "not enough money" in market.json("order", "show", str(again))["problem"]


def test_terms_that_nobody_could_fill_are_not_signed(market: Market, shout: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "out.json")
    for kind in ("order", "ticket"):
        sign = (kind, "sign", str(shout), "--price", "1", "--challenge-period", "1s", "-o", target, "--wallet", "alice")
        assert "ChallengePeriodTooShort" in refused(market, *sign, status=4)
    offer = ("offer", "sign", "--price", "1", "--challenge-period", "1s", "-o", target, "--wallet", "bob")
    assert "no job fits this offer" in refused(market, *offer)
    assert not Path(target).exists()


# Tickets


def test_tickets_are_taken_together_and_each_task_has_its_own_output(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    names = ["red", "green", "blue", "black", "white"]
    inputs = [argument for name in names for argument in ("--stdin", str(text(tmp_path, name)))]
    file = tmp_path / "tickets.json"
    signed = market.json(
        *("ticket", "sign", str(shout), *inputs, "--price", "1", "--floor-price", "0.5", *SHORT),
        *("-o", str(file), "--wallet", "alice"),
    )
    assert (signed["tickets"], signed["first_nonce"] % 256) == (5, 0)
    shown = market.json("ticket", "show", str(file))
    assert (shown["usable"], shown["left"], shown["parts"]) == (True, [0, 1, 2, 3, 4], [{"first": 0, "count": 5}])
    assert "cannot be taken together" in refused(
        market, "ticket", "take", str(file), "--first", "1", "--count", "2", "--wallet", "bob"
    )

    taken = market.json("ticket", "take", str(file), "--first", "2", "--count", "2", "--wallet", "bob")
    history = bob.history(taken["job"])
    assert 2 * 5 * 10**17 <= history.job.price < 2 * 10**18
    bob.claim(taken["job"])
    for task, name in enumerate(["blue", "black"]):
        assert market.assay("result", taken["job"], "--task", str(task)).stdout == f"THIS IS {name.upper()}"
    wait_and_finalize(market, taken["job"])

    paper = read_paper(SignedTickets, file.read_bytes())
    assert check_tickets(bob.session.chain, paper) == [0, 1, 4]
    roots, result_id, _ = bob.run(tuple(each.spec_id for each in paper.tickets[:2]), 16**8)
    job, _ = bob.session.provider.take_and_claim(paper, 0, roots, result_id)
    assert market.assay("result", str(job), "--task", "1").stdout == "THIS IS GREEN"
    wait_and_finalize(market, str(job))

    assert market.json("ticket", "show", str(file))["parts"] == [{"first": 4, "count": 1}]
    last = market.json("ticket", "take", str(file), "--wallet", "bob")
    assert last["tickets"] == 1
    bob.claim(last["job"])
    assert market.assay("result", last["job"]).stdout == "THIS IS WHITE"
    assert "were taken or cancelled" in refused(market, "ticket", "take", str(file), "--wallet", "bob")
    wait_and_finalize(market, last["job"])


def test_tickets_are_cancelled(market: Market, shout: Path, tmp_path: Path) -> None:
    """SPEC S3."""
    file = tmp_path / "tickets.json"
    one = ("--stdin", str(text(tmp_path, "one")), "--stdin", str(text(tmp_path, "two")))
    market.assay("ticket", "sign", str(shout), *one, "--price", "1", *SHORT, "-o", str(file), "--wallet", "alice")
    market.assay("ticket", "cancel", str(file), "--wallet", "alice")
    assert "were taken or cancelled" in refused(market, "ticket", "take", str(file), "--wallet", "bob")


# Offers


def sign_offer(market: Market, folder: Path, *more: str) -> Path:
    target = folder / "offer.json"
    market.assay("offer", "sign", "--price", "2", "--run-period", "60s", "-o", str(target), "--wallet", "bob", *more)
    return target


def test_a_provider_is_hired_by_its_offer_and_may_decline(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    """SPEC J17, S4."""
    offer = sign_offer(market, tmp_path, "--capacity", "2")
    assert market.json("offer", "show", str(offer))["left"] == 2
    take = ("offer", "take", str(offer), str(shout), "--stdin", str(text(tmp_path, "one")), "--wallet", "alice")
    assert "look at its price" in refused(market, *take, "--price", "1.9", status=4)

    first = market.json(*take)["job"]
    assert bob.history(first).job.hired
    market.assay("decline", first, "--wallet", "bob")
    assert market.json("show", first)["status"] == "declined"

    second = market.json(*take, "--challenge-period", "5s")["job"]
    bob.claim(second)
    assert wait_and_finalize(market, second)["paid"] == "2"
    assert "is used up" in refused(market, *take)


def test_a_cancelled_offer_is_not_taken(market: Market, shout: Path, tmp_path: Path) -> None:
    offer = sign_offer(market, tmp_path)
    market.assay("offer", "cancel", str(offer), "--wallet", "bob")
    assert "was cancelled" in refused(market, "offer", "take", str(offer), str(shout), "--wallet", "alice")


def test_anyone_brings_an_order_and_an_offer_together(
    market: Market, shout: Path, bob: Provider, tmp_path: Path
) -> None:
    order, offer = sign_order(market, shout, tmp_path), sign_offer(market, tmp_path)
    # By default, an order asks for a bond in proportion to its own price, and the offer's price is lower.
    assert "look at its bond" in refused(
        market, "order", "match", str(order), str(offer), "--wallet", "carol", status=4
    )
    offer = sign_offer(market, tmp_path, "--bond", "60")
    matched = market.json("order", "match", str(order), str(offer), "--wallet", "carol")
    assert matched["provider"] == address(market, "bob")
    bob.claim(matched["job"])
    assert wait_and_finalize(market, matched["job"])["paid"] == "3"


# Conditions, time, lists


def test_a_rising_price_is_agreed_on_when_somebody_accepts(market: Market, shout: Path, bob: Provider) -> None:
    """SPEC J20."""
    submit = ("submit", str(shout), "--price", "9", *SHORT, "--wallet", "alice")
    assert "is not below" in refused(market, *submit, "--floor-price", "9")
    free = float(market.json("wallet", "balance", "alice")["free"])
    job = market.json(*submit, "--floor-price", "1", "--accept-period", "1h")["job"]
    bob.accept(job)
    agreed = float(market.json("show", job)["price"])
    assert 1 <= agreed < 2
    assert float(market.json("wallet", "balance", "alice")["free"]) == pytest.approx(free - agreed)
    bob.claim(job)
    assert float(wait_and_finalize(market, job)["paid"]) == agreed


def test_a_job_is_for_one_provider_or_for_whom_a_list_admits(market: Market, shout: Path, bob: Provider) -> None:
    """SPEC J19."""
    submit = ("submit", str(shout), "--price", "1", "--wallet", "alice")
    assert "choose one" in refused(market, *submit, "--only", address(market, "bob"), "--admit-list")
    job = market.json(*submit, "--only", address(market, "carol"))["job"]
    with pytest.raises(Exception, match="NotAdmitted"):
        bob.accept(job)
    market.assay("cancel", job, "--wallet", "alice")

    allowed = market.assay("access", "allow", address(market, "bob"), "--wallet", "alice")
    assert "`assay access deny --all`" in allowed.stderr
    market.assay("access", "deny", address(market, "bob"), "--wallet", "alice")
    assert market.json("access", "show", "--wallet", "alice") == {
        "account": address(market, "alice"),
        "default": "allow",
        "listed": [address(market, "bob")],
    }
    job = market.json(*submit, "--admit-list")["job"]
    with pytest.raises(Exception, match="NotAdmitted"):
        bob.accept(job)
    assert market.json("access", "deny", "--all", "--wallet", "alice")["default"] == "deny"
    assert "deals with nobody." in market.assay("access", "show", "--wallet", "alice").stdout
    with pytest.raises(Exception, match="NotAdmitted"):
        bob.accept(job)
    allowed = market.assay("access", "allow", address(market, "bob"), "--wallet", "alice")
    assert allowed.stderr == ""
    bob.accept(job)
    assert market.json("access", "allow", "--all", "--wallet", "alice")["listed"] == []


def test_more_time_takes_both_sides(market: Market, shout: Path, bob: Provider, tmp_path: Path) -> None:
    """SPEC J22."""
    job = market.json("submit", str(shout), "--price", "1", "--run-period", "60s", "--wallet", "alice")["job"]
    more = tmp_path / "more.json"
    sign = ("extend", job, "--by", "1h", "-o", str(more))
    assert "only an accepted one" in refused(market, *sign, "--wallet", "alice")
    bob.accept(job)
    deadline = market.json("show", job)["deadline"]
    assert "neither the requester nor the provider" in refused(market, *sign, "--wallet", "carol")
    market.assay(*sign, "--wallet", "alice")
    assert "signed by the other side" in refused(market, "extend", job, "--with", str(more), "--wallet", "alice")
    market.assay("extend", job, "--with", str(more), "--wallet", "bob")
    assert market.json("show", job)["deadline"] == deadline + 3600
    assert "another deadline" in refused(market, "extend", job, "--with", str(more), "--wallet", "bob")


def test_a_provider_is_listed_changes_its_record_and_leaves(market: Market) -> None:
    """SPEC D1, D2."""
    before = float(market.json("wallet", "balance", "bob")["outside"])
    listing = ("directory", "list", "--price-floor", "0.5", "--wallet", "bob")
    market.assay(*listing, "--machine", "riscv=1000000")
    staked = before - float(market.json("wallet", "balance", "bob")["outside"])
    assert staked > 0
    market.assay(*listing, "--machine", "riscv=2000000/9", "--endpoint", "https://bob.example")
    assert before - float(market.json("wallet", "balance", "bob")["outside"]) == staked
    (found,) = market.json("directory", "show")
    assert found["provider"] == address(market, "bob")
    assert found["record"]["machines"] == [{"machine": "riscv", "steps_per_second": 2000000, "rounds": 9}]
    assert found["record"]["price_floor"] == "0.5"
    assert "https://bob.example" in market.assay("directory", "show").stdout
    assert "is not listed" in refused(market, "directory", "show", address(market, "alice"))

    market.assay("directory", "retire", "--wallet", "bob")
    assert market.json("directory", "show") == []
    assert "StillListed" in refused(market, "directory", "withdraw", "--wallet", "bob", status=4)
    assert market.json("directory", "show", address(market, "bob"))["leaves_at"] > 0
