// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AssayToken} from "contracts/token/AssayToken.sol";
import {IJobMarket} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice Amounts of any size: what an account has is what it was given less what it took, and never more can be taken.
contract LedgerTest {
    address private constant OWNER = address(0x04e4);
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;
    address private constant OTHER = address(0x07e4);

    AssayToken private immutable token = new AssayToken();
    ILedger private immutable market;

    constructor() {
        market = Deployments.market(
            IJobMarket.Parameters({
                token: address(token),
                game: address(Deployments.game(60, 60)),
                challengerBond: 1,
                minimumBond: 1,
                burnShare: 1_000,
                minimumChallengePeriod: 1,
                feeShare: 0,
                feeRecipient: address(0)
            })
        );
        token.approve(address(market), type(uint256).max);
    }

    function test_nothing_is_not_moved(address to) external {
        bytes4 reason = to == address(0) ? ILedger.ZeroAddress.selector : ILedger.ZeroAmount.selector;
        vm.expectRevert(reason);
        market.deposit(to, 0);
        vm.expectRevert(reason);
        market.withdraw(to, 0);
        vm.expectRevert(ILedger.ZeroAmount.selector);
        market.stake(0);
        vm.expectRevert(ILedger.ZeroAmount.selector);
        market.unstake(0);
        vm.expectRevert(ILedger.ZeroAmount.selector);
        market.sweepBurned();
    }

    /// @notice SPEC L4, L6: nobody's, and no address that nobody can be.
    function test_money_is_not_sent_to_the_address_zero(uint96 amount) external {
        amount = uint96(1 + amount % token.SUPPLY());
        vm.expectRevert(ILedger.ZeroAddress.selector);
        market.deposit(address(0), amount);
        market.deposit(OWNER, amount);
        vm.prank(OWNER);
        vm.expectRevert(ILedger.ZeroAddress.selector);
        market.withdraw(address(0), amount);
    }

    /// @notice SPEC L6: what is burned can be sent to the flames by anyone, and to nobody else.
    function test_burned_money_goes_to_the_flames(uint96 amount, address by) external {
        amount = uint96(1 + amount % token.SUPPLY());
        market.deposit(BURNED, amount);
        vm.prank(by);
        market.sweepBurned();
        assert(token.balanceOf(BURNED) == amount && token.balanceOf(address(market)) == 0);
        assertHas(BURNED, 0, 0);
    }

    /// @notice SPEC S1: by one at a time, and by nobody else.
    function test_an_epoch_is_raised_by_its_owner(address owner, address other) external {
        vm.assume(owner != other);
        market.deposit(owner == address(0) ? OTHER : owner, 5);
        for (uint64 epoch = 1; epoch < 4; epoch++) {
            vm.prank(owner);
            market.raiseEpoch();
            assert(market.accountOf(owner).epoch == epoch && market.accountOf(other).epoch == 0);
        }
    }

    /// @notice SPEC L1, L4.
    function test_money_goes_where_it_is_sent(uint96 amount, uint96 staked, uint96 unstaked) external {
        amount = uint96(1 + amount % token.SUPPLY());
        staked = 1 + staked % amount;
        unstaked = 1 + unstaked % staked;

        market.deposit(OWNER, amount);
        assertHas(OWNER, amount, 0);
        vm.prank(OWNER);
        market.stake(staked);
        assertHas(OWNER, amount - staked, staked);
        vm.prank(OWNER);
        market.unstake(unstaked);
        assertHas(OWNER, amount - staked + unstaked, staked - unstaked);
        vm.prank(OWNER);
        market.withdraw(OTHER, amount - staked + unstaked);
        assertHas(OWNER, 0, staked - unstaked);
        assert(token.balanceOf(OTHER) == amount - staked + unstaked);
        assert(token.balanceOf(address(market)) == staked - unstaked);
    }

    /// @notice SPEC L4.
    function test_no_more_can_be_taken_than_is_there(uint96 amount, uint96 more) external {
        amount = uint96(1 + amount % token.SUPPLY());
        vm.assume(more > amount);
        market.deposit(OWNER, amount);

        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.BalanceTooLow.selector, OWNER, amount, more));
        market.withdraw(OWNER, more);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.BalanceTooLow.selector, OWNER, amount, more));
        market.stake(more);
        vm.prank(OWNER);
        market.stake(amount);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, OWNER, amount, more));
        market.unstake(more);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.BalanceTooLow.selector, OWNER, 0, 1));
        market.withdraw(OWNER, 1);
    }

    /// @notice SPEC L5: nobody takes what is another's.
    function test_nobody_takes_from_another(address thief, uint96 amount) external {
        vm.assume(thief != OWNER && thief != address(0));
        market.deposit(OWNER, 100);
        vm.prank(OWNER);
        market.stake(50);
        uint96 taken = 1 + amount % 50;

        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(ILedger.BalanceTooLow.selector, thief, 0, taken));
        market.withdraw(thief, taken);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, thief, 0, taken));
        market.unstake(taken);
    }

    function assertHas(address account, uint256 free, uint256 staked) private view {
        ILedger.Account memory found = market.accountOf(account);
        assert(found.free == free && found.stake == staked);
    }
}
