// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title FeeToken
/// @notice Takes one per cent of what is transferred from whoever receives it.
contract FeeToken is ERC20 {
    constructor() ERC20("Fee", "FEE") {
        _mint(msg.sender, 1e27);
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value / 100;
        super._update(from, to, value - fee);
        if (fee > 0) super._update(from, address(0), fee);
    }
}

/// @title SurchargeToken
/// @notice Takes one unit more from whoever sends it.
contract SurchargeToken is ERC20 {
    constructor() ERC20("Surcharge", "SUR") {
        _mint(msg.sender, 1e27);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(from, address(0), 1);
    }
}

/// @title PlentifulToken
/// @notice There are more units of it than a uint96 can count.
contract PlentifulToken is ERC20 {
    constructor() ERC20("Plenty", "PLY") {
        _mint(msg.sender, type(uint256).max);
    }
}

/// @title HookToken
/// @notice Makes a call of somebody's choice in the middle of each transfer.
contract HookToken is ERC20 {
    address private _target;
    bytes private _call;

    constructor() ERC20("Hook", "HK") {
        _mint(msg.sender, 1e27);
    }

    function setHook(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function approveFromHere(address spender) external {
        _approve(address(this), spender, type(uint256).max);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;

        (bool success, bytes memory answer) = _target.call(_call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// @title QuietToken
/// @notice Returns nothing, as tokens of before ERC-20 do.
contract QuietToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    constructor() {
        balanceOf[msg.sender] = 1e27;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
