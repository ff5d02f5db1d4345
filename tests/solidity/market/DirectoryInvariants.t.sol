// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryHandler} from "tests/solidity/market/DirectoryHandler.sol";
import {Invariants} from "tests/solidity/support/Invariants.sol";

/// @notice What holds whatever hostile parties do (`DirectoryHandler`), and that everybody gets out in the end.
contract DirectoryInvariantsTest is Invariants {
    DirectoryHandler private handler;

    function setUp() external {
        handler = new DirectoryHandler();
    }

    /// @dev One function, so that all of it is checked in each of the runs.
    function invariant_the_rules_hold() external view {
        require(held() == handler.owed(), "SPEC L1: the directory does not hold what it owes");
        require(bytes(handler.violation()).length == 0, handler.violation());
    }

    /// @notice SPEC D2, L8: every stake comes back and every token gets out.
    function afterInvariant() external {
        handler.closeDown();
        assert(held() == 0);
    }

    function handlerAddress() internal view override returns (address) {
        return address(handler);
    }

    function held() private view returns (uint256) {
        return handler.token().balanceOf(address(handler.directory()));
    }
}
