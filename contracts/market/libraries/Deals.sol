// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, IJobMarket} from "interfaces/IJobMarket.sol";

/// @title Deals
/// @notice What most calls need of a job's terms: price (96 bits) | bond (96 bits) | runPeriod (32) | challengePeriod (32).
library Deals {
    function pack(IJobMarket.Terms memory terms) internal pure returns (Deal) {
        return Deal.wrap(
            bytes32(
                (uint256(terms.price) << 160) | (uint256(terms.bond) << 64) | (uint256(terms.runPeriod) << 32)
                    | terms.challengePeriod
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
}
