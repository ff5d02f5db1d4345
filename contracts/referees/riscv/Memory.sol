// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {IReferee} from "interfaces/IReferee.sol";

/// @title Memory
/// @notice What one step can see of the machine's memory: the leaf that the instruction is fetched from, and at most one
/// other (docs/machine.md, sections 2 and 5).
/// @dev `open` reads the witness, the instruction loads and stores, and `close` checks all of it against the memory root.
/// SAFETY: nothing that is loaded can be believed before `close`.
///
///     level 27               root
///                           /    \
///     meeting              o      sibling           from here up: siblings of the fetch path
///                       /     \
///     meeting - 1      o       o                    each is the other's sibling
///                    /   \   /   \
///                   .     . .     .                 siblings of both paths
///     level 0    fetched      data
library Memory {
    /// @notice Bytes that can be addressed.
    uint64 internal constant SIZE = 2 ** 32;
    uint256 private constant LEAF_SIZE = 32;
    uint256 private constant DEPTH = 27;

    /// @notice A leaf, and the siblings that lead from it to the root.
    struct Path {
        /// The number of the leaf.
        uint256 index;
        /// Bit k: the witness gives the sibling at level k.
        uint256 bitmap;
        /// The leaf as the witness gives it.
        bytes32 leaf;
        /// The leaf as the step leaves it.
        bytes32 written;
        bytes32[DEPTH] siblings;
    }

    struct Window {
        Path fetched;
        /// Meaningful only with a data part.
        Path data;
        /// Whether the witness has a data part.
        bool hasData;
        /// The level at which the two paths meet; 0 as long as nothing was accessed through the data part.
        uint256 meeting;
    }

    /// @notice Read the witness of a step that fetches the instruction at `pc`: its parts behind the state.
    function open(bytes calldata witness, uint64 pc) internal pure returns (Window memory window) {
        bytes calldata rest = readPath(window.fetched, witness);
        window.fetched.index = pc / LEAF_SIZE;
        window.hasData = rest.length != 0;
        if (window.hasData) rest = readPath(window.data, rest);
        require(rest.length == 0, IReferee.WrongWitness());
    }

    /// @notice Check that the witness belongs to `root`, and was needed. The root after the step.
    function close(Window memory window, bytes32 root) internal pure returns (bytes32) {
        Path memory fetched = window.fetched;
        Path memory data = window.data;

        require(window.hasData == (window.meeting != 0), IReferee.WrongWitness());
        require(rootOf(window, fetched.leaf, data.leaf) == root, IReferee.WrongWitness());

        if (fetched.written == fetched.leaf && data.written == data.leaf) return root;
        return rootOf(window, fetched.written, data.written);
    }

    /// @notice The little-endian number of `size` bytes (1, 2, 4 or 8) at `location`, which is aligned and in memory.
    function load(Window memory window, uint64 location, uint256 size) internal pure returns (uint64) {
        uint256 leaf = uint256(pathTo(window, location).written);
        return reverse(uint64(leaf >> shiftTo(location, size)), size);
    }

    /// @notice Put the low `size` bytes (1, 2, 4 or 8) of `value` at `location`, which is aligned and in memory.
    function store(Window memory window, uint64 location, uint256 size, uint64 value) internal pure {
        Path memory path = pathTo(window, location);
        uint256 shift = shiftTo(location, size);
        uint256 mask = ((1 << (8 * size)) - 1) << shift;
        path.written = bytes32((uint256(path.written) & ~mask) | (uint256(reverse(value, size)) << shift));
    }

    /// @dev The path whose leaf holds `location`.
    function pathTo(Window memory window, uint64 location) private pure returns (Path memory) {
        uint256 index = location / LEAF_SIZE;
        if (index == window.fetched.index) return window.fetched;
        if (window.meeting == 0) join(window, index);
        return window.data;
    }

    /// @dev Let the data part stand for the leaf `index`: where the two paths meet, each has the other's node as its sibling,
    /// and from there up they are the same, so the witness must not give these siblings.
    function join(Window memory window, uint256 index) private pure {
        uint256 meeting = bitLength(window.fetched.index ^ index);
        require(
            window.hasData && window.data.bitmap >> (meeting - 1) == 0
                && (window.fetched.bitmap >> (meeting - 1)) & 1 == 0,
            IReferee.WrongWitness()
        );
        window.data.index = index;
        window.meeting = meeting;
    }

    /// @dev The memory root if the leaves were these two.
    function rootOf(Window memory window, bytes32 fetchedLeaf, bytes32 dataLeaf)
        private
        pure
        returns (bytes32 node)
    {
        Path memory fetched = window.fetched;
        uint256 meeting = window.meeting;
        if (meeting == 0) return climb(fetched, fetchedLeaf, 0, DEPTH);

        node = climb(fetched, fetchedLeaf, 0, meeting - 1);
        bytes32 other = climb(window.data, dataLeaf, 0, meeting - 1);
        node = parent(fetched.index >> (meeting - 1), node, other);
        return climb(fetched, node, meeting, DEPTH);
    }

    /// @dev From the path's node at level `from`, its node at level `to`.
    function climb(Path memory path, bytes32 node, uint256 from, uint256 to) private pure returns (bytes32) {
        for (uint256 level = from; level < to; level++) {
            node = parent(path.index >> level, node, path.siblings[level]);
        }
        return node;
    }

    /// @dev The hash of node `index` of a level with its sibling.
    function parent(uint256 index, bytes32 node, bytes32 sibling) private pure returns (bytes32) {
        return
            index & 1 == 0
                ? Hashes.efficientKeccak256(node, sibling)
                : Hashes.efficientKeccak256(sibling, node);
    }

    /// @dev Read one part of a witness: bitmap, leaf, and the siblings that are not default. What is behind it.
    function readPath(Path memory path, bytes calldata witness) private pure returns (bytes calldata) {
        require(witness.length >= 36, IReferee.WrongWitness());
        uint256 bitmap = uint32(bytes4(witness));
        require(bitmap >> DEPTH == 0, IReferee.WrongWitness());
        path.bitmap = bitmap;
        path.leaf = path.written = bytes32(witness[4:]);

        uint256 position = 36;
        bytes32 emptySubtree = 0;
        for (uint256 level = 0; level < DEPTH; level++) {
            if ((bitmap >> level) & 1 == 0) {
                path.siblings[level] = emptySubtree;
            } else {
                require(witness.length >= position + 32, IReferee.WrongWitness());
                path.siblings[level] = bytes32(witness[position:]);
                position += 32;
            }
            emptySubtree = Hashes.efficientKeccak256(emptySubtree, emptySubtree);
        }
        return witness[position:];
    }

    /// @dev How far to the right of a leaf's bits those of an access lie.
    function shiftTo(uint64 location, uint256 size) private pure returns (uint256) {
        return 8 * (LEAF_SIZE - location % LEAF_SIZE - size);
    }

    /// @dev The low `size` bytes (1, 2, 4 or 8) of `value` in the opposite order.
    function reverse(uint64 value, uint256 size) private pure returns (uint64) {
        value = (value & 0x00FF00FF00FF00FF) << 8 | (value >> 8) & 0x00FF00FF00FF00FF;
        value = (value & 0x0000FFFF0000FFFF) << 16 | (value >> 16) & 0x0000FFFF0000FFFF;
        value = value << 32 | value >> 32;
        return value >> (64 - 8 * size);
    }

    /// @dev The number of bits up to the highest one that is set.
    function bitLength(uint256 value) private pure returns (uint256 length) {
        for (; value != 0; value >>= 1) {
            length++;
        }
    }
}
