// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Opening} from "interfaces/IJobMarket.sol";

/// @title Openings
/// @notice Where a price starts to rise from, and who is let in: floorPrice (96 bits) | gate (160 bits).
library Openings {
    function pack(uint96 floorPrice_, address gate_) internal pure returns (Opening) {
        return Opening.wrap((uint256(floorPrice_) << 160) | uint160(gate_));
    }

    function floorPrice(Opening opening) internal pure returns (uint96) {
        return uint96(Opening.unwrap(opening) >> 160);
    }

    function gate(Opening opening) internal pure returns (address) {
        return address(uint160(Opening.unwrap(opening)));
    }

    /// @notice A fixed price, for anyone.
    function isPlain(Opening opening) internal pure returns (bool) {
        return Opening.unwrap(opening) == 0;
    }

    /// @notice A rising price `elapsed` seconds after it began to rise, on its way to `ceiling` in `period` seconds. Rounded
    /// down; at most `ceiling`.
    function priceAfter(uint96 floor, uint96 ceiling, uint256 elapsed, uint256 period)
        internal
        pure
        returns (uint96)
    {
        if (elapsed >= period) return ceiling;
        // SAFETY: 96 + 32 bits, and the rise is less than ceiling - floor.
        return floor + uint96(uint256(ceiling - floor) * elapsed / period);
    }
}
