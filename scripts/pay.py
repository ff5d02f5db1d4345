"""Pay for one run of a program: post it as a job from a wallet.

    ASSAY_WALLET=alice brownie run pay main PRICE FILE.elf [STDIN_FILE] --network NETWORK

The program and its input go to the store of the settings. `assay show JOB` and `assay result JOB` follow what this
prints; what is missing of the price in the market is deposited first.
"""

from pathlib import Path

from assay.amounts import format_tokens, parse_tokens
from assay.chain.connection import chain_at
from assay.chain.records import JobId
from assay.client.order import DEFAULT_STEP_LIMIT, order_program, rounds_for
from assay.client.requester import Conditions, make_terms
from assay.store.location import open_store
from scripts.support import check_funds, deployed, fund_account, node, settings, sign_with_wallet


def main(price: str, program: str, stdin: str = "") -> None:
    """Post a job that pays `price` tokens."""
    chosen = settings()
    conditions = Conditions(price=parse_tokens(price))
    path = Path(program)
    stdin_bytes = Path(stdin).read_bytes() if stdin else b""
    order = order_program(path.read_bytes(), [path.name], stdin_bytes, rounds_for(DEFAULT_STEP_LIMIT))
    account = sign_with_wallet(chosen)
    deployment, market, token = deployed(chosen)
    terms = make_terms(chain_at(node(), deployment), order, conditions)

    check_funds(market, token, account, conditions.price)
    order.upload(open_store(chosen.store))
    fund_account(market, token, account, conditions.price)
    slot = next(slot for slot in range(2**48) if market.nextGeneration(account, slot) > 0)
    posted = market.post(slot, terms.abi(), {"from": account})
    job_id = JobId.from_bytes(bytes(posted.events["JobPosted"]["jobId"]))
    print(f"{account.address} pays {format_tokens(conditions.price)} tokens for job {job_id}")
