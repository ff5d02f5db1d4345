// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";

/// @title Records
/// @notice The hashes of jobs' records and terms: keccak256 of their ABI encoding, which is their words one after the other.
/// @dev In assembly, because each call about a job takes two or three of them; `tests/solidity/market/Words.t.sol` compares them with
/// `keccak256(abi.encode(...))`.
library Records {
    uint256 private constant JOB_BYTES = 4 * 32;
    uint256 private constant TERMS_BYTES = 5 * 32;

    function hash(IJobMarket.Job calldata job) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, job, JOB_BYTES)
            result := keccak256(buffer, JOB_BYTES)
        }
    }

    function hash(JobId id, Deal deal, Stage stage, bytes32 commitment)
        internal
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, id)
            mstore(add(buffer, 0x20), deal)
            mstore(add(buffer, 0x40), stage)
            mstore(add(buffer, 0x60), commitment)
            result := keccak256(buffer, JOB_BYTES)
        }
    }

    function hash(IJobMarket.Terms calldata terms) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, terms, TERMS_BYTES)
            result := keccak256(buffer, TERMS_BYTES)
        }
    }

    function hashInMemory(IJobMarket.Terms memory terms) internal pure returns (bytes32 result) {
        // SAFETY: a struct of value types is its words one after the other in memory too.
        assembly ("memory-safe") {
            result := keccak256(terms, TERMS_BYTES)
        }
    }
}
