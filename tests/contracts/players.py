"""Scripted players: how providers and challengers of every kind behave, and a market in which they do.

A clock of its own says when each transaction happens, so that who is slow acts in the very last second, however long
the test itself takes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brownie import chain

from assay.chain.records import End, Job, Status
from assay.dispute.game import Side
from assay.dispute.strategy import Move, Step, next_action
from tests.contracts.support import (
    RESULT,
    Dispute,
    Lie,
    Parties,
    at,
    challenge,
    claimed,
    is_wrong,
    post,
    stage_in,
    terms_for,
    truth,
)

ROUNDS = 4
STEPS = 16**ROUNDS
TRUTH = truth(steps=STEPS)
MOST_ACTS = 300
"""More than any of the games here takes."""


@dataclass(frozen=True)
class Manner:
    """How somebody plays, on either side."""

    truthful: bool = True
    """Says what the machine computes. A provider that is not claims something else, and a challenger that is not
    challenges whatever is claimed."""
    answers: int | None = None
    """After so many answers in a dispute it is silent for ever; None: it never is. A provider with 0 never claims."""
    late: bool = False
    """Does everything in the last second."""
    breadth: int = 1
    """So many jobs of a provider; so many challengers with accounts of their own."""

    @property
    def is_honest(self) -> bool:
        """Whether it has nothing to fear."""
        return self.truthful and self.answers is None


MANNERS = {
    "honest": Manner(),
    "slow": Manner(late=True),
    "lying": Manner(truthful=False),
    "idle": Manner(truthful=False, answers=0),
    "spamming": Manner(truthful=False, breadth=3),
    "colluding": Manner(truthful=False, late=True, breadth=2),
    "crashing": Manner(answers=1),
    "bluffing": Manner(truthful=False, answers=1),
}


@dataclass(frozen=True)
class Player:
    """An account, and how it plays."""

    account: Any
    manner: Manner
    gives_in_to: tuple[Any, ...] = ()
    """Challengers that it lets win."""

    @property
    def trace(self) -> Any:
        """What it says that the machine computes: each liar has a lie of its own."""
        number = int(str(self.account), 16)
        return TRUTH if self.manner.truthful else Lie(TRUTH, number % STEPS, STEPS, shift=10**6 + number % 10**6)


Act = tuple[int, Callable[[], Any]]
"""Something that somebody wants to do, and when: seconds since the epoch."""


@dataclass
class Play:
    """Jobs of one provider, with any number of challengers, until nobody has anything left to do.

    `keeper` makes the calls that end what is over, as anyone can.
    """

    parties: Parties
    provider: Player
    challengers: Sequence[Player]
    keeper: Any
    jobs: list[Job] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    ends: dict[int, End] = field(default_factory=dict)
    """By slot: how its job ended."""
    now: int = field(default_factory=lambda: chain[-1].timestamp)
    _deadlines: dict[tuple[bytes, int], int] = field(default_factory=dict)

    def run(self, jobs: int) -> None:
        """Post so many jobs, and go on until all is over."""
        terms = terms_for(self.parties.referee, rounds=ROUNDS)
        self.jobs = [post(self.parties.market, self.parties.requester, terms, slot) for slot in range(jobs)]
        self.now = chain[-1].timestamp
        for _ in range(MOST_ACTS):
            acts = list(self._acts())
            if not acts:
                return
            when, act = min(acts, key=lambda act: act[0])
            self.now = max(self.now, when)
            at(self.now)
            act()
        raise AssertionError("the game does not end")

    def _acts(self) -> Iterator[Act]:
        """What everybody wants to do next, in the order in which it happens if at the same time."""
        for job in self.jobs:
            if job.slot not in self.ends:
                yield from self._acts_about(job)
        for dispute in self.disputes:
            if dispute.winner is None:
                yield from self._acts_in(dispute)

    def _acts_about(self, job: Job) -> Iterator[Act]:
        if job.status == Status.OPEN:
            yield self._when(self.provider, job.deadline), lambda: self._accept(job)
        elif job.status == Status.ACCEPTED and self.provider.manner.answers != 0:
            yield self._when(self.provider, job.deadline), lambda: self._claim(job)
        elif job.status == Status.CLAIMED:
            for player in self.challengers:
                if self._wants_to_challenge(player, job):
                    yield self._when(player, job.deadline), lambda player=player: self._challenge(player, job)
        if not any(dispute.job == job and dispute.winner is None for dispute in self.disputes):
            yield job.deadline + 1, lambda: self._end(job)

    def _acts_in(self, dispute: Dispute) -> Iterator[Act]:
        side = dispute.history.to_move
        action = self._answer(dispute, side)
        if action is not None:
            when = self._when(self._player(dispute, side), self._deadline(dispute))
            yield when, lambda: self._play(dispute, action, dispute.terms.party(side))
        yield self._deadline(dispute) + 1, lambda: self._time_out(dispute)

    def _when(self, player: Player, deadline: int) -> int:
        return deadline if player.manner.late else self.now

    def _deadline(self, dispute: Dispute) -> int:
        """That of the side to move. Asked for once a turn, for asking takes time."""
        turn = (dispute.id, len(dispute.history.answers))
        if turn not in self._deadlines:
            self._deadlines[turn] = dispute.deadline
        return self._deadlines[turn]

    # What players decide

    def _wants_to_challenge(self, player: Player, job: Job) -> bool:
        has = any(dispute.job == job and dispute.terms.challenger == player.account for dispute in self.disputes)
        false = job.claim_root != TRUTH.state_root(STEPS)
        return not has and self.now <= job.deadline and (false or not player.manner.truthful)

    def _player(self, dispute: Dispute, side: Side) -> Player:
        if side == Side.DEFENDER:
            return self.provider
        return next(player for player in self.challengers if player.account == dispute.terms.challenger)

    def _answer(self, dispute: Dispute, side: Side) -> Move | Step | None:
        """What the side to move answers, if it does."""
        player, given = self._player(dispute, side), len(dispute.history.answers) // 2  # the defender is the first one
        silent = player.manner.answers is not None and given >= player.manner.answers
        gives_in = side == Side.DEFENDER and dispute.terms.challenger in player.gives_in_to
        if silent or gives_in or dispute.job.slot in self.ends:
            return None
        action = next_action(dispute.history, side, player.trace)
        return None if isinstance(action, Step) and not is_wrong(action) else action

    # What they do

    def _accept(self, job: Job) -> None:
        call = self.parties.market.accept(job.abi(), {"from": self.provider.account})
        stage = stage_in(call.events["JobAccepted"])
        self._replace(job, job.accepted(stage.provider, stage.deadline))

    def _claim(self, job: Job) -> None:
        root = self.provider.trace.state_root(STEPS)
        call = self.parties.market.claim(job.abi(), root, RESULT, {"from": self.provider.account})
        self._replace(job, claimed(job, call))

    def _challenge(self, player: Player, job: Job) -> None:
        self.disputes.append(challenge(self.parties, player.account, job, player.trace))

    def _play(self, dispute: Dispute, action: Move | Step, sender: Any) -> None:
        if isinstance(action, Move):
            dispute.move(action, sender)
        else:
            self._note(dispute.job, dispute.step(action, sender))

    def _time_out(self, dispute: Dispute) -> None:
        self._note(dispute.job, dispute.end(self.keeper))

    def _end(self, job: Job) -> None:
        market, sender = self.parties.market, {"from": self.keeper}
        over = job.status == Status.CLAIMED
        self._note(job, market.finalizeAll([job.abi()], sender) if over else market.expire(job.abi(), sender))

    def _replace(self, job: Job, new: Job) -> None:
        self.jobs[self.jobs.index(job)] = new

    def _note(self, job: Job, call: Any) -> None:
        """Remember how a job ended, if it has with this call."""
        ends = [End.FINALIZED for event in call.events if event.name == "JobFinalized"]
        for end in ends + [End(event["end"]) for event in call.events if event.name == "JobEnded"]:
            assert job.slot not in self.ends, "a job ends once"
            self.ends[job.slot] = end


def players(manner: Manner, accounts: Sequence[Any]) -> list[Player]:
    """Challengers of one manner, as many as it takes."""
    return [Player(account, manner) for account in accounts[: manner.breadth]]


def friends(provider: Player, winner: Any, loser: Any) -> tuple[Player, list[Player]]:
    """A provider with two friends that challenge its claims: one is let win, and one gives in at once."""
    accomplices = [Player(winner, MANNERS["honest"]), Player(loser, MANNERS["idle"])]
    return replace(provider, gives_in_to=(winner,)), accomplices
