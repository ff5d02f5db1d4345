// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId} from "interfaces/IDisputeGame.sol";
import {ILedger} from "interfaces/ILedger.sol";

/// @dev requester (160 bits) | slot (48 bits) | generation (48 bits): see the library `JobIds`.
type JobId is bytes32;

/// @dev price (96 bits) | bond (96 bits) | runPeriod (32 bits) | challengePeriod (32 bits): see the library `Deals`.
type Deal is bytes32;

/// @dev 0 (16 bits) | admission (8 bits) | rounds (8 bits) | acceptPeriod (32 bits) | taskCount (32 bits) | referee
/// (160 bits): see the library `Works`.
type Work is bytes32;

/// @dev floorPrice (96 bits) | gate (160 bits): see the library `Openings`. A `uint256`, unlike the others, for the sake of the selectors that come
/// of it: the dispatcher compares them in ascending order, and so those of `post` and `fillAndClaim` come first.
type Opening is uint256;

/// @dev flags (16 bits) | taskCount (32 bits) | status (8 bits) | deadline (40 bits) | provider (160 bits): see the library
/// `Stages`.
type Stage is bytes32;

/// @title IJobMarket
/// @notice The life of a job: posted and paid into escrow by a requester, accepted under a bond by a provider, claimed,
/// open to challenges for a while, then finalized and paid.
///
///     Open --accept--> Accepted --claim--> Claimed --settle, finalizeAll--> Finalized
///       |                  |                  |
///       |                  |                  '--a lost dispute--> SlashedByStep, SlashedByTimeout
///       |                  |--expire--> MissedDeadline
///       |                  '--decline--> Declined
///       |--cancel--> Cancelled
///       '--expire--> Expired
///
/// Signed orders and offers (`ISignedOrders`) make two or three of these steps one transaction.
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
        /// Declined by a provider that had been hired by its signed offer: refunded, and the bond goes back.
        Declined,
        /// Accepted, but not claimed in time: refunded, and the provider's bond is slashed in the requester's favour.
        MissedDeadline,
        /// A dispute was lost at the referee: refunded, and the bond is slashed in the challenger's favour.
        SlashedByStep,
        /// A dispute was lost by silence: refunded, and the bond is slashed in the challenger's favour.
        SlashedByTimeout
    }

    /// @notice How a challenge ended for whoever made it.
    enum Verdict {
        /// The claim was false, and this challenge the first to show it.
        Won,
        /// The claim stood up to it: the challenger's bond goes to the defender.
        Lost,
        /// The job had ended before the dispute was over: the bond goes back.
        Moot
    }

    /// @notice Who may accept a job, or take an offer.
    enum Admission {
        Anyone,
        /// Only the account that `gate` is.
        Only,
        /// Whom the contract `gate` admits (`IAccess`).
        Listed
    }

    /// @notice What the requester fixes when it posts or signs a job. Packed, because calls bring it and events carry it.
    struct Terms {
        /// price: paid for all tasks together, or its ceiling if `floorPrice` is not zero; bond: what the provider has at risk;
        /// runPeriod: seconds, from the acceptance, in which it has to be claimed; challengePeriod: seconds, from the claim, in
        /// which it can be challenged.
        Deal deal;
        /// referee: the machine that the tasks are for, not checked here: whoever accepts a job knows it, or leaves it; taskCount:
        /// 1 to 1024; acceptPeriod: seconds, from the post, in which the job can be accepted, and in which a rising price
        /// rises; rounds: a task is run for at most 16^rounds steps; admission: an `Admission`.
        Work work;
        /// floorPrice: where a rising price starts, 0 for a fixed one; gate: see `Admission`, else zero.
        Opening opening;
        /// Merkle root over the tasks' initial state roots; of one task, its initial state root.
        bytes32 taskRoot;
        /// Content id (SHA-256) of the job's spec document; of a job of tickets, keccak256 of theirs, one after the other.
        bytes32 specId;
    }

    /// @notice The record of a job: its hash is what is stored.
    struct Job {
        JobId id;
        /// Those of the terms that most calls need; with the price that was agreed, once accepted.
        Deal deal;
        /// How far the job is. Its deadline is the last moment to accept it while Open, to claim it while Accepted, to challenge
        /// it while Claimed: inclusive, seconds since the epoch. Its provider is zero while Open.
        Stage stage;
        /// keccak256 of the ABI encoding of the job's `Terms`; once claimed, keccak256 of that and the claim root. The claim root
        /// is the Merkle root over the tasks' final state roots; of one task, its final state root.
        bytes32 commitment;
    }

    /// @notice Where one task begins, and where the claim says that it ends.
    struct TaskProof {
        /// Counted from 0.
        uint32 task;
        bytes32 initialRoot;
        /// From the leaf up: `initialRoot` under the job's `taskRoot`.
        bytes32[] initialSiblings;
        bytes32 finalRoot;
        /// From the leaf up: `finalRoot` under the claim root.
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
        /// The part of a finalized job's price that goes to `feeRecipient`, in 1/10,000, rounded down.
        uint16 feeShare;
        /// Zero if and only if there is no fee.
        address feeRecipient;
    }

    /// @notice A job was posted; its requester is in its id. `stage` says until when it can be accepted.
    event JobPosted(JobId indexed jobId, Terms terms, Stage stage);
    /// @notice The price of a job with a rising price, as it stood when the job was accepted. The rest went back.
    event PriceAgreed(JobId indexed jobId, uint96 price);
    /// @notice `stage` says by whom, and until when it has to be claimed.
    event JobAccepted(JobId indexed jobId, Stage stage);
    /// @notice Requester and provider have agreed on a later deadline for the claim.
    event DeadlineExtended(JobId indexed jobId, Stage stage);
    /// @notice `stage` says by whom, and until when it can be challenged.
    /// @param resultId Content id (SHA-256) of the result document: where the outputs are found.
    event JobClaimed(JobId indexed jobId, Stage stage, bytes32 claimRoot, bytes32 resultId);
    /// @notice The leaves of a claim about several tasks.
    event FinalRootsClaimed(JobId indexed jobId, bytes32[] finalRoots);
    event JobChallenged(
        JobId indexed jobId, DisputeId indexed disputeId, address indexed challenger, uint32 task, uint96 bond
    );
    /// @notice A challenge is over. `bond` went to the challenger, or to the defender if the challenge was `Lost`.
    event ChallengeClosed(
        JobId indexed jobId,
        DisputeId indexed disputeId,
        address indexed challenger,
        Verdict verdict,
        uint96 bond
    );
    /// @notice The job is over: its end is `Finalized`. Its price was paid to the provider, less the fee, and the bond went back. Its
    /// slot can be used again.
    event JobFinalized(JobId indexed jobId);
    /// @notice The job is over, in any other way. Its price went back to the requester. Its slot can be used again as soon as its last
    /// dispute is over.
    event JobEnded(JobId indexed jobId, End end);
    /// @notice Part of a finalized job's price went to the recipient of fees.
    event FeePaid(JobId indexed jobId, uint96 fee);
    /// @notice The bond of a job's provider is lost: `paid` went to the beneficiary, the successful challenger or, if the deadline was
    /// missed, the requester; the rest is burned.
    event BondSlashed(JobId indexed jobId, address indexed beneficiary, uint96 paid, uint96 burned);

    /// @notice The slot holds a job, or an ended one that still has open disputes.
    error SlotInUse(address requester, uint48 slot);
    /// @notice The record is not that of the job that the slot holds now: it is outdated, or the job has ended.
    error RecordMismatch(JobId jobId);
    /// @notice The terms (and, once claimed, the claim root) are not those of the job.
    error TermsMismatch(bytes32 commitment);
    error WrongStatus(JobId jobId, Status expected, Status actual);
    /// @notice This job has a rising price or admits only some: call `acceptUnder`, with its terms.
    error TermsNeeded(JobId jobId);
    /// @notice The job or the offer is not for `account`.
    error NotAdmitted(Admission admission, address gate, address account);
    /// @notice The provider accepted this job itself, and owes a claim.
    error NotHired(JobId jobId);
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
    error NoJobs();
    /// @notice More final roots than one claim can bring.
    error TooManyTasks(uint32 maximum, uint32 taskCount);
    error RoundsOutOfRange(uint8 rounds);
    error BondTooLow(uint96 minimum, uint96 bond);
    error ChallengePeriodTooShort(uint32 minimum, uint32 period);
    /// @notice A period of zero, which nobody could meet.
    error ZeroPeriod();
    /// @notice A period, seconds, in which money would be locked for longer than anyone wants.
    error PeriodTooLong(uint32 maximum, uint32 period);
    /// @notice A rising price starts at or below its ceiling.
    error FloorAbovePrice(uint96 floorPrice, uint96 price);
    /// @notice Unused bits are set, there is no such `Admission`, or a gate without need or a missing one.
    error MalformedTerms(Work work, Opening opening);
    error TaskOutOfRange(uint32 taskCount, uint32 task);
    /// @notice A claim states one final root for each task.
    error WrongTaskCount(uint32 taskCount, uint256 given);
    error InitialRootNotInJob(bytes32 taskRoot);
    error FinalRootNotInClaim(bytes32 claimRoot);

    /// @notice A parameter that the market is deployed with is out of its bounds.
    error ParameterOutOfRange(string parameter);

    /// @notice The market's parameters.
    function parameters() external view returns (Parameters memory);

    /// @notice The word of a slot: what it holds now, or how its last job ended (see `JobWord`). Zero for a slot that was never used.
    function slotWord(address requester, uint48 slot) external view returns (bytes32);

    /// @notice The generation that the next job in this slot will have; 0 if the slot is in use.
    function nextGeneration(address requester, uint48 slot) external view returns (uint48);

    /// @notice Whether `job` is the record of a job that has not ended, and how many disputes about it are open.
    function isCurrent(Job calldata job) external view returns (bool current, uint32 disputes);

    /// @notice Post a job in one of the caller's slots and lock its price in escrow.
    function post(uint48 slot, Terms calldata terms) external returns (JobId jobId);

    /// @notice Take back a job that nobody has accepted. For its requester.
    function cancel(Job calldata job) external;

    /// @notice Accept a job with a fixed price that is open to anyone, and lock its bond. For whoever comes first with
    /// enough stake.
    function accept(Job calldata job) external;

    /// @notice Accept any open job and lock its bond, at the price of this moment; what the requester had locked beyond it goes
    /// back. For whom the terms admit, with enough stake.
    /// @dev A price rises in proportion to time, from `floorPrice` at the post to `price` at the end of the accept period, rounded
    /// down.
    function acceptUnder(Job calldata job, Terms calldata terms) external;

    /// @notice Give a job back. For a provider that was hired by its signed offer, up to half a run period before the deadline: it
    /// had not seen what it was hired for.
    function decline(Job calldata job) external;

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
    /// @param claimRoot As claimed.
    /// @param roots The challenger's list over the whole trace (`IDisputeGame`).
    function challenge(
        Job calldata job,
        Terms calldata terms,
        bytes32 claimRoot,
        TaskProof calldata proof,
        bytes32[16] calldata roots
    ) external returns (DisputeId disputeId);

    /// @notice Finalize one job: pay for a claim whose challenge period is over and about which no dispute is open. Anyone may call it.
    /// @dev Named so for the sake of its selector (see `Opening`).
    function settle(Job calldata job) external;

    /// @notice Pay for those of `jobs` whose challenge period is over and about which no dispute is open, and leave the others.
    /// Reverts if it is none of them, with what keeps the first one. Anyone may call it.
    /// @return finalized How many.
    function finalizeAll(Job[] calldata jobs) external returns (uint256 finalized);

    /// @notice End a job that was not accepted, or not claimed, in time. Anyone may call it.
    function expire(Job calldata job) external;
}
