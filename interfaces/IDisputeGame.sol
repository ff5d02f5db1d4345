// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev keccak256 of the ABI encoding of the dispute's `IDisputeGame.Terms`.
type DisputeId is bytes32;

/// @title IDisputeGame
/// @notice Finds, between two parties who name different final states for one computation, the one step about which they
/// disagree, and has a referee execute it.
/// @dev The two traces are compared over `16^rounds` steps. A list is 16 state roots at equal strides: those after 1/16, 2/16,
/// ... 16/16 of a segment whose start both sides agree on.
///
///     agreed                                     disputed by the other side
///       |---o---o---o---o---o---o---o---o---o---o---o---o---o---o---o---o
///          roots[0]  ...        roots[i-1] roots[i]  ...        roots[15]
///                                   |---o--- ... ---o   the next list: `agreed` is roots[i-1], and its last root
///                                                       differs from roots[i]
///
/// The challenger opens with its list over the whole trace. Then the sides alternate: the side to move names the first root
/// of the opponent's last list that it disputes, proves it and its predecessor against the committed list, and posts its own
/// list over that segment. When the last list has stride 1, a step that does not lead from a root to the next one proves its
/// author wrong. The side to move that lets its clock run out loses.
///
/// Only the commitment to the last list is stored; the lists themselves are in the events.
interface IDisputeGame {
    enum Side {
        Challenger,
        Defender
    }

    /// @notice How a dispute was decided: by the referee, or because the side to move let its clock run out.
    enum Ending {
        Step,
        Timeout
    }

    /// @notice The fixed terms of one dispute.
    struct Terms {
        /// The contract that opened the dispute and hears of its end (`IClaimCallback`).
        address market;
        /// What the dispute is about, in the market's own terms: the job's id.
        bytes32 claim;
        /// The disputed task of that job, counted from 0.
        uint32 task;
        /// The machine: executes the disputed step.
        address referee;
        /// The traces are compared over 16^rounds steps.
        uint8 rounds;
        address challenger;
        address defender;
        /// The state root before the first step: agreed.
        bytes32 initialRoot;
        /// The state root after the last step, as the defender claims it: disputed.
        bytes32 claimedRoot;
    }

    /// @notice Two neighbouring roots of the last list: the transition that the side to move disputes.
    struct Pair {
        /// Place of `disputed` in the list, 0 to 15.
        uint8 index;
        /// The agreed root that the list starts from.
        bytes32 agreed;
        /// The root before `disputed`: `agreed` if `index` is 0, else the list's root at `index - 1`.
        bytes32 before;
        /// The list's root at `index`.
        bytes32 disputed;
        /// The Merkle siblings of the two, from the leaves up; at each level the left one's before the right one's, none for
        /// two nodes with the same parent. With `index` 0: the four siblings of `disputed`.
        bytes32[] siblings;
    }

    /// @notice What is stored of a dispute.
    struct State {
        address challenger;
        /// Until when the side to move can answer, inclusive, seconds since the epoch.
        uint40 deadline;
        /// What is left of the other side's time bank, seconds. That of the side to move is running.
        uint32 waitingBank;
        /// Whose turn it is, while `running`.
        Side toMove;
        /// Lists still to be posted: 0 when the last list has stride 1.
        uint8 remaining;
        bool running;
        address defender;
        /// keccak256(agreed root, Merkle root of the last list).
        bytes32 commitment;
    }

    /// @notice A dispute was opened with the challenger's list over the whole trace.
    event DisputeOpened(DisputeId indexed disputeId, Terms terms, bytes32[16] roots);
    /// @notice `side` disputes the opponent's root at `index` and posts its own list over that segment.
    event Moved(DisputeId indexed disputeId, Side side, uint8 index, bytes32 agreed, bytes32[16] roots);
    /// @notice The referee executed the step from `prestate`: it leads to `poststate`, not to what the loser had posted at
    /// `index` of the last list.
    event Stepped(DisputeId indexed disputeId, uint8 index, bytes32 prestate, bytes32 poststate);
    /// @notice A dispute is over.
    event DisputeResolved(DisputeId indexed disputeId, Side winner, Ending ending);

    /// @notice The clocks that a game is deployed with: 0 < minimumReply <= allowance <= 30 days.
    error ClocksOutOfRange(uint32 allowance, uint32 minimumReply);
    /// @notice Disputes are opened by the market that their terms name.
    error NotTheMarket(address market, address caller);
    /// @notice A dispute with these very terms was opened before.
    error DisputeExists(DisputeId disputeId);
    /// @notice No dispute with this id is running.
    error DisputeNotRunning(DisputeId disputeId);
    /// @notice The traces are compared over 16^1 to 16^15 steps.
    error RoundsOutOfRange(uint8 rounds);
    /// @notice It is the turn of `mover`.
    error NotYourTurn(address mover, address caller);
    /// @notice The clock of the side to move ran out at `deadline`.
    error OutOfTime(uint256 deadline);
    /// @notice The side to move has time until `deadline`, inclusive.
    error StillInTime(uint256 deadline);
    /// @notice The pair does not belong to the last list.
    error PairNotInList(bytes32 commitment);
    /// @notice A list has to end in another root than the one it disputes.
    error SameLastRoot(bytes32 root);
    /// @notice The last list has stride 1: what is left is the step.
    error NoMovesLeft();
    /// @notice The last list's stride is above 1: `remaining` more lists have to be posted before the step.
    error MovesLeft(uint8 remaining);
    /// @notice The step does lead to the disputed root, so it decides nothing.
    error StepIsRight(bytes32 poststate);

    /// @notice The most rounds that a dispute can have: traces are compared over 16^rounds steps.
    function maxRounds() external view returns (uint8);

    /// @notice Each side's time bank at the start, seconds.
    function allowance() external view returns (uint32);

    /// @notice The least time that a side has for each turn, even with an empty bank, seconds.
    function minimumReply() external view returns (uint32);

    /// @notice Open a dispute. The caller is the market that `terms` name; it has checked all of them.
    /// @param roots The challenger's list over the whole trace; its last root differs from `terms.claimedRoot`.
    function open(Terms calldata terms, bytes32[16] calldata roots) external returns (DisputeId disputeId);

    /// @notice Dispute a root of the opponent's last list and post a list over the segment that leads to it. For the side to
    /// move, within its time.
    /// @dev The pair binds the move to the list that it answers: if a reorganisation replaced that list, the move reverts.
    function move(DisputeId disputeId, Pair calldata pair, bytes32[16] calldata roots) external;

    /// @notice Have the referee execute the step from `pair.before`, and end the dispute for the side to move, if it does not
    /// lead to `pair.disputed`. Anyone may call it, within the time of the side to move.
    /// @param context Passed on to the market.
    function step(Terms calldata terms, Pair calldata pair, bytes calldata witness, bytes calldata context)
        external;

    /// @notice End a dispute whose side to move let its clock run out. Anyone may call it.
    /// @param context Passed on to the market.
    function timeout(Terms calldata terms, bytes calldata context) external;

    /// @notice The state of a dispute; all zero if there never was one.
    function stateOf(DisputeId disputeId) external view returns (State memory);

    /// @notice Until when the side to move can answer, inclusive, seconds since the epoch; 0 if the dispute is not running.
    function deadlineOf(DisputeId disputeId) external view returns (uint256);
}
