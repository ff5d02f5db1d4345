// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {MerklePath} from "contracts/referees/riscv/MerklePath.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title Memory
/// @notice What one step can see of the machine's memory: the leaf that the instruction is fetched from, and at most one
/// other (docs/machine.md, sections 2 and 5).
/// @dev `open` reads the witness, the instruction loads and stores, and `close` checks all of it against the memory root.
/// SAFETY: nothing that is loaded can be believed before `close`.
/// INVARIANT: beside its own word an instruction accesses one location, so that the data part stands for one leaf.
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
    using MerklePath for MerklePath.Path;

    /// @notice Bytes that can be addressed.
    uint64 internal constant SIZE = 2 ** 32;
    uint256 private constant LEAF_SIZE = 32;

    struct Window {
        MerklePath.Path fetched;
        /// Meaningful only with a data part.
        MerklePath.Path data;
        /// Whether the witness has a data part.
        bool hasData;
        /// The level at which the two paths meet; 0 as long as nothing was accessed through the data part.
        uint256 meeting;
    }

    /// @notice Read the witness of a step that fetches the instruction at `pc`: its parts behind the state.
    function open(bytes calldata witness, uint64 pc) internal pure returns (Window memory window) {
        bytes calldata rest = window.fetched.readFrom(witness);
        window.fetched.index = pc / LEAF_SIZE;
        window.hasData = rest.length != 0;
        if (window.hasData) rest = window.data.readFrom(rest);
        require(rest.length == 0, IReferee.WrongWitness());
    }

    /// @notice Check that the witness belongs to `root`, and that all of it was needed. The root after the step.
    /// @dev With a data part the step writes no other leaf.
    function close(Window memory window, bytes32 root) internal pure returns (bytes32) {
        MerklePath.Path memory last = window.fetched;
        bytes32 neighbour; // the fetched path's node beside the data path's
        require(window.hasData == (window.meeting != 0), IReferee.WrongWitness());
        if (window.hasData) {
            neighbour = last.climb(last.before, 0, window.meeting - 1);
            last = window.data;
        }

        require(rootOver(window, last.before, neighbour) == root, IReferee.WrongWitness());
        return last.written == last.before ? root : rootOver(window, last.written, neighbour);
    }

    /// @notice The little-endian number of `size` bytes (1, 2, 4 or 8) at `location`, which is aligned and in memory.
    function load(Window memory window, uint64 location, uint256 size) internal pure returns (uint64) {
        uint256 leaf = uint256(pathTo(window, location).written);
        return reverse(uint64(leaf >> shiftTo(location, size)), size);
    }

    /// @notice Put the low `size` bytes (1, 2, 4 or 8) of `value` at `location`, which is aligned and in memory.
    function store(Window memory window, uint64 location, uint256 size, uint64 value) internal pure {
        MerklePath.Path memory path = pathTo(window, location);
        uint256 shift = shiftTo(location, size);
        uint256 mask = ((1 << (8 * size)) - 1) << shift;
        path.written = bytes32((uint256(path.written) & ~mask) | (uint256(reverse(value, size)) << shift));
    }

    /// @dev The path whose leaf holds `location`.
    function pathTo(Window memory window, uint64 location) private pure returns (MerklePath.Path memory) {
        uint256 index = location / LEAF_SIZE;
        if (index == window.fetched.index) return window.fetched;
        if (window.meeting == 0) join(window, index);
        return window.data;
    }

    /// @dev Let the data part stand for the leaf `index`: where the two paths meet, each has the other's node as its sibling,
    /// and from there up they are the same, so that the witness must not give these siblings.
    function join(Window memory window, uint256 index) private pure {
        uint256 meeting = Math.log2(window.fetched.index ^ index) + 1;
        bool fetchedGives = (window.fetched.bitmap >> (meeting - 1)) & 1 == 1;
        bool dataGives = window.data.bitmap >> (meeting - 1) != 0;
        require(window.hasData && !fetchedGives && !dataGives, IReferee.WrongWitness());

        window.data.index = index;
        window.meeting = meeting;
    }

    /// @dev The memory root if the leaf of the data part, or else the fetched one, is `leaf`.
    function rootOver(Window memory window, bytes32 leaf, bytes32 neighbour)
        private
        pure
        returns (bytes32 node)
    {
        uint256 meeting = window.meeting;
        if (meeting == 0) return window.fetched.climb(leaf, 0, MerklePath.DEPTH);

        node = window.data.climb(leaf, 0, meeting - 1);
        node = MerklePath.parent(window.data.index >> (meeting - 1), node, neighbour);
        return window.fetched.climb(node, meeting, MerklePath.DEPTH);
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
}
