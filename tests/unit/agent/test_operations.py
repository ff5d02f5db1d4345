"""Metrics, health, and what is built on them: the dashboard, the rules and the service."""

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import requests
import yaml

from assay.chain.fees import Fees
from assay.chain.history import Book
from assay.chain.node import Receipt
from assay.chain.records import Account
from assay.chain.sender import Intent, Transaction
from assay.errors import InputError
from provider_agent.cli import cli
from provider_agent.context import Context
from provider_agent.journal import Journal, Position
from provider_agent.ledger import Item, Kind
from provider_agent.operations import Operations, Server
from tests.unit.agent.test_ledger import (
    ACCEPTED,
    CHALLENGED,
    CLAIMED,
    DISPUTE,
    JOB,
    MARKET,
    OPENED,
    PROVIDER,
    VERIFIER,
    book,
)

CHECKOUT = Path(__file__).resolve().parents[3]
OPS = CHECKOUT / "ops"
LATE = 120.0
TURN_BEGAN, TURN_ENDS = 1000, 2000
TOKEN = 10**18


class Played:
    """A context, a clock, and the figures of an agent."""

    def __init__(self, journal: Journal, known: Book) -> None:
        self.now = 5000.0
        self.asked = 0
        self.operations = Operations(LATE, lambda: self.now)
        self.balance = 2 * TOKEN
        self.context = SimpleNamespace(
            account=PROVIDER,
            journal=journal,
            book=known,
            now=1900,
            own_account=lambda: Account(3 * TOKEN, 4 * TOKEN),
            settings=SimpleNamespace(operations=SimpleNamespace(danger=120.0, dispute_danger=60.0)),
            chain=SimpleNamespace(
                game=SimpleNamespace(deadline_of=self._deadline_of),
                deployment=SimpleNamespace(chain_id=31337),
                node=SimpleNamespace(
                    balance=lambda _: self.balance, block=lambda _: SimpleNamespace(timestamp=TURN_BEGAN)
                ),
            ),
        )

    def _deadline_of(self, _: bytes) -> int:
        self.asked += 1
        return TURN_ENDS

    def passed(self) -> list[tuple[str, str]]:
        """What is in danger."""
        found = self.operations.passed(cast(Context, self.context), draining=False)
        return [(clock.what, clock.subject) for clock in found]


@pytest.fixture
def served(journal: Journal) -> Iterator[tuple[Played, str]]:
    """An agent, and the URL of its figures."""
    pytest.importorskip("pytest_socket").enable_socket()
    played = Played(journal, book(ACCEPTED))
    server = Server(played.operations, "127.0.0.1:0")
    server.start()
    yield played, f"http://127.0.0.1:{server.port}"
    server.close()


def metrics(url: str) -> dict[str, float]:
    text = requests.get(f"{url}/metrics", timeout=5).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_what_cannot_be_listened_on_is_told() -> None:
    pytest.importorskip("pytest_socket").enable_socket()
    for wrong in ("nonsense", "127.0.0.1:port", "127.0.0.1:99999"):
        with pytest.raises(InputError, match=r"operations\.listen"):
            Server(Operations(LATE), wrong)


def test_an_agent_is_well_while_it_passes_and_no_deadline_is_near(served: tuple[Played, str]) -> None:
    played, url = served
    before = requests.get(f"{url}/health", timeout=5)
    assert (before.status_code, before.json()["seconds_since_pass"]) == (503, None)

    played.context.now = 1800
    assert played.passed() == []
    played.now += LATE
    well = requests.get(f"{url}/health", timeout=5)
    assert (well.status_code, well.json()["healthy"], well.json()["seconds_since_pass"]) == (200, True, LATE)

    played.now += 1
    played.operations.failed(7)
    late = requests.get(f"{url}/health", timeout=5)
    assert (late.status_code, late.json()["faults"]) == (503, 7)


def test_a_claim_whose_deadline_is_near_is_a_danger_and_one_that_was_made_is_none(served: tuple[Played, str]) -> None:
    played, url = served
    assert played.passed() == [("job", str(JOB))]
    health = requests.get(f"{url}/health", timeout=5)
    told = {"what": "job", "subject": str(JOB), "left": 100, "given": 1000}
    assert (health.status_code, health.json()["in_danger"]) == (503, [told])
    assert metrics(url)["assay_agent_seconds_to_claim"] == 100
    assert metrics(url)['assay_agent_in_danger{what="job"}'] == 1

    played.context.book = book(ACCEPTED, CLAIMED)
    assert played.passed() == []
    assert requests.get(f"{url}/health", timeout=5).status_code == 200


