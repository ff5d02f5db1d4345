// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Those of Foundry's cheatcodes that the tests use.
interface Vm {
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function chainId(uint256 chain) external;
    function assume(bool condition) external pure;
    function expectRevert() external;
    function expectRevert(bytes calldata reason) external;
    function expectRevert(bytes4 selector) external;
    function expectPartialRevert(bytes4 selector) external;
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
    function record() external;
    function accesses(address target) external returns (bytes32[] memory reads, bytes32[] memory writes);
    function store(address target, bytes32 place, bytes32 word) external;
    function load(address target, bytes32 place) external view returns (bytes32);
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
