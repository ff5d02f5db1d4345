// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accounts, AccountWord} from "contracts/market/libraries/Accounts.sol";
import {Ledger} from "contracts/market/Ledger.sol";

/// @notice The ledger's own steps, one by one.
contract OpenLedger is Ledger {
    constructor(address token) Ledger(token) {}

    function credit(address to, uint96 free, uint96 staked) external {
        _credit(to, free, staked);
    }

    function takeFree(address from, uint96 amount) external {
        _takeFree(from, amount);
    }

    function takeStake(address from, uint96 amount) external {
        _takeStake(from, amount);
    }

    function divide(uint96 bond, uint16 share, address beneficiary) external returns (uint96, uint96) {
        return _divide(bond, share, beneficiary);
    }
}

/// @notice SPEC L1, L3, L4: for all amounts there are. (`make symbolic`.)
contract MoneySymbolic {
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;
    OpenLedger private ledger;

    function setUp() public {
        ledger = new OpenLedger(address(this));
    }

    /// @notice A credit adds to both fields, exactly, or is refused; and it is refused only if one of them overflows.
    function check_a_credit_is_exact_or_refused(uint256 word, uint96 free, uint96 staked) external view {
        AccountWord before = AccountWord.wrap(word);
        bool fits = uint256(before.free()) + free < 2 ** 96 && uint256(before.stake()) + staked < 2 ** 96;
        try this.plus(before, free, staked) returns (AccountWord afterwards) {
            assert(fits);
            assert(afterwards.free() == before.free() + free);
            assert(afterwards.stake() == before.stake() + staked);
            assert(afterwards.epoch() == before.epoch());
        } catch {
            assert(!fits);
        }
    }

    /// @notice A debit that the caller has checked takes from one field, and from no other.
    function check_a_debit_takes_from_one_field(uint256 word, uint96 amount) external pure {
        AccountWord before = AccountWord.wrap(word);
        if (amount <= before.free()) {
            AccountWord less = before.minusFree(amount);
            assert(less.free() == before.free() - amount);
            assert(less.stake() == before.stake() && less.epoch() == before.epoch());
        }
        if (amount <= before.stake()) {
            AccountWord less = before.minusStake(amount);
            assert(less.stake() == before.stake() - amount);
            assert(less.free() == before.free() && less.epoch() == before.epoch());
        }
    }

    function check_the_next_epoch_changes_nothing_else(uint256 word) external pure {
        AccountWord before = AccountWord.wrap(word);
        if (before.epoch() == type(uint64).max) return;
        AccountWord next = before.nextEpoch();
        assert(next.epoch() == before.epoch() + 1);
        assert(next.free() == before.free() && next.stake() == before.stake());
    }

    /// @notice What is taken is gone from the account it is taken from, and only as much as was there can be taken.
    function check_what_is_taken_was_there(
        address owner,
        address other,
        uint96 free,
        uint96 staked,
        uint96 amount
    ) external {
        if (owner == other) return;
        ledger.credit(owner, free, staked);
        try ledger.takeFree(owner, amount) {
            assert(amount <= free);
            assert(ledger.accountOf(owner).free == free - amount);
            assert(ledger.accountOf(owner).stake == staked);
        } catch {
            assert(amount > free);
        }
        try ledger.takeStake(owner, amount) {
            assert(amount <= staked);
            assert(ledger.accountOf(owner).stake == staked - amount);
        } catch {
            assert(amount > staked);
        }
        assert(ledger.accountOf(other).free == 0 && ledger.accountOf(other).stake == 0);
    }

    /// @notice SPEC J10, J12: of a lost bond nothing is left over, and nothing is made; at least one unit is burned.
    function check_a_lost_bond_is_divided(uint96 bond, uint16 share, address beneficiary) external {
        if (share < 100 || share > 9_000 || bond == 0 || beneficiary == BURNED) return;
        (uint96 paid, uint96 burned) = ledger.divide(bond, share, beneficiary);
        assert(uint256(paid) + burned == bond && burned > 0);
        assert(ledger.accountOf(beneficiary).free == paid && ledger.accountOf(BURNED).free == burned);
    }

    function plus(AccountWord word, uint96 free, uint96 staked) external pure returns (AccountWord) {
        return word.plus(free, staked);
    }
}
