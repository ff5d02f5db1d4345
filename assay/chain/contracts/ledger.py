"""ILedger: the money of accounts, in the market and in the directory, each for itself."""

from collections.abc import Sequence

from assay.chain.contracts.base import Contract
from assay.chain.contracts.token import Permit
from assay.chain.node import Call
from assay.chain.records import Account


class Ledger(Contract):
    """A contract with accounts: what interfaces/ILedger.sol says."""

    def account_of(self, account: str, block: int | None = None) -> Account:
        """What `account` has here, beside its money in bonds, escrows and listings."""
        return Account(*self._read("accountOf", account, block=block))

    def accounts_of(self, accounts: Sequence[str], block: int | None = None) -> list[Account]:
        """What `account_of` says of each of these accounts, in one request."""
        entry = self._abi.functions["accountOf"]
        calls = [Call(self.address, entry.encode_call((account,)), "read accountOf") for account in accounts]
        returned = self._node.call(self.multicall(calls), block=block)
        (results,) = self._abi.functions["multicall"].decode_result(returned)
        return [Account(*entry.decode_result(result)[0]) for result in results]

    def deposit(self, to: str, amount: int) -> Call:
        """Pay `amount` into the account of `to`, from the sender's allowance."""
        return self._call("deposit", (to, amount), "deposit")

    def permit(self, permit: Permit) -> Call:
        """Use a signed allowance."""
        arguments = (permit.amount, permit.deadline, permit.v, permit.r, permit.s)
        return self._call("permit", arguments, "allow a deposit")

    def withdraw(self, to: str, amount: int) -> Call:
        """Pay `amount` of the sender's free money out to `to`."""
        return self._call("withdraw", (to, amount), "withdraw")

    def stake(self, amount: int) -> Call:
        """Move `amount` of the sender's free money to its stake."""
        return self._call("stake", (amount,), "stake")

    def unstake(self, amount: int) -> Call:
        """Move `amount` of the sender's stake back to its free money."""
        return self._call("unstake", (amount,), "unstake")

    def raise_epoch(self) -> Call:
        """Cancel all that the sender has signed."""
        return self._call("raiseEpoch", (), "cancel all that was signed")

    def sweep_burned(self) -> Call:
        """Send all burned money away."""
        return self._call("sweepBurned", (), "sweep burned tokens")

    def multicall(self, calls: Sequence[Call]) -> Call:
        """Several calls of this contract in one transaction, all or none."""
        return self._call("multicall", ([call.data for call in calls],), ", ".join(call.purpose for call in calls))
