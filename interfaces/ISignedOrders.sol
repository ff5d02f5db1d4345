// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";

/// @title ISignedOrders
/// @notice Jobs that begin with a signature (EIP-712) instead of a transaction: a requester's order for a job or tickets for
/// tasks, a provider's offer for a kind of work. Anyone can bring them together, and a provider can claim straight away.
/// @dev What is signed has all fields by name (the library `Signing`), for a wallet to show; calls bring it packed. A signature is
/// one of three:
///
///     the account's own          ECDSA, 65 bytes: r, s, v
///     the account's own of many  such a signature of `Bulk`, whose root is the Merkle root over the structs' hashes; then the
///                                leaf's index, 4 bytes, and its siblings from the leaf up, 32 bytes each
///     that of a contract         whatever it accepts (ERC-1271)
///
/// Whoever signs has an epoch (`ILedger.Account`), which is part of what it signs: raising it cancels all that was not used.
interface ISignedOrders {
    /// @notice A whole job, for the very place in the requester's slots that its id names: so it can be filled once.
    struct Order {
        JobId jobId;
        IJobMarket.Terms terms;
        /// The last moment to fill it, inclusive, seconds since the epoch. A rising price reaches its ceiling then, and rises for
        /// the terms' accept period before.
        uint40 expiry;
    }

    /// @notice The record of the previous job in an order's slot. The order says its id, but for the generation, which is one less.
    struct PreviousJob {
        Deal deal;
        Stage stage;
        bytes32 commitment;
    }

    /// @notice What tickets that can be taken together have in common: the terms of a job of one task, without the task.
    struct TicketKind {
        address requester;
        /// The requester's slot that a job of these tickets is put into: while one is there, no others of this slot can be taken.
        uint48 slot;
        /// For one task.
        Deal deal;
        /// For one task.
        Work work;
        /// For one task.
        Opening opening;
        /// As in `Order`.
        uint40 expiry;
    }

    /// @notice Tickets of one kind, each for one task: so many as there are bits in `mask`, 1 to 256.
    struct Tickets {
        TicketKind kind;
        /// Each nonce of a requester can be used once. Those of these tickets are `256 * word` plus the places of the bits in
        /// `mask`, ascending.
        uint256 word;
        uint256 mask;
        /// By ticket.
        bytes32[] initialRoots;
        /// By ticket: content id (SHA-256) of the task's spec document.
        bytes32[] specIds;
        /// Whether `signatures` is one, for all of them: of `Bulk`, whose root is the Merkle root over just these tickets, or over more, with the place of
        /// their subtree. Otherwise one of 65 bytes for each, one after the other.
        bool together;
        bytes signatures;
    }

    /// @notice A provider's offer to run what fits it. It has not seen the tasks, so a provider that is hired by its offer can decline
    /// (`IJobMarket.decline`). That takes an agent that is awake: until then its stake is a bond.
    struct Offer {
        address provider;
        address referee;
        /// At most 16^rounds steps a task.
        uint8 rounds;
        /// At least, a task, before the market's fee.
        uint96 price;
        /// At most, a task.
        uint96 bond;
        /// At least, seconds, for all of a job's tasks together.
        uint32 runPeriod;
        /// At most, seconds.
        uint32 challengePeriod;
        /// Whom it is for: with `gate`, as in the terms of a job.
        IJobMarket.Admission admission;
        address gate;
        /// For so many tasks in all. What is declined counts.
        uint32 capacity;
        /// Offers of a provider with the same nonce share their capacity.
        uint64 nonce;
        /// The last moment to take it, inclusive, seconds since the epoch.
        uint40 expiry;
    }

    /// @notice A signed job was posted, accepted and claimed in one: as `JobPosted` and `JobClaimed`.
    event SignedJobClaimed(
        JobId indexed jobId, IJobMarket.Terms terms, Stage stage, bytes32 claimRoot, bytes32 resultId
    );
    /// @notice Tickets became the tasks of a job, in this order. The job's `specId` is keccak256 of `specIds`, one after the other.
    event TicketsTaken(JobId indexed jobId, uint256 word, uint256 mask, bytes32[] specIds);
    /// @notice The provider of a job was hired by its offer.
    event OfferTaken(JobId indexed jobId, address indexed provider, uint64 nonce);
    /// @notice The order that named the slot's next generation cannot be filled any more.
    event SlotSkipped(address indexed requester, uint48 slot, uint48 generation);
    event TicketsCancelled(address indexed requester, uint256 word, uint256 mask);
    event OfferCancelled(address indexed provider, uint64 nonce);

