// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReferee} from "interfaces/IReferee.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";

/// @title Blocks
/// @notice Blocks of 64 words in a witness, and their way up to a root (docs/operators.md, sections 5 and 6).
library Blocks {
    uint256 private constant DEPTH = 24;
    uint256 private constant BLOCK_SIZE = 256;
    /// @dev Bytes of bitmap and block.
    uint256 private constant HEAD_SIZE = 259;

    /// @dev A witness that is read from its start to its end.
    struct Reader {
        /// The place in the calldata of what comes next; beyond the end if more was read than there is.
        uint256 next;
        uint256 end;
        /// The siblings that a witness need not give, by level.
        bytes32[DEPTH] defaults;
    }

    /// @dev A block of the witness that is under the root that it was opened with.
    struct Block {
        /// The place of its first word in the calldata.
        uint256 start;
    }

    function readerOf(bytes calldata rest) internal pure returns (Reader memory reader) {
        assembly ("memory-safe") {
            mstore(reader, rest.offset)
            mstore(add(reader, 32), add(rest.offset, rest.length))
            // What is behind the free memory pointer has to be zeroed: others may have used it.
            let scratch := mload(0x40)
            calldatacopy(scratch, calldatasize(), BLOCK_SIZE)
            let node := keccak256(scratch, BLOCK_SIZE)
            let place := mload(add(reader, 64))
            for { let end := add(place, 768) } lt(place, end) { place := add(place, 32) } {
                mstore(place, node)
                mstore(0, node)
                mstore(32, node)
                node := keccak256(0, 64)
            }
        }
    }

    /// @notice Whether all of the witness was read, and nothing behind it.
    function isAtEnd(Reader memory reader) internal pure returns (bool) {
        return reader.next == reader.end;
    }

    /// @notice The block around `address_`, which comes next in the witness and has to be under `root`.
    function open(Reader memory reader, uint256 address_, bytes32 root)
        internal
        pure
        returns (Block memory opened)
    {
        bytes32 found;
        opened.start = reader.next + 3;
        (found,) = _climb(reader, address_ >> 6, _hash(opened.start), 0);
        require(found == root, IReferee.WrongWitness());
    }

    /// @notice The root once `word` is written to `address_`, in the block that comes next in the witness and has to be under `root`.
    function write(Reader memory reader, uint256 address_, uint256 word, bytes32 root)
        internal
        pure
        returns (bytes32 written)
    {
        uint256 start = reader.next + 3;
        bytes32 before = _hash(start);
        assembly ("memory-safe") {
            // `_hash` has left the block here.
            let scratch := mload(0x40)
            let place := add(scratch, shl(2, and(address_, 63)))
            let shifted := shl(224, word)
            mstore(place, or(shifted, shr(32, shl(32, mload(place)))))
            written := keccak256(scratch, BLOCK_SIZE)
        }
        bytes32 found;
        (found, written) = _climb(reader, address_ >> 6, before, written);
        require(found == root, IReferee.WrongWitness());
    }

    /// @notice The root once all words behind the block around `address_` are zero; that block comes next in the witness and has to be
    /// under `root`.
    function keep(Reader memory reader, uint256 address_, bytes32 root) internal pure returns (bytes32 kept) {
        uint256 bitmap = uint24(bytes3(_word(reader.next)));
        bytes32 found = _hash(reader.next + 3);
        uint256 next = reader.next + HEAD_SIZE;
        kept = found;
        uint256 index = address_ >> 6;
        for (uint256 level; level < DEPTH; ++level) {
            bytes32 zeros = reader.defaults[level];
            bytes32 sibling = zeros;
            if (bitmap & 1 != 0) {
                sibling = _word(next);
                next += 32;
            }
            if (index & 1 != 0) {
                found = EfficientHashLib.hash(sibling, found);
                kept = EfficientHashLib.hash(sibling, kept);
            } else {
                found = EfficientHashLib.hash(found, sibling);
                kept = EfficientHashLib.hash(kept, zeros);
            }
            bitmap >>= 1;
            index >>= 1;
        }
        reader.next = next;
        require(found == root, IReferee.WrongWitness());
    }

    /// @notice The word at `address_`, modulo the size of the block.
    function load(Block memory opened, uint256 address_) internal pure returns (uint256 word) {
        uint256 start = opened.start;
        assembly ("memory-safe") {
            word := shr(224, calldataload(add(start, shl(2, and(address_, 63)))))
        }
    }

    function _word(uint256 place) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(place)
        }
    }

    function _hash(uint256 start) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, start, BLOCK_SIZE)
            node := keccak256(scratch, BLOCK_SIZE)
        }
    }

    /// @dev The roots above leaf `index`, as it is before and after the step. The bitmap is what comes next in the witness, then the
    /// block, which is passed over, and the siblings.
    function _climb(Reader memory reader, uint256 index, bytes32 before, bytes32 written)
        private
        pure
        returns (bytes32, bytes32)
    {
        uint256 next = reader.next;
        bytes32[DEPTH] memory defaults = reader.defaults;
        assembly ("memory-safe") {
            let bitmap := shr(232, calldataload(next))
            next := add(next, HEAD_SIZE)
            // Bit 5 says whether the node is a right child: then it goes to byte 32 of what is hashed, else to byte 0.
            let turns := shl(5, index)
            let both := written
            for { let place := defaults } lt(place, add(defaults, 768)) { place := add(place, 32) } {
                let sibling := mload(place)
                if and(bitmap, 1) {
                    sibling := calldataload(next)
                    next := add(next, 32)
                }
                let side := and(turns, 32)
                // Not a power: the other side.
                // slither-disable-next-line incorrect-exp
                mstore(xor(side, 32), sibling)
                mstore(side, before)
                before := keccak256(0, 64)
                if both {
                    mstore(side, written)
                    written := keccak256(0, 64)
                }
                turns := shr(1, turns)
                bitmap := shr(1, bitmap)
            }
        }
        reader.next = next;
        return (before, written);
    }
}
