"""The rules of the game, one by one, seen from a market of its own."""

from dataclasses import dataclass, replace

import pytest
from brownie import MarketProbe, chain

from assay.chain.records import DisputeTerms
from assay.dispute.game import History, Side
from assay.dispute.strategy import Move, Step, next_action, opening
from tests.contracts.support import STEPS, Dispute, Lie, after, at, mine_after, pair_abi, refused, truth, undone

CHALLENGER, DEFENDER = Side
LIE = Lie(truth(), 1_234)
ZERO = "0x" + 40 * "0"


@dataclass
class Duel(Dispute):
    """A dispute of the probe: it needs no job's record to end."""

    @property
    def context(self) -> bytes:
        return b"whatever"


@pytest.fixture
def probe(deployer, game):
    return deployer.deploy(MarketProbe, game)


@pytest.fixture
def terms(probe, referee, verifier, provider):
    return DisputeTerms(
        market=probe.address,
        claim=bytes(32),
        task=0,
        referee=referee.address,
        rounds=3,
        challenger=str(verifier),
        defender=str(provider),
        initial_root=truth().state_root(0),
        claimed_root=LIE.state_root(STEPS),
    )


@pytest.fixture
def duel(probe, game, terms, stranger):
    """An honest challenger has opened against a liar."""
    roots = opening(truth(), 3)
    call = probe.open(terms.abi(), roots, {"from": stranger})
    assert bytes(call.events["DisputeOpened"]["disputeId"]) == terms.dispute_id
    return Duel(game, terms, None, History(3, terms.initial_root, roots), calls=[call])


def answer(duel: Duel) -> Move:
    """What the side to move does next."""
    side = duel.history.to_move
    action = next_action(duel.history, side, truth() if side == CHALLENGER else LIE)
    assert isinstance(action, Move)
    return action


@pytest.fixture
def last_list(duel, verifier, provider):
    """The duel at its last list, which is the challenger's: the liar has to find a wrong step in it, or lose."""
    for sender in (provider, verifier):
        duel.move(answer(duel), sender)
    return duel


@pytest.fixture
def liars_list(probe, game, terms, provider, stranger):
    """A duel over 16^2 steps at its last list, which is the liar's."""
    lie = Lie(truth(), 100, 256)
    terms = replace(terms, rounds=2, claimed_root=lie.state_root(256))
    roots = opening(truth(steps=256), 2)
    probe.open(terms.abi(), roots, {"from": stranger})
    duel = Duel(game, terms, None, History(2, terms.initial_root, roots))
    duel.move(next_action(duel.history, DEFENDER, lie), provider)
    return duel


# --- opening --------------------------------------------------------------------------------------------------------


def test_only_the_market_of_the_terms_opens(game, terms, probe, stranger):
    """SPEC G1."""
    with refused("NotTheMarket", probe, stranger):
        game.open.call(terms.abi(), opening(truth(), 3), {"from": stranger})


def test_rounds_out_of_range_are_refused(probe, terms, stranger):
    for rounds in (0, 16, 255):
        with refused("RoundsOutOfRange", rounds):
            probe.open.call(replace(terms, rounds=rounds).abi(), opening(truth(), 3), {"from": stranger})
    probe.open.call(replace(terms, rounds=15).abi(), opening(truth(), 3), {"from": stranger})


def test_a_list_that_ends_in_the_claimed_root_does_not_open(probe, terms, stranger):
    """SPEC G2."""
    with refused("SameLastRoot", terms.claimed_root):
        probe.open.call(terms.abi(), opening(LIE, 3), {"from": stranger})


def test_the_same_terms_open_once(duel, probe, terms, stranger):
    """SPEC G1: also after the dispute is over."""
    with refused("DisputeExists", terms.dispute_id):
        probe.open.call(terms.abi(), opening(truth(), 3), {"from": stranger})
    duel.timeout(stranger)
    with refused("DisputeExists", terms.dispute_id):
        probe.open.call(terms.abi(), opening(truth(), 3), {"from": stranger})


def test_an_open_dispute_is_stored_in_three_words(duel, game, verifier, provider):
    state = game.stateOf(duel.id)
    assert (state["challenger"], state["defender"]) == (verifier, provider)
    assert (state["toMove"], state["remaining"], state["running"]) == (DEFENDER, 2, True)
    assert state["deadline"] == chain[-1].timestamp + 600 == game.deadlineOf(duel.id)
    assert state["waitingBank"] == 600


def test_of_a_dispute_that_never_was_nothing_is_stored(game):
    state = game.stateOf(bytes(32))
    assert (state["challenger"], state["defender"]) == (ZERO, ZERO)
    assert (state["deadline"], state["running"]) == (0, False)
    assert game.deadlineOf(bytes(32)) == 0


# --- moving ---------------------------------------------------------------------------------------------------------


