// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What a slot holds, in one word:
///
///     never used   0
///     a job        the first 224 bits of the hash of its record | open disputes (32 bits)
///     an end       0 (175 bits) | otherwise (1 bit) | generation (48 bits) | open disputes (32 bits)
///
/// `otherwise` is 0 if the job was finalized, and 1 if it ended in any other way or its place was skipped (INVARIANT J23).
/// The number of disputes is not in the record, so that a dispute which somebody opens or loses does not invalidate the
/// record that the next challenger has sent.
type JobWord is bytes32;

using JobWords for JobWord global;

/// @title JobWords
/// @notice Reads and writes the word of a slot.
library JobWords {
    uint256 private constant DISPUTES_MASK = type(uint32).max;
    uint256 private constant OTHERWISE = 1 << 80;
    uint256 private constant FREE_MASK = OTHERWISE | (uint256(type(uint48).max) << 32);
    /// @dev The word of an end has only zeros above this bit. That a record's hash begins with 175 zeros is not expected
    /// before the end of the world.
    uint256 private constant END_BITS = 81;

    function ofJob(bytes32 recordHash, uint32 disputes_) internal pure returns (JobWord) {
        return JobWord.wrap(bytes32((uint256(recordHash) & ~DISPUTES_MASK) | disputes_));
    }

    /// @notice Of a job that was finalized: so no dispute about it is open.
    function ofFinalized(uint48 generation_) internal pure returns (JobWord) {
        return JobWord.wrap(bytes32(uint256(generation_) << 32));
    }

    /// @notice Of a job that ended otherwise, or of a place that was skipped.
    function ofOtherEnd(uint48 generation_, uint32 disputes_) internal pure returns (JobWord) {
        return JobWord.wrap(bytes32(OTHERWISE | (uint256(generation_) << 32) | disputes_));
    }

    /// @notice Whether the slot holds the job with this record.
    function holds(JobWord word, bytes32 recordHash) internal pure returns (bool) {
        return (uint256(JobWord.unwrap(word)) ^ uint256(recordHash)) & ~DISPUTES_MASK == 0;
    }

    /// @notice Whether the slot's last job has ended. Also true for a slot that was never used.
    function isEnd(JobWord word) internal pure returns (bool) {
        return uint256(JobWord.unwrap(word)) >> END_BITS == 0;
    }

    /// @notice Whether the slot can be used: its last job has ended, and so have the disputes about it. Also true for a slot that was
    /// never used.
    function isFree(JobWord word) internal pure returns (bool) {
        return uint256(JobWord.unwrap(word)) & ~FREE_MASK == 0;
    }

    /// @notice The generation of the job that has ended; 0 for a slot that was never used.
    function generation(JobWord word) internal pure returns (uint48) {
        return uint48(uint256(JobWord.unwrap(word)) >> 32);
    }

    /// @notice The number of open disputes.
    function disputes(JobWord word) internal pure returns (uint32) {
        return uint32(uint256(JobWord.unwrap(word)));
    }

    /// @notice The same word with one dispute more. The caller has checked that it can be counted.
    function plusDispute(JobWord word) internal pure returns (JobWord) {
        return JobWord.wrap(bytes32(uint256(JobWord.unwrap(word)) + 1));
    }

    /// @notice The same word with one dispute less. The caller has checked that there is one.
    function minusDispute(JobWord word) internal pure returns (JobWord) {
        return JobWord.wrap(bytes32(uint256(JobWord.unwrap(word)) - 1));
    }
}
