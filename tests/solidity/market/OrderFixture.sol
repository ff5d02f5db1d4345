// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {Wish} from "tests/solidity/support/Terms.sol";

/// @notice Orders of the requester, and the jobs that have to come of them.
abstract contract OrderFixture is MarketFixture {
    using JobIds for JobId;

    function orderOf(Wish memory wish, uint48 slot, uint40 wait)
        internal
        view
        returns (ISignedOrders.Order memory)
    {
        return ISignedOrders.Order({
            jobId: JobIds.pack(requester, slot, 1),
            terms: sound(wish).terms(),
            expiry: uint40(block.timestamp + wait % 365 days)
        });
    }

    function signed(ISignedOrders.Order memory order) internal view returns (bytes memory) {
        bytes32 structHash = Signed.order(order, market.accountOf(requester).epoch);
        return Signed.by(REQUESTER_KEY, structHash, address(market));
    }

    function openOf(ISignedOrders.Order memory order, Wish memory wish)
        internal
        view
        returns (IJobMarket.Job memory)
    {
        return openRecord(requester, order.jobId.slot(), 1, wish, 0);
    }

    function agreedPrice(Wish memory wish, ISignedOrders.Order memory order) internal view returns (uint96) {
        if (wish.floorPrice == 0) return wish.price;
        uint256 left = order.expiry - block.timestamp;
        if (left >= wish.acceptPeriod) return wish.floorPrice;
        uint256 rise = uint256(wish.price) - wish.floorPrice;
        return uint96(wish.floorPrice + rise * (wish.acceptPeriod - left) / wish.acceptPeriod);
    }

    function badSignature(ISignedOrders.Order memory order) internal view returns (bytes memory) {
        bytes32 structHash = Signed.order(order, market.accountOf(requester).epoch);
        bytes32 digest = Signed.digest(structHash, block.chainid, address(market));
        return abi.encodeWithSelector(ISignedOrders.BadSignature.selector, requester, digest);
    }
}
