// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Jobs} from "contracts/market/Jobs.sol";
import {SignedOrders} from "contracts/market/SignedOrders.sol";
import {IJobMarket} from "interfaces/IJobMarket.sol";

/// @title JobMarket
/// @notice Jobs and the money for them, in one immutable contract without an owner.
contract JobMarket is SignedOrders, Multicall {
    constructor(Parameters memory parameters_) Jobs(parameters_) {}

    /// @inheritdoc IJobMarket
    function parameters() external view returns (Parameters memory) {
        return Parameters({
            token: token(),
            game: address(_game),
            challengerBond: _challengerBond,
            minimumBond: _minimumBond,
            burnShare: _burnShare,
            minimumChallengePeriod: _minimumChallengePeriod,
            feeShare: _feeShare,
            feeRecipient: _feeRecipient
        });
    }
}
