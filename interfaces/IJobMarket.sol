// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId} from "interfaces/IDisputeGame.sol";
import {ILedger} from "interfaces/ILedger.sol";

/// @dev requester (160 bits) | slot (48 bits) | generation (48 bits): see the library `JobIds`.
type JobId is bytes32;

/// @dev price (96 bits) | bond (96 bits) | runPeriod (32 bits) | challengePeriod (32 bits): see the library `Deals`.
type Deal is bytes32;

/// @dev 0 (16 bits) | taskCount (32 bits) | status (8 bits) | deadline (40 bits) | provider (160 bits): see the library
/// `Stages`.
type Stage is bytes32;

/// @title IJobMarket
/// @notice The life of a job: posted and paid into escrow by a requester, accepted under a bond by a provider, claimed,
/// open to challenges for a while, then finalized and paid.
///
///     Open --accept--> Accepted --claim--> Claimed --finalize--> Finalized
///       |                  |                  |
///       |                  |                  '--a lost dispute--> Slashed
///       |                  '--expire--> MissedDeadline
///       |--cancel--> Cancelled
///       '--expire--> Expired
///
/// @dev A job is one word of storage: the hash of its record, and the number of its open disputes. Every call brings the
/// record in calldata; the events carry what a reader needs to rebuild it. A slot whose job has ended is used again, so that a
/// job in steady state creates no new storage word.
interface IJobMarket is ILedger, IClaimCallback {
    enum Status {
        Open,
        Accepted,
        Claimed
    }

    /// @notice How a job ended.
    enum End {
        /// Claimed, and no challenge succeeded: the provider is paid.
        Finalized,
        /// Taken back by its requester before anyone had accepted it: refunded.
        Cancelled,
        /// Not accepted in time: refunded.
        Expired,
        /// Accepted, but not claimed in time: refunded, and the provider's bond is slashed in the requester's favour.
        MissedDeadline,
        /// A dispute was lost at the referee: refunded, and the bond is slashed in the challenger's favour.
        SlashedByStep,
        /// A dispute was lost by silence: refunded, and the bond is slashed in the challenger's favour.
        SlashedByTimeout
    }

    /// @notice What the requester fixes when it posts a job.
    struct Terms {
        /// The machine that the tasks are for. Not checked here: whoever accepts a job knows the referee, or leaves it.
        address referee;
        /// Merkle root over the tasks' initial state roots; of one task, its initial state root.
        bytes32 taskRoot;
        /// Number of tasks, 1 to 1024.
        uint32 taskCount;
        /// A task is run for at most 16^rounds steps.
        uint8 rounds;
        /// Paid for all tasks together.
        uint96 price;
        /// What the provider has at risk.
        uint96 bond;
        /// Seconds, from the post, in which the job can be accepted.
        uint32 acceptPeriod;
        /// Seconds, from the acceptance, in which it has to be claimed.
        uint32 runPeriod;
        /// Seconds, from the claim, in which it can be challenged.
        uint32 challengePeriod;
        /// Content id (SHA-256) of the job's spec document.
        bytes32 specId;
    }

    /// @notice The record of a job: its hash is what is stored. Packed, because every call brings it.
    struct Job {
        JobId id;
        /// keccak256 of the ABI encoding of the job's `Terms`.
        bytes32 termsHash;
        /// Those of the terms that most calls need.
        Deal deal;
        /// How far the job is. Its deadline is the last moment to accept it while Open, to claim it while Accepted, to challenge
        /// it while Claimed: inclusive, seconds since the epoch. Its provider is zero while Open.
        Stage stage;
        /// Merkle root over the tasks' final state roots, as claimed; of one task, its final state root. Zero until Claimed.
        bytes32 claimRoot;
    }

    /// @notice Where one task begins, and where the claim says that it ends.
    struct TaskProof {
        /// Counted from 0.
        uint32 task;
        bytes32 initialRoot;
        /// From the leaf up: `initialRoot` under the job's `taskRoot`.
        bytes32[] initialSiblings;
        bytes32 finalRoot;
        /// From the leaf up: `finalRoot` under the job's `claimRoot`.
        bytes32[] finalSiblings;
    }

    /// @notice The market's parameters, fixed when it is deployed.
    struct Parameters {
        address token;
        address game;
        /// What a challenger has at risk in each dispute.
        uint96 challengerBond;
        /// The least bond that a job can ask of its provider.
        uint96 minimumBond;
        /// The part of a slashed bond that is burned, in 1/10,000.
        uint16 burnShare;
        /// The least time that a claim can be challenged, seconds.
        uint32 minimumChallengePeriod;
    }

