// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {DefaultNodes} from "contracts/referees/riscv/DefaultNodes.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title MerklePath
/// @notice The way from a leaf of memory up to the memory root, before and after the step (docs/machine.md, section 5).
/// @dev Every step goes up 27 levels or, with two leaves, up to 53: so the loop is in assembly, for 290 gas a level.
/// tests/solidity/referees/Witnesses.sol does it in plain Solidity.
library MerklePath {
    /// @notice The levels between a leaf and the root.
    uint256 internal constant DEPTH = 27;
    /// @dev Bytes of bitmap and leaf.
    uint256 private constant HEAD_SIZE = 36;

    /// @dev A node of memory, and the way from there.
    struct Path {
        /// The number of the node in its level.
        uint256 index;
        /// Bit k: the witness gives the sibling of the path's node k levels further up.
        uint256 bitmap;
        /// The node as it is before the step.
        bytes32 before;
        /// The node as the step leaves it.
        bytes32 written;
    }

    /// @dev A witness that is read from its start to its end.
    struct Reader {
        /// The place in the calldata of what comes next; beyond the end if more was read than there is.
        uint256 next;
        uint256 end;
        /// The siblings that a witness need not give, by level.
        bytes32[DEPTH] defaults;
    }

    function readerOf(bytes calldata witness) internal pure returns (Reader memory reader) {
        assembly ("memory-safe") {
            mstore(reader, witness.offset)
            mstore(add(reader, 32), add(witness.offset, witness.length))
        }
        reader.defaults = DefaultNodes.table();
    }

    /// @notice Whether all of the witness was read, and nothing behind it.
    function isAtEnd(Reader memory reader) internal pure returns (bool) {
        return reader.next == reader.end;
    }

    /// @notice Begin at leaf `index`: its bitmap and its bytes come next in the witness.
    function start(Path memory path, Reader memory reader, uint256 index) internal pure {
        uint256 bitmap;
        bytes32 leaf;
        uint256 place = reader.next;
        assembly ("memory-safe") {
            bitmap := shr(224, calldataload(place))
            leaf := calldataload(add(place, 4))
        }
        reader.next = place + HEAD_SIZE;
        path.index = index;
        path.bitmap = bitmap;
        path.before = path.written = leaf;
    }

    /// @notice Go on from level `from` to level `to`, both with the siblings that come next in the witness.
    function climb(Path memory path, Reader memory reader, uint256 from, uint256 to) internal pure {
        uint256 next = reader.next;
        bytes32[DEPTH] memory defaults = reader.defaults;
        // Bit 5 says whether the node is a right child: then it goes to byte 32 of what is hashed, else to byte 0.
        uint256 turns = path.index << 5;
        uint256 bitmap = path.bitmap;
        bytes32 before = path.before;
        bytes32 written = path.written;
        assembly ("memory-safe") {
            let end := add(defaults, shl(5, to))
            for { let place := add(defaults, shl(5, from)) } lt(place, end) { place := add(place, 32) } {
                let sibling := mload(place)
                if and(bitmap, 1) {
                    sibling := calldataload(next)
                    next := add(next, 32)
                }
                let side := and(turns, 32)
                // slither-disable-next-line incorrect-exp
                mstore(xor(side, 32), sibling) // not a power: the other side
                mstore(side, before)
                before := keccak256(0, 64)
                mstore(side, written)
                written := keccak256(0, 64)
                turns := shr(1, turns)
                bitmap := shr(1, bitmap)
            }
        }
        reader.next = next;
        path.index >>= to - from;
        path.bitmap = bitmap;
        path.before = before;
        path.written = written;
    }

    /// @notice Go up to where the path meets `other`, one level further: each of the two has the other's node as its sibling, so
    /// that the witness must not give it; and from there up they are the same, so that it gives no more for `other`.
    function join(Path memory path, Path memory other) internal pure {
        require(path.bitmap & 1 == 0 && other.bitmap == 0, IReferee.WrongWitness());
        bool isLeft = path.index & 1 == 0;
        (Path memory left, Path memory right) = isLeft ? (path, other) : (other, path);
        path.before = Hashes.efficientKeccak256(left.before, right.before);
        path.written = Hashes.efficientKeccak256(left.written, right.written);
        path.index >>= 1;
        path.bitmap >>= 1;
    }
}
