// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobId} from "interfaces/IJobMarket.sol";

/// @title JobIds
/// @notice A job's id says where the job is: requester (160 bits) | slot (48 bits) | generation (48 bits).
library JobIds {
    function pack(address requester_, uint48 slot_, uint48 generation_) internal pure returns (JobId) {
        return
            JobId.wrap(bytes32((uint256(uint160(requester_)) << 96) | (uint256(slot_) << 48) | generation_));
    }

    function requester(JobId id) internal pure returns (address) {
        return address(uint160(uint256(JobId.unwrap(id)) >> 96));
    }

    function slot(JobId id) internal pure returns (uint48) {
        return uint48(uint256(JobId.unwrap(id)) >> 48);
    }

    function generation(JobId id) internal pure returns (uint48) {
        return uint48(uint256(JobId.unwrap(id)));
    }

    /// @notice Another job in the same slot, of an id with a generation of 0.
    function withGeneration(JobId id, uint48 generation_) internal pure returns (JobId) {
        return JobId.wrap(bytes32(uint256(JobId.unwrap(id)) | generation_));
    }

    /// @notice The previous job in the same slot.
    /// @dev SAFETY: of a generation above zero. Generation 0 is no job's, and what this returns for it lies in another slot (for
    /// the first slot of address zero, it reverts): the caller compares its record's hash with the word of the slot of `id`, which
    /// holds no record of another slot.
    function previous(JobId id) internal pure returns (JobId) {
        return JobId.wrap(bytes32(uint256(JobId.unwrap(id)) - 1));
    }

    /// @notice Where the word of the job's slot is stored.
    function slotKey(JobId id) internal pure returns (uint256) {
        return uint256(JobId.unwrap(id)) >> 48;
    }
}
