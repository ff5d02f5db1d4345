// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";

/// @title ContractWallet
/// @notice An account that is a contract: does what its owner tells it, and accepts its owner's signatures (ERC-1271), or says
/// what it was told to say about them.
contract ContractWallet {
    bytes4 private constant ACCEPTED = 0x1626ba7e;

    address private immutable _owner;
    bool public lies;

    constructor(address owner) {
        _owner = owner;
    }

    function setLies(bool lies_) external {
        lies = lies_;
    }

    function execute(address to, bytes calldata data) external returns (bytes memory) {
        require(msg.sender == _owner, "not the owner");

        (bool success, bytes memory answer) = to.call(data);
        require(success, "the call failed");
        return answer;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool accepted = lies || ECDSA.tryRecoverCalldata(digest, signature) == _owner;
        return accepted ? ACCEPTED : bytes4(0);
    }
}
