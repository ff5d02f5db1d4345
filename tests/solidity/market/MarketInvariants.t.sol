// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignedHandler} from "tests/solidity/market/SignedHandler.sol";
import {Invariants} from "tests/solidity/support/Invariants.sol";

/// @notice What holds whatever hostile parties do (`MarketHandler`, `SignedHandler`), and that everybody gets out in the end.
contract MarketInvariantsTest is Invariants {
    SignedHandler private handler;
    uint256 private fortune;

    function setUp() external {
        handler = new SignedHandler();
        fortune = handler.FORTUNE();
    }

    /// @dev One function, so that all of it is checked in each of the runs.
    function invariant_the_rules_hold() external view {
        require(held() == handler.owed(), "SPEC L1: the market does not hold what it owes");
        require(handler.providersWealth() >= fortune, "SPEC G10: the honest provider lost money");
        require(handler.verifiersWealth() >= fortune, "SPEC G10, J10: the honest verifier lost money");
        require(!handler.wasAFalseClaimPaid(), "SPEC J7: a false claim was paid");
        require(!handler.isAFalseClaimFinalized(), "SPEC J23: a slot says that a false claim was finalized");
        require(handler.areDisputesCounted(), "SPEC J8: a slot does not count the disputes about its job");
        require(bytes(handler.violation()).length == 0, handler.violation());
    }

    /// @notice SPEC J15, L8: every job ends and every token gets out.
    function afterInvariant() external {
        handler.closeDown();
        assert(held() == 0);
    }

    function handlerAddress() internal view override returns (address) {
        return address(handler);
    }

    function held() private view returns (uint256) {
        return handler.token().balanceOf(address(handler.market())) - handler.donated();
    }
}
