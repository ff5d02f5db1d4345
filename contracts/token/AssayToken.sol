// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title AssayToken
/// @notice The token of local and test networks: a fixed supply of 10^27 units (18 decimals) minted to its deployer, with
/// ERC-2612 permits. A market works with any ERC-20 that neither takes a fee on transfers nor rebases.
contract AssayToken is ERC20, ERC20Permit {
    uint256 public constant SUPPLY = 1_000_000_000e18;

    constructor() ERC20("Assay", "ASSAY") ERC20Permit("Assay") {
        _mint(msg.sender, SUPPLY);
    }
}
