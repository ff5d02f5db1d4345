"""Transactions for a wallet in a browser to sign: made here of the contracts' classes, so the page knows no ABI."""

import base64
import binascii
from collections.abc import Sequence

from assay.amounts import format_tokens, parse_tokens
from assay.chain.connection import Chain
from assay.chain.node import Call
from assay.chain.records import JobId, parse_address
from assay.client.order import order_program, rounds_for
from assay.client.requester import Conditions, make_terms
from assay.console.models import Call as CallModel
from assay.console.models import Calls, Posting, Withdrawal
from assay.errors import ContractError, InputError
from assay.machines.registry import Execution, machines_for
from assay.store.base import Store


def withdrawal(chain: Chain, wanted: Withdrawal) -> Calls:
    """The call that takes tokens out. Raises `InputError`, and `ContractError` if the market would refuse it now."""
    account, amount = parse_address(wanted.account), parse_tokens(wanted.amount)
    if amount == 0:
        raise InputError("the amount is zero: there is nothing to withdraw")
    call = chain.market.withdraw(account, amount)
    chain.node.call(call, account)
    return _calls(chain, account, [call])


def posting(chain: Chain, store: Store, execution: Execution, wanted: Posting) -> Calls:
    """The calls that post a job: an approval and a deposit of what is missing, and the post.

    Puts the program, its input and the spec into the store. Raises `InputError`, and `ContractError` for terms that the
    market would refuse.
    """
    account = parse_address(wanted.account)
    program, stdin = _decode(wanted.program, "program"), _decode(wanted.stdin, "standard input")
    arguments, rounds = (wanted.name, *wanted.arguments), rounds_for(wanted.step_limit)
    work = order_program(program, arguments, stdin, rounds, machines=machines_for(execution))
    conditions = Conditions(
        price=parse_tokens(wanted.price),
        bond=None if wanted.bond is None else parse_tokens(wanted.bond),
        accept_period=wanted.accept_period,
        run_period=wanted.run_period,
        challenge_period=wanted.challenge_period,
    )
    terms = make_terms(chain, work, conditions)
    slot = 0
    while (generation := chain.market.next_generation(account, slot)) == 0:
        slot += 1
    post = chain.market.post(slot, terms)
    missing = max(terms.price - chain.market.account_of(account).free, 0)
    calls: list[Call] = []
    if missing:
        held = chain.token.balance_of(account)
        if held < missing:
            raise InputError(
                f"{format_tokens(missing)} tokens more are needed in the market, and {account} holds "
                f"{format_tokens(held)} outside it"
            )
        if chain.token.allowance(account, chain.market.address) < missing:
            calls.append(chain.token.approve(chain.market.address, missing))
        calls.append(chain.market.multicall([chain.market.deposit(account, missing), post]))
    else:
        calls.append(post)
    try:
        chain.node.call(post, account)
    except ContractError as refused:
        if refused.error != "BalanceTooLow":  # the deposit comes with it
            raise
    work.upload(store)
    return _calls(chain, account, calls, str(JobId(account, slot, generation)))


def _calls(chain: Chain, account: str, calls: Sequence[Call], job: str | None = None) -> Calls:
    made = [CallModel(to=call.to, data=f"0x{call.data.hex()}", purpose=call.purpose) for call in calls]
    return Calls(chain_id=chain.deployment.chain_id, account=account, calls=made, job=job)


def _decode(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as malformed:
        raise InputError(f"the {what} is not in base64: {malformed}") from malformed
