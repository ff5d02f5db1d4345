"""Stake tokens in the market, to be liable as a provider or a verifier.

    ASSAY_WALLET=bob brownie run stake main 500 --network NETWORK

Deposits what the wallet lacks of the amount first.
"""

from assay.amounts import format_tokens, parse_tokens
from scripts.support import deployed, fund_account, settings, sign_with_wallet


def main(amount: str) -> None:
    """Stake `amount` tokens."""
    chosen = settings()
    units = parse_tokens(amount)
    account = sign_with_wallet(chosen)
    _, market, token = deployed(chosen)

    fund_account(market, token, account, units)
    market.stake(units, {"from": account})
    print(f"{account.address} has {format_tokens(market.accountOf(account)[1])} tokens staked.")
