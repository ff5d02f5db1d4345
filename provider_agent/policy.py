"""Which jobs to take, and which claims to recompute: pure functions that give a reason for every no.

A *refusal* is for good. An *obstacle* may pass: the job is looked at again.
"""

from assay.amounts import format_tokens
from assay.chain.records import Account, Admission, Terms
from provider_agent.settings import ProviderSettings, VerifierSettings

GIGASTEP = 10**9
MEBIBYTE = 2**20


def tariff(terms: Terms, size: int, settings: ProviderSettings) -> int:
    """What a job's steps, at most, and its `size` bytes of documents, program and inputs have to bring, base units.

    Rounded up. Gas is on top of it, where it is weighed.
    """
    steps = terms.task_count * terms.step_limit
    return -(-steps * settings.price_per_gigastep // GIGASTEP) + -(-size * settings.price_per_mebibyte // MEBIBYTE)


def provider_refusals(terms: Terms, machine: str | None, account: str, settings: ProviderSettings) -> list[str]:
    """Why the provider `account` never takes a job with these terms. `machine` is what its referee executes."""
    return [
        *_refusals(terms, machine, settings),
        *_if(terms.admission is Admission.ONLY and terms.gate != account, f"is for {terms.gate} only"),
        *_if(
            terms.price < settings.minimum_price,
            f"pays {format_tokens(terms.price)} tokens, less than {format_tokens(settings.minimum_price)}",
        ),
        *size_refusals(terms, 0, settings),
        *_if(
            terms.bond > settings.maximum_bond,
            f"asks for a bond of {format_tokens(terms.bond)} tokens, more than {format_tokens(settings.maximum_bond)}",
        ),
        *_if(
            terms.run_period < settings.minimum_run_period,
            f"gives {terms.run_period} s to run it, less than {settings.minimum_run_period} s",
        ),
        *_if(
            terms.challenge_period > settings.maximum_challenge_period,
            f"can be challenged for {terms.challenge_period} s, longer than {settings.maximum_challenge_period} s",
        ),
    ]


def size_refusals(terms: Terms, size: int, settings: ProviderSettings) -> list[str]:
    """Why a provider takes no job with these terms, and so many bytes of documents, program and inputs."""
    floor = tariff(terms, size, settings)
    return _if(terms.price < floor, f"pays {format_tokens(terms.price)} tokens, less than {_floor(terms, size, floor)}")


def requester_refusals(requester: str, settings: ProviderSettings) -> list[str]:
    """Why a provider takes no job of this requester."""
    return [
        *_if(requester in settings.deny, f"its requester, {requester}, is in provider.deny"),
        *_if(
            bool(settings.allow) and requester not in settings.allow,
            f"its requester, {requester}, is not in provider.allow",
        ),
    ]


def provider_obstacles(
    terms: Terms,
    price: int,
    size: int,
    account: Account,
    taken: int,
    room: int,
    admitted: bool,
    settings: ProviderSettings,
) -> list[str]:
    """Why a provider does not take such a job now.

    `price` is what it pays at present, `size` the bytes that were read of it so far, `account` the provider's money,
    `taken` the jobs that it has and has not claimed, `room` the bytes that are free on its disk, `admitted` whether the
    contract that the terms name lets it in.
    """
    return [
        *_if(
            price < settings.minimum_price <= terms.price,
            f"pays {format_tokens(price)} tokens now, and not yet {format_tokens(settings.minimum_price)}",
        ),
        *_if(
            price < (floor := tariff(terms, size, settings)) <= terms.price,
            f"pays {format_tokens(price)} tokens now, and not yet {_floor(terms, size, floor)}",
        ),
        *_if(not admitted, f"{terms.gate} does not admit this provider"),
        *_if(taken >= settings.maximum_jobs, f"{taken} jobs are taken, as many as are allowed"),
        *_if(
            room < settings.maximum_bytes,
            f"{room} bytes are free on the disk of store.cache, and a job may need {settings.maximum_bytes}: make room",
        ),
        *_if(
            account.stake < terms.bond,
            f"the bond is {format_tokens(terms.bond)} tokens, and {format_tokens(account.stake)} are staked: "
            "stake more",
        ),
    ]


def verifier_refusals(terms: Terms, machine: str | None, settings: VerifierSettings) -> list[str]:
    """Why a verifier never recomputes a claim of a job with these terms."""
    return _refusals(terms, machine, settings)


def is_drawn(price: int, lot: float, settings: VerifierSettings) -> bool:
    """Whether the claim of a job that pays `price` is recomputed. `lot` is drawn for it alone: from 0 to below 1."""
    return lot < settings.share or price >= settings.always_from


def verifier_obstacles(account: Account, challenger_bond: int) -> list[str]:
    """Why a verifier does not open a dispute now."""
    return _if(
        account.stake < challenger_bond,
        f"a challenge takes a bond of {format_tokens(challenger_bond)} tokens, and {format_tokens(account.stake)} are "
        "staked: stake more",
    )


def _refusals(terms: Terms, machine: str | None, settings: ProviderSettings | VerifierSettings) -> list[str]:
    return [
        *_if(machine is None, f"its referee, {terms.referee}, is unknown"),
        *_if(
            bool(settings.referees) and terms.referee not in settings.referees,
            f"has the referee {terms.referee}, which `referees` does not name",
        ),
        *_if(machine not in (None, *settings.machines), f"runs on {machine}, which `machines` does not name"),
        *_if(
            terms.rounds > settings.maximum_rounds,
            f"may take 16^{terms.rounds} steps, more than 16^{settings.maximum_rounds}",
        ),
        *_if(
            terms.task_count > settings.maximum_tasks,
            f"has {terms.task_count} tasks, more than {settings.maximum_tasks}",
        ),
    ]


def _floor(terms: Terms, size: int, floor: int) -> str:
    steps = f"{terms.task_count} times 16^{terms.rounds} steps"
    return f"the {format_tokens(floor)} for {steps}" + (f" and {size} bytes" if size else "")


def _if(condition: bool, reason: str) -> list[str]:
    return [reason] if condition else []
