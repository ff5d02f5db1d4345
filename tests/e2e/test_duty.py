"""Dispute duty under load: an agent that is busy with a long job answers every turn of ten disputes at once.

It may take four jobs at a time: a claim that can still be challenged keeps it from nothing else.
"""

from pathlib import Path

from assay.chain.records import End, Status
from assay.dispute.game import Side
from tests.e2e.test_agents import account, book_of, end_of, wait_until
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import anvil
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket
from tests.unit.machines.assembler import ZERO, addi, jal
from tests.unit.machines.test_riscv import program

DISPUTES = 10
ENDLESS = {"start": 0, "target": 10**6}
HOURS = {"arguments": ["loop"], "stdin": None}
LOOP = [addi(8, 8, 1), jal(ZERO, -4)]
"""Four thousand million steps, up to the limit, of which the reference runs some hundred thousand a second."""


def test_a_busy_agent_answers_every_turn_of_ten_disputes_at_once(tmp_path: Path) -> None:
    with anvil("--block-time", "1") as url:
        network = LocalMarket(url, tmp_path / "market")
        requester = network.join(free=100 * TOKEN)
        party = network.join(stake=1000 * TOKEN)
        provider = Agent(network, party, "busy", tmp_path, maximum_jobs=4, engine="reference", more="processes = 1\n")
        liar = Agent(network, network.join(stake=100 * TOKEN), "liar", tmp_path)
        job_ids = [network.post(requester, [ENDLESS], slot=slot, rounds=3) for slot in range(DISPUTES)]
        with running(provider, AGENT, "--roles", "provider"):
            wait_until(
                "all are claimed",
                lambda: all(book_of(network).jobs[job_id].job.status is Status.CLAIMED for job_id in job_ids),
            )
            long = network.post(requester, [HOURS], machine="riscv", program=program(LOOP), rounds=8, slot=DISPUTES)
            wait_until("it is busy", lambda: f'settled purpose="accept {long}"' in provider.said())
            with running(liar, LIAR, "--roles", "verifier", "--step", "10"):
                wait_until(
                    "all disputes are won",
                    lambda: all(len(book_of(network).jobs[job_id].closed) == 1 for job_id in job_ids),
                )
            assert book_of(network).jobs[long].job.status is Status.ACCEPTED  # still at it
            network.skip_time(CHALLENGE_PERIOD - 600)  # the long job's time is not over yet
            network.skip_time(601)
            assert [end_of(network, job_id) for job_id in job_ids] == [End.FINALIZED] * DISPUTES

        disputes = [dispute for job_id in job_ids for dispute in book_of(network).disputes_of(job_id)]
        assert [dispute.resolved and dispute.resolved.winner for dispute in disputes] == [Side.DEFENDER] * DISPUTES
        assert account(network, liar) == (0, 100 - 5 * DISPUTES)
        assert "dispute in danger" not in provider.said()
        # Payment and the challengers' bonds, of which the defender has each; the long job's bond is still at stake.
        assert account(network, provider) == (DISPUTES + 5 * DISPUTES, 1000 - 10)
