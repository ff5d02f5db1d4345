// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessLists} from "interfaces/IAccessLists.sol";
import {ICourier} from "interfaces/ICourier.sol";
import {IDirectory} from "interfaces/IDirectory.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {IJobMarket} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice All that a `JobMarket` answers to.
interface IMarket is IJobMarket, ISignedOrders {
    function multicall(bytes[] calldata calls) external returns (bytes[] memory answers);
}

/// @notice Deploys what users deploy: the contracts as their own artifacts have them, whatever the tests are compiled with.
library Deployments {
    function market(IJobMarket.Parameters memory parameters) internal returns (IMarket) {
        return IMarket(vm.deployCode("contracts/market/JobMarket.sol:JobMarket", abi.encode(parameters)));
    }

    function game(uint32 allowance, uint32 minimumReply) internal returns (IDisputeGame) {
        bytes memory arguments = abi.encode(allowance, minimumReply);
        return IDisputeGame(vm.deployCode("contracts/dispute/DisputeGame.sol:DisputeGame", arguments));
    }

    function directory(address token, uint96 listingStake, uint32 leavePeriod) internal returns (IDirectory) {
        bytes memory arguments = abi.encode(token, listingStake, leavePeriod);
        return IDirectory(vm.deployCode("contracts/market/Directory.sol:Directory", arguments));
    }

    function courier(address market_, address referee) internal returns (ICourier) {
        bytes memory arguments = abi.encode(market_, referee);
        return ICourier(vm.deployCode("contracts/courier/Courier.sol:Courier", arguments));
    }

    function accessLists() internal returns (IAccessLists) {
        return IAccessLists(vm.deployCode("contracts/market/AccessLists.sol:AccessLists", ""));
    }
}
