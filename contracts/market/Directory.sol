// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Ledger} from "contracts/market/Ledger.sol";
import {IDirectory} from "interfaces/IDirectory.sol";

/// @title Directory
/// @notice Who is listed as a provider, and the stake that this takes. With a ledger of its own: what is staked here is at
/// risk in no job.
contract Directory is IDirectory, Ledger, Multicall {
    uint32 private constant MAX_LEAVE_PERIOD = 30 days;

    /// @inheritdoc IDirectory
    uint96 public immutable listingStake;
    /// @inheritdoc IDirectory
    uint32 public immutable leavePeriod;

    mapping(address provider => Listing) private _listings;

    /// @param listingStake_ Above zero.
    /// @param leavePeriod_ Seconds, from 1 to 30 days.
    constructor(address token_, uint96 listingStake_, uint32 leavePeriod_) Ledger(token_) {
        // INVARIANT D2: bounded here, immutable from here on.
        require(
            listingStake_ > 0 && 0 < leavePeriod_ && leavePeriod_ <= MAX_LEAVE_PERIOD,
            ListingOutOfRange(listingStake_, leavePeriod_)
        );

        listingStake = listingStake_;
        leavePeriod = leavePeriod_;
    }

    /// @inheritdoc IDirectory
    function list(bytes32 recordId) external {
        Listing memory listing = _listings[msg.sender];

        if (listing.stake != listingStake || listing.leavesAt > 0) {
            _listings[msg.sender] = Listing({stake: listingStake, leavesAt: 0});
        }
        // INVARIANT D1: taken once, and from the stake, out of which it cannot be withdrawn.
        if (listing.stake == 0) _takeStake(msg.sender, listingStake);

        emit Listed(msg.sender, recordId, listingStake);
    }

    /// @inheritdoc IDirectory
    function retire() external {
        Listing memory listing = _listings[msg.sender];
        require(listing.stake > 0, NotListed(msg.sender));
        require(listing.leavesAt == 0, StillListed(msg.sender, listing.leavesAt));

        uint40 leavesAt = uint40(block.timestamp + leavePeriod);
        _listings[msg.sender].leavesAt = leavesAt;

        emit Leaving(msg.sender, leavesAt);
    }

    /// @inheritdoc IDirectory
    function delist(address provider) external {
        Listing memory listing = _listings[provider];
        require(listing.stake > 0, NotListed(provider));
        // INVARIANT D2: a delay that is known from the start, and nothing else.
        require(
            listing.leavesAt > 0 && block.timestamp > listing.leavesAt,
            StillListed(provider, listing.leavesAt)
        );

        delete _listings[provider];
        _credit(provider, 0, listing.stake);

        emit Delisted(provider, listing.stake);
    }

    /// @inheritdoc IDirectory
    function listingOf(address provider) external view returns (Listing memory) {
        return _listings[provider];
    }
}
