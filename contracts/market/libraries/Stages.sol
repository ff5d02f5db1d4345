// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket, Stage} from "interfaces/IJobMarket.sol";

/// @title Stages
/// @notice How far a job is: 0 (16 bits) | taskCount (32 bits) | status (8 bits) | deadline (40 bits) | provider (160 bits).
library Stages {
    /// @notice The stage of a job that was just posted.
    function open(uint32 taskCount_, uint40 deadline_) internal pure returns (Stage) {
        return _pack(taskCount_, IJobMarket.Status.Open, deadline_, address(0));
    }

    /// @notice The stage that follows on `stage`.
    function advance(Stage stage, IJobMarket.Status status_, uint40 deadline_, address provider_)
        internal
        pure
        returns (Stage)
    {
        return _pack(taskCount(stage), status_, deadline_, provider_);
    }

    function taskCount(Stage stage) internal pure returns (uint32) {
        return uint32(uint256(Stage.unwrap(stage)) >> 208);
    }

    function status(Stage stage) internal pure returns (IJobMarket.Status) {
        return IJobMarket.Status(uint8(uint256(Stage.unwrap(stage)) >> 200));
    }

    function deadline(Stage stage) internal pure returns (uint40) {
        return uint40(uint256(Stage.unwrap(stage)) >> 160);
    }

    function provider(Stage stage) internal pure returns (address) {
        return address(uint160(uint256(Stage.unwrap(stage))));
    }

    function _pack(uint32 taskCount_, IJobMarket.Status status_, uint40 deadline_, address provider_)
        private
        pure
        returns (Stage)
    {
        return Stage.wrap(
            bytes32(
                (uint256(taskCount_) << 208) | (uint256(status_) << 200) | (uint256(deadline_) << 160)
                    | uint160(provider_)
            )
        );
    }
}
