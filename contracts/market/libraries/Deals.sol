// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal} from "interfaces/IJobMarket.sol";

/// @title Deals
/// @notice What most calls need of a job's terms: price (96 bits) | bond (96 bits) | runPeriod (32) | challengePeriod (32).
library Deals {
    function pack(uint96 price_, uint96 bond_, uint32 runPeriod_, uint32 challengePeriod_)
        internal
        pure
        returns (Deal)
    {
        return Deal.wrap(
            bytes32(
                (uint256(price_) << 160) | (uint256(bond_) << 64) | (uint256(runPeriod_) << 32)
                    | challengePeriod_
            )
        );
    }

    function price(Deal deal) internal pure returns (uint96) {
        return uint96(uint256(Deal.unwrap(deal)) >> 160);
    }

    function bond(Deal deal) internal pure returns (uint96) {
        return uint96(uint256(Deal.unwrap(deal)) >> 64);
    }

    function runPeriod(Deal deal) internal pure returns (uint32) {
        return uint32(uint256(Deal.unwrap(deal)) >> 32);
    }

    function challengePeriod(Deal deal) internal pure returns (uint32) {
        return uint32(uint256(Deal.unwrap(deal)));
    }

    /// @notice The same deal at another price.
    function withPrice(Deal deal, uint96 price_) internal pure returns (Deal) {
        return pack(price_, bond(deal), runPeriod(deal), challengePeriod(deal));
    }
}
