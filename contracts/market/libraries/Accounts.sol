// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev stake (96 bits) | free (96 bits) | epoch (64 bits): what the ledger stores of an account, in one word.
type AccountWord is uint256;

using Accounts for AccountWord global;

/// @title Accounts
/// @notice Reads and changes the word of an account. Amounts are in the token's smallest unit.
library Accounts {
    uint256 private constant FREE_AT = 64;
    uint256 private constant STAKE_AT = 160;

    /// @notice Can be withdrawn, staked, or paid for jobs.
    function free(AccountWord word) internal pure returns (uint96) {
        return uint96(AccountWord.unwrap(word) >> FREE_AT);
    }

    /// @notice Deposited to be liable, and not at risk at present.
    function stake(AccountWord word) internal pure returns (uint96) {
        return uint96(AccountWord.unwrap(word) >> STAKE_AT);
    }

    /// @notice Part of all that the account signs.
    function epoch(AccountWord word) internal pure returns (uint64) {
        return uint64(AccountWord.unwrap(word));
    }

    /// @notice More free money and stake.
    /// @dev SAFETY: no sum of credits reaches 2^96 (INVARIANT L3), so that no field overflows into the next one. It is checked all
    /// the same, where it is cheap.
    function plus(AccountWord word, uint96 free_, uint96 stake_) internal pure returns (AccountWord) {
        unchecked {
            uint256 more = (uint256(free_) << FREE_AT) + (uint256(stake_) << STAKE_AT);
            uint256 sum = AccountWord.unwrap(word) + more;
            AccountWord result = AccountWord.wrap(sum);
            assert(free(result) >= free_ && sum >= more);
            return result;
        }
    }

    /// @notice Less free money. The caller has checked that it is there.
    function minusFree(AccountWord word, uint96 amount) internal pure returns (AccountWord) {
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(word) - (uint256(amount) << FREE_AT));
        }
    }

    /// @notice Less stake. The caller has checked that it is there.
    function minusStake(AccountWord word, uint96 amount) internal pure returns (AccountWord) {
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(word) - (uint256(amount) << STAKE_AT));
        }
    }

    /// @notice The next epoch.
    /// @dev SAFETY: nobody can raise an epoch 2^64 times.
    function nextEpoch(AccountWord word) internal pure returns (AccountWord) {
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(word) + 1);
        }
    }
}
