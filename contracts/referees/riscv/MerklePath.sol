// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {DefaultNodes} from "contracts/referees/riscv/DefaultNodes.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title MerklePath
/// @notice The way from one leaf of memory up to the memory root, as one part of a witness gives it (docs/machine.md, section 5).
/// @dev Every step goes up the levels once or more, so that two loops are in assembly: reading the siblings costs 110 gas a
/// level instead of 300, and climbing 150 instead of 250. tests/solidity/referees/Witnesses.sol does both in plain Solidity.
library MerklePath {
    /// @notice The levels between a leaf and the root.
    uint256 internal constant DEPTH = 27;
    /// @dev Bytes of bitmap and leaf.
    uint256 private constant HEAD_SIZE = 36;

    struct Path {
        /// The number of the leaf.
        uint256 index;
        /// Bit k: the witness gives the sibling at level k.
        uint256 bitmap;
        /// The leaf as the witness gives it.
        bytes32 before;
        /// The leaf as the step leaves it.
        bytes32 written;
        /// By level; where the witness gives none, the default.
        bytes32[DEPTH] siblings;
    }

    /// @notice Read the part of a witness that `witness` starts with. The rest of the witness.
    /// @dev Which leaf it is follows from what the step does with it: `index` is left to the caller.
    function readFrom(Path memory path, bytes calldata witness) internal pure returns (bytes calldata rest) {
        require(witness.length >= HEAD_SIZE, IReferee.WrongWitness());
        path.bitmap = uint32(bytes4(witness));
        path.before = path.written = bytes32(witness[4:]);
        path.siblings = DefaultNodes.table();
        require(path.bitmap >> DEPTH == 0, IReferee.WrongWitness());

        bytes calldata nodes = witness[HEAD_SIZE:];
        uint256 size = takeSiblings(path.siblings, path.bitmap, nodes);
        require(nodes.length >= size, IReferee.WrongWitness());
        return nodes[size:];
    }

    /// @notice From the path's node at level `from`, the node at level `to` that it leads to.
    function climb(Path memory path, bytes32 node, uint256 from, uint256 to)
        internal
        pure
        returns (bytes32 ancestor)
    {
        bytes32[DEPTH] memory siblings = path.siblings;
        // Bit 5 says whether the node is a right child: then it goes to byte 32 of what is hashed, else to byte 0.
        uint256 turns = (path.index >> from) << 5;
        ancestor = node;
        assembly ("memory-safe") {
            let end := add(siblings, shl(5, to))
            for { let place := add(siblings, shl(5, from)) } lt(place, end) { place := add(place, 32) } {
                let side := and(turns, 32)
                mstore(side, ancestor)
                mstore(xor(side, 32), mload(place))
                ancestor := keccak256(0, 64)
                turns := shr(1, turns)
            }
        }
    }

    /// @notice The node above node `index` of a level and its sibling.
    function parent(uint256 index, bytes32 node, bytes32 sibling) internal pure returns (bytes32) {
        bool isLeft = index & 1 == 0;
        return isLeft ? Hashes.efficientKeccak256(node, sibling) : Hashes.efficientKeccak256(sibling, node);
    }

    /// @dev Put the siblings that `nodes` starts with to the levels that `bitmap` (at most 27 bits) says. How many bytes they are: the caller
    /// checks that `nodes` has so many, for what is behind it was read as siblings too.
    function takeSiblings(bytes32[DEPTH] memory siblings, uint256 bitmap, bytes calldata nodes)
        private
        pure
        returns (uint256 size)
    {
        assembly ("memory-safe") {
            for { let place := siblings } bitmap { place := add(place, 32) } {
                if and(bitmap, 1) {
                    mstore(place, calldataload(add(nodes.offset, size)))
                    size := add(size, 32)
                }
                bitmap := shr(1, bitmap)
            }
        }
    }
}
