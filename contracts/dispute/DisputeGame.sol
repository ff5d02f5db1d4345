// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bisection} from "contracts/dispute/libraries/Bisection.sol";
import {Clock} from "contracts/dispute/libraries/Clock.sol";
import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title DisputeGame
/// @notice Plays disputes for any market: it holds no money, has no owner, and knows of a machine only its referee.
contract DisputeGame is IDisputeGame {
    using Bisection for Pair;

    /// @inheritdoc IDisputeGame
    uint8 public constant maxRounds = 15;
    uint32 private constant MAX_ALLOWANCE = 30 days;

    /// @inheritdoc IDisputeGame
    uint32 public immutable allowance;
    /// @inheritdoc IDisputeGame
    uint32 public immutable minimumReply;

    /// @dev INVARIANT G11: each under the hash of its own terms, and no call touches two of them.
    mapping(DisputeId disputeId => State) private _disputes;

    /// @param allowance_ Each side's time bank, seconds: at most 30 days.
    /// @param minimumReply_ The least time for each turn, seconds: from 1 to the allowance.
    constructor(uint32 allowance_, uint32 minimumReply_) {
        // INVARIANT G9: the clocks are bounded, so that every dispute ends.
        require(
            0 < minimumReply_ && minimumReply_ <= allowance_ && allowance_ <= MAX_ALLOWANCE,
            ClocksOutOfRange(allowance_, minimumReply_)
        );

        allowance = allowance_;
        minimumReply = minimumReply_;
    }

    // --- open -------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDisputeGame
    function open(Terms memory terms, bytes32[16] calldata roots) external returns (DisputeId disputeId) {
        // INVARIANT G1: the market has checked what the terms say, and hears of their dispute once.
        require(msg.sender == terms.market, NotTheMarket(terms.market, msg.sender));
        require(0 < terms.rounds && terms.rounds <= maxRounds, RoundsOutOfRange(terms.rounds));
        // INVARIANT G2: so there is a first root, here and in each list that follows, about which the sides disagree.
        require(roots[Bisection.ARITY - 1] != terms.claimedRoot, SameLastRoot(terms.claimedRoot));
        disputeId = _idOf(terms);
        State storage dispute = _disputes[disputeId];
        require(dispute.deadline == 0, DisputeExists(disputeId));

        dispute.challenger = terms.challenger;
        dispute.deadline = Clock.start(allowance, minimumReply);
        dispute.waitingBank = allowance;
        dispute.toMove = Side.Defender;
        dispute.remaining = terms.rounds - 1;
        dispute.running = true;
        dispute.defender = terms.defender;
        dispute.commitment = Bisection.commit(terms.initialRoot, roots);

        emit DisputeOpened(disputeId, terms, roots);
    }

    // --- bisect -----------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDisputeGame
    function move(DisputeId disputeId, Pair calldata pair, bytes32[16] calldata roots) external {
        State storage dispute = _disputes[disputeId];
        (Side side, uint8 remaining, uint40 deadline) = (dispute.toMove, dispute.remaining, dispute.deadline);
        require(dispute.running, DisputeNotRunning(disputeId));
        // INVARIANT G3: the sides move in turn, until the stride is 1.
        require(remaining > 0, NoMovesLeft());
        address mover = side == Side.Challenger ? dispute.challenger : dispute.defender;
        require(msg.sender == mover, NotYourTurn(mover, msg.sender));
        // INVARIANT G6: an answer is in time up to the deadline, here and in a step, and a timeout is not.
        require(Clock.isInTime(deadline), OutOfTime(deadline));
        // INVARIANT G4: the move is bound to the list that it answers.
        bytes32 commitment = dispute.commitment;
        require(pair.isIn(commitment), PairNotInList(commitment));
        require(roots[Bisection.ARITY - 1] != pair.disputed, SameLastRoot(pair.disputed));

        dispute.deadline = Clock.start(dispute.waitingBank, minimumReply);
        dispute.waitingBank = Clock.stop(deadline);
        dispute.toMove = _other(side);
        dispute.remaining = remaining - 1;
        dispute.commitment = Bisection.commit(pair.before, roots);

        emit Moved(disputeId, side, pair.index, pair.before, roots);
    }

    // --- end --------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDisputeGame
    function step(Terms memory terms, Pair calldata pair, bytes calldata witness, bytes calldata context)
        external
    {
        DisputeId disputeId = _idOf(terms);
        State storage dispute = _disputes[disputeId];
        require(dispute.running, DisputeNotRunning(disputeId));
        require(dispute.remaining == 0, MovesLeft(dispute.remaining));
        uint40 deadline = dispute.deadline;
        require(Clock.isInTime(deadline), OutOfTime(deadline));
        bytes32 commitment = dispute.commitment;
        require(pair.isIn(commitment), PairNotInList(commitment));

        // INVARIANT J16: a static call, so that a referee can change nothing. The turn of a side that a referee keeps from
        // winning runs out like any other.
        bytes32 poststate = IReferee(terms.referee).step(pair.before, witness);
        // INVARIANT G5, G10: who has posted a step that the machine does not make is the one who loses.
        require(poststate != pair.disputed, StepIsRight(poststate));

        emit Stepped(disputeId, pair.index, pair.before, poststate);
        _resolve(disputeId, dispute.toMove, Ending.Step, terms, context);
    }

    /// @inheritdoc IDisputeGame
    function timeout(Terms memory terms, bytes calldata context) external {
        DisputeId disputeId = _idOf(terms);
        State storage dispute = _disputes[disputeId];
        require(dispute.running, DisputeNotRunning(disputeId));
        // INVARIANT G7: nothing else stands in the way.
        uint40 deadline = dispute.deadline;
        require(!Clock.isInTime(deadline), StillInTime(deadline));

        _resolve(disputeId, _other(dispute.toMove), Ending.Timeout, terms, context);
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDisputeGame
    function stateOf(DisputeId disputeId) external view returns (State memory) {
        return _disputes[disputeId];
    }

    /// @inheritdoc IDisputeGame
    function deadlineOf(DisputeId disputeId) external view returns (uint256) {
        State storage dispute = _disputes[disputeId];
        return dispute.running ? dispute.deadline : 0;
    }

    // --- internals --------------------------------------------------------------------------------------------------------

    /// @dev The one way in which disputes end.
    function _resolve(
        DisputeId disputeId,
        Side winner,
        Ending ending,
        Terms memory terms,
        bytes calldata context
    ) private {
        // INVARIANT G8: the dispute is over before the market hears of it. If the market refuses, all of this is undone.
        _disputes[disputeId].running = false;

        emit DisputeResolved(disputeId, winner, ending);
        IClaimCallback(terms.market).onDisputeResolved(terms, winner, ending, context);
    }

    function _other(Side side) private pure returns (Side) {
        return side == Side.Challenger ? Side.Defender : Side.Challenger;
    }

    function _idOf(Terms memory terms) private pure returns (DisputeId) {
        return DisputeId.wrap(keccak256(abi.encode(terms)));
    }
}
