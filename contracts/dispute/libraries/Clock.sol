// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Clock
/// @notice A chess clock: each side has a bank of time that runs while it is its turn, and a least time for each turn even when
/// its bank is nearly empty.
/// @dev The bank of the side to move is kept as the deadline at which it will have run out. Deadlines are seconds since the
/// epoch, inclusive; banks and times are seconds.
library Clock {
    /// @notice The deadline of a side whose turn begins now.
    function start(uint32 bank, uint32 minimumReply) internal view returns (uint40 deadline) {
        return uint40(block.timestamp) + (bank > minimumReply ? bank : minimumReply);
    }

    /// @notice What is left of its bank for a side that ends its turn now, in time.
    /// @dev This counts time that the least time has added to the bank. That gains nothing: it is at most the least time, which
    /// the side has in its next turn anyway.
    function stop(uint40 deadline) internal view returns (uint32 bank) {
        return uint32(deadline - block.timestamp);
    }

    /// @notice Whether a side that has until `deadline` can still move.
    function isInTime(uint40 deadline) internal view returns (bool) {
        return block.timestamp <= deadline;
    }
}
