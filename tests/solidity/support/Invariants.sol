// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Tells Foundry which contract to call, and that nobody goes home before the end of a run.
abstract contract Invariants {
    struct Excluded {
        address target;
        bytes4[] selectors;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = handlerAddress();
    }

    function excludeSelectors() external view returns (Excluded[] memory excluded) {
        excluded = new Excluded[](1);
        excluded[0] = Excluded(handlerAddress(), new bytes4[](1));
        excluded[0].selectors[0] = bytes4(keccak256("closeDown()"));
    }

    function handlerAddress() internal view virtual returns (address);
}
