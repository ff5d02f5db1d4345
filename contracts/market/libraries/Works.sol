// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket, Work} from "interfaces/IJobMarket.sol";

/// @title Works
/// @notice What is to be run, and how it is offered: 0 (16 bits) | admission (8) | rounds (8) | acceptPeriod (32) | taskCount
/// (32) | referee (160).
library Works {
    uint256 private constant UNUSED_FROM = 240;
    uint256 private constant ADMISSION_AT = 232;
    uint256 private constant TASK_COUNT_AT = 160;

    function pack(
        address referee_,
        uint32 taskCount_,
        uint32 acceptPeriod_,
        uint8 rounds_,
        IJobMarket.Admission admission_
    ) internal pure returns (Work) {
        return Work.wrap(
            bytes32(
                (uint256(admission_) << ADMISSION_AT) | (uint256(rounds_) << 224)
                    | (uint256(acceptPeriod_) << 192) | (uint256(taskCount_) << TASK_COUNT_AT)
                    | uint160(referee_)
            )
        );
    }

    function referee(Work work) internal pure returns (address) {
        return address(uint160(uint256(Work.unwrap(work))));
    }

    function taskCount(Work work) internal pure returns (uint32) {
        return uint32(uint256(Work.unwrap(work)) >> TASK_COUNT_AT);
    }

    function acceptPeriod(Work work) internal pure returns (uint32) {
        return uint32(uint256(Work.unwrap(work)) >> 192);
    }

    function rounds(Work work) internal pure returns (uint8) {
        return uint8(uint256(Work.unwrap(work)) >> 224);
    }

    /// @notice The number of an `Admission`; not checked to be one.
    function admission(Work work) internal pure returns (uint8) {
        return uint8(uint256(Work.unwrap(work)) >> ADMISSION_AT);
    }

    /// @notice Whether anyone is admitted, and the bits without a meaning are zero.
    function isPlain(Work work) internal pure returns (bool) {
        return uint256(Work.unwrap(work)) >> ADMISSION_AT == 0;
    }

    /// @notice Whether the bits without a meaning are zero.
    function isTidy(Work work) internal pure returns (bool) {
        return uint256(Work.unwrap(work)) >> UNUSED_FROM == 0;
    }

    /// @notice The same work with another number of tasks.
    function withTaskCount(Work work, uint32 taskCount_) internal pure returns (Work) {
        uint256 others = uint256(Work.unwrap(work)) & ~(uint256(type(uint32).max) << TASK_COUNT_AT);
        return Work.wrap(bytes32(others | (uint256(taskCount_) << TASK_COUNT_AT)));
    }
}
