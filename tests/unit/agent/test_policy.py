"""Every no has its reason, and a job without a flaw has none."""

from dataclasses import replace

import pytest

from assay.chain.records import Account, Admission, Terms
from provider_agent import policy
from provider_agent.settings import ProviderSettings, VerifierSettings

TOKEN = 10**18
TERMS = Terms(
    referee="0x" + 40 * "1",
    task_root=bytes(32),
    task_count=3,
    rounds=4,
    price=5 * TOKEN,
    bond=20 * TOKEN,
    accept_period=600,
    run_period=300,
    challenge_period=900,
    spec_id=bytes(32),
)
PROVIDER = ProviderSettings.model_validate(
    {
        "machines": ["riscv"],
        "minimum_price": "5",
        "maximum_bond": "20",
        "maximum_jobs": 2,
        "maximum_tasks": 3,
        "maximum_rounds": 4,
        "maximum_bytes": 1000,
        "minimum_run_period": 300,
        "maximum_challenge_period": 900,
    }
)
ACCOUNT = "0x" + 40 * "2"


def obstacles(
    price: int = TERMS.price, stake: int = 20 * TOKEN, taken: int = 0, room: int = 1000, admitted: bool = True
) -> list[str]:
    account = Account(free=99 * TOKEN, stake=stake)
    return policy.provider_obstacles(TERMS, price, 0, account, taken, room, admitted, PROVIDER)


VERIFIER = VerifierSettings(machines=["riscv"], maximum_tasks=3, maximum_rounds=4)


@pytest.mark.parametrize(
    ("terms", "machine", "reason"),
    [
        (TERMS, None, f"its referee, {TERMS.referee}, is unknown"),
        (TERMS, "counter", "runs on counter, which `machines` does not name"),
        (replace(TERMS, rounds=5), "riscv", "may take 16^5 steps, more than 16^4"),
        (replace(TERMS, task_count=4), "riscv", "has 4 tasks, more than 3"),
        (replace(TERMS, price=5 * TOKEN - 1), "riscv", "pays 4.999999999999999999 tokens, less than 5"),
        (replace(TERMS, bond=20 * TOKEN + 1), "riscv", "asks for a bond of 20.000000000000000001 tokens, more than 20"),
        (replace(TERMS, run_period=299), "riscv", "gives 299 s to run it, less than 300 s"),
        (replace(TERMS, challenge_period=901), "riscv", "can be challenged for 901 s, longer than 900 s"),
    ],
)
def test_a_provider_refuses_for_one_reason(terms: Terms, machine: str | None, reason: str) -> None:
    assert policy.provider_refusals(terms, machine, ACCOUNT, PROVIDER) == [reason]


def test_a_provider_names_all_its_reasons() -> None:
    terms = replace(TERMS, price=0, rounds=15)

    assert len(policy.provider_refusals(terms, None, ACCOUNT, PROVIDER)) == 3


def test_a_provider_takes_a_job_at_every_limit() -> None:
    assert policy.provider_refusals(TERMS, "riscv", ACCOUNT, PROVIDER) == []
    assert obstacles(stake=20 * TOKEN, taken=1) == []


def test_a_provider_that_is_busy_or_short_of_stake_or_of_disk_waits() -> None:
    assert obstacles(room=999) == ["999 bytes are free on the disk of store.cache, and a job may need 1000: make room"]
    assert obstacles(taken=2) == ["2 jobs are taken, as many as are allowed"]
    assert obstacles(stake=20 * TOKEN - 1) == [
        "the bond is 20 tokens, and 19.999999999999999999 are staked: stake more"
    ]


def test_a_provider_waits_for_a_price_that_rises_and_to_be_let_in() -> None:
    assert obstacles(price=5 * TOKEN - 1) == ["pays 4.999999999999999999 tokens now, and not yet 5"]
    assert obstacles(admitted=False) == [f"{TERMS.gate} does not admit this provider"]


STEPS = 3 * 16**4
DEAR = ProviderSettings.model_validate({"price_per_gigastep": "10000", "price_per_mebibyte": "3", "maximum_bond": "20"})
"""Some 1.97 tokens for the steps of `TERMS`, and 3 for each MiB."""