    /// @notice The signature is not that of `signer` over these contents, in its present epoch, for this contract on this chain.
    error BadSignature(address signer, bytes32 digest);
    /// @notice The order is for another generation of its slot than the next: it was filled or cancelled, or its slot is in use, then
    /// `nextGeneration` is 0.
    error OrderNotFillable(JobId jobId, uint48 nextGeneration);
    /// @notice Nonces are 256 bits, so the words of the bitmap are numbered by 248.
    error WordOutOfRange(uint256 word);
    /// @notice Of the tickets in `mask`, those in `used` were taken or cancelled before.
    error TicketsUsed(address requester, uint256 word, uint256 used);
    /// @notice There are `tickets` bits in the mask: as many roots and spec ids, and 65 bytes of signature for each, are needed.
    error WrongTicketCount(uint256 tickets, uint256 roots, uint256 specIds, uint256 signatureBytes);
    /// @notice The job asks more, or pays less, than the offer says: `what` names the first of its fields that is not met.
    error OfferNotMet(string what);
    error OfferUsedUp(address provider, uint64 nonce, uint256 left);
    /// @notice An extension goes beyond the present deadline, and not further than 30 days from now.
    error NoExtension(uint40 deadline, uint40 asked);
    /// @notice Neither the job's requester nor its provider.
    error NotAParty(JobId jobId, address caller);

    /// @notice Which nonces of tickets are used or cancelled: bit `nonce & 255` of word `nonce >> 8`.
    function ticketBitmap(address requester, uint256 word) external view returns (uint256);

    /// @notice How much of an offer's capacity is used; 2^256 - 1 if it is cancelled.
    function offerUse(address provider, uint64 nonce) external view returns (uint256);

    /// @notice Accept an order as a provider: the job is posted and accepted at once.
    function fill(Order calldata order, bytes calldata signature) external;

    /// @notice Fill an order and claim its final roots, having finalized what can be of `jobs` before.
    /// @param jobs Claims whose challenge period is over, or none; one that cannot be finalized is left. If it holds the slot of
    /// the order, the order waits for it: a provider of many jobs spreads them over slots.
    /// @dev Whoever sees this call before it is mined can copy it, and be paid for the work; a requester can make it fail. Where
    /// that matters, let the order admit one provider only, send by a private way, or `fill` first and run then. The order of the arguments is for the
    /// sake of a low selector (see `Opening`).
    function fillAndClaim(
        bytes calldata signature,
        Order calldata order,
        bytes32[] calldata finalRoots,
        bytes32 resultId,
        IJobMarket.Job[] calldata jobs
    ) external;

    /// @notice Fill an order for one task and claim its final root, having finalized the previous job in the same slot: what
    /// `fillAndClaim` does, for less gas, for a provider that does one job of a requester after the other.
    /// @param r The requester's signature, with `vs` in the form of EIP-2098. What is signed in bulk or by a contract needs `fillAndClaim`.
    /// @param previous Ignored if the slot is free. If that job cannot be finalized, this call reverts with the reason; if it has ended
    /// while disputes about it are open, with `RecordMismatch`.
    /// @dev Whoever sees this call before it is mined can copy it: see `fillAndClaim`.
    function claimNext(
        Order calldata order,
        bytes32 r,
        bytes32 vs,
        bytes32 finalRoot,
        bytes32 resultId,
        PreviousJob calldata previous
    ) external;

    /// @notice Take tickets as the tasks of one job, accepted by the caller. Price and bond are those of one ticket, times their
    /// number.
    function takeTickets(Tickets calldata tickets) external returns (JobId jobId);

    /// @notice Take tickets and claim their final roots, having finalized what can be of `jobs` before (see `fillAndClaim`).
    function takeTicketsAndClaim(
        Tickets calldata tickets,
        bytes32[] calldata finalRoots,
        bytes32 resultId,
        IJobMarket.Job[] calldata jobs
    ) external returns (JobId jobId);

    /// @notice Post a job that a provider's offer fits, and hire that provider with it.
    function hire(
        Offer calldata offer,
        bytes calldata signature,
        uint48 slot,
        IJobMarket.Terms calldata terms
    ) external returns (JobId jobId);

    /// @notice Bring an order and an offer that fit together. Anyone may call it. The provider is hired: it can decline, also if it
    /// brought them together itself; a requester who minds lets its order admit whom it trusts.
    function matchOrder(
        Order calldata order,
        bytes calldata orderSignature,
        Offer calldata offer,
        bytes calldata offerSignature
    ) external;

    /// @notice Cancel the order that names this generation of a slot of the caller's: the next one, of a slot that is not in use.
    /// @dev While the slot is in use, only `raiseEpoch` cancels the order for its next generation; or, once its job can be ended,
    /// `IJobMarket.settle` (or `expire`) and this in one `multicall`.
    function skipSlot(uint48 slot, uint48 generation) external;

    /// @notice Cancel the caller's tickets whose nonces have their bits in `mask`, of word `word`.
    function cancelTickets(uint256 word, uint256 mask) external;

    /// @notice Cancel the caller's offers with this nonce.
    function cancelOffer(uint64 nonce) external;

    /// @notice Give the provider of an accepted job more time. For its requester or its provider, with the other's signature, which
    /// counts until the present deadline.
    /// @param deadline The new one, inclusive, seconds since the epoch.
    function extend(IJobMarket.Job calldata job, uint40 deadline, bytes calldata signature) external;
}
