// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputeGame} from "interfaces/IDisputeGame.sol";

/// @title IClaimCallback
/// @notice What a dispute game tells the contract whose claim was disputed.
interface IClaimCallback {
    /// @notice A dispute that this contract opened is over. Called once a dispute, by the game.
    /// @param terms The terms that the dispute was opened with.
    /// @param winner The side that was right.
    /// @param ending How it was decided.
    /// @param context Bytes that the caller who ended the dispute passed on, for example a record that this contract keeps only
    /// the hash of. Not trusted: this contract checks them, and a call with wrong ones reverts and can be made again.
    function onDisputeResolved(
        IDisputeGame.Terms calldata terms,
        IDisputeGame.Side winner,
        IDisputeGame.Ending ending,
        bytes calldata context
    ) external;
}
