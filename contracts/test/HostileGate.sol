// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccess} from "interfaces/IAccess.sol";

/// @title HostileGate
/// @notice A gate that reverts, burns gas, or answers with less than a word.
contract HostileGate is IAccess {
    enum Mood {
        Reverts,
        Burns,
        Mumbles
    }

    Mood private immutable _mood;

    constructor(Mood mood) {
        _mood = mood;
    }

    function admits(address, address) external view returns (bool) {
        require(_mood != Mood.Reverts, "nobody");
        if (_mood == Mood.Mumbles) {
            assembly {
                return(0, 1)
            }
        }
        while (true) {}
        return true;
    }
}
