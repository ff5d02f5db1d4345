// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AccountWord} from "contracts/market/libraries/Accounts.sol";
import {ILedger} from "interfaces/ILedger.sol";

/// @title Ledger
/// @notice The only code that moves tokens, and the only code that writes accounts.
/// @dev INVARIANT L1: tokens held = sum of all accounts' free money and stake + bonds and escrows of what has not ended. A
/// deposit, a withdrawal and a sweep change both sides by the same amount; everything else takes from one account and has
/// whoever called it give the same amount to others, now or when the job or dispute that holds it ends.
abstract contract Ledger is ILedger, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Nobody has its key. INVARIANT L6: burned money is credited to it like to anyone, and swept out to it.
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    uint16 internal constant WHOLE = 10_000;

    IERC20 private immutable _token;

    /// @dev A struct, so that code can hold on to where an account is stored instead of hashing the address again.
    struct StoredAccount {
        AccountWord word;
    }

    mapping(address account => StoredAccount) private _accounts;

    constructor(address token_) {
        require(token_.code.length > 0, NotAContract(token_));

        _token = IERC20(token_);
    }

    // --- money comes in ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ILedger
    /// @dev INVARIANT L7: the guard keeps a token from counting one transfer twice.
    function deposit(address to, uint96 amount) external nonReentrant {
        require(to != address(0), ZeroAddress());
        require(amount > 0, ZeroAmount());

        uint256 before = _token.balanceOf(address(this));
        _token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 total = _token.balanceOf(address(this));
        // INVARIANT L2: what is credited is what came; a token that moves anything else is refused.
        // slither-disable-next-line incorrect-equality
        require(total - before == amount, WrongAmountReceived(amount, total - before));
        // INVARIANT L3: all that there is fits into one account, so that no credit can ever overflow.
        require(total <= type(uint96).max, TooMuchDeposited(total));

        _credit(to, amount, 0);

        emit Deposited(to, msg.sender, amount);
    }

    /// @inheritdoc ILedger
    function permit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        // INVARIANT L9: whoever saw the permit in the public pool can use it first. The allowance is there then, and the
        // deposit that follows checks it.
        try IERC20Permit(address(_token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {}
            catch {}
    }

    // --- and becomes stake ------------------------------------------------------------------------------------------------

    /// @inheritdoc ILedger
    function stake(uint96 amount) external {
        require(amount > 0, ZeroAmount());

        _takeFree(msg.sender, amount);
        _credit(msg.sender, 0, amount);

        emit Staked(msg.sender, amount);
    }

    /// @inheritdoc ILedger
    /// @dev INVARIANT L8: nothing is asked but that the money is there, here and in `withdraw`.
    function unstake(uint96 amount) external {
        require(amount > 0, ZeroAmount());

        _takeStake(msg.sender, amount);
        _credit(msg.sender, amount, 0);

        emit Unstaked(msg.sender, amount);
    }

    /// @inheritdoc ILedger
    function raiseEpoch() external {
        StoredAccount storage account = _accounts[msg.sender];
        account.word = account.word.nextEpoch();

        emit EpochRaised(msg.sender, account.word.epoch());
    }

    // --- money goes out ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ILedger
    function withdraw(address to, uint96 amount) external nonReentrant {
        require(to != address(0), ZeroAddress());
        require(amount > 0, ZeroAmount());

        _takeFree(msg.sender, amount);

        emit Withdrawn(msg.sender, to, amount);
        _send(to, amount);
    }

    /// @inheritdoc ILedger
    function sweepBurned() external nonReentrant {
        uint96 amount = _accounts[BURNED].word.free();
        require(amount > 0, ZeroAmount());

        _takeFree(BURNED, amount);

        emit BurnedSwept(amount);
        _send(BURNED, amount);
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc ILedger
    function token() public view returns (address) {
        return address(_token);
    }

    /// @inheritdoc ILedger
    function accountOf(address account) external view returns (Account memory) {
        AccountWord word = _accounts[account].word;
        return Account({free: word.free(), stake: word.stake(), epoch: word.epoch()});
    }

    // --- internals: all that the market does with money -------------------------------------------------------------------

    /// @dev Add to an account's free money and to its stake.
    function _credit(address to, uint96 free, uint96 staked) internal {
        StoredAccount storage account = _accounts[to];
        account.word = account.word.plus(free, staked);
    }

    /// @dev Take free money, for an escrow or a withdrawal. INVARIANT L5: `from` is whoever calls, or has signed for it, here and
    /// in `_takeStake` (burned money has no owner, and goes where it has to).
    function _takeFree(address from, uint96 amount) internal {
        StoredAccount storage account = _accounts[from];
        AccountWord word = account.word;
        require(amount <= word.free(), BalanceTooLow(from, word.free(), amount));

        account.word = word.minusFree(amount);
    }

    /// @dev Take stake, for a bond.
    function _takeStake(address from, uint96 amount) internal {
        // INVARIANT L4: a bond is no longer in the stake, so that no money leaves while it is at risk.
        StoredAccount storage account = _accounts[from];
        AccountWord word = account.word;
        require(amount <= word.stake(), StakeTooLow(from, word.stake(), amount));

        account.word = word.minusStake(amount);
    }

    function _epochOf(address account) internal view returns (uint64) {
        return _accounts[account].word.epoch();
    }

    /// @dev Divide a lost bond between the flames and whoever it is slashed in favour of.
    function _divide(uint96 bond, uint16 burnShare, address beneficiary)
        internal
        returns (uint96 paid, uint96 burned)
    {
        // SAFETY: a share of less than one, rounded up, so that no bond is too small to be burned; `paid` is what remains.
        burned = uint96((uint256(bond) * burnShare + WHOLE - 1) / WHOLE);
        paid = bond - burned;

        _credit(BURNED, burned, 0);
        _credit(beneficiary, paid, 0);
    }

    function _send(address to, uint256 amount) private {
        uint256 before = _token.balanceOf(address(this));
        _token.safeTransfer(to, amount);
        uint256 sent = before - _token.balanceOf(address(this));
        // INVARIANT L2: what is debited is what left, or others would pay for it.
        // slither-disable-next-line incorrect-equality
        require(sent == amount, WrongAmountSent(amount, sent));
    }
}
