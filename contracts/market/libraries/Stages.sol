// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket, Stage} from "interfaces/IJobMarket.sol";

/// @title Stages
/// @notice How far a job is: flags (16 bits) | taskCount (32) | status (8) | deadline (40) | provider (160).
library Stages {
    /// @dev Its terms have a rising price, or admit only some.
    uint16 internal constant CONDITIONAL = 1;
    /// @dev Its provider was hired by an offer that it signed.
    uint16 internal constant HIRED = 2;

    uint256 private constant TASK_COUNT_AT = 208;
    uint256 private constant STATUS_AT = 200;
    uint256 private constant DEADLINE_AT = 160;

    function pack(
        uint16 flags,
        uint32 taskCount_,
        IJobMarket.Status status_,
        uint40 deadline_,
        address provider_
    ) internal pure returns (Stage) {
        return Stage.wrap(
            bytes32(
                (uint256(flags) << 240) | (uint256(taskCount_) << TASK_COUNT_AT)
                    | (uint256(status_) << STATUS_AT) | (uint256(deadline_) << DEADLINE_AT)
                    | uint160(provider_)
            )
        );
    }

    /// @notice The stage that follows on `stage`: its flags and its number of tasks stay.
    function advance(Stage stage, IJobMarket.Status status_, uint40 deadline_, address provider_)
        internal
        pure
        returns (Stage)
    {
        uint256 kept = (uint256(Stage.unwrap(stage)) >> TASK_COUNT_AT) << TASK_COUNT_AT;
        return Stage.wrap(
            bytes32(
                kept | (uint256(status_) << STATUS_AT) | (uint256(deadline_) << DEADLINE_AT)
                    | uint160(provider_)
            )
        );
    }

    /// @notice The same stage with more flags.
    function plus(Stage stage, uint16 flags) internal pure returns (Stage) {
        return Stage.wrap(bytes32(uint256(Stage.unwrap(stage)) | (uint256(flags) << 240)));
    }

    function has(Stage stage, uint16 flag) internal pure returns (bool) {
        return (uint256(Stage.unwrap(stage)) >> 240) & flag != 0;
    }

    function taskCount(Stage stage) internal pure returns (uint32) {
        return uint32(uint256(Stage.unwrap(stage)) >> TASK_COUNT_AT);
    }

    function status(Stage stage) internal pure returns (IJobMarket.Status) {
        return IJobMarket.Status(uint8(uint256(Stage.unwrap(stage)) >> STATUS_AT));
    }

    /// @notice Whether that is the status.
    function isStatus(Stage stage, IJobMarket.Status status_) internal pure returns (bool) {
        return uint8(uint256(Stage.unwrap(stage)) >> STATUS_AT) == uint8(status_);
    }

    function deadline(Stage stage) internal pure returns (uint40) {
        return uint40(uint256(Stage.unwrap(stage)) >> DEADLINE_AT);
    }

    function provider(Stage stage) internal pure returns (address) {
        return address(uint160(uint256(Stage.unwrap(stage))));
    }
}
