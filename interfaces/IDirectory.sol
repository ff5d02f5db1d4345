// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger} from "interfaces/ILedger.sol";

/// @title IDirectory
/// @notice Where providers say what they offer: who is listed has stake locked, and a signed capability record.
/// @dev The record is a document that the provider signs (docs/documents.md): machines, speed, price floor, endpoint. Only its
/// content id is on the chain; whoever reads the record checks the signature.
interface IDirectory is ILedger {
    /// @notice What is stored of a listed provider, in one word.
    struct Listing {
        /// Locked while listed; zero for who is not.
        uint96 stake;
        /// From when on the stake can be returned, seconds since the epoch; zero for who does not leave.
        uint40 leavesAt;
    }

    /// @param recordId Content id (SHA-256) of the capability record.
    event Listed(address indexed provider, bytes32 recordId, uint96 stake);
    event Leaving(address indexed provider, uint40 leavesAt);
    event Delisted(address indexed provider, uint96 stake);

    /// @notice What the directory is deployed with: a stake above zero, a period from 1 second to 30 days.
    error ListingOutOfRange(uint96 listingStake, uint32 leavePeriod);
    error NotListed(address provider);
    /// @notice The stake comes back only after this time; zero for who has not retired. Who has cannot retire again.
    error StillListed(address provider, uint40 leavesAt);

    /// @notice What a provider has locked while it is listed, in the token's smallest unit.
    function listingStake() external view returns (uint96);

    /// @notice Seconds from a provider's leave to the return of that stake.
    function leavePeriod() external view returns (uint32);

    /// @notice Where `provider` stands.
    function listingOf(address provider) external view returns (Listing memory);

    /// @notice Be listed with this record, or change it. The first time, and after leaving, the listing stake is locked; who
    /// was about to leave stays.
    function list(bytes32 recordId) external;

    /// @notice Stop being listed: from now on for readers; the stake comes back after the leave period.
    function retire() external;

    /// @notice Return the stake of a provider whose leave period is over. Anyone may call it.
    function delist(address provider) external;
}
