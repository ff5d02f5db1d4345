// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accounts, AccountWord} from "contracts/market/libraries/Accounts.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC L3, L4: the fields of an account's word change by themselves, and never into one another.
contract AccountsTest {
    function test_more_free_money_than_fits_is_refused(uint96 free, uint96 more, uint96 stake, uint64 epoch)
        external
    {
        vm.assume(uint256(free) + more > type(uint96).max);
        vm.expectRevert();
        this.plus(pack(free, stake, epoch), more, 0);
    }

    function test_more_stake_than_fits_is_refused(uint96 stake, uint96 more, uint96 free, uint64 epoch)
        external
    {
        vm.assume(uint256(stake) + more > type(uint96).max);
        vm.expectRevert();
        this.plus(pack(free, stake, epoch), 0, more);
    }

    function test_a_word_gives_back_its_parts(uint96 free, uint96 stake, uint64 epoch) external pure {
        assertHas(pack(free, stake, epoch), free, stake, epoch);
    }

    function test_a_credit_adds_to_both_fields_alone(
        uint96 free,
        uint96 stake,
        uint64 epoch,
        uint96 moreFree,
        uint96 moreStake
    ) external pure {
        vm.assume(uint256(free) + moreFree <= type(uint96).max);
        vm.assume(uint256(stake) + moreStake <= type(uint96).max);
        AccountWord word = pack(free, stake, epoch).plus(moreFree, moreStake);
        assertHas(word, free + moreFree, stake + moreStake, epoch);
    }

    function test_a_debit_takes_from_its_field_alone(uint96 free, uint96 stake, uint64 epoch, uint96 less)
        external
        pure
    {
        AccountWord word = pack(free, stake, epoch);
        if (less <= free) assertHas(word.minusFree(less), free - less, stake, epoch);
        if (less <= stake) assertHas(word.minusStake(less), free, stake - less, epoch);
    }

    function test_the_next_epoch_changes_nothing_else(uint96 free, uint96 stake, uint64 epoch) external pure {
        vm.assume(epoch < type(uint64).max);
        assertHas(pack(free, stake, epoch).nextEpoch(), free, stake, epoch + 1);
    }

    function plus(AccountWord word, uint96 free, uint96 stake) external pure returns (AccountWord) {
        return word.plus(free, stake);
    }

    function pack(uint96 free, uint96 stake, uint64 epoch) private pure returns (AccountWord) {
        return AccountWord.wrap(uint256(bytes32(abi.encodePacked(stake, free, epoch))));
    }

    function assertHas(AccountWord word, uint96 free, uint96 stake, uint64 epoch) private pure {
        assert(word.free() == free && word.stake() == stake && word.epoch() == epoch);
    }
}
