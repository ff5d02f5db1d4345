// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AssayToken} from "contracts/token/AssayToken.sol";
import {IDirectory} from "interfaces/IDirectory.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `list`, `retire` and `delist`.
contract DirectoryTest {
    uint96 private constant STAKE = 1_000;
    uint32 private constant PERIOD = 7 days;
    address private constant PROVIDER = address(0x940);

    AssayToken private immutable token = new AssayToken();
    IDirectory private immutable directory = Deployments.directory(address(token), STAKE, PERIOD);

    constructor() {
        vm.warp(1_800_000_000);
        token.approve(address(directory), type(uint256).max);
        directory.deposit(PROVIDER, 2 * STAKE);
        vm.prank(PROVIDER);
        directory.stake(2 * STAKE);
    }

    // --- refused ---------------------------------------------------------------------------------------------------------------

    /// @notice SPEC D2: a stake above zero, a delay of 1 second to 30 days, for ever.
    function test_parameters_out_of_bounds_are_refused(uint96 stake, uint32 period, bool zero) external {
        if (zero) stake = 0;
        bool sound = stake > 0 && 0 < period && period <= 30 days;
        if (!sound) return refused(stake, period);
        IDirectory other = this.deploy(stake, period);
        assert(other.listingStake() == stake && other.leavePeriod() == period);
    }

    function test_the_bounds_of_the_delay_are_inclusive() external {
        assert(this.deploy(1, 1).leavePeriod() == 1);
        assert(this.deploy(1, 30 days).leavePeriod() == 30 days);
        refused(1, 0);
        refused(1, 30 days + 1);
        refused(0, 1);
    }

    /// @notice SPEC D1, L4.
    function test_listing_without_the_stake_is_refused(uint96 staked, bytes32 recordId) external {
        staked %= STAKE;
        address poor = address(0x9004);
        if (staked > 0) {
            directory.deposit(poor, staked);
            vm.prank(poor);
            directory.stake(staked);
        }
        vm.prank(poor);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, poor, staked, STAKE));
        directory.list(recordId);
    }

    function test_who_is_not_listed_cannot_leave(address other) external {
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NotListed.selector, other));
        directory.retire();
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NotListed.selector, other));
        directory.delist(other);
    }

    /// @notice SPEC D2: the delay does not begin again.
    function test_leaving_twice_is_refused(uint40 wait) external {
        list("record");
        retire();
        uint40 leavesAt = uint40(block.timestamp + PERIOD);
        vm.warp(block.timestamp + wait);
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(IDirectory.StillListed.selector, PROVIDER, leavesAt));
        directory.retire();
    }

    /// @notice SPEC D2: not before the leave, and not in its last second.
    function test_a_stake_is_not_returned_early(uint40 wait, bool leaving) external {
        list("record");
        if (leaving) retire();
        uint40 leavesAt = leaving ? uint40(block.timestamp + PERIOD) : 0;
        vm.warp(leaving ? block.timestamp + wait % (PERIOD + 1) : block.timestamp + wait);
        vm.expectRevert(abi.encodeWithSelector(IDirectory.StillListed.selector, PROVIDER, leavesAt));
        directory.delist(PROVIDER);
    }

    // --- listed, and gone --------------------------------------------------------------------------------------------------------

    /// @notice SPEC D1, L1: locked once, however often the record changes; what is locked is not in the account.
    function test_the_stake_is_locked_once(bytes32[4] calldata recordIds) external {
        for (uint256 i = 0; i < 4; i++) {
            list(recordIds[i]);
            assertHas(STAKE, 0, STAKE);
        }
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, PROVIDER, STAKE, STAKE + 1));
        directory.unstake(STAKE + 1);
    }

    /// @notice SPEC D1: who was about to leave stays, without paying again, and the delay is that of the next leave.
    function test_listing_again_cancels_the_leave(uint40 wait) external {
        list("record");
        retire();
        vm.warp(block.timestamp + wait);
        list("other");
        assertHas(STAKE, 0, STAKE);
        vm.expectRevert(abi.encodeWithSelector(IDirectory.StillListed.selector, PROVIDER, uint40(0)));
        directory.delist(PROVIDER);
        retire();
        assertHas(STAKE, uint40(block.timestamp + PERIOD), STAKE);
    }

    /// @notice SPEC D2, L1: by anyone, however late; listing afterwards locks it again.
    function test_the_stake_comes_back(uint40 late, address by) external {
        list("record");
        retire();
        vm.warp(block.timestamp + PERIOD + 1 + late);
        vm.prank(by);
        directory.delist(PROVIDER);
        assertHas(0, 0, 2 * STAKE);
        list("record");
        assertHas(STAKE, 0, STAKE);
    }

    function list(bytes32 recordId) private {
        vm.prank(PROVIDER);
        directory.list(recordId);
    }

    function retire() private {
        vm.prank(PROVIDER);
        directory.retire();
    }

    function assertHas(uint96 listed, uint40 leavesAt, uint96 staked) private view {
        IDirectory.Listing memory listing = directory.listingOf(PROVIDER);
        assert(listing.stake == listed && listing.leavesAt == leavesAt);
        assert(directory.accountOf(PROVIDER).stake == staked);
        assert(token.balanceOf(address(directory)) == listed + staked);
    }

    function refused(uint96 stake, uint32 period) private {
        vm.expectRevert(abi.encodeWithSelector(IDirectory.ListingOutOfRange.selector, stake, period));
        this.deploy(stake, period);
    }

    /// @notice In a call of its own: if `vm.deployCode` reverted in a test itself, the test would end there, and pass.
    function deploy(uint96 stake, uint32 period) external returns (IDirectory) {
        return Deployments.directory(address(token), stake, period);
    }
}
