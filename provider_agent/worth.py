"""What a transaction is worth, so that none is sent that costs more gas than it brings.

Only a price of the token in the chain's coins can tell (`fees.token_price`): without one, nothing is weighed. A purpose
that is unknown here is a duty at any cost.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from assay.chain.history import JobHistory
from assay.chain.records import JobId
from assay.chain.sender import Worth
from assay.dispute.game import Side
from provider_agent.batch import parts_of
from provider_agent.context import Context
from provider_agent.policy import tariff

GAS_AFTER_ACCEPT = 100_000
"""What an acceptance makes necessary: the claim and the payment (tests/contracts/gas.json)."""

GAS_AFTER_CHALLENGE = 90_000
"""The step, or the timeout, that ends a dispute."""

GAS_OF_MOVE = 60_000
"""Every second round is ours."""


class Appraiser:
    """Knows what each purpose of this agent is worth."""

    def __init__(self, context: Context, token_price: Fraction | None) -> None:
        """`token_price` is what a token is worth in coins."""
        self._context = context
        self._token_price = token_price

    def worth(self, purpose: str) -> Worth | None:
        """What it is worth to achieve `purpose`; None for whatever it costs."""
        if self._token_price is None:
            return None
        return _sum([self._of_one(part) for part in parts_of(purpose) or [purpose]])

    def _of_one(self, purpose: str) -> Worth | None:
        match purpose.split():
            case ["accept", job]:
                return self._of_job(job, self._above_tariff, GAS_AFTER_ACCEPT)
            case ["claim" | "finalize", job]:
                return self._of_job(job, lambda history: history.job.price + history.job.terms.bond)
            case ["challenge", job, *_]:
                history = self._context.book.jobs.get(JobId.parse(job))
                rounds = 0 if history is None else history.job.terms.rounds
                later = GAS_AFTER_CHALLENGE + rounds // 2 * GAS_OF_MOVE
                return self._of_job(job, self._reward, later)
            case ["answer", *_, "in", "dispute", dispute] | ["time", "out", "dispute", dispute, *_]:
                return self._of_dispute(bytes.fromhex(dispute.removeprefix("0x")))
        return None

    def _of_dispute(self, dispute_id: bytes) -> Worth | None:
        """What is at risk in a dispute: for the defender all that the job brings, for the challenger its bond."""
        dispute = self._context.book.disputes.get(dispute_id)
        if dispute is None:
            return None
        history = self._context.book.jobs[dispute.terms.job_id]
        if dispute.terms.party(Side.DEFENDER) == self._context.account:
            return self._coins(history.job.price + history.job.terms.bond)
        return self._coins(self._context.parameters.challenger_bond + self._reward(history))

    def _above_tariff(self, history: JobHistory) -> int:
        """What a job pays beyond what its steps and bytes have to bring, base units: its gas comes out of that."""
        job, settings = history.job, self._context.settings.provider
        duty = self._context.journal.duty("provider", str(job.job_id))
        size = 0 if duty is None else duty.size or 0
        return max(job.price - tariff(job.terms, size, settings), 0)

    def _reward(self, history: JobHistory) -> int:
        """What a challenger gets of the bond of a provider that was wrong, base units."""
        kept = 10_000 - self._context.parameters.burn_share
        return history.job.terms.bond * kept // 10_000

    def _of_job(self, job: str, amount: Callable[[JobHistory], int], later_gas: int = 0) -> Worth | None:
        history = self._context.book.jobs.get(JobId.parse(job))
        return None if history is None else self._coins(amount(history), later_gas)

    def _coins(self, amount: int, later_gas: int = 0) -> Worth:
        # A token has 18 decimals, and so has a coin.
        assert self._token_price is not None
        return Worth(int(amount * self._token_price), later_gas)


def _sum(worths: Sequence[Worth | None]) -> Worth | None:
    """Of several things together; None if one of them is a duty at any cost."""
    known = [worth for worth in worths if worth is not None]
    if len(known) < len(worths):
        return None
    return Worth(sum(each.wei for each in known), sum(each.later_gas for each in known))
