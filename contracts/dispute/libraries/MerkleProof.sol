// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title MerkleProof
/// @notice Binary keccak trees over state roots: lists of 16 in a dispute, and the tasks of a job (docs/documents.md).
/// @dev Proofs are siblings from the leaves up.
library MerkleProof {
    /// @notice A proof in this place has `expected` siblings.
    error WrongProofLength(uint256 expected, uint256 given);

    uint256 internal constant LIST_DEPTH = 4;

    /// @notice The root over a list of 16.
    function rootOfList(bytes32[16] calldata leaves) internal pure returns (bytes32) {
        return _rootOfFour(
            _rootOfFour(leaves[0], leaves[1], leaves[2], leaves[3]),
            _rootOfFour(leaves[4], leaves[5], leaves[6], leaves[7]),
            _rootOfFour(leaves[8], leaves[9], leaves[10], leaves[11]),
            _rootOfFour(leaves[12], leaves[13], leaves[14], leaves[15])
        );
    }

    /// @notice The root over any number of leaves: 32 zero bytes stand for those beyond them, up to a power of two. Zero if
    /// there are none. Works in place: the leaves are overwritten.
    /// @dev In assembly, because a batch has up to a thousand of them; `tests/solidity/dispute/Bisection.t.sol` has the plain version.
    function rootOfLeaves(bytes32[] memory leaves) internal pure returns (bytes32 root) {
        uint256 width = leaves.length;
        if (width == 0) return 0;

        bytes32 padding = 0;
        while (width > 1) {
            // SAFETY: reads and writes the first `width` words of the array, and the scratch space.
            assembly ("memory-safe") {
                let source := add(leaves, 0x20)
                let target := source
                for { let end := add(source, shl(5, and(width, not(1)))) } lt(source, end) {
                    source := add(source, 0x40)
                    target := add(target, 0x20)
                } { mstore(target, keccak256(source, 0x40)) }
                if and(width, 1) {
                    mstore(0x00, mload(source))
                    mstore(0x20, padding)
                    mstore(target, keccak256(0x00, 0x40))
                }
            }
            width = (width + 1) / 2;
            padding = Hashes.efficientKeccak256(padding, padding);
        }
        root = leaves[0];
    }

    /// @notice The depth of the tree over `leaves` leaves, of which there is one at least: ceil(log2(leaves)).
    function depthOf(uint256 leaves) internal pure returns (uint256 depth) {
        while (2 ** depth < leaves) depth++;
    }

    /// @notice The root of the tree of depth `depth` in which `leaf` is at `index`, below 2^depth.
    function rootFromLeaf(bytes32 leaf, uint256 index, uint256 depth, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 node)
    {
        require(siblings.length == depth, WrongProofLength(depth, siblings.length));

        node = leaf;
        for (uint256 level = 0; level < depth; level++) {
            node = parent(node, siblings[level], index >> level);
        }
    }

    /// @notice The root of the list of 16 that has `left` at `index - 1` and `right` at `index`, 1 to 15.
    /// @dev The two paths go up side by side until they meet, `right` as a left child and `left` as a right one:
    ///
    ///            o               two siblings a level while they are apart, the left one's first;
    ///        /       \           none where they meet; one a level from there on
    ///       o         o
    ///     /   \     /   \
    ///    s     L   R     s
    function rootFromPair(bytes32 left, bytes32 right, uint256 index, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 node)
    {
        uint256 apart = 0;
        while ((index >> apart) & 1 == 0) apart++;
        uint256 length = LIST_DEPTH - 1 + apart;
        require(siblings.length == length, WrongProofLength(length, siblings.length));

        for (uint256 level = 0; level < apart; level++) {
            left = Hashes.efficientKeccak256(siblings[2 * level], left);
            right = Hashes.efficientKeccak256(right, siblings[2 * level + 1]);
        }
        node = Hashes.efficientKeccak256(left, right);
        for (uint256 level = apart + 1; level < LIST_DEPTH; level++) {
            node = parent(node, siblings[apart + level - 1], index >> level);
        }
    }

    function parent(bytes32 node, bytes32 sibling, uint256 index) internal pure returns (bytes32) {
        return
            index & 1 == 0
                ? Hashes.efficientKeccak256(node, sibling)
                : Hashes.efficientKeccak256(sibling, node);
    }

    function _rootOfFour(bytes32 a, bytes32 b, bytes32 c, bytes32 d) private pure returns (bytes32) {
        return Hashes.efficientKeccak256(Hashes.efficientKeccak256(a, b), Hashes.efficientKeccak256(c, d));
    }
}
