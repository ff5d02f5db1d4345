// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {IJobMarket} from "interfaces/IJobMarket.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Trace, Traces} from "tests/solidity/support/Traces.sol";

uint8 constant ANYONE = uint8(IJobMarket.Admission.Anyone);
uint8 constant ONLY = uint8(IJobMarket.Admission.Only);
uint8 constant LISTED = uint8(IJobMarket.Admission.Listed);

/// @notice Terms of a job of the counter machine, by name.
struct Wish {
    address referee;
    uint96 price;
    uint96 floorPrice;
    uint96 bond;
    uint32 acceptPeriod;
    uint32 runPeriod;
    uint32 challengePeriod;
    uint32 taskCount;
    uint8 rounds;
    /// The number of an `Admission`: as one, no fuzzer would find it.
    uint8 admission;
    address gate;
    /// What all tasks count up to; task i starts from i.
    uint64 target;
    bytes32 specId;
}

using Wishes for Wish global;

/// @notice The packed terms of wishes, and the states of their tasks.
library Wishes {
    function terms(Wish memory wish) internal pure returns (IJobMarket.Terms memory) {
        return IJobMarket.Terms({
            deal: Deals.pack(wish.price, wish.bond, wish.runPeriod, wish.challengePeriod),
            work: Works.pack(
                wish.referee,
                wish.taskCount,
                wish.acceptPeriod,
                wish.rounds,
                IJobMarket.Admission(wish.admission)
            ),
            opening: Openings.pack(wish.floorPrice, wish.gate),
            taskRoot: Proofs.root(wish.roots(0)),
            specId: wish.specId
        });
    }

    function trace(Wish memory wish, uint256 task) internal pure returns (Trace memory) {
        return Traces.honest(uint64(task), wish.target);
    }

    /// @notice The roots of all tasks after so many steps.
    function roots(Wish memory wish, uint256 step) internal pure returns (bytes32[] memory found) {
        found = new bytes32[](wish.taskCount);
        for (uint256 i = 0; i < found.length; i++) {
            found[i] = wish.trace(i).root(step);
        }
    }

    function finalRoots(Wish memory wish) internal pure returns (bytes32[] memory) {
        return wish.roots(16 ** wish.rounds);
    }
}
