// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Signing} from "contracts/market/libraries/Signing.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @title Signatures
/// @notice Who has signed what, for this contract on this chain.
abstract contract Signatures is ISignedOrders, EIP712 {
    uint256 private constant PLAIN = 65;
    uint256 private constant INDEX_BYTES = 4;

    /// @dev INVARIANT S1: the signature is that of `signer` over this struct, alone or as one of many.
    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        bytes32 digest = _hashTypedData(structHash);
        if (signature.length == PLAIN && _isBy(signer, digest, signature)) return;
        if (_isOfMany(signature) && _isBy(signer, _digestOfMany(structHash, signature), signature[:PLAIN])) {
            return;
        }
        _requireAccepted(signer, digest, signature);
    }

    /// @dev INVARIANT S1: the signature, in the form of EIP-2098, is that of `signer` over this struct.
    function _requireSignedCompactly(address signer, bytes32 structHash, bytes32 r, bytes32 vs)
        internal
        view
    {
        bytes32 digest = _hashTypedData(structHash);
        bool signed = signer != address(0) && ECDSA.tryRecover(digest, r, vs) == signer;
        require(signed, BadSignature(signer, digest));
    }

    /// @dev INVARIANT S1: the signature is that of `signer` over the structs under `root`, alone or as a subtree of many.
    function _requireSignedTogether(address signer, bytes32 root, bytes calldata signature) internal view {
        bytes32 digest = _hashTypedData(Signing.hashBulk(root));
        if (signature.length == PLAIN && _isBy(signer, digest, signature)) return;
        if (_isOfMany(signature) && _isBy(signer, _digestOfMany(root, signature), signature[:PLAIN])) return;
        _requireAccepted(signer, digest, signature);
    }

    /// @dev SAFETY: a static call, so that it can change nothing. After ECDSA, because an account of a person can have code too
    /// (EIP-7702).
    function _requireAccepted(address signer, bytes32 digest, bytes calldata signature) private view {
        require(
            signer.code.length > 0
                && SignatureCheckerLib.isValidERC1271SignatureNowCalldata(signer, digest, signature),
            BadSignature(signer, digest)
        );
    }

    function _isOfMany(bytes calldata signature) private pure returns (bool) {
        return signature.length > PLAIN + INDEX_BYTES && (signature.length - PLAIN - INDEX_BYTES) % 32 == 0;
    }

    /// @dev What is signed for all structs in a tree, of one node of it.
    /// SAFETY: a node inside the tree is the hash of 64 bytes, and no struct that can be a leaf is: so none can be passed off as
    /// one.
    function _digestOfMany(bytes32 node, bytes calldata signature) private view returns (bytes32) {
        uint256 index = uint32(bytes4(signature[PLAIN:]));
        bytes calldata siblings = signature[PLAIN + INDEX_BYTES:];
        for (uint256 level = 0; 32 * level < siblings.length; level++) {
            node = MerkleProof.parent(node, bytes32(siblings[32 * level:]), index >> level);
        }
        return _hashTypedData(Signing.hashBulk(node));
    }

    /// @dev SAFETY: a signature has a twin with the other s. That gains nothing: what is signed says itself how often it counts.
    function _isBy(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        return signer != address(0) && ECDSA.tryRecoverCalldata(digest, signature) == signer;
    }

    function _domainNameAndVersion()
        internal
        pure
        override
        returns (string memory name, string memory version)
    {
        (name, version) = ("Assay", "1");
    }
}
