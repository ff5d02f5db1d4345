// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Memory that is zero but for some leaves, and the nodes over it (docs/machine.md, section 2): written to be read, as the oracle
/// of `RiscvOutputs`.
struct Region {
    /// Ascending.
    uint256[] places;
    bytes32[] leaves;
}

using Regions for Region global;

library Regions {
    uint256 private constant OUTPUT = 0xC0000000 / 32;
    uint256 private constant STDOUT = 0xC0001000 / 32;
    uint256 private constant STDERR = 0xD0000000 / 32;

    /// @notice The output region that a run leaves.
    function output(uint64 status, uint64 exitStatus, bytes memory stdout, bytes memory stderr)
        internal
        pure
        returns (Region memory region)
    {
        uint256 count = (stdout.length + 31) / 32;
        uint256 more = (stderr.length + 31) / 32;
        region.places = new uint256[](1 + count + more);
        region.leaves = new bytes32[](1 + count + more);
        region.places[0] = OUTPUT;
        region.leaves[0] = header(status, exitStatus, stdout.length, stderr.length);
        for (uint256 i = 0; i < count; i++) {
            (region.places[1 + i], region.leaves[1 + i]) = (STDOUT + i, leafOf(stdout, i));
        }
        for (uint256 i = 0; i < more; i++) {
            (region.places[1 + count + i], region.leaves[1 + count + i]) = (STDERR + i, leafOf(stderr, i));
        }
    }

    /// @notice The node at `index` of `level`.
    function node(Region memory region, uint256 level, uint256 index) internal pure returns (bytes32) {
        if (level == 0) return leafAt(region, index);
        if (!isUsed(region, index << level, (index + 1) << level)) return zero(level);
        return keccak256(
            abi.encodePacked(node(region, level - 1, 2 * index), node(region, level - 1, 2 * index + 1))
        );
    }

    function stderrNode(Region memory region) internal pure returns (bytes32) {
        return node(region, 23, STDERR >> 23);
    }

    function outputNode(Region memory region) internal pure returns (bytes32) {
        return node(region, 24, OUTPUT >> 24);
    }

    function zero(uint256 level) internal pure returns (bytes32 found) {
        for (uint256 i = 0; i < level; i++) {
            found = keccak256(abi.encodePacked(found, found));
        }
    }

    /// @dev Four little-endian numbers of 64 bits.
    function header(uint64 status, uint64 exitStatus, uint256 stdout, uint256 stderr)
        private
        pure
        returns (bytes32)
    {
        uint256[4] memory numbers = [uint256(status), exitStatus, stdout, stderr];
        bytes memory leaf = new bytes(32);
        for (uint256 i = 0; i < 32; i++) {
            leaf[i] = bytes1(uint8(numbers[i / 8] >> (8 * (i % 8))));
        }
        return bytes32(leaf);
    }

    function leafOf(bytes memory data, uint256 index) private pure returns (bytes32) {
        bytes memory leaf = new bytes(32);
        for (uint256 i = 0; i < 32 && 32 * index + i < data.length; i++) {
            leaf[i] = data[32 * index + i];
        }
        return bytes32(leaf);
    }

    function leafAt(Region memory region, uint256 place) private pure returns (bytes32) {
        for (uint256 i = 0; i < region.places.length; i++) {
            if (region.places[i] == place) return region.leaves[i];
        }
        return 0;
    }

    function isUsed(Region memory region, uint256 from, uint256 to) private pure returns (bool) {
        for (uint256 i = 0; i < region.places.length; i++) {
            if (from <= region.places[i] && region.places[i] < to) return true;
        }
        return false;
    }
}
