// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Witnesses
/// @notice Witnesses of the RISC-V machine, put together as docs/machine.md describes them, for states that are made up: the
/// siblings are any bytes, and the memory root is what follows from them.
library Witnesses {
    uint256 internal constant DEPTH = 27;

    /// @notice One part: a leaf and its path.
    struct Part {
        uint256 index;
        uint32 bitmap;
        bytes32 leaf;
        /// Those that the bitmap says, from level 0 up.
        bytes32[] siblings;
    }

    /// @notice What is hashed to a state root. `rest` is x1 ... mscratch, 37 integers of 8 bytes.
    struct State {
        bytes32 memoryRoot;
        uint64 pc;
        bytes rest;
    }

    /// @notice A part with siblings made up from `seed` at the levels that `bitmap` says.
    function part(uint256 index, uint32 bitmap, bytes32 leaf, uint256 seed)
        internal
        pure
        returns (Part memory made)
    {
        uint256 count;
        for (uint256 bits = bitmap; bits != 0; bits >>= 1) {
            count += bits & 1;
        }
        made = Part(index, bitmap, leaf, new bytes32[](count));
        for (uint256 i = 0; i < count; i++) {
            made.siblings[i] = keccak256(abi.encode(seed, index, i));
        }
    }

    function encode(Part memory fetched) internal pure returns (bytes memory) {
        return abi.encodePacked(fetched.bitmap, fetched.leaf, fetched.siblings);
    }

    function encode(State memory state) internal pure returns (bytes memory) {
        return abi.encodePacked(state.memoryRoot, state.pc, state.rest);
    }

    /// @notice The level at which the paths of two different leaves meet.
    function meeting(uint256 index, uint256 other) internal pure returns (uint256 level) {
        for (uint256 difference = index ^ other; difference != 0; difference >>= 1) {
            level++;
        }
    }

    /// @notice The memory root that follows from one part.
    function root(Part memory fetched) internal pure returns (bytes32) {
        return climb(fetched, fetched.leaf, 0, DEPTH);
    }

    /// @notice The memory root that follows from two.
    function root(Part memory fetched, Part memory data) internal pure returns (bytes32) {
        uint256 top = meeting(fetched.index, data.index) - 1;
        bytes32 node = climb(fetched, fetched.leaf, 0, top);
        bytes32 other = climb(data, data.leaf, 0, top);
        bool right = (fetched.index >> top) & 1 == 1;
        node = right ? keccak256(abi.encode(other, node)) : keccak256(abi.encode(node, other));
        return climb(fetched, node, top + 1, DEPTH);
    }

    function climb(Part memory path, bytes32 node, uint256 from, uint256 to) private pure returns (bytes32) {
        bytes32 empty = 0;
        uint256 next;
        for (uint256 level = 0; level < to; level++) {
            bool given = (path.bitmap >> level) & 1 == 1;
            bytes32 sibling = given ? path.siblings[next++] : empty;
            empty = keccak256(abi.encode(empty, empty));
            if (level < from) continue;
            bool right = (path.index >> level) & 1 == 1;
            node = right ? keccak256(abi.encode(sibling, node)) : keccak256(abi.encode(node, sibling));
        }
        return node;
    }
}
