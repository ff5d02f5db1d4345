// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Refuses transfers for as long as it is told to, by a revert or by its answer.
contract RevertingToken is ERC20 {
    bool public refuses;
    bool public reverts;

    constructor() ERC20("Reverting", "REV") {
        _mint(msg.sender, 1e27);
    }

    function refuse(bool reverts_) external {
        (refuses, reverts) = (true, reverts_);
    }

    function allow() external {
        refuses = false;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (!refuses) return super.transfer(to, amount);
        require(!reverts, "no");
        return false;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (!refuses) return super.transferFrom(from, to, amount);
        require(!reverts, "no");
        return false;
    }
}
