"""A dispute at full length: a job of more than 2^31 steps, a lie 300 steps before its end, and agents that find it.

`python -m pytest -p no:pytest-brownie -s tests/e2e/test_long_dispute.py` tells how long each part takes.
"""

import time
from pathlib import Path

from assay.chain.records import End, Status
from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.machine import initial_pages
from assay.machines.riscv.memory import Memory
from assay.machines.riscv_fast.trace import FastTrace
from tests.e2e.test_agents import book_of, end_of, wait_for
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import CHECKOUT, anvil
from tests.support.market import TOKEN, LocalMarket
from tests.support.programs import program

ROUNDS = 8
PRIMES_BELOW = "850"
"""The sieve's argument for 2.2 thousand million steps."""
NOWHERE = 0xD8000000
"""An address in the output region that the program does not write to."""


def test_a_lie_300_steps_before_the_end_of_a_run_of_more_than_2_to_the_31_is_found(tmp_path: Path) -> None:
    elf = program(CHECKOUT / "tests" / "bench" / "programs" / "sieve.c")
    task = {"arguments": ["sieve", PRIMES_BELOW], "stdin": None}
    trace = FastTrace(Hart(Memory()), initial_pages(parse_elf(elf), task["arguments"], b""), 16**ROUNDS)
    started = time.monotonic()
    steps = trace.run()
    print(f"\nplain run     {time.monotonic() - started:6.1f} s, {steps:,} steps")
    assert steps > 1 << 31

    with anvil("--block-time", "0.5") as url:
        network = LocalMarket(url, tmp_path / "market")
        requester = network.join(free=100 * TOKEN)
        liar, verifier = (Agent(network, network.join(stake=100 * TOKEN), name, tmp_path) for name in ("liar", "eve"))
        with (
            running(liar, LIAR, "--step", "-300", "--address", str(NOWHERE)),
            running(verifier, AGENT, "--roles", "verifier"),
        ):
            started = time.monotonic()
            job_id = network.post(requester, [task], machine="riscv", program=elf, rounds=ROUNDS)
            wait_for(network, job_id, lambda history: history.job.status is not Status.OPEN and bool(history.result_id))
            print(f"until claimed {time.monotonic() - started:6.1f} s")
            wait_for(network, job_id, lambda history: bool(history.challenges))
            print(f"challenged    {time.monotonic() - started:6.1f} s")
            end = end_of(network, job_id)
            print(f"settled       {time.monotonic() - started:6.1f} s")
        (dispute,) = book_of(network).disputes_of(job_id)

    assert end is End.SLASHED_BY_STEP
    assert dispute.stepped is not None
    assert dispute.play.start + dispute.stepped.index == steps - 300
