// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {CounterReferee} from "contracts/referees/CounterReferee.sol";
import {MarketProbe} from "contracts/test/MarketProbe.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Trace, Traces} from "tests/solidity/support/Traces.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice What each call of the game refuses: `open`, `move`, `step`, `timeout`.
contract DisputeCallsTest {
    address private constant CHALLENGER = address(0xc4a11e);
    address private constant DEFENDER = address(0xdefe4de4);

    IDisputeGame private immutable game = Deployments.game(3_600, 60);
    MarketProbe private immutable market = new MarketProbe(game);
    CounterReferee private immutable referee = new CounterReferee();

    IDisputeGame.Terms private terms;
    DisputeId private id;
    bytes32[16] private list;

    // --- open --------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC G1.
    function test_another_than_the_market_opens_nothing(address other) external {
        vm.assume(other != address(market));
        setTerms(2);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.NotTheMarket.selector, address(market), other));
        game.open(terms, list);
    }

    function test_rounds_out_of_range_are_refused(uint8 rounds) external {
        setTerms(rounds % 2 == 0 ? 0 : uint8(16 + rounds % 240));
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.RoundsOutOfRange.selector, terms.rounds));
        market.open(terms, list);
    }

    /// @notice SPEC G2.
    function test_a_list_that_ends_in_the_claim_is_refused(uint8 rounds) external {
        setTerms(1 + rounds % 15);
        terms.claimedRoot = list[15];
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.SameLastRoot.selector, list[15]));
        market.open(terms, list);
    }

    /// @notice SPEC G1: not even when it is over.
    function test_the_same_terms_are_disputed_once(uint8 rounds, bool over) external {
        open(rounds);
        if (over) end();
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.DisputeExists.selector, id));
        market.open(terms, list);
    }

    // --- move --------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC G8: a dispute that never was, or that is over.
    function test_nothing_is_done_in_a_dispute_that_does_not_run(uint8 rounds, bool over, address by)
        external
    {
        open(rounds);
        if (over) end();
        else terms.claim = "another";
        id = DisputeId.wrap(keccak256(abi.encode(terms)));
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list, 0);
        bytes memory reason = abi.encodeWithSelector(IDisputeGame.DisputeNotRunning.selector, id);
        vm.prank(by);
        vm.expectRevert(reason);
        game.move(id, pair, list);
        vm.expectRevert(reason);
        game.step(terms, pair, "", "");
        vm.expectRevert(reason);
        game.timeout(terms, "");
        assert(game.deadlineOf(id) == 0);
    }

    /// @notice SPEC G3.
    function test_nobody_moves_out_of_turn(uint8 rounds, address other) external {
        vm.assume(other != DEFENDER);
        open(2 + rounds % 14);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.NotYourTurn.selector, DEFENDER, other));
        game.move(id, Proofs.pairAt(terms.initialRoot, list, 0), list);
    }

    /// @notice SPEC G3: with stride 1, what is left is the step.
    function test_no_move_after_the_last_list() external {
        open(1);
        vm.prank(DEFENDER);
        vm.expectRevert(IDisputeGame.NoMovesLeft.selector);
        game.move(id, Proofs.pairAt(terms.initialRoot, list, 0), list);
    }

    /// @notice SPEC G4.
    function test_a_pair_of_another_list_is_refused(uint8 rounds, uint8 index, uint8 place, bytes32 flip)
        external
    {
        open(2 + rounds % 14);
        vm.assume(flip != 0);
        bytes32[16] memory other = list;
        other[place % 16] ^= flip;
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, other, index % 16);
        bytes32 commitment = game.stateOf(id).commitment;
        vm.prank(DEFENDER);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.PairNotInList.selector, commitment));
        game.move(id, pair, list);
    }

    /// @notice SPEC G2.
    function test_a_list_that_ends_in_what_it_disputes_is_refused(uint8 rounds, uint8 index) external {
        open(2 + rounds % 14);
        bytes32[16] memory answer = list;
        answer[15] = list[index % 16];
        vm.prank(DEFENDER);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.SameLastRoot.selector, answer[15]));
        game.move(id, Proofs.pairAt(terms.initialRoot, list, index % 16), answer);
    }

    /// @notice SPEC G4: a pair has one proof; siblings that nobody reads are not added to it, and none is left out.
    function test_a_pair_with_another_number_of_siblings_is_refused(uint8 index, uint8 length) external {
        open(2);
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list, index % 16);
        uint256 expected = pair.siblings.length;
        length %= 12;
        vm.assume(length != expected);
        bytes32[] memory siblings = new bytes32[](length);
        for (uint256 i = 0; i < length && i < expected; i++) {
            siblings[i] = pair.siblings[i];
        }
        pair.siblings = siblings;
        vm.prank(DEFENDER);
        vm.expectRevert(
            abi.encodeWithSelector(MerkleProof.WrongProofLength.selector, expected, uint256(length))
        );
        game.move(id, pair, list);
    }

    /// @notice SPEC G6.
    function test_no_move_out_of_time(uint8 rounds, uint40 late) external {
        open(2 + rounds % 14);
        uint256 deadline = game.deadlineOf(id);
        vm.warp(deadline + 1 + late);
        vm.prank(DEFENDER);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.OutOfTime.selector, deadline));
        game.move(id, Proofs.pairAt(terms.initialRoot, list, 0), list);
    }

    // --- step --------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC G5.
    function test_no_step_before_the_last_list(uint8 rounds) external {
        open(2 + rounds % 14);
        uint8 left = terms.rounds - 1;
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.MovesLeft.selector, left));
        game.step(terms, Proofs.pairAt(terms.initialRoot, list, 0), "", "");
    }

    /// @notice SPEC G6.
    function test_no_step_out_of_time(uint40 late) external {
        open(1);
        uint256 deadline = block.timestamp + 3_600;
        assert(game.deadlineOf(id) == deadline);
        vm.warp(deadline + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.OutOfTime.selector, deadline));
        game.step(terms, Proofs.pairAt(terms.initialRoot, list, 0), "", "");
    }

    /// @notice SPEC G4.
    function test_a_step_of_another_list_is_refused(uint8 index, uint8 place, bytes32 flip) external {
        vm.assume(flip != 0);
        open(1);
        bytes32[16] memory other = list;
        other[place % 16] ^= flip;
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, other, index % 16);
        bytes32 commitment = game.stateOf(id).commitment;
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.PairNotInList.selector, commitment));
        game.step(terms, pair, "", "");
    }

    /// @notice SPEC G5: and it can be tried again, with the step that is wrong.
    function test_a_step_that_is_right_decides_nothing(uint8 index, uint8 wrong) external {
        (index, wrong) = (index % 16, wrong % 16);
        Trace memory trace = Trace(7, 1_000, wrong, 1);
        terms = termsOf(1, trace.root(0));
        list = trace.list(0, 1);
        id = market.open(terms, list);
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list, index);
        bytes memory witness = trace.witness(index);
        if (index == wrong) {
            game.step(terms, pair, witness, "context");
            assert(market.lastWinner() == IDisputeGame.Side.Defender);
            assert(market.lastEnding() == IDisputeGame.Ending.Step);
            assert(keccak256(market.lastContext()) == keccak256("context"));
        } else {
            vm.expectRevert(abi.encodeWithSelector(IDisputeGame.StepIsRight.selector, list[index]));
            game.step(terms, pair, witness, "");
            assert(game.stateOf(id).running);
        }
    }

    // --- the end -------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC G8: the market hears of it once, and cannot hear of it again from within.
    function test_a_market_that_calls_back_hears_nothing_more(uint8 rounds) external {
        open(rounds);
        market.setReentry(abi.encodeCall(game.timeout, (terms, "")));
        end();
        assert(market.endings() == 1);
        assert(bytes4(market.reentryAnswer()) == IDisputeGame.DisputeNotRunning.selector);
    }

    /// @notice SPEC G8: if the market refuses, the dispute goes on, and ends when it does not.
    function test_a_market_that_refuses_is_told_again(uint8 rounds) external {
        open(rounds);
        market.setRefuses(true);
        vm.warp(game.deadlineOf(id) + 1);
        vm.expectRevert(bytes("not now"));
        game.timeout(terms, "");
        market.setRefuses(false);
        end();
        assert(market.endings() == 1);
    }

    /// @notice SPEC G11: two disputes of the same parties about the same claim, one of which moves on and ends.
    function test_disputes_do_not_touch_each_other(uint8 rounds, uint32 task) external {
        vm.assume(task != 0);
        open(2 + rounds % 14);
        (IDisputeGame.Terms memory first, DisputeId firstId) = (terms, id);
        bytes32 before = keccak256(abi.encode(game.stateOf(firstId)));
        terms.task = task;
        id = market.open(terms, list);
        bytes32[16] memory answer;
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list, 0);
        vm.prank(DEFENDER);
        game.move(id, pair, answer);
        end();
        assert(keccak256(abi.encode(game.stateOf(firstId))) == before);
        game.timeout(first, "");
        assert(market.endings() == 2);
    }

    // --- a dispute -----------------------------------------------------------------------------------------------------------------

    function termsOf(uint8 rounds, bytes32 initialRoot) private view returns (IDisputeGame.Terms memory) {
        return IDisputeGame.Terms({
            market: address(market),
            claim: "job",
            task: 0,
            referee: address(referee),
            rounds: rounds,
            challenger: CHALLENGER,
            defender: DEFENDER,
            initialRoot: initialRoot,
            claimedRoot: "claimed"
        });
    }

    function setTerms(uint8 rounds) private {
        vm.warp(1_800_000_000);
        terms = termsOf(rounds, Traces.honest(7, 1_000).root(0));
        list = Traces.honest(7, 1_000).list(0, 1);
    }

    function open(uint8 rounds) private {
        setTerms(rounds == 0 ? 1 : 1 + (rounds - 1) % 15);
        id = market.open(terms, list);
    }

    function end() private {
        vm.warp(game.deadlineOf(id) + 1);
        game.timeout(terms, "");
    }
}
