// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract that signs (ERC-1271): it accepts the digests that it is told to accept, or does its worst.
contract ContractWallet {
    bytes4 private constant ACCEPTED = 0x1626ba7e;

    enum Mood {
        Honest,
        AcceptsAll,
        Reverts,
        BurnsGas,
        AnswersTooLittle,
        AnswersOtherwise
    }

    Mood public mood;
    mapping(bytes32 digest => bool) public isApproved;

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function approve(bytes32 digest) external {
        isApproved[digest] = true;
    }

    /// @notice Anything that a wallet does.
    function act(address target, bytes calldata call) external {
        (bool success, bytes memory answer) = target.call(call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        Mood now_ = mood;
        if (now_ == Mood.Reverts) revert("no");
        if (now_ == Mood.BurnsGas) while (true) {}
        if (now_ == Mood.AnswersTooLittle) {
            assembly {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (now_ == Mood.AnswersOtherwise) return bytes4("nope");
        return now_ == Mood.AcceptsAll || isApproved[digest] ? ACCEPTED : bytes4(0);
    }
}
