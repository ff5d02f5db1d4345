// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DefaultNodes} from "contracts/referees/riscv/DefaultNodes.sol";

contract DefaultNodesTest {
    function test_each_default_node_is_the_hash_of_two_of_the_level_below() external pure {
        bytes32[27] memory nodes = DefaultNodes.table();
        bytes32 node = 0;
        for (uint256 level = 0; level < 27; level++) {
            assert(nodes[level] == node);
            node = keccak256(abi.encode(node, node));
        }
    }
}
