// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bisection} from "contracts/dispute/libraries/Bisection.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice The libraries' functions, with arguments in calldata.
contract Libraries {
    function commit(bytes32 agreed, bytes32[16] calldata roots) external pure returns (bytes32) {
        return Bisection.commit(agreed, roots);
    }

    function isIn(IDisputeGame.Pair calldata pair, bytes32 commitment) external pure returns (bool) {
        return Bisection.isIn(pair, commitment);
    }

    function rootOfLeaves(bytes32[] calldata leaves) external pure returns (bytes32) {
        return MerkleProof.rootOfLeaves(leaves);
    }

    function rootFromLeaf(bytes32 leaf, uint256 index, uint256 depth, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return MerkleProof.rootFromLeaf(leaf, index, depth, siblings);
    }

    function depthOf(uint256 leaves) external pure returns (uint256) {
        return MerkleProof.depthOf(leaves);
    }
}

/// @notice SPEC G4: what can be proved against a commitment is what was committed to, in its place, and nothing else.
contract BisectionTest {
    Libraries private immutable libraries = new Libraries();

    function test_every_pair_of_a_list_is_in_it(bytes32 agreed, bytes32[16] calldata roots) external view {
        bytes32 commitment = libraries.commit(agreed, roots);
        for (uint8 index = 0; index < 16; index++) {
            assert(libraries.isIn(Proofs.pairAt(agreed, roots, index), commitment));
        }
    }

    function test_a_commitment_is_that_of_the_tree(bytes32 agreed, bytes32[16] calldata roots) external view {
        bytes32 root = Proofs.root(Proofs.leavesOf(roots));
        assert(libraries.commit(agreed, roots) == keccak256(abi.encodePacked(agreed, root)));
    }

    function test_another_agreed_root_is_refused(
        bytes32 agreed,
        bytes32[16] calldata roots,
        uint8 index,
        bytes32 other
    ) external view {
        vm.assume(agreed != other);
        IDisputeGame.Pair memory pair = Proofs.pairAt(other, roots, index % 16);
        assert(!libraries.isIn(pair, libraries.commit(agreed, roots)));
    }

    function test_the_first_pair_starts_from_the_agreed_root(
        bytes32 agreed,
        bytes32[16] calldata roots,
        bytes32 other
    ) external view {
        vm.assume(agreed != other);
        IDisputeGame.Pair memory pair = Proofs.pairAt(agreed, roots, 0);
        pair.before = other;
        assert(!libraries.isIn(pair, libraries.commit(agreed, roots)));
    }

    function test_another_root_or_place_is_refused(
        bytes32 agreed,
        bytes32[16] calldata roots,
        uint8 index,
        uint8 place,
        bytes32 other
    ) external view {
        index %= 16;
        for (uint256 i = 0; i < 16; i++) {
            // Roots that repeat would be right in more than one place.
            vm.assume(roots[i] != other);
            for (uint256 j = 0; j < i; j++) {
                vm.assume(roots[i] != roots[j]);
            }
        }
        vm.assume(agreed != other && place != index);
        bytes32 commitment = libraries.commit(agreed, roots);

        IDisputeGame.Pair memory pair = Proofs.pairAt(agreed, roots, index);
        pair.before = other;
        assert(!libraries.isIn(pair, commitment));
        pair = Proofs.pairAt(agreed, roots, index);
        pair.disputed = other;
        assert(!libraries.isIn(pair, commitment));
        pair = Proofs.pairAt(agreed, roots, index);
        pair.siblings[place % pair.siblings.length] = other;
        assert(!libraries.isIn(pair, commitment));
        pair = Proofs.pairAt(agreed, roots, index);
        pair.index = place;
        assertNotIn(pair, commitment);
    }

    function test_a_proof_of_another_length_is_refused(
        bytes32 agreed,
        bytes32[16] calldata roots,
        uint8 index,
        uint8 length
    ) external {
        index %= 16;
        IDisputeGame.Pair memory pair = Proofs.pairAt(agreed, roots, index);
        bytes32[] memory siblings = pair.siblings;
        vm.assume(length != siblings.length);
        pair.siblings = new bytes32[](length);
        for (uint256 i = 0; i < siblings.length && i < length; i++) {
            pair.siblings[i] = siblings[i];
        }
        bytes32 commitment = libraries.commit(agreed, roots);
        vm.expectRevert(
            abi.encodeWithSelector(MerkleProof.WrongProofLength.selector, siblings.length, length)
        );
        libraries.isIn(pair, commitment);
    }

    function test_the_root_over_any_number_of_leaves_is_the_padded_trees(bytes32[] calldata leaves)
        external
        view
    {
        bytes32 root = libraries.rootOfLeaves(leaves);
        assert(leaves.length == 0 ? root == 0 : root == Proofs.root(leaves));
    }

    function test_every_leaf_is_under_its_root(bytes32[] calldata leaves, uint256 index) external view {
        vm.assume(leaves.length > 0);
        index %= leaves.length;
        bytes32[] memory siblings = Proofs.siblings(leaves, index);
        assert(libraries.depthOf(leaves.length) == siblings.length);
        bytes32 root = libraries.rootFromLeaf(leaves[index], index, siblings.length, siblings);
        assert(root == Proofs.root(leaves));
    }

    function test_a_tree_is_as_deep_as_its_leaves_need() external view {
        assert(libraries.depthOf(1) == 0);
        assert(libraries.depthOf(2) == 1);
        assert(libraries.depthOf(3) == 2);
        assert(libraries.depthOf(1 << 31) == 31);
        assert(libraries.depthOf(type(uint32).max) == 32);
    }

    /// @dev Refused, be it because the proof does not fit the place, or because its length does not.
    function assertNotIn(IDisputeGame.Pair memory pair, bytes32 commitment) private view {
        try libraries.isIn(pair, commitment) returns (bool found) {
            assert(!found);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == MerkleProof.WrongProofLength.selector);
        }
    }
}
