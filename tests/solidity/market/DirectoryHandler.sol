// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HookToken} from "contracts/test/HostileTokens.sol";
import {IDirectory} from "interfaces/IDirectory.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice Providers who come and go and move money, with a token that calls back, and times that jump.
contract DirectoryHandler {
    uint96 public constant STAKE = 1_000;
    uint32 private constant PERIOD = 3 days;
    uint96 private constant FORTUNE = 10_000;

    HookToken public immutable token = new HookToken();
    IDirectory public immutable directory = Deployments.directory(address(token), STAKE, PERIOD);
    address private immutable closer = msg.sender;
    address[] public parties;
    string public violation;

    constructor() {
        vm.warp(1_800_000_000);
        for (uint160 i = 0; i < 4; i++) {
            addParty(address(0xbad00 + i));
        }
        addParty(address(token));
        token.approveFromHere(address(directory));
    }

    function addParty(address account) private {
        parties.push(account);
        token.transfer(account, 2 * FORTUNE);
        vm.prank(account);
        token.approve(address(directory), type(uint256).max);
        vm.prank(account);
        directory.deposit(account, FORTUNE);
    }

    function move(uint256 from, uint256 to, uint96 amount, uint8 how) external {
        amount %= FORTUNE / 4;
        vm.prank(party(from));
        if (how % 4 == 0) directory.deposit(party(to), amount);
        if (how % 4 == 1) directory.withdraw(party(to), amount);
        if (how % 4 == 2) directory.stake(amount);
        if (how % 4 == 3) directory.unstake(amount);
    }

    function list(uint256 from, bytes32 recordId) external {
        address provider = party(from);
        uint96 before = directory.listingOf(provider).stake + directory.accountOf(provider).stake;
        vm.prank(provider);
        directory.list(recordId);
        IDirectory.Listing memory listing = directory.listingOf(provider);
        bool isRight = listing.stake == STAKE && listing.leavesAt == 0
            && listing.stake + directory.accountOf(provider).stake == before;
        if (!isRight) violation = "SPEC D1: another stake than the listing's is locked";
    }

    function retire(uint256 from) external {
        vm.prank(party(from));
        directory.retire();
        if (directory.listingOf(party(from)).leavesAt != block.timestamp + PERIOD) {
            violation = "SPEC D2: another delay than that of the deployment";
        }
    }

    function delist(uint256 from, uint256 by) external {
        uint96 before = directory.accountOf(party(from)).stake;
        IDirectory.Listing memory listing = directory.listingOf(party(from));
        bool isDue = listing.leavesAt > 0 && block.timestamp > listing.leavesAt;
        vm.prank(party(by));
        try directory.delist(party(from)) {
            if (!isDue) violation = "SPEC D2: a stake was returned early";
            if (directory.accountOf(party(from)).stake != before + STAKE) {
                violation = "SPEC D1, L1: another stake was returned than was locked";
            }
        } catch {
            if (isDue) violation = "SPEC D2: a stake was kept that was due";
        }
    }

    function setHook(uint256 which, uint96 amount) external {
        amount %= FORTUNE / 8;
        bytes memory call;
        if (which % 8 == 0) call = abi.encodeCall(directory.stake, (amount));
        if (which % 8 == 1) call = abi.encodeCall(directory.unstake, (amount));
        if (which % 8 == 2) call = abi.encodeCall(directory.withdraw, (address(token), amount));
        if (which % 8 == 3) call = abi.encodeCall(directory.deposit, (address(token), amount));
        if (which % 8 == 4) call = abi.encodeCall(directory.list, (bytes32(which)));
        if (which % 8 == 5) call = abi.encodeCall(directory.retire, ());
        if (which % 8 == 6) call = abi.encodeCall(directory.delist, (address(token)));
        token.setHook(call.length == 0 ? address(0) : address(directory), call);
    }

    function wait(uint24 time) external {
        vm.warp(block.timestamp + time % 2 days);
    }

    // --- what has to hold (DirectoryInvariants) -----------------------------------------------------------------------------------------

    function owed() external view returns (uint256 total) {
        for (uint256 i = 0; i < parties.length; i++) {
            ILedger.Account memory account = directory.accountOf(parties[i]);
            total += uint256(account.free) + account.stake + directory.listingOf(parties[i]).stake;
        }
    }

    /// @notice Everybody leaves; a stranger returns the stakes.
    function closeDown() external {
        require(msg.sender == closer);

        token.setHook(address(0), "");
        for (uint256 i = 0; i < parties.length; i++) {
            IDirectory.Listing memory listing = directory.listingOf(parties[i]);
            if (listing.stake == 0 || listing.leavesAt > 0) continue;
            vm.prank(parties[i]);
            directory.retire();
        }
        vm.warp(block.timestamp + PERIOD + 1);
        for (uint256 i = 0; i < parties.length; i++) {
            if (directory.listingOf(parties[i]).stake > 0) directory.delist(parties[i]);
            ILedger.Account memory account = directory.accountOf(parties[i]);
            if (account.stake > 0) {
                vm.prank(parties[i]);
                directory.unstake(account.stake);
            }
            if (account.free + account.stake > 0) {
                vm.prank(parties[i]);
                directory.withdraw(parties[i], account.free + account.stake);
            }
        }
    }

    function party(uint256 seed) private view returns (address) {
        return parties[seed % parties.length];
    }
}