def test_nobody_moves_out_of_turn(duel, game, verifier, provider, stranger):
    """SPEC G3: the sides take turns, and others have none."""
    action = answer(duel)
    for sender in (verifier, stranger):
        with refused("NotYourTurn", provider, sender):
            game.move.call(duel.id, pair_abi(action.pair), action.roots, {"from": sender})
    duel.move(action, provider)
    action = answer(duel)
    with refused("NotYourTurn", verifier, provider):
        game.move.call(duel.id, pair_abi(action.pair), action.roots, {"from": provider})


def test_a_dispute_that_never_was_or_is_over_takes_no_call(duel, game, terms, provider, stranger):
    """SPEC G8."""
    action = answer(duel)
    pair = pair_abi(action.pair)
    never = replace(terms, task=1)
    duel.timeout(stranger)
    for other in (never, terms):
        with refused("DisputeNotRunning", other.dispute_id):
            game.move.call(other.dispute_id, pair, action.roots, {"from": provider})
        with refused("DisputeNotRunning", other.dispute_id):
            game.step.call(other.abi(), pair, b"", b"", {"from": stranger})
        with refused("DisputeNotRunning", other.dispute_id):
            game.timeout.call(other.abi(), b"", {"from": stranger})


def test_a_pair_that_is_not_of_the_last_list_is_refused(duel, game, verifier, provider):
    """SPEC G4: altered in any part, or of an earlier list."""
    action = answer(duel)
    pair = action.pair
    commitment = bytes(game.stateOf(duel.id)["commitment"])
    for altered in (
        replace(pair, index=pair.index ^ 8),
        replace(pair, index=16),
        replace(pair, index=255),
        replace(pair, agreed=bytes(32)),
        replace(pair, before=bytes(32)),
        replace(pair, disputed=bytes(32)),
        replace(pair, siblings=(bytes(32), *pair.siblings[1:])),
    ):
        with refused("PairNotInList", commitment):
            game.move.call(duel.id, pair_abi(altered), action.roots, {"from": provider})
    with refused("WrongProofLength", len(pair.siblings), 0):
        game.move.call(duel.id, pair_abi(replace(pair, siblings=())), action.roots, {"from": provider})

    duel.move(action, provider)
    with refused("PairNotInList"):
        game.move.call(duel.id, pair_abi(pair), action.roots, {"from": verifier})


def test_a_move_for_a_list_that_was_replaced_is_refused(duel, game, probe, terms, provider, stranger):
    """SPEC G4: after a reorganisation the opening came in another form, and the answer to the first one is void."""
    action = answer(duel)
    replaced = replace(terms, task=1)
    roots = opening(Lie(truth(), 500, shift=9), 3)
    probe.open(replaced.abi(), roots, {"from": stranger})
    with refused("PairNotInList"):
        game.move.call(replaced.dispute_id, pair_abi(action.pair), action.roots, {"from": provider})


def test_a_list_that_ends_in_the_disputed_root_is_refused(duel, game, provider):
    """SPEC G2."""
    action = answer(duel)
    roots = (*action.roots[:15], action.pair.disputed)
    with refused("SameLastRoot", action.pair.disputed):
        game.move.call(duel.id, pair_abi(action.pair), roots, {"from": provider})


def test_at_stride_one_there_are_no_moves(last_list, game, provider):
    """SPEC G3."""
    pair = pair_abi(next_action(last_list.history, DEFENDER, truth(start=6)).pair)
    with refused("NoMovesLeft"):
        game.move.call(last_list.id, pair, last_list.history.roots, {"from": provider})


def test_a_move_says_what_the_next_one_has_to_answer(duel, game, provider):
    """SPEC G3, G4."""
    action = answer(duel)
    event = duel.move(action, provider).events["Moved"]
    assert (event["side"], event["index"]) == (DEFENDER, action.pair.index)
    assert bytes(event["agreed"]) == action.pair.before
    assert tuple(bytes(root) for root in event["roots"]) == action.roots
    state = game.stateOf(duel.id)
    assert (state["toMove"], state["remaining"]) == (CHALLENGER, 1)


# --- the step -------------------------------------------------------------------------------------------------------


def test_before_stride_one_there_is_no_step(duel, game, terms, stranger):
    """SPEC G5."""
    pair = pair_abi(answer(duel).pair)
    with refused("MovesLeft", 2):
        game.step.call(terms.abi(), pair, truth().witness(0), b"", {"from": stranger})


def test_a_step_that_is_right_decides_nothing(last_list, game, terms, stranger):
    """SPEC G5: the liar cannot win by any of the challenger's steps."""
    history = last_list.history
    for index in range(16):
        pair = next_action(history, DEFENDER, Lie(truth(), history.start + index)).pair
        assert pair.index == index
        with refused("StepIsRight", pair.disputed):
            game.step.call(terms.abi(), pair_abi(pair), truth().witness(history.start + index), b"", {"from": stranger})


