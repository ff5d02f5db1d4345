"""`assay deposit`, `withdraw`, `stake` and `unstake`."""

import click

from assay.amounts import format_tokens
from assay.chain.node import Receipt
from assay.chain.records import parse_address
from assay.cli.options import Tokens, transaction_command
from assay.cli.session import Session, print_receipt
from assay.cli.work import Address
from assay.settings import Settings


@transaction_command("amount", Tokens())
@click.option("--for", "beneficiary", type=Address(), metavar="ADDRESS", help="Whose they are then (the wallet's own).")
def deposit(settings: Settings, amount: int, beneficiary: str | None, as_json: bool) -> None:
    """Deposit AMOUNT tokens of the wallet in the market, to pay for jobs or to stake.

    \b
    Examples:
        assay deposit 12.5 --wallet alice
        assay deposit 12.5 --for 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    session = Session(settings)
    receipt = session.requester.deposit(amount, beneficiary)
    done = f"deposited {format_tokens(amount)} tokens" + (f" for {beneficiary}" if beneficiary else "")
    _report(session, receipt, done, as_json, beneficiary)


@transaction_command("amount", Tokens())
@click.option("--to", metavar="ADDRESS", help="Who gets the tokens (the wallet itself).")
def withdraw(settings: Settings, amount: int, to: str | None, as_json: bool) -> None:
    """Withdraw AMOUNT free tokens from the market.

    \b
    Examples:
        assay withdraw 10 --wallet alice
        assay withdraw 10 --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    session = Session(settings)
    receiver = parse_address(to) if to else session.wallet.address
    receipt = session.sender.execute(session.chain.market.withdraw(receiver, amount))
    _report(session, receipt, f"withdrew {format_tokens(amount)} tokens to {receiver}", as_json)


@transaction_command("amount", Tokens())
def stake(settings: Settings, amount: int, as_json: bool) -> None:
    """Stake AMOUNT tokens, to be liable as a provider or a verifier. What is not free in the market is deposited first.

    \b
    Example:
        assay stake 500 --wallet bob
    """
    session = Session(settings)
    _report(session, session.requester.stake(amount), f"staked {format_tokens(amount)} tokens", as_json)


@transaction_command("amount", Tokens())
def unstake(settings: Settings, amount: int, as_json: bool) -> None:
    """Make AMOUNT staked tokens free again. What is at risk in a bond stays there until its job or dispute is over.

    \b
    Example:
        assay unstake 500 --wallet bob && assay withdraw 500 --wallet bob
    """
    session = Session(settings)
    receipt = session.sender.execute(session.chain.market.unstake(amount))
    _report(session, receipt, f"unstaked {format_tokens(amount)} tokens", as_json)


def _report(session: Session, receipt: Receipt, done: str, as_json: bool, owner: str | None = None) -> None:
    """What was done, and what the account of the wallet, or of another owner, has now."""
    account = session.chain.market.account_of(owner or session.wallet.address)
    now = f"{format_tokens(account.free)} free and {format_tokens(account.stake)} staked"
    print_receipt(
        receipt, f"{done}: now {'it has ' if owner else ''}{now}", as_json, free=account.free, stake=account.stake
    )
