// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";

/// @title MarketProbe
/// @notice Another market of the same game: opens whatever dispute it is told to, remembers what it hears of its end, and can
/// refuse to hear it or call back into the game meanwhile.
contract MarketProbe is IClaimCallback {
    IDisputeGame private immutable _game;

    uint256 public endings;
    IDisputeGame.Side public lastWinner;
    IDisputeGame.Ending public lastEnding;
    bytes public lastContext;
    bool public refuses;
    bytes public reentry;
    bytes public reentryAnswer;

    constructor(IDisputeGame game) {
        _game = game;
    }

    function open(IDisputeGame.Terms calldata terms, bytes32[16] calldata roots)
        external
        returns (DisputeId)
    {
        return _game.open(terms, roots);
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    /// @param call Calldata for the game, sent from within the next callback.
    function setReentry(bytes calldata call) external {
        reentry = call;
    }

    function onDisputeResolved(
        IDisputeGame.Terms calldata,
        IDisputeGame.Side winner,
        IDisputeGame.Ending ending,
        bytes calldata context
    ) external {
        require(!refuses, "not now");

        endings++;
        (lastWinner, lastEnding, lastContext) = (winner, ending, context);
        if (reentry.length > 0) (, reentryAnswer) = address(_game).call(reentry);
    }
}
