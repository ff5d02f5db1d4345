// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";

/// @title Bisection
/// @notice Commitments to lists of state roots, and the pairs that are proved against them (`IDisputeGame`).
library Bisection {
    uint256 internal constant ARITY = 16;

    /// @notice What is stored of a list over a segment that starts from `agreed`.
    function commit(bytes32 agreed, bytes32[16] calldata roots) internal pure returns (bytes32) {
        return Hashes.efficientKeccak256(agreed, MerkleProof.rootOfList(roots));
    }

    /// @notice Whether `pair` is one of the list behind `commitment`.
    function isIn(IDisputeGame.Pair calldata pair, bytes32 commitment) internal pure returns (bool) {
        if (pair.index >= ARITY) return false;

        bytes32 root;
        if (pair.index == 0) {
            if (pair.before != pair.agreed) return false;
            root = MerkleProof.rootFromLeaf(pair.disputed, 0, MerkleProof.LIST_DEPTH, pair.siblings);
        } else {
            root = MerkleProof.rootFromPair(pair.before, pair.disputed, pair.index, pair.siblings);
        }
        return Hashes.efficientKeccak256(pair.agreed, root) == commitment;
    }
}
