// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessLists} from "interfaces/IAccessLists.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J19: the lists that terms and offers can name.
contract AccessListsTest {
    IAccessLists private immutable lists = Deployments.accessLists();

    function test_who_has_set_nothing_deals_with_everybody(address principal, address candidate)
        external
        view
    {
        assert(lists.admits(principal, candidate));
    }

    function test_a_list_denies_or_allows(
        address principal,
        address[] calldata candidates,
        address other,
        bool listedOnly
    ) external {
        for (uint256 i = 0; i < candidates.length; i++) {
            vm.assume(candidates[i] != other);
        }
        vm.prank(principal);
        lists.setListedOnly(listedOnly);
        assert(lists.admitsListedOnly(principal) == listedOnly);
        vm.prank(principal);
        lists.setListed(candidates, true);
        for (uint256 i = 0; i < candidates.length; i++) {
            assert(lists.isListed(principal, candidates[i]));
            assert(lists.admits(principal, candidates[i]) == listedOnly);
        }
        assert(lists.admits(principal, other) != listedOnly);

        vm.prank(principal);
        lists.setListed(candidates, false);
        for (uint256 i = 0; i < candidates.length; i++) {
            assert(lists.admits(principal, candidates[i]) != listedOnly);
        }
    }

    function test_a_list_is_its_owners_alone(address principal, address thief, address candidate) external {
        vm.assume(principal != thief);
        address[] memory one = new address[](1);
        one[0] = candidate;
        vm.prank(thief);
        lists.setListed(one, true);
        vm.prank(thief);
        lists.setListedOnly(true);
        assert(!lists.isListed(principal, candidate) && !lists.admitsListedOnly(principal));
        assert(lists.admits(principal, candidate));
    }
}
