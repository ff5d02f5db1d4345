"""What an agent is doing, read from its journal."""

from pathlib import Path
from typing import Any

from assay.errors import InputError
from provider_agent.database import is_url
from provider_agent.journal import Journal


def read_status(location: str, count: int) -> dict[str, Any]:
    """The journal at `location`, in short: `count` duties at most. Raises `InputError` if there is none."""
    if not is_url(location) and not Path(location).exists():
        raise InputError(f"there is no journal {location}: no agent has run with these settings yet")
    journal = Journal(location, writable=False)
    try:
        position = journal.position()
        return {
            "block": None if position is None else position.number,
            "duties": [
                {"job": duty.job, "role": duty.role, "state": duty.state.value, "reason": duty.reason}
                for duty in journal.recent_duties(count)
            ],
            "deadlines": [
                {"action": deadline.action, "subject": deadline.subject, "due_at": deadline.due_at}
                for deadline in journal.deadlines()
            ],
            "pending": [
                {"purpose": each.intent.purpose, "nonce": each.intent.nonce, "hash": f"0x{each.latest.hash.hex()}"}
                for each in journal.unsettled()
            ],
        }
    finally:
        journal.close()


def render_status(status: dict[str, Any]) -> str:
    """The same for people."""
    lines = ["no block read yet" if status["block"] is None else f"read up to block {status['block']}"]
    lines += [f"{duty['job']}  {duty['role']}  {duty['state']}: {duty['reason']}" for duty in status["duties"]]
    lines += [f"pending: {pending['purpose']} (nonce {pending['nonce']})" for pending in status["pending"]]
    return "\n".join(lines)
