"""What a job would come to: where its price comes from, how long it takes, what a dispute would."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.history import Book, JobHistory
from assay.chain.records import Parameters, Terms
from assay.client import quote as module
from assay.client.order import Order, order_tasks
from assay.client.prospects import Candidate, Record
from assay.client.quote import Quote, Ran, make_quote, order_spec, run_order
from assay.client.requester import BOND_RATIO, Conditions
from assay.errors import InputError, MissingBlobError
from assay.machines.registry import MACHINES
from tests.unit.client.claims import DEPLOYMENT, MARKET, PROVIDER, REFEREE, REQUESTER, Blobs, claimed

PAID = 100
ORDER = order_tasks("counter", None, [{"start": 0, "target": 9}, {"start": 0, "target": 30}], [], 2)
LISTED = Candidate(PROVIDER, True, 4, 7, 10**6, Record(), ())
UNLISTED = Candidate(PROVIDER, False, None, None, 10**6, Record(3, 0, 12.0), ())
PARAMETERS = Parameters(MARKET, MARKET, 5, 1, 5000, 10, 0, MARKET)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Candidate]:
    """The providers that there are; one whose floor is above what a job pays cannot take it."""
    candidates: list[Candidate] = []

    def find(*given: Any) -> list[Candidate]:
        terms: Terms = given[4]
        dear = ("asks for more",)
        return [
            replace(each, obstacles=dear) if (each.floor or 0) * terms.task_count > terms.price else each
            for each in candidates
        ]

    monkeypatch.setattr(module, "find_candidates", find)
    return candidates


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A market on which one job was done: accepted after a second, paid with 100 for its only task."""
    job = claimed(5)
    made = SimpleNamespace(
        deployment=DEPLOYMENT,
        node=SimpleNamespace(
            block=lambda number: SimpleNamespace(timestamp=1000 + number),
            head=lambda: SimpleNamespace(base_fee=3),
            priority_fee=lambda: 2,
        ),
        market=SimpleNamespace(parameters=lambda: PARAMETERS),
        referee=lambda _: SimpleNamespace(address=REFEREE),
        game=SimpleNamespace(allowance=lambda: 600, minimum_reply=lambda: 60),
        book=job.book,
    )
    monkeypatch.setattr(module, "read_book", lambda chain: chain.book)
    return made


def quoted(market: Any, price: int | None = None, ran: Ran | None = None, order: Order = ORDER) -> Quote:
    conditions, store = Conditions(price or 0), Blobs()
    return make_quote(market, store, REQUESTER, order, conditions, price is not None, ran)  # type: ignore[arg-type]


def test_a_price_that_is_given_is_the_price(market: Any, known: list[Candidate]) -> None:
    known.append(LISTED)
    found = quoted(market, 13)
    assert (found.terms.price, found.price_source, found.able) == (13, "as given", [])
    assert quoted(market, 14).able == [LISTED]


def test_without_one_it_is_the_least_that_a_listed_provider_asks_for_all_tasks(
    market: Any, known: list[Candidate]
) -> None:
    known += [replace(LISTED, floor=9), LISTED, replace(LISTED, floor=1, obstacles=("has no stake",))]
    found = quoted(market)
    assert found.terms.price == 14
    assert found.terms.bond == 14 * BOND_RATIO
    assert "listed provider" in found.price_source
    assert found.able == [LISTED]


def test_without_listed_ones_it_is_what_was_paid_before(market: Any, known: list[Candidate]) -> None:
    known.append(UNLISTED)
    found = quoted(market)
    assert (found.terms.price, "latest jobs" in found.price_source) == (2 * PAID, True)
    assert (found.accepted_after, found.run_seconds) == (1, 12)


def test_where_nobody_has_told_a_price_none_is_made_up(market: Any, known: list[Candidate]) -> None:
    market.book = Book(MARKET)
    found = quoted(market)
    assert (found.terms.price, "give --price" in found.price_source) == (0, True)
    assert (found.accepted_after, found.run_seconds, known) == (None, None, [])


def test_steps_that_are_known_and_a_speed_that_is_told_give_a_time(market: Any, known: list[Candidate]) -> None:
    known.append(LISTED)
    assert quoted(market, 14, Ran(30, 39, 0.1)).run_seconds == 39 / 4


def test_a_dispute_lasts_as_long_as_both_clocks(market: Any, known: list[Candidate]) -> None:
    known.append(LISTED)
    found = quoted(market)
    assert found.dispute_seconds == 2 * 600 + 3 * 60
    assert found.gas_price == 5


def test_an_order_is_run_here_task_by_task() -> None:
    ran = run_order(ORDER, Blobs().get, MACHINES)
    assert (ran.steps, ran.total_steps) == (30, 39)


def test_a_spec_is_the_same_job_as_what_it_was_made_of() -> None:
    blobs = Blobs()
    ORDER.upload(blobs)  # type: ignore[arg-type]
    document = blobs[ORDER.spec_id.hex()]
    assert replace(order_spec(document, 16**2, blobs.get, MACHINES), blobs=ORDER.blobs) == ORDER
    with pytest.raises(InputError, match="not a job spec"):
        order_spec(b"{}", 16, blobs.get, MACHINES)
    program = document.replace(b'"program":null', b'"program":"' + b"0" * 64 + b'"').replace(b"counter", b"riscv")
    program = program.replace(b'{"start":0,"target":9}', b'{"arguments":["x"],"stdin":null}')
    program = program.replace(b',{"start":0,"target":30}', b"")
    with pytest.raises(MissingBlobError):
        order_spec(program, 16, blobs.get, MACHINES)


def test_a_history_without_an_acceptance_tells_no_wait(market: Any, known: list[Candidate]) -> None:
    job = claimed(5).history
    market.book = Book(MARKET)
    market.book.jobs[job.job.job_id] = JobHistory(job.job, entries=job.entries[:1])
    assert quoted(market, 1).accepted_after is None
    assert known == []
