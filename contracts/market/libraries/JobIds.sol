// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobId} from "interfaces/IJobMarket.sol";

/// @title JobIds
/// @notice A job's id says where the job is: requester (160 bits) | slot (48 bits) | generation (48 bits).
library JobIds {
    function pack(address requester, uint48 slot, uint48 generation) internal pure returns (JobId) {
        return JobId.wrap(bytes32((uint256(uint160(requester)) << 96) | (uint256(slot) << 48) | generation));
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
}
