// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputeGame} from "interfaces/IDisputeGame.sol";

/// @notice Merkle trees with all their levels, and proofs from them: written to be read, as the oracle of `MerkleProof`.
library Proofs {
    /// @notice levels[0] are the leaves, padded with zeros to a power of two; the last level is the root.
    function tree(bytes32[] memory leaves) internal pure returns (bytes32[][] memory levels) {
        uint256 depth = 0;
        while (2 ** depth < leaves.length) depth++;
        levels = new bytes32[][](depth + 1);
        levels[0] = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < leaves.length; i++) {
            levels[0][i] = leaves[i];
        }
        for (uint256 level = 1; level <= depth; level++) {
            levels[level] = new bytes32[](2 ** (depth - level));
            for (uint256 i = 0; i < levels[level].length; i++) {
                levels[level][i] =
                    keccak256(abi.encodePacked(levels[level - 1][2 * i], levels[level - 1][2 * i + 1]));
            }
        }
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[][] memory levels = tree(leaves);
        return levels[levels.length - 1][0];
    }

    function siblings(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory found) {
        bytes32[][] memory levels = tree(leaves);
        found = new bytes32[](levels.length - 1);
        for (uint256 level = 0; level < found.length; level++) {
            found[level] = levels[level][(index >> level) ^ 1];
        }
    }

    /// @notice The pair that ends at `index` of a list, as the game wants it.
    function pairAt(bytes32 agreed, bytes32[16] memory roots, uint8 index)
        internal
        pure
        returns (IDisputeGame.Pair memory pair)
    {
        bytes32[][] memory levels = tree(leavesOf(roots));
        bytes32[] memory found = new bytes32[](8);
        uint256 count = 0;
        uint256 left = index == 0 ? 0 : index - 1;
        uint256 right = index;
        for (uint256 level = 0; level < 4; level++) {
            if (left == right) {
                found[count++] = levels[level][left ^ 1];
            } else if (left >> 1 != right >> 1) {
                found[count++] = levels[level][left ^ 1];
                found[count++] = levels[level][right ^ 1];
            }
            (left, right) = (left >> 1, right >> 1);
        }
        pair = IDisputeGame.Pair({
            index: index,
            agreed: agreed,
            before: index == 0 ? agreed : roots[index - 1],
            disputed: roots[index],
            siblings: new bytes32[](count)
        });
        for (uint256 i = 0; i < count; i++) {
            pair.siblings[i] = found[i];
        }
    }

    function leavesOf(bytes32[16] memory roots) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](16);
        for (uint256 i = 0; i < 16; i++) {
            leaves[i] = roots[i];
        }
    }
}