def test_a_turn_of_ours_that_is_nearly_over_is_a_danger_and_the_chain_is_asked_once_a_turn(
    served: tuple[Played, str],
) -> None:
    played, url = served
    played.context.book = book(ACCEPTED, CLAIMED, CHALLENGED, OPENED)
    assert played.passed() == []
    assert metrics(url)["assay_agent_seconds_to_answer"] == 100

    played.context.now = 1941
    assert played.passed() == [("dispute", f"0x{DISPUTE.dispute_id.hex()}")]
    assert requests.get(f"{url}/health", timeout=5).status_code == 503
    assert played.asked == 1

    played.context.account = VERIFIER  # whose turn it is not
    assert played.passed() == []


def test_a_clock_that_was_short_from_the_start_is_in_danger_when_a_quarter_of_it_is_left(
    served: tuple[Played, str],
) -> None:
    played, _ = served
    cautious = played.context.settings.operations
    cautious.danger = cautious.dispute_danger = 5000.0  # more than the thousand seconds that either clock has
    for known in (book(ACCEPTED), book(ACCEPTED, CLAIMED, CHALLENGED, OPENED)):
        played.context.book = known
        played.context.now = TURN_ENDS - 250
        assert played.passed() == []
        played.context.now += 1
        assert len(played.passed()) == 1


def test_the_figures_are_those_of_the_journal_the_book_and_the_chain(served: tuple[Played, str]) -> None:
    played, url = served
    journal = played.context.journal
    journal.advance(Position(77, bytes(32)), [])
    journal.add_duty("provider", "job", "posted")
    journal.enter(7, 0, Item("job", Kind.PAYMENT, 5 * TOKEN))
    journal.enter(8, 0, Item("job", Kind.LOST_BOND, -2 * TOKEN))
    for nonce, purpose in enumerate(["accept 1", "claim 1"]):
        intent = Intent(purpose, PROVIDER, nonce, MARKET, b"", 1)
        journal.intend(intent)
        signed = Transaction(purpose, PROVIDER, nonce, bytes([nonce]) * 32, b"raw", Fees(2, 1))
        journal.record(signed)
        if nonce == 0:
            journal.settle(intent, 5, Receipt(signed.hash, 5, bytes(32), True, 10**6, 10**9, ()), "included")
    played.passed()
    played.operations.failed(1)

    found = metrics(url)
    expected = {
        f'assay_agent_info{{account="{PROVIDER}",chain="31337"}}': 1,
        "assay_agent_last_pass_timestamp_seconds": 5000,
        "assay_agent_block": 77,
        "assay_agent_head_timestamp_seconds": 1900,
        "assay_agent_faults_total": 1,
        'assay_agent_duties{role="provider",state="considering"}': 1,
        'assay_agent_transactions{state="done"}': 1,
        'assay_agent_transactions{state="signed"}': 1,
        "assay_agent_pending_versions": 1,
        'assay_agent_earned_tokens{kind="payment"}': 5,
        'assay_agent_earned_tokens{kind="lost bond"}': -2,
        'assay_agent_gas_coins{purpose="accept"}': 0.001,
        'assay_agent_at_risk_tokens{as="provider"}': 50 / TOKEN,
        "assay_agent_jobs": 1,
        "assay_agent_disputes": 0,
        "assay_agent_stake_tokens": 4,
        "assay_agent_free_tokens": 3,
        "assay_agent_coins": 2,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_there_is_nothing_else_to_be_had(served: tuple[Played, str]) -> None:
    _, url = served
    assert requests.get(f"{url}/../etc/passwd", timeout=5).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=5).status_code == 501


# What is built on them


def known_metrics() -> set[str]:
    names = {family.name for family in Operations(LATE).registry.collect()}
    return names | {"assay_agent_faults_total"}


def test_the_dashboard_and_the_rules_use_metrics_that_there_are_and_the_docs_have_all() -> None:
    dashboard = json.loads((OPS / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((OPS / "alerts.yml").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    used = {name for each in expressions for name in re.findall(r"assay_agent_\w+", each)}
    assert used <= known_metrics()
    assert len(expressions) > 15

    documented = set(re.findall(r"`(assay_agent_\w+)`", (CHECKOUT / "docs" / "agent.md").read_text()))
    assert documented == known_metrics() - {"assay_agent_faults"}


def test_the_service_runs_a_command_that_there_is() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(OPS / "provider-agent.service")
    _, command, *options = shlex.split(unit["Service"]["ExecStart"])
    known = {option for parameter in cli.commands[command].params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known
