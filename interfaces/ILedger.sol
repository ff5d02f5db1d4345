// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ILedger
/// @notice Who owns which part of the tokens that the market holds. Tokens move at deposit and withdrawal only; in between,
/// money moves from account to account, and into and out of bonds and escrows, as numbers.
/// @dev All amounts are in the token's smallest unit.
interface ILedger {
    /// @notice What one party has in the market, beside its money in bonds and escrows.
    struct Account {
        /// Can be withdrawn, staked, or paid for jobs.
        uint96 free;
        /// Deposited to be liable, and not at risk at present: bonds are taken from here and come back to here.
        uint96 stake;
        /// Part of all that the account signs (`ISignedOrders`).
        uint64 epoch;
    }

    event Deposited(address indexed account, address indexed payer, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event Staked(address indexed account, uint256 amount);
    event Unstaked(address indexed account, uint256 amount);
    /// @notice All that `account` has signed in earlier epochs is cancelled.
    event EpochRaised(address indexed account, uint64 epoch);
    /// @notice Burned money left the market for good.
    event BurnedSwept(uint256 amount);

    /// @notice `account` has only `available` free.
    error BalanceTooLow(address account, uint256 available, uint256 needed);
    /// @notice `account` has only `available` staked beside its bonds.
    error StakeTooLow(address account, uint256 available, uint256 needed);
    /// @notice The token moved another amount than it was told to: it takes a fee, and cannot be used here.
    error WrongAmountReceived(uint256 expected, uint256 received);
    error WrongAmountSent(uint256 expected, uint256 sent);
    /// @notice There would be more in the market than its accounts can count: 2^96 - 1 units.
    error TooMuchDeposited(uint256 total);
    /// @notice There is no contract at this address.
    error NotAContract(address account);
    error ZeroAmount();
    error ZeroAddress();

    /// @notice The market's token.
    function token() external view returns (address);

    /// @notice What `account` has in the market, beside its money in bonds and escrows.
    function accountOf(address account) external view returns (Account memory);

    /// @notice Pay `amount` into the account of `to`, from the caller's allowance.
    function deposit(address to, uint96 amount) external;

    /// @notice Use an ERC-2612 permit of the caller, so that a deposit can follow in the same `multicall`. A permit that
    /// somebody else has already used changes nothing: the allowance is there.
    function permit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pay `amount` of the caller's free money out to `to`.
    function withdraw(address to, uint96 amount) external;

    /// @notice Move `amount` of the caller's free money to its stake.
    function stake(uint96 amount) external;

    /// @notice Move `amount` of the caller's stake back to its free money. What is in a bond is not in the stake.
    function unstake(uint96 amount) external;

    /// @notice Cancel all orders, tickets, offers and extensions that the caller has signed for this contract and that were not used, at
    /// once.
    function raiseEpoch() external;

    /// @notice Send all burned money to an address that nobody has the key of. Anyone may call it.
    function sweepBurned() external;
}
