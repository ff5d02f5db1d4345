"""Challenging a claim: what a challenge has to prove, and what it puts at risk."""

from dataclasses import replace

import pytest

from assay.dispute.strategy import opening
from assay.machines import merkle
from tests.contracts.support import (
    BOND,
    FUNDS,
    ROUNDS,
    STAKE,
    STEPS,
    Lie,
    Parties,
    accept,
    challenge,
    claim_batch,
    current,
    mine_after,
    money,
    post,
    proof_of,
    refused,
    terms_for,
    truth,
)

STARTS = (3, 7, 11, 15, 19)
INITIAL = [truth(start=start).state_root(0) for start in STARTS]
FINAL = [truth(start=start).state_root(STEPS) for start in STARTS]
TASK = 3
LIE = Lie(truth(start=STARTS[TASK]), at=77)
CLAIMED = [*FINAL[:TASK], LIE.state_root(STEPS), *FINAL[TASK + 1 :]]
"""The claim is false about one task of five."""


@pytest.fixture
def parties(market, game, referee, requester, provider):
    return Parties(market, game, referee, requester, provider)


@pytest.fixture
def job(market, referee, requester, provider):
    posted = post(market, requester, terms_for(referee, INITIAL))
    return claim_batch(market, provider, accept(market, provider, posted), CLAIMED)


@pytest.fixture
def attempt(market, job, verifier):
    """What a node says about a challenge by the verifier."""
    proof = proof_of(TASK, INITIAL, CLAIMED)
    roots = opening(truth(start=STARTS[TASK]), ROUNDS)

    def ask(terms=job.terms, claim_root=job.claim_root, proof=proof, roots=roots, **changes):
        proof = replace(proof, **changes)
        record = (job.abi(), terms.abi(), claim_root)
        market.challenge.call(*record, proof.abi(), roots, {"from": verifier})

    ask()
    return ask


# --- what is refused ------------------------------------------------------------------------------------------------


def test_other_terms_are_refused(attempt, job):
    """SPEC J5: or another claim root."""
    commitment = job.abi()[-1]
    for other in (replace(job.terms, rounds=2), replace(job.terms, referee=job.provider)):
        with refused("TermsMismatch", commitment):
            attempt(terms=other)
    with refused("TermsMismatch", commitment):
        attempt(claim_root=FINAL[TASK])


def test_a_task_that_the_job_does_not_have_is_refused(attempt):
    """SPEC J5: the tree is padded to eight leaves, and the padding is no task."""
    padded = [*INITIAL, *[bytes(32)] * 3]
    for task in (5, 7, 8, 2**32 - 1):
        siblings = tuple(merkle.prove(padded, task % 8))
        with refused("TaskOutOfRange", 5, task):
            attempt(task=task, initial_root=bytes(32), initial_siblings=siblings)


def test_a_beginning_that_is_not_the_tasks_is_refused(attempt, job):
    """SPEC J5: another state, the state of another task, or in another place."""
    other = proof_of(2, INITIAL, CLAIMED)
    for changes in (
        {"initial_root": FINAL[TASK]},
        {"initial_root": other.initial_root, "initial_siblings": other.initial_siblings},
        {"task": 2},
    ):
        with refused("InitialRootNotInJob", job.terms.task_root):
            attempt(**changes)


def test_an_end_that_is_not_the_claims_is_refused(attempt, job):
    """SPEC J5: the true one, say, or that of another task."""
    other = proof_of(2, INITIAL, CLAIMED)
    for changes in (
        {"final_root": FINAL[TASK]},
        {"final_root": other.final_root, "final_siblings": other.final_siblings},
    ):
        with refused("FinalRootNotInClaim", job.claim_root):
            attempt(**changes)


def test_a_proof_of_another_length_is_refused(attempt, job):
    """SPEC J5: so a node of the tree cannot pass for a task, nor a task for a node."""
    siblings = proof_of(TASK, INITIAL, CLAIMED).initial_siblings
    for wrong in ((), siblings[:2], (*siblings, siblings[0])):
        with refused("WrongProofLength", 3, len(wrong)):
            attempt(initial_siblings=wrong)
        with refused("WrongProofLength", 3, len(wrong)):
            attempt(final_siblings=wrong)
    with refused("WrongProofLength", 3, 0):
        attempt(task=0, initial_root=job.terms.task_root, initial_siblings=())


def test_a_list_that_ends_as_claimed_is_refused(attempt):
    """SPEC G2: there would be nothing to dispute."""
    with refused("SameLastRoot", CLAIMED[TASK]):
        attempt(roots=opening(LIE, ROUNDS))


def test_the_same_challenge_twice_is_refused(attempt, parties, verifier, job):
    """SPEC G1: not even with another list. About another task, or by somebody else, it is another dispute."""
    first = challenge(parties, verifier, job, truth(start=STARTS[TASK]), proof_of(TASK, INITIAL, CLAIMED))
    with refused("DisputeExists", first.id):
        attempt()
    with refused("DisputeExists", first.id):
        attempt(roots=opening(truth(start=1), ROUNDS))
    attempt(proof=proof_of(2, INITIAL, CLAIMED))


# --- what works -----------------------------------------------------------------------------------------------------


def test_a_challenge_puts_a_bond_at_risk(market, parties, verifier, job):
    """SPEC J5, L5: of whoever challenges, and of nobody else."""
    dispute = challenge(parties, verifier, job, truth(start=STARTS[TASK]), proof_of(TASK, INITIAL, CLAIMED))
    assert money(market, verifier) == (FUNDS, STAKE - BOND)
    assert current(market, job) == (True, 1)
    event = dispute.calls[0].events["JobChallenged"]
    assert (event["challenger"], event["task"], event["bond"]) == (verifier, TASK, BOND)
    assert bytes(dispute.terms.initial_root) == INITIAL[TASK]
    assert bytes(dispute.terms.claimed_root) == CLAIMED[TASK]
    assert (dispute.terms.defender, dispute.terms.referee) == (job.provider, job.terms.referee)


def test_challenges_of_others_do_not_stand_in_the_way(market, parties, verifier, junk_challengers, job, stranger):
    """SPEC J9: the same record is good for everyone, whatever others open, lose or win meanwhile."""
    proof = proof_of(TASK, INITIAL, CLAIMED)
    for number, junk in enumerate(junk_challengers):
        challenge(parties, junk, job, truth(start=number), proof)
    assert current(market, job) == (True, 3)
    challenge(parties, verifier, job, truth(start=STARTS[TASK]), proof)
    assert current(market, job) == (True, 4)
    mine_after(job.deadline)
    with refused("DisputesOpen", bytes(job.job_id), 4):
        market.finalizeAll.call([job.abi()], {"from": stranger})
