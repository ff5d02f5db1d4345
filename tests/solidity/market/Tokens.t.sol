// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FeeToken,
    HookToken,
    PlentifulToken,
    QuietToken,
    SurchargeToken
} from "contracts/test/HostileTokens.sol";
import {AssayToken} from "contracts/token/AssayToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {IDirectory} from "interfaces/IDirectory.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {RevertingToken} from "tests/solidity/support/Tokens.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC L2, L3, L7, L9: tokens that do not behave, on the ledger that the directory has (the market's is the same code).
contract TokensTest {
    uint256 private constant KEY = 0x4e9;
    address private immutable owner = vm.addr(KEY);

    /// @notice SPEC L2.
    function test_a_token_with_a_fee_cannot_be_deposited(uint96 amount) external {
        amount = 100 + amount % 1e24;
        FeeToken token = new FeeToken();
        ILedger ledger = ledgerOf(address(token));
        uint256 received = amount - amount / 100;
        vm.expectRevert(abi.encodeWithSelector(ILedger.WrongAmountReceived.selector, amount, received));
        ledger.deposit(owner, amount);
    }

    /// @notice SPEC L2: or others would pay for it.
    function test_a_token_with_a_surcharge_cannot_be_withdrawn_at_others_expense(uint96 amount) external {
        amount = 1 + amount % 1e24;
        SurchargeToken token = new SurchargeToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(owner, amount);
        ledger.deposit(address(this), 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(ILedger.WrongAmountSent.selector, amount, uint256(amount) + 1));
        ledger.withdraw(owner, amount);
    }

    /// @notice SPEC L3.
    function test_more_than_an_account_can_count_cannot_be_deposited(uint96 amount, uint96 more) external {
        vm.assume(amount > 0 && uint256(amount) + more > type(uint96).max);
        PlentifulToken token = new PlentifulToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(owner, amount);
        vm.expectRevert(abi.encodeWithSelector(ILedger.TooMuchDeposited.selector, uint256(amount) + more));
        ledger.deposit(address(this), more);
    }

    /// @notice SPEC L2.
    function test_a_token_that_returns_nothing_can_be_used(uint96 amount) external {
        amount = 1 + amount % 1e24;
        QuietToken token = new QuietToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(owner, amount);
        vm.prank(owner);
        ledger.withdraw(address(1), amount);
        assert(token.balanceOf(address(1)) == amount);
    }

    /// @notice SPEC L2: what fails, by a revert or by an answer, changes nothing.
    function test_a_token_that_reverts_or_says_no_moves_nothing(uint96 amount, bool reverts) external {
        amount = 1 + amount % 1e24;
        RevertingToken token = new RevertingToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(owner, amount);
        token.refuse(reverts);
        vm.expectRevert();
        ledger.deposit(owner, amount);
        vm.prank(owner);
        vm.expectRevert();
        ledger.withdraw(owner, amount);
        assert(ledger.accountOf(owner).free == amount);
        token.allow();
        vm.prank(owner);
        ledger.withdraw(owner, amount);
    }

    /// @notice SPEC L7: whatever the hook calls, in a deposit and in a withdrawal.
    function test_a_token_that_calls_back_cannot_move_money(uint96 amount, uint8 which) external {
        amount = 1 + amount % 1e24;
        HookToken token = new HookToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(address(token), amount);
        ledger.deposit(owner, amount);
        bytes[4] memory calls = [
            abi.encodeCall(ledger.deposit, (address(token), 1)),
            abi.encodeCall(ledger.withdraw, (address(token), 1)),
            abi.encodeCall(ledger.sweepBurned, ()),
            abi.encodeCall(ledger.permit, (1, 1, 27, 0, 0))
        ];
        token.approveFromHere(address(ledger));
        token.setHook(address(ledger), calls[which % 4]);
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        ledger.deposit(owner, 1);
        vm.prank(owner);
        vm.expectRevert(bytes4(keccak256("ReentrancyGuardReentrantCall()")));
        ledger.withdraw(owner, 1);
    }

    /// @notice SPEC L1, L7: staking in the middle of a transfer is allowed, and creates nothing.
    function test_a_token_that_calls_back_can_stake_its_own_alone(uint96 amount) external {
        amount = 1 + amount % 1e24;
        HookToken token = new HookToken();
        ILedger ledger = ledgerOf(address(token));
        ledger.deposit(address(token), amount);
        token.setHook(address(ledger), abi.encodeCall(ledger.stake, (amount)));
        ledger.deposit(owner, amount);
        assert(ledger.accountOf(address(token)).stake == amount && ledger.accountOf(address(token)).free == 0);
        assert(ledger.accountOf(owner).free == amount);
    }

    /// @notice SPEC L9: whoever used the permit first, the deposit follows.
    function test_a_permit_that_was_used_before_changes_nothing(uint96 amount, bool front, bool malformed)
        external
    {
        amount = 1 + amount % 1e24;
        AssayToken token = new AssayToken();
        ILedger ledger = Deployments.directory(address(token), 1, 1);
        token.transfer(owner, amount);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, permitDigest(token, address(ledger), amount));
        if (front) token.permit(owner, address(ledger), amount, block.timestamp, v, r, s);
        if (malformed) s = ~s;
        vm.prank(owner);
        ledger.permit(amount, block.timestamp, v, r, s);
        if (malformed && !front) {
            vm.prank(owner);
            vm.expectRevert();
            ledger.deposit(owner, amount);
        } else {
            vm.prank(owner);
            ledger.deposit(owner, amount);
            assert(ledger.accountOf(owner).free == amount);
        }
    }

    function permitDigest(AssayToken token, address spender, uint256 amount) private view returns (bytes32) {
        bytes32 kind =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash =
            keccak256(abi.encode(kind, owner, spender, amount, token.nonces(owner), block.timestamp));
        return keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
    }

    function ledgerOf(address token) private returns (IDirectory ledger) {
        ledger = Deployments.directory(token, 1, 1);
        (bool approved,) = token.call(abi.encodeCall(IERC20.approve, (address(ledger), type(uint256).max)));
        assert(approved);
    }
}