def test_a_job_has_to_pay_for_its_steps_and_its_bytes_rounded_up() -> None:
    for_steps = STEPS * 10_000 * TOKEN // 10**9
    assert policy.tariff(TERMS, 0, DEAR) == for_steps
    assert policy.tariff(TERMS, 2**20, DEAR) == for_steps + 3 * TOKEN
    assert policy.tariff(TERMS, 1, DEAR) == for_steps + 3 * TOKEN // 2**20 + 1
    assert policy.tariff(TERMS, 10**9, PROVIDER) == 0

    assert policy.size_refusals(TERMS, 2**20, DEAR) == []
    assert policy.size_refusals(TERMS, 2 * 2**20, DEAR) == [
        "pays 5 tokens, less than the 7.96608 for 3 times 16^4 steps and 2097152 bytes"
    ]
    assert policy.provider_refusals(replace(TERMS, price=for_steps - 1), "riscv", ACCOUNT, DEAR) == [
        "pays 1.966079999999999999 tokens, less than the 1.96608 for 3 times 16^4 steps"
    ]
    money = Account(free=0, stake=20 * TOKEN)
    assert policy.provider_obstacles(TERMS, for_steps - 1, 0, money, 0, DEAR.maximum_bytes, True, DEAR) == [
        "pays 1.966079999999999999 tokens now, and not yet the 1.96608 for 3 times 16^4 steps"
    ]


def test_only_named_referees_are_taken() -> None:
    other = "0x" + 40 * "9"
    for settings in (ProviderSettings(referees=[other]), VerifierSettings(referees=[other])):
        refused = [f"has the referee {TERMS.referee}, which `referees` does not name"]
        assert policy._refusals(TERMS, "riscv", settings) == refused
        assert policy._refusals(replace(TERMS, referee=other), "riscv", settings) == []


@pytest.mark.parametrize(
    ("share", "price", "lot", "drawn"),
    [
        ({}, 0, 0.999, True),
        ({"share": 0}, 10**6, 0.0, False),
        ({"share": 0.25}, 1, 0.2499, True),
        ({"share": 0.25}, 1, 0.25, False),
        ({"share": 0, "always_from": "5"}, 5, 0.9, True),
        ({"share": 0, "always_from": "5"}, 4, 0.0, False),
    ],
)
def test_a_share_of_claims_is_recomputed_and_all_from_a_price_on(
    share: dict[str, object], price: int, lot: float, drawn: bool
) -> None:
    assert policy.is_drawn(price * TOKEN, lot, VerifierSettings.model_validate(share)) is drawn


def test_a_provider_refuses_what_is_for_another_and_takes_what_is_for_itself() -> None:
    direct = replace(TERMS, admission=Admission.ONLY, gate=ACCOUNT)

    assert policy.provider_refusals(direct, "riscv", ACCOUNT, PROVIDER) == []
    assert policy.provider_refusals(direct, "riscv", TERMS.referee, PROVIDER) == [f"is for {ACCOUNT} only"]


@pytest.mark.parametrize(
    ("terms", "machine", "reason"),
    [
        (TERMS, None, f"its referee, {TERMS.referee}, is unknown"),
        (TERMS, "counter", "runs on counter, which `machines` does not name"),
        (replace(TERMS, rounds=5), "riscv", "may take 16^5 steps, more than 16^4"),
        (replace(TERMS, task_count=4), "riscv", "has 4 tasks, more than 3"),
    ],
)
def test_a_verifier_refuses_for_one_reason(terms: Terms, machine: str | None, reason: str) -> None:
    assert policy.verifier_refusals(terms, machine, VERIFIER) == [reason]


def test_a_verifier_looks_at_any_price_and_needs_stake_only_to_challenge() -> None:
    assert policy.verifier_refusals(replace(TERMS, price=0), "riscv", VERIFIER) == []
    assert policy.verifier_obstacles(Account(free=0, stake=5 * TOKEN), 5 * TOKEN) == []
    assert policy.verifier_obstacles(Account(free=9 * TOKEN, stake=5 * TOKEN - 1), 5 * TOKEN) == [
        "a challenge takes a bond of 5 tokens, and 4.999999999999999999 are staked: stake more"
    ]


REQUESTER, OTHER = "0x" + 40 * "7", "0x" + 40 * "8"


@pytest.mark.parametrize(
    ("allow", "deny", "reasons"),
    [
        ([], [], []),
        ([REQUESTER], [], []),
        ([OTHER], [], [f"its requester, {REQUESTER}, is not in provider.allow"]),
        ([], [REQUESTER], [f"its requester, {REQUESTER}, is in provider.deny"]),
        ([], [OTHER], []),
        ([REQUESTER], [REQUESTER], [f"its requester, {REQUESTER}, is in provider.deny"]),
    ],
)
def test_a_requester_is_taken_by_the_lists(allow: list[str], deny: list[str], reasons: list[str]) -> None:
    settings = ProviderSettings(allow=allow, deny=deny)
    assert policy.requester_refusals(REQUESTER, settings) == reasons
