"""Players of every kind against each other: whoever is honest loses nothing, and everything ends."""

import pytest

from assay.chain.records import End
from tests.contracts.players import MANNERS, STEPS, TRUTH, Manner, Play, Player, friends, players
from tests.contracts.support import BURNED, FUNDS, PRICE, STAKE, Parties, money

LIARS = [name for name, manner in MANNERS.items() if not manner.truthful and manner.answers != 0]
"""Those that claim something false."""


@pytest.fixture
def play(market, game, referee, requester, provider, verifier, other_verifier, junk_challengers, signers, stranger):
    """Plays a provider of one manner against challengers of another, and an honest verifier beside them if wanted."""
    parties = Parties(market, game, referee, requester, provider)

    def run(provider_is: str, challenger_is: str, beside: Manner | None = None) -> Play:
        player = Player(provider, MANNERS[provider_is])
        challengers = players(MANNERS[challenger_is], [verifier, *junk_challengers[:2]])
        if provider_is == "colluding":
            player, accomplices = friends(player, junk_challengers[2], signers[1])
            challengers = [*accomplices, *challengers]
        if beside is not None:
            challengers.append(Player(other_verifier, beside))
        ran = Play(parties, player, challengers, stranger)
        ran.run(1 if player.gives_in_to else player.manner.breadth)
        return ran

    return run


@pytest.fixture
def gains(market, token, requester, provider, verifier, other_verifier, junk_challengers, signers):
    """By how much everybody has more or less in its account than it came with: together they have all that there is."""

    def count():
        everybody = (requester, provider, verifier, other_verifier, *junk_challengers, *signers)
        has = {account: sum(money(market, account)) for account in (*everybody, BURNED)}
        assert sum(has.values()) == token.balanceOf(market)
        return {account: has[account] - FUNDS - STAKE for account in everybody}

    return count


@pytest.mark.parametrize("challenger_is", MANNERS)
@pytest.mark.parametrize("provider_is", MANNERS)
def test_the_honest_one_loses_nothing_and_all_ends(play, gains, requester, provider_is, challenger_is):
    """SPEC G10, G11, J15, L1: whoever the other one is, and every token gets into somebody's account."""
    ran = play(provider_is, challenger_is)
    gained = gains()

    assert len(ran.ends) == len(ran.jobs)
    assert all(dispute.winner is not None for dispute in ran.disputes)
    honest = [player.account for player in ran.challengers if player.manner.is_honest]
    assert all(gained[account] >= 0 for account in honest)
    if ran.provider.manner.is_honest:
        assert set(ran.ends.values()) == {End.FINALIZED}
        assert gained[ran.provider.account] >= PRICE
        assert gained[requester] == -PRICE
    if honest and not ran.provider.manner.is_honest:
        check_that_only_the_truth_was_paid(ran, gained[requester])


@pytest.mark.parametrize("challenger_is", MANNERS)
@pytest.mark.parametrize("provider_is", LIARS)
def test_one_honest_verifier_is_enough(play, gains, requester, other_verifier, provider_is, challenger_is):
    """SPEC J7, J10, G11: a false claim is not paid, whoever challenges it beside."""
    ran = play(provider_is, challenger_is, MANNERS["honest"])
    gained = gains()

    assert all(end in (End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT) for end in ran.ends.values())
    assert len(ran.ends) == len(ran.jobs)
    assert gained[requester] == 0
    assert gained[other_verifier] >= 0


def check_that_only_the_truth_was_paid(ran, requester_gain):
    """An idle provider pays the requester for its lost time; a liar is slashed; who crashes may be unlucky."""
    true = ran.provider.trace.state_root(STEPS) == TRUTH.state_root(STEPS)
    for end in ran.ends.values():
        assert true or end != End.FINALIZED
    if not true:
        assert requester_gain >= 0
