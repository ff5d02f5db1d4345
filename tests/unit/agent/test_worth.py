"""What each purpose is worth, by the text that the roles give it."""

import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from assay.chain.records import JobId
from assay.chain.sender import Worth
from assay.dispute.game import Side
from provider_agent.batch import batch_purpose
from provider_agent.settings import ProviderSettings
from provider_agent.worth import GAS_AFTER_ACCEPT, GAS_AFTER_CHALLENGE, GAS_OF_MOVE, Appraiser

CHECKOUT = Path(__file__).resolve().parents[3]
US, THEM = "0x" + 40 * "1", "0x" + 40 * "2"
JOB = JobId(THEM, 0, 1)
DISPUTE = b"\x07" * 32
TOKEN = 10**18


def appraiser(price: str | None, defender: str = US, **tariff: str) -> Appraiser:
    """Of an agent that knows one job, which pays 3 tokens for a bond of 10, and one dispute about it."""
    terms = SimpleNamespace(price=3 * TOKEN, bond=10 * TOKEN, rounds=4, task_count=1, step_limit=10**9)
    party = {Side.DEFENDER: defender, Side.CHALLENGER: THEM if defender == US else US}
    dispute = SimpleNamespace(terms=SimpleNamespace(job_id=JOB, party=party.__getitem__))
    context = SimpleNamespace(
        settings=SimpleNamespace(provider=ProviderSettings.model_validate(tariff)),
        journal=SimpleNamespace(duty=lambda *_: SimpleNamespace(size=2**20)),
        account=US,
        parameters=SimpleNamespace(challenger_bond=5 * TOKEN, burn_share=4_000),
        book=SimpleNamespace(
            jobs={JOB: SimpleNamespace(job=SimpleNamespace(job_id=JOB, terms=terms, price=terms.price))},
            disputes={DISPUTE: dispute},
        ),
    )
    return Appraiser(cast(Any, context), None if price is None else Fraction(price))


@pytest.mark.parametrize(
    ("purpose", "tokens", "later_gas"),
    [
        (f"accept {JOB}", 3, GAS_AFTER_ACCEPT),
        (f"claim {JOB}", 13, 0),
        (f"finalize {JOB}", 13, 0),
        (f"challenge {JOB} claim {'ab' * 32}", 6, GAS_AFTER_CHALLENGE + 2 * GAS_OF_MOVE),
    ],
)
def test_a_job_is_worth_its_price_and_what_is_at_risk_its_bond(purpose: str, tokens: int, later_gas: int) -> None:
    assert appraiser("0.002").worth(purpose) == Worth(tokens * 2 * 10**15, later_gas)


@pytest.mark.parametrize("purpose", [f"answer {'ab' * 32} with 3 to come in dispute", "time out dispute"])
@pytest.mark.parametrize(("defender", "tokens"), [(US, 13), (THEM, 11)], ids=["defender", "challenger"])
def test_a_duty_in_a_dispute_is_weighed_against_what_it_puts_at_risk(purpose: str, defender: str, tokens: int) -> None:
    tail = " after 3 moves" if purpose.startswith("time") else ""
    assert appraiser("1", defender).worth(f"{purpose} 0x{DISPUTE.hex()}{tail}") == Worth(tokens * TOKEN)


def test_the_gas_of_an_acceptance_comes_out_of_what_the_price_is_above_the_tariff() -> None:
    above = appraiser("1", price_per_gigastep="0.5", price_per_mebibyte="2").worth(f"accept {JOB}")
    assert above == Worth(TOKEN // 2, GAS_AFTER_ACCEPT)
    assert appraiser("1", price_per_mebibyte="7").worth(f"accept {JOB}") == Worth(0, GAS_AFTER_ACCEPT)


def test_nothing_is_weighed_without_a_price_and_no_unknown_purpose_ever() -> None:
    assert appraiser(None).worth(f"accept {JOB}") is None
    assert appraiser("1").worth("something new") is None
    assert appraiser("1").worth(f"accept {JobId(US, 9, 9)}") is None


def test_every_purpose_of_the_roles_is_known() -> None:
    sources = "\n".join(path.read_text() for path in (CHECKOUT / "provider_agent" / "roles").glob("*.py"))
    shapes = set(re.findall(r'f"((?:accept|claim|finalize|challenge|answer|time out) [^"]*)"', sources))
    assert len(shapes) >= 6
    fields = {
        "answered.hex()": "ab" * 32,
        "play.remaining": "3",
        "len(dispute.play.answers)": "3",
        "history.job.claim_root.hex()": "cd" * 32,
    }
    for shape in shapes:
        about = f"0x{DISPUTE.hex()}" if "dispute" in shape else str(JOB)
        names = re.findall(r"{(.*?)}", shape)
        purpose = re.sub(r"{.*?}", "%s", shape) % tuple(fields.get(name, about) for name in names)
        assert appraiser("1").worth(purpose) is not None, purpose


def test_what_goes_together_is_worth_what_it_is_worth_together() -> None:
    both = batch_purpose([f"claim {JOB}", f"finalize {JOB}"])
    assert appraiser("1").worth(both) == Worth(26 * TOKEN)
    assert appraiser("1").worth(batch_purpose([f"claim {JOB}", "something new"])) is None
