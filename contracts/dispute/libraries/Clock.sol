// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Clock
/// @notice A chess clock: a side's time runs while it is its turn, and it has a least time for each turn even when its bank is
/// empty.
/// @dev Times are seconds since the epoch, banks seconds.
library Clock {
    /// @notice The last moment in which the side to move can answer, its turn having begun at `since`.
    function deadline(uint40 since, uint32 bank, uint32 minimumReply) internal pure returns (uint256) {
        return uint256(since) + (bank > minimumReply ? bank : minimumReply);
    }

    /// @notice What is left of a bank after a turn that began at `since` and ends now.
    function spend(uint40 since, uint32 bank) internal view returns (uint32) {
        uint256 used = block.timestamp - since;
        // SAFETY: bank - used < bank.
        return used < bank ? uint32(bank - used) : 0;
    }
}