def test_a_step_from_a_root_that_is_not_in_the_list_is_refused(liars_list, game, stranger):
    """SPEC G4, G5."""
    action = next_action(liars_list.history, CHALLENGER, truth(steps=256))
    assert isinstance(action, Step)
    pair = replace(action.pair, disputed=bytes(32))
    with refused("PairNotInList"):
        game.step.call(liars_list.terms.abi(), pair_abi(pair), action.witness, b"", {"from": stranger})


def test_a_wrong_witness_is_the_referees_to_refuse(liars_list, game, stranger):
    """SPEC J16."""
    action = next_action(liars_list.history, CHALLENGER, truth(steps=256))
    with refused("WrongWitness"):
        game.step.call(liars_list.terms.abi(), pair_abi(action.pair), truth().witness(0), b"", {"from": stranger})


def test_anyone_has_the_wrong_step_executed(liars_list, probe, stranger):
    """SPEC G5, G8: and the market hears of it, with what the caller wants it to know."""
    action = next_action(liars_list.history, CHALLENGER, truth(steps=256))
    events = liars_list.step(action, stranger).events
    assert bytes(events["Stepped"]["poststate"]) == truth().state_root(101)
    assert (events["DisputeResolved"]["winner"], events["DisputeResolved"]["ending"]) == (CHALLENGER, 0)
    assert (probe.endings(), probe.lastWinner(), probe.lastEnding()) == (1, CHALLENGER, 0)
    assert bytes(probe.lastContext()) == b"whatever"


# --- time -----------------------------------------------------------------------------------------------------------


def test_in_its_last_second_a_side_moves_and_cannot_be_timed_out(duel, game, terms, provider, stranger):
    """SPEC G6."""
    deadline = duel.deadline
    with undone():
        at(deadline)
        with refused("StillInTime", deadline):
            game.timeout(terms.abi(), b"", {"from": stranger})
    at(deadline)
    duel.move(answer(duel), provider)


def test_in_the_next_second_it_is_too_late_to_move(duel, game, terms, provider, stranger):
    """SPEC G6, G7."""
    deadline, action = duel.deadline, answer(duel)
    mine_after(deadline)
    with refused("OutOfTime", deadline):
        game.move.call(duel.id, pair_abi(action.pair), action.roots, {"from": provider})
    game.timeout.call(terms.abi(), b"", {"from": stranger})


def test_the_step_has_to_be_in_time_too(liars_list, game, probe, stranger):
    """SPEC G6: even the right one."""
    action, deadline = next_action(liars_list.history, CHALLENGER, truth(steps=256)), liars_list.deadline
    mine_after(deadline)
    with refused("OutOfTime", deadline):
        game.step.call(liars_list.terms.abi(), pair_abi(action.pair), action.witness, b"", {"from": stranger})
    liars_list.timeout(stranger)
    assert probe.lastWinner() == DEFENDER


def test_the_step_is_in_time_in_the_last_second(liars_list, probe, stranger):
    """SPEC G6."""
    action = next_action(liars_list.history, CHALLENGER, truth(steps=256))
    at(liars_list.deadline)
    liars_list.step(action, stranger)
    assert probe.lastWinner() == CHALLENGER


def test_time_used_is_gone_but_for_the_minimum_reply(duel, game, provider, verifier):
    """SPEC G6: 600 seconds each, and never less than 60 for a turn."""
    opened = chain[-1].timestamp
    at(opened + 590)
    duel.move(answer(duel), provider)
    assert duel.deadline == opened + 590 + 600
    assert game.stateOf(duel.id)["waitingBank"] == 10
    at(opened + 600)
    duel.move(answer(duel), verifier)
    assert duel.deadline == opened + 600 + 60
    assert game.stateOf(duel.id)["waitingBank"] == 590


# --- the end --------------------------------------------------------------------------------------------------------


def test_a_market_that_refuses_to_hear_leaves_the_dispute_open(duel, game, probe, terms, stranger):
    """SPEC G8: until it does not refuse any more."""
    probe.setRefuses(True, {"from": stranger})
    after(duel.deadline)
    with refused("not now"):
        game.timeout(terms.abi(), b"", {"from": stranger})
    assert game.stateOf(duel.id)["running"]
    probe.setRefuses(False, {"from": stranger})
    duel.timeout(stranger)
    assert (probe.endings(), probe.lastWinner(), probe.lastEnding()) == (1, CHALLENGER, 1)


def test_a_market_that_calls_back_finds_the_dispute_over(duel, game, probe, terms, stranger):
    """SPEC G8: it hears of it once."""
    probe.setReentry(game.timeout.encode_input(terms.abi(), b""), {"from": stranger})
    duel.timeout(stranger)
    assert probe.endings() == 1
    selector = bytes.fromhex(game.signatures["timeout"][2:])
    assert bytes(probe.reentryAnswer()) not in {b"", selector}
    assert bytes(probe.reentryAnswer())[4:] == terms.dispute_id
    assert not game.stateOf(duel.id)["running"]
