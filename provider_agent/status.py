"""What an agent is doing, what it has earned and spent, and what it has at risk: read from its journal."""

from pathlib import Path
from typing import Any

from assay.amounts import format_tokens
from assay.chain.deployments import load_deployment
from assay.chain.events import decode_logs
from assay.chain.history import Book
from assay.errors import InputError
from provider_agent.database import is_url
from provider_agent.journal import Journal
from provider_agent.ledger import risk_of
from provider_agent.settings import Settings


def read_status(settings: Settings, count: int) -> dict[str, Any]:
    """The agent's journal, in short: `count` duties at most. Amounts are decimal tokens, and coins of gas.

    Raises `InputError` if there is no journal.
    """
    location = settings.journal
    if not is_url(location) and not Path(location).exists():
        raise InputError(f"there is no journal {location}: no agent has run with these settings yet")
    journal = Journal(location, writable=False)
    try:
        position = journal.position()
        return {
            "account": journal.identity(),
            "block": None if position is None else position.number,
            "earned": {kind.value: format_tokens(amount) for kind, amount in journal.earnings().items() if amount},
            "earned_in_all": format_tokens(sum(journal.earnings().values())),
            "gas": {kind: _coins(wei) for kind, wei in journal.costs().items()},
            "gas_in_all": _coins(sum(journal.costs().values())),
            "at_risk": _risk(journal, settings),
            "duties": [
                {"job": duty.job, "role": duty.role, "state": duty.state.value, "reason": duty.reason}
                for duty in journal.recent_duties(count)
            ],
            "deadlines": [
                {"action": deadline.action, "subject": deadline.subject, "due_at": deadline.due_at}
                for deadline in journal.deadlines()
            ],
            "pending": [
                {
                    "purpose": each.intent.purpose,
                    "nonce": each.intent.nonce,
                    "hash": f"0x{each.latest.hash.hex()}",
                    "versions": len(each.attempts),
                }
                for each in journal.unsettled()
            ],
        }
    finally:
        journal.close()


def _risk(journal: Journal, settings: Settings) -> dict[str, Any]:
    account = journal.identity()
    deployment = load_deployment(settings.chain.deployment)
    book = Book(deployment.market, decode_logs(list(journal.logs()), deployment))
    risk = risk_of(book, account or "")
    return {
        "jobs": risk.jobs,
        "bonds": format_tokens(risk.bonds),
        "due": format_tokens(risk.due),
        "challenges": risk.challenges,
        "challenge_bonds": format_tokens(risk.challenge_bonds),
    }


def render_status(status: dict[str, Any]) -> str:
    """The same for people."""
    risk, earned, gas = status["at_risk"], status["earned"], status["gas"]
    lines = [
        "no block read yet" if status["block"] is None else f"{status['account']}, read up to block {status['block']}",
        f"earned   {status['earned_in_all']} tokens{_listed(earned)}",
        f"gas      {status['gas_in_all']} coins{_listed(gas)}",
        f"at risk  {risk['bonds']} tokens in {risk['jobs']} jobs, which will pay {risk['due']}; "
        f"{risk['challenge_bonds']} in {risk['challenges']} challenges",
    ]
    lines += [f"{duty['job']}  {duty['role']}  {duty['state']}: {duty['reason']}" for duty in status["duties"]]
    lines += [
        f"pending: {pending['purpose']} (nonce {pending['nonce']}, {pending['versions']} signed)"
        for pending in status["pending"]
    ]
    return "\n".join(lines)


def _listed(parts: dict[str, str]) -> str:
    return f" ({', '.join(f'{name} {amount}' for name, amount in parts.items())})" if parts else ""


def _coins(wei: int) -> str:
    """A chain's coins have 18 decimals, as tokens do."""
    return format_tokens(wei)
