// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bisection} from "contracts/dispute/libraries/Bisection.sol";
import {Clock} from "contracts/dispute/libraries/Clock.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";

interface Warp {
    function warp(uint256 timestamp) external;
}

/// @notice SPEC G4, G6, G9: for all roots and all times there are. (`make symbolic`; a hash is any function there.)
contract GameSymbolic {
    Warp private constant vm = Warp(address(uint160(uint256(keccak256("hevm cheat code")))));

    // --- pairs in lists ------------------------------------------------------------------------------------------------------------

    /// @notice A pair leads to the root of its list, at each place, whatever the roots are.
    function check_a_pair_leads_to_the_root_of_its_list(bytes32[16] calldata roots) external view {
        bytes32 root = plainRoot(roots);
        assert(MerkleProof.rootOfList(roots) == root);
        for (uint256 index = 1; index < 16; index++) {
            bytes32[] memory siblings = siblingsOf(roots, index);
            assert(this.fromPair(roots[index - 1], roots[index], index, siblings) == root);
        }
    }

    /// @notice A proof at a place is two paths that meet: hashed as one path each, they come to the same root.
    function check_a_pair_is_two_paths(bytes32 left, bytes32 right, bytes32[7] calldata words) external view {
        for (uint256 index = 1; index < 16; index++) {
            uint256 apart = 0;
            while ((index >> apart) & 1 == 0) apart++;
            bytes32[] memory siblings = new bytes32[](3 + apart);
            bytes32[] memory ofRight = new bytes32[](4);
            bytes32 node = left;
            for (uint256 i = 0; i < siblings.length; i++) {
                siblings[i] = words[i];
            }
            for (uint256 level = 0; level < 4; level++) {
                if (level < apart) {
                    node = keccak256(abi.encodePacked(words[2 * level], node));
                    ofRight[level] = words[2 * level + 1];
                } else {
                    ofRight[level] = level == apart ? node : words[apart + level - 1];
                }
            }
            bytes32 root = this.fromPair(left, right, index, siblings);
            assert(root == this.fromLeaf(right, index, 4, ofRight));
        }
    }

    /// @notice SPEC G4: no pair is in a list but the two roots that follow one another there, in their place.
    function checkLong_only_its_own_pairs_are_in_a_list(
        bytes32[16] calldata roots,
        bytes32[4] calldata framing,
        uint8 index,
        bytes32[6] calldata words
    ) external view {
        (bytes32 agreed, bytes32 start, bytes32 before, bytes32 disputed) =
            (framing[0], framing[1], framing[2], framing[3]);
        for (uint8 place = 0; place < 16; place++) {
            if (index != place) continue;
            bytes32[] memory siblings = new bytes32[](siblingsAt(place));
            for (uint256 i = 0; i < siblings.length; i++) {
                siblings[i] = words[i];
            }
            bytes32 commitment = Bisection.commit(agreed, roots);
            if (!this.isIn(IDisputeGame.Pair(place, start, before, disputed, siblings), commitment)) return;
            assert(start == agreed && disputed == roots[place]);
            assert(before == (place == 0 ? agreed : roots[place - 1]));
            return;
        }
    }

    /// @notice SPEC G4: nor is one with a place that lists do not have, or with another number of siblings than its place needs.
    function check_no_other_pair_is_in_a_list(bytes32 commitment, uint8 index, bytes32[4] calldata words)
        external
        view
    {
        for (uint256 count = 0; count < 8; count++) {
            if (index < 16 && count == siblingsAt(index)) continue;
            bytes32[] memory siblings = new bytes32[](count);
            try this.isIn(
                IDisputeGame.Pair(index, words[0], words[1], words[2], siblings), commitment
            ) returns (
                bool found
            ) {
                assert(!found);
            } catch {}
        }
    }

    /// @notice SPEC J5: no leaf is under a root but those of which it was made, and zeros, each in its place.
    function check_only_its_own_leaves_are_under_a_root(
        bytes32[8] calldata words,
        uint8 size,
        uint8 index,
        bytes32 leaf,
        bytes32[3] calldata path
    ) external view {
        for (uint256 count = 1; count <= words.length; count++) {
            if (size != count) continue;
            bytes32[] memory leaves = new bytes32[](count);
            for (uint256 i = 0; i < count; i++) {
                leaves[i] = words[i];
            }
            uint256 depth = MerkleProof.depthOf(count);
            bytes32 root = MerkleProof.rootOfLeaves(leaves);
            bytes32[] memory siblings = new bytes32[](depth);
            for (uint256 i = 0; i < depth; i++) {
                siblings[i] = path[i];
            }
            for (uint256 place = 0; place < 2 ** depth; place++) {
                if (index != place) continue;
                if (this.fromLeaf(leaf, place, depth, siblings) != root) return;
                assert(leaf == (place < count ? words[place] : bytes32(0)));
                return;
            }
        }
    }

    /// @notice A list is as deep as its leaves need.
    function check_depths(uint256 leaves) external pure {
        if (leaves == 0 || leaves > 1_024) return;
        uint256 depth = MerkleProof.depthOf(leaves);
        assert(2 ** depth >= leaves && (depth == 0 || 2 ** (depth - 1) < leaves));
    }

    // --- clocks --------------------------------------------------------------------------------------------------------------------

    /// @notice A turn takes at least the minimum reply, and at most the bank or that.
    function check_a_turn_is_bounded(uint40 present, uint32 bank, uint32 minimum) external {
        if (present > type(uint40).max - type(uint32).max) return;
        vm.warp(present);
        uint40 deadline = Clock.start(bank, minimum);
        assert(deadline >= present + uint40(minimum) && deadline >= present + uint40(bank));
        assert(deadline == present + uint40(minimum) || deadline == present + uint40(bank));
        assert(Clock.isInTime(deadline));
    }

    /// @notice What a turn has used is gone from the bank, or, of an empty bank, less than the minimum is left.
    function check_a_bank_never_grows(uint40 present, uint32 bank, uint32 minimum, uint32 used) external {
        if (present > type(uint40).max - 2 * uint40(type(uint32).max)) return;
        vm.warp(present);
        uint40 deadline = Clock.start(bank, minimum);
        vm.warp(uint256(present) + used);
        if (!Clock.isInTime(deadline)) {
            assert(used > bank && used > minimum);
            return;
        }
        uint32 left = Clock.stop(deadline);
        if (bank > minimum) assert(left == bank - used);
        else assert(left == minimum - used);
        assert(left <= bank || left <= minimum);
    }

    // --- internals -----------------------------------------------------------------------------------------------------------------

    function fromPair(bytes32 left, bytes32 right, uint256 index, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return MerkleProof.rootFromPair(left, right, index, siblings);
    }

    function fromLeaf(bytes32 leaf, uint256 index, uint256 depth, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return MerkleProof.rootFromLeaf(leaf, index, depth, siblings);
    }

    function isIn(IDisputeGame.Pair calldata pair, bytes32 commitment) external pure returns (bool) {
        return Bisection.isIn(pair, commitment);
    }

    /// @dev How many siblings a pair at `index` comes with (`IDisputeGame.Pair`).
    function siblingsAt(uint256 index) private pure returns (uint256 count) {
        if (index == 0) return 4;
        count = 3;
        while (index % 2 == 0) (index, count) = (index / 2, count + 1);
    }

    function levelsOf(bytes32[16] calldata roots) private pure returns (bytes32[16][5] memory levels) {
        for (uint256 i = 0; i < 16; i++) {
            levels[0][i] = roots[i];
        }
        for (uint256 level = 1; level < 5; level++) {
            for (uint256 i = 0; i < 16 >> level; i++) {
                bytes memory both = abi.encodePacked(levels[level - 1][2 * i], levels[level - 1][2 * i + 1]);
                levels[level][i] = keccak256(both);
            }
        }
    }

    function plainRoot(bytes32[16] calldata roots) private pure returns (bytes32) {
        return levelsOf(roots)[4][0];
    }

    function siblingsOf(bytes32[16] calldata roots, uint256 index)
        private
        pure
        returns (bytes32[] memory siblings)
    {
        bytes32[16][5] memory levels = levelsOf(roots);
        uint256 apart = 0;
        while ((index >> apart) & 1 == 0) apart++;
        siblings = new bytes32[](3 + apart);
        uint256 count = 0;
        for (uint256 level = 0; level < 4; level++) {
            (uint256 left, uint256 right) = ((index - 1) >> level, index >> level);
            if (left == right) {
                siblings[count++] = levels[level][left ^ 1];
            } else if (left >> 1 != right >> 1) {
                siblings[count++] = levels[level][left ^ 1];
                siblings[count++] = levels[level][right ^ 1];
            }
        }
    }
}
