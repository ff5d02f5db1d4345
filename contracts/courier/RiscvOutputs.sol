// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {DefaultNodes} from "contracts/referees/riscv/DefaultNodes.sol";
import {ICourier} from "interfaces/ICourier.sol";

/// @title RiscvOutputs
/// @notice The states of the RISC-V machine in which a run has left an output (docs/machine.md, sections 1, 2 and 6):
///
///     memory root                     level 27
///      |- program                     level 26
///      '- o
///         |- input                    level 25
///         '- o
///            |- o  output             level 24
///            |  |- standard output    level 23: leaf 0 is the header, leaf 128 the first of the bytes
///            |  '- standard error     level 23
///            '- kernel                level 24
library RiscvOutputs {
    uint256 private constant STDOUT_LEAF = 128;
    uint256 private constant STDOUT_LEVEL = 23;
    uint32 private constant MAX_STDERR = 1 << 28;

    /// @notice The root of the state that has this output and, beside it, what the proof says; all other bytes of the output region are
    /// zero, as the kernel leaves them.
    /// @dev SAFETY: what is hashed last has 336 bytes in each state of the machine. A proof with other registers in number leads to no root
    /// that a machine has.
    function stateRoot(ICourier.Output calldata output, ICourier.OutputProof calldata proof)
        internal
        pure
        returns (bytes32)
    {
        require(proof.stderrLength <= MAX_STDERR, ICourier.MalformedOutput(proof.stderrLength));

        bytes32 node = _stdoutNode(_header(output, proof.stderrLength), output.stdout);
        node = Hashes.efficientKeccak256(node, proof.stderrNode);
        node = Hashes.efficientKeccak256(node, proof.kernelNode);
        node = Hashes.efficientKeccak256(proof.inputNode, node);
        node = Hashes.efficientKeccak256(proof.programNode, node);
        return keccak256(abi.encodePacked(node, proof.registers));
    }

    /// @dev The first leaf: status, exit status, and the lengths of both streams, 64 bits each.
    function _header(ICourier.Output calldata output, uint32 stderrLength) private pure returns (bytes32) {
        return bytes32(
            bytes.concat(
                _littleEndian(uint64(output.status)),
                _littleEndian(output.exitStatus),
                _littleEndian(uint64(output.stdout.length)),
                _littleEndian(stderrLength)
            )
        );
    }

    function _littleEndian(uint64 value) private pure returns (bytes8 bytes_) {
        for (uint256 i = 0; i < 8; i++) {
            bytes_ |= bytes8(uint64(uint8(value >> (8 * i))) << uint64(56 - 8 * i));
        }
    }

    /// @dev The node over header and standard output.
    function _stdoutNode(bytes32 header, bytes calldata stdout) private pure returns (bytes32 node) {
        uint256 count = STDOUT_LEAF + (stdout.length + 31) / 32;
        bytes32[] memory leaves = new bytes32[](count);
        leaves[0] = header;
        // SAFETY: the array has room for as many bytes behind the first 128 leaves, and was zero.
        assembly ("memory-safe") {
            calldatacopy(add(leaves, mul(0x20, add(STDOUT_LEAF, 1))), stdout.offset, stdout.length)
        }
        node = MerkleProof.rootOfLeaves(leaves);

        bytes32[27] memory zeros = DefaultNodes.table();
        for (uint256 level = MerkleProof.depthOf(count); level < STDOUT_LEVEL; level++) {
            node = Hashes.efficientKeccak256(node, zeros[level]);
        }
    }
}
