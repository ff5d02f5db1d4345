// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A run of the counter machine that goes wrong in step `lie` and adds `jump` to the value from there on; honest if
/// `jump` is 0.
struct Trace {
    uint64 start;
    uint64 target;
    uint256 lie;
    uint64 jump;
}

using Traces for Trace global;

/// @notice Runs of the counter machine, and lists over them.
library Traces {
    function honest(uint64 start, uint64 target) internal pure returns (Trace memory) {
        return Trace(start, target, type(uint256).max, 0);
    }

    function witness(Trace memory trace, uint256 step) internal pure returns (bytes memory) {
        uint256 value = uint256(trace.start) + step;
        if (value > trace.target) value = trace.start > trace.target ? trace.start : trace.target;
        if (step > trace.lie) value += trace.jump;
        return abi.encodePacked(uint64(value), trace.target);
    }

    function root(Trace memory trace, uint256 step) internal pure returns (bytes32) {
        return keccak256(witness(trace, step));
    }

    /// @notice The list from state `start` on, with one root after each `stride` steps.
    function list(Trace memory trace, uint256 start, uint256 stride)
        internal
        pure
        returns (bytes32[16] memory roots)
    {
        for (uint256 i = 0; i < 16; i++) {
            roots[i] = root(trace, start + (i + 1) * stride);
        }
    }
}
