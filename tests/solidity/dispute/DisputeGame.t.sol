// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CounterReferee} from "contracts/referees/CounterReferee.sol";
import {MarketProbe} from "contracts/test/MarketProbe.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Trace, Traces} from "tests/solidity/support/Traces.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice Whole disputes between an honest side and any opponent, and clocks at their edges.
contract DisputeGameTest {
    uint32 private constant ALLOWANCE = 3_600;
    uint32 private constant MINIMUM = 60;
    address private constant CHALLENGER = address(0xc4a11e);
    address private constant DEFENDER = address(0xdefe4de4);

    IDisputeGame private immutable game = Deployments.game(ALLOWANCE, MINIMUM);
    MarketProbe private immutable market = new MarketProbe(game);
    CounterReferee private immutable referee = new CounterReferee();

    IDisputeGame.Terms private terms;
    DisputeId private id;
    bytes32 private agreed;
    bytes32[16] private last;
    uint256 private start;
    uint256 private stride;

    /// @notice SPEC G10: the honest side wins, wherever the opponent's run goes wrong and on whichever side of the game it is.
    function test_the_honest_side_wins(
        uint8 rounds,
        uint64 target,
        uint256 lie,
        uint64 jump,
        bool challengerLies
    ) external {
        rounds = uint8(1 + rounds % 9);
        lie %= 16 ** rounds;
        vm.assume(jump > 0 && target < 1 << 63 && jump < 1 << 63);
        Trace memory truth = Traces.honest(7, target);
        Trace memory liar = Trace(7, target, lie, jump);

        open(rounds, challengerLies ? liar : truth, challengerLies ? truth : liar);
        IDisputeGame.Side honest = challengerLies ? IDisputeGame.Side.Defender : IDisputeGame.Side.Challenger;
        playOut(honest, truth, liar);

        assert(market.endings() == 1);
        assert(market.lastWinner() == honest);
    }

    /// @notice SPEC G10: also against one that posts whatever it likes, true roots among them.
    function test_the_honest_side_wins_against_noise(uint8 rounds, uint256 seed, bool challengerLies)
        external
    {
        rounds = uint8(1 + rounds % 6);
        Trace memory truth = Traces.honest(7, type(uint64).max);
        Trace memory liar = Trace(7, type(uint64).max, 0, 1);
        IDisputeGame.Side honest = challengerLies ? IDisputeGame.Side.Defender : IDisputeGame.Side.Challenger;

        open(rounds, challengerLies ? liar : truth, challengerLies ? truth : liar);
        while (state().running) {
            if (state().toMove == honest) {
                answer(truth);
            } else if (state().remaining == 0) {
                loseByTimeout();
            } else {
                seed = uint256(keccak256(abi.encode(seed)));
                uint8 index = uint8(seed % 16);
                bytes32[16] memory roots = truth.list(start + index * stride, stride / 16);
                for (uint256 i = 0; i < 16; i++) {
                    if (seed >> (16 + i) & 1 == 1) roots[i] = keccak256(abi.encode(seed, i));
                }
                if (roots[15] == last[index]) roots[15] = keccak256(abi.encode(seed));
                post(index, roots);
            }
        }
        assert(market.lastWinner() == honest);
    }

    /// @notice SPEC G6: a side can move until its deadline, inclusive, and be timed out from the next second on, and each turn
    /// takes from its bank what it used.
    function test_clocks(uint32[6] calldata waits) external {
        Trace memory truth = Traces.honest(7, type(uint64).max);
        Trace memory liar = Trace(7, type(uint64).max, 1_000_000, 1);
        open(7, truth, liar);

        uint256[2] memory banks = [uint256(ALLOWANCE), ALLOWANCE];
        for (uint256 turn = 0; turn < 6; turn++) {
            uint256 side = uint256(state().toMove);
            uint256 time = banks[side] > MINIMUM ? banks[side] : MINIMUM;
            uint256 deadline = block.timestamp + time;
            assert(game.deadlineOf(id) == deadline);
            uint256 used = waits[turn] % (time + 2);
            vm.warp(block.timestamp + used);

            if (used > time) {
                vm.prank(side == 0 ? CHALLENGER : DEFENDER);
                vm.expectRevert(abi.encodeWithSelector(IDisputeGame.OutOfTime.selector, deadline));
                game.move(id, Proofs.pairAt(agreed, last, 0), last);
                game.timeout(terms, "");
                assert(market.endings() == 1 && uint256(market.lastWinner()) == 1 - side);
                return;
            }
            vm.expectRevert(abi.encodeWithSelector(IDisputeGame.StillInTime.selector, deadline));
            game.timeout(terms, "");
            answer(side == 0 ? truth : liar);
            banks[side] = used < banks[side] ? banks[side] - used : 0;
        }
        assert(market.endings() == 0);
    }

    /// @notice SPEC G7: whatever the clocks are, a dispute can be timed out at any time after the deadline, however late.
    function test_a_dispute_left_idle_can_be_ended(uint32 allowance, uint32 minimum, uint40 late) external {
        minimum = 1 + minimum % 30 days;
        allowance = minimum + allowance % (30 days - minimum + 1);
        IDisputeGame other = Deployments.game(allowance, minimum);
        MarketProbe probe = new MarketProbe(other);
        terms = termsOf(3, bytes32(0), "claimed");
        terms.market = address(probe);
        id = probe.open(terms, Traces.honest(7, 8).list(0, 256));

        vm.warp(other.deadlineOf(id) + 1 + late);
        other.timeout(terms, "context");
        assert(probe.endings() == 1 && probe.lastWinner() == IDisputeGame.Side.Challenger);
        assert(keccak256(probe.lastContext()) == keccak256("context"));
    }

    /// @notice SPEC G9.
    function test_clocks_are_bounded(uint32 allowance, uint32 minimum) external {
        bool sound = 0 < minimum && minimum <= allowance && allowance <= 30 days;
        if (sound) this.deploy(allowance, minimum);
        else refused(allowance, minimum);
    }

    /// @notice SPEC G9.
    function test_bounds_of_clocks_are_inclusive() external {
        this.deploy(30 days, 30 days);
        this.deploy(1, 1);
        refused(30 days + 1, 1);
        refused(1, 0);
        refused(59, 60);
    }

    function refused(uint32 allowance, uint32 minimum) private {
        vm.expectRevert(abi.encodeWithSelector(IDisputeGame.ClocksOutOfRange.selector, allowance, minimum));
        this.deploy(allowance, minimum);
    }

    /// @notice In a call of its own: if `vm.deployCode` reverted in a test itself, the test would end there, and pass.
    function deploy(uint32 allowance, uint32 minimum) external {
        Deployments.game(allowance, minimum);
    }

    // --- a dispute played ---------------------------------------------------------------------------------------------

    function open(uint8 rounds, Trace memory challengers, Trace memory defenders) private {
        stride = 16 ** (rounds - 1);
        agreed = challengers.root(0);
        last = challengers.list(0, stride);
        terms = termsOf(rounds, agreed, defenders.root(16 ** rounds));
        id = market.open(terms, last);
    }

    function termsOf(uint8 rounds, bytes32 initialRoot, bytes32 claimedRoot)
        private
        view
        returns (IDisputeGame.Terms memory)
    {
        return IDisputeGame.Terms({
            market: address(market),
            claim: "job",
            task: 0,
            referee: address(referee),
            rounds: rounds,
            challenger: CHALLENGER,
            defender: DEFENDER,
            initialRoot: initialRoot,
            claimedRoot: claimedRoot
        });
    }

    function playOut(IDisputeGame.Side honest, Trace memory truth, Trace memory liar) private {
        while (state().running) answer(state().toMove == honest ? truth : liar);
    }

    /// @dev The side to move does what its trace says; if that has nothing to say, its time runs out.
    function answer(Trace memory trace) private {
        for (uint8 index = 0; index < 16; index++) {
            if (trace.root(start + (index + 1) * stride) == last[index]) continue;
            if (stride > 1) return post(index, trace.list(start + index * stride, stride / 16));
            IDisputeGame.Pair memory pair = Proofs.pairAt(agreed, last, index);
            try game.step(terms, pair, trace.witness(start + index), "") {
                return;
            } catch {
                break; // a liar's step
            }
        }
        loseByTimeout();
    }

    function post(uint8 index, bytes32[16] memory roots) private {
        IDisputeGame.Pair memory pair = Proofs.pairAt(agreed, last, index);
        vm.prank(state().toMove == IDisputeGame.Side.Challenger ? CHALLENGER : DEFENDER);
        game.move(id, pair, roots);
        (agreed, last) = (pair.before, roots);
        start += index * stride;
        stride /= 16;
    }

    function loseByTimeout() private {
        vm.warp(game.deadlineOf(id) + 1);
        game.timeout(terms, "");
    }

    function state() private view returns (IDisputeGame.State memory) {
        return game.stateOf(id);
    }
}