    event JobPosted(JobId indexed jobId, address indexed requester, Terms terms, uint40 deadline);
    event JobAccepted(JobId indexed jobId, address indexed provider, uint40 deadline);
    /// @param resultId Content id (SHA-256) of the result document: where the outputs are found.
    event JobClaimed(
        JobId indexed jobId, address indexed provider, bytes32 claimRoot, bytes32 resultId, uint40 deadline
    );
    /// @notice The leaves of a claim about several tasks.
    event FinalRootsClaimed(JobId indexed jobId, bytes32[] finalRoots);
    event JobChallenged(
        JobId indexed jobId, DisputeId indexed disputeId, address indexed challenger, uint32 task, uint96 bond
    );
    /// @notice The defender of a dispute was right, or the job had ended before the dispute was over (`moot`): then the
    /// challenger's bond goes back to it, else to the defender.
    event ChallengeClosed(
        JobId indexed jobId, DisputeId indexed disputeId, address indexed challenger, uint96 bond, bool moot
    );
    /// @notice The job is over, and its slot can be used again as soon as its last dispute is over.
    /// @param beneficiary Who is credited with `paid`: the provider of a finalized job, the successful challenger of a slashed
    /// one, the requester of one whose deadline was missed, else zero.
    /// @param paid The price of a finalized job, or the part of a slashed bond that is not burned.
    /// @param refunded What the requester got back from escrow.
    /// @param burned The rest of a slashed bond.
    event JobEnded(
        JobId indexed jobId, End end, address indexed beneficiary, uint96 paid, uint96 refunded, uint96 burned
    );

    /// @notice The slot holds a job, or an ended one that still has open disputes.
    error SlotInUse(address requester, uint48 slot);
    /// @notice The record is not that of the job that the slot holds now: it is outdated, or the job has ended.
    error RecordMismatch(JobId jobId);
    /// @notice The terms are not those that the job was posted with.
    error TermsMismatch(bytes32 termsHash);
    error WrongStatus(JobId jobId, Status expected, Status actual);
    /// @notice The time for this ended at `deadline`.
    error TooLate(uint256 deadline);
    /// @notice The time for this starts after `deadline`.
    error TooEarly(uint256 deadline);
    error NotTheRequester(address requester, address caller);
    error NotTheProvider(address provider, address caller);
    /// @notice The job cannot end while `disputes` challenges of it are undecided.
    error DisputesOpen(JobId jobId, uint256 disputes);
    error NotTheGame(address game, address caller);
    error TooManyDisputes(JobId jobId);
    error NoTasks();
    /// @notice More final roots than one claim can bring.
    error TooManyTasks(uint32 maximum, uint32 taskCount);
    error RoundsOutOfRange(uint8 rounds);
    error BondTooLow(uint96 minimum, uint96 bond);
    error ChallengePeriodTooShort(uint32 minimum, uint32 period);
    /// @notice A period of zero, which nobody could meet.
    error ZeroPeriod();
    /// @notice A run or challenge period, seconds, in which money would be locked for longer than anyone wants.
    error PeriodTooLong(uint32 maximum, uint32 period);
    error TaskOutOfRange(uint32 taskCount, uint32 task);
    /// @notice A claim states one final root for each task.
    error WrongTaskCount(uint32 taskCount, uint256 given);
    error InitialRootNotInJob(bytes32 taskRoot);
    error FinalRootNotInClaim(bytes32 claimRoot);

    /// @notice A parameter that the market is deployed with is out of its bounds.
    error ParameterOutOfRange(string parameter);

    /// @notice The market's parameters.
    function parameters() external view returns (Parameters memory);

    /// @notice The word of a slot: what it holds now. Zero for a slot that was never used.
    function slotWord(address requester, uint48 slot) external view returns (bytes32);

    /// @notice The generation that the next job in this slot will have; 0 if the slot is in use.
    function nextGeneration(address requester, uint48 slot) external view returns (uint48);

    /// @notice Whether `job` is the record of a job that has not ended, and how many disputes about it are open.
    function isCurrent(Job calldata job) external view returns (bool current, uint32 disputes);

    /// @notice Post a job in one of the caller's slots and lock its price in escrow.
    function post(uint48 slot, Terms calldata terms) external returns (JobId jobId);

    /// @notice Take back a job that nobody has accepted. For its requester.
    function cancel(Job calldata job) external;

    /// @notice Accept a job and lock its bond. For whoever comes first with enough stake.
    function accept(Job calldata job) external;

    /// @notice State the final state root of a job of one task. For the job's provider, within the run period.
    /// @param resultId Content id of the result document; carried by the event only.
    function claim(Job calldata job, bytes32 finalRoot, bytes32 resultId) external;

    /// @notice State the final state roots of a job of any number of tasks. For the job's provider, within the run period.
    /// @dev The roots are brought, not just the Merkle root over them: a claim whose leaves only its author knows could not be
    /// challenged.
    /// @param finalRoots One for each task, in order.
    /// @param resultId Content id of the result document; carried by the event only.
    function claimBatch(Job calldata job, bytes32[] calldata finalRoots, bytes32 resultId) external;

    /// @notice Dispute one task of a claim, within the challenge period, and lock the challenger's bond. For anyone with
    /// enough stake; any number of challengers side by side.
    /// @param roots The challenger's list over the whole trace (`IDisputeGame`).
    function challenge(
        Job calldata job,
        Terms calldata terms,
        TaskProof calldata proof,
        bytes32[16] calldata roots
    ) external returns (DisputeId disputeId);

    /// @notice Pay for a claim whose challenge period is over and which no dispute is open about. Anyone may call it.
    function finalize(Job calldata job) external;

    /// @notice End a job that was not accepted, or not claimed, in time. Anyone may call it.
    function expire(Job calldata job) external;
}
