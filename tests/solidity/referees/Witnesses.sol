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
        made = Part(index, bitmap, leaf, new bytes32[](count(bitmap)));
        for (uint256 i = 0; i < made.siblings.length; i++) {
            made.siblings[i] = keccak256(abi.encode(seed, index, i));
        }
    }

    /// @notice The encoding of a state: what is hashed.
    function encode(State memory state) internal pure returns (bytes memory) {
        return abi.encodePacked(state.memoryRoot, state.pc, state.rest);
    }

    /// @notice What a witness starts with: every number with 8 bytes, so that the sizes are 76 bits of 1.
    function numbers(State memory state) internal pure returns (bytes memory) {
        return abi.encodePacked(bytes10(uint80(2 ** 76 - 1)), state.pc, state.rest);
    }

    /// @notice The witness of a step that touches the fetched leaf only.
    function witness(State memory state, Part memory fetched) internal pure returns (bytes memory) {
        return bytes.concat(numbers(state), head(fetched), abi.encodePacked(fetched.siblings));
    }

    /// @notice The witness of a step that touches two leaves: the siblings below the meeting come first.
    function witness(State memory state, Part memory fetched, Part memory data)
        internal
        pure
        returns (bytes memory made)
    {
        uint256 below = count(fetched.bitmap % (1 << (meeting(fetched.index, data.index) - 1)));
        made = bytes.concat(numbers(state), head(fetched), head(data));
        for (uint256 i = 0; i < below; i++) {
            made = bytes.concat(made, fetched.siblings[i]);
        }
        made = bytes.concat(made, abi.encodePacked(data.siblings));
        for (uint256 i = below; i < fetched.siblings.length; i++) {
            made = bytes.concat(made, fetched.siblings[i]);
        }
    }

    function head(Part memory it) internal pure returns (bytes memory) {
        return abi.encodePacked(it.bitmap, it.leaf);
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

    /// @dev How many bits of `bitmap` are 1.
    function count(uint256 bitmap) private pure returns (uint256 ones) {
        for (; bitmap != 0; bitmap >>= 1) {
            ones += bitmap & 1;
        }
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
