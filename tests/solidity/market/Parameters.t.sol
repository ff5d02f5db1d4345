// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Deployments, IMarket} from "tests/solidity/support/Deployments.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J14: the market's constructor, and `parameters`.
contract ParametersTest is MarketFixture {
    function test_addresses_without_a_contract_are_refused(address nobody) external {
        vm.assume(nobody.code.length == 0);
        IJobMarket.Parameters memory asked = parameters();
        asked.token = nobody;
        refused(asked, abi.encodeWithSelector(ILedger.NotAContract.selector, nobody));
        asked = parameters();
        asked.game = nobody;
        refused(asked, abi.encodeWithSelector(ILedger.NotAContract.selector, nobody));
    }

    function test_bonds_of_nothing_are_refused() external {
        IJobMarket.Parameters memory asked = parameters();
        asked.challengerBond = 0;
        outOfRange(asked, "challengerBond");
        asked = parameters();
        asked.minimumBond = 0;
        outOfRange(asked, "minimumBond");
    }

    function test_shares_and_periods_out_of_bounds_are_refused(uint16 share, uint32 period) external {
        IJobMarket.Parameters memory asked = parameters();
        asked.burnShare = share;
        if (share < 100 || share > 9_000) outOfRange(asked, "burnShare");
        else Deployments.market(asked);
        asked = parameters();
        asked.feeShare = share;
        if (share > 1_000) outOfRange(asked, "feeShare");
        else if (share > 0) Deployments.market(asked);
        asked = parameters();
        asked.minimumChallengePeriod = period;
        if (period == 0 || period > 30 days) outOfRange(asked, "minimumChallengePeriod");
        else Deployments.market(asked);
    }

    function test_bounds_are_inclusive() external {
        IJobMarket.Parameters memory asked = parameters();
        (asked.burnShare, asked.feeShare, asked.minimumChallengePeriod) = (100, 1_000, 1);
        Deployments.market(asked);
        (asked.burnShare, asked.minimumChallengePeriod) = (9_000, 30 days);
        Deployments.market(asked);
        asked.burnShare = 99;
        outOfRange(asked, "burnShare");
        asked.burnShare = 9_001;
        outOfRange(asked, "burnShare");
        asked = parameters();
        asked.feeShare = 1_001;
        outOfRange(asked, "feeShare");
        asked = parameters();
        asked.minimumChallengePeriod = 0;
        outOfRange(asked, "minimumChallengePeriod");
        asked.minimumChallengePeriod = 30 days + 1;
        outOfRange(asked, "minimumChallengePeriod");
    }

    /// @notice SPEC J21.
    function test_a_fee_without_a_recipient_or_a_recipient_without_a_fee_is_refused(uint16 share) external {
        IJobMarket.Parameters memory asked = parameters();
        asked.feeShare = 0;
        outOfRange(asked, "feeRecipient");
        asked.feeShare = 1 + share % 1_000;
        asked.feeRecipient = address(0);
        outOfRange(asked, "feeRecipient");
        asked.feeShare = 0;
        Deployments.market(asked);
    }

    function test_a_market_answers_with_its_parameters(uint96 bond, uint16 share, uint32 period, address fees)
        external
    {
        IJobMarket.Parameters memory asked = parameters();
        (asked.challengerBond, asked.minimumBond) = (1 + bond % 2 ** 95, 1 + bond / 2);
        (asked.burnShare, asked.minimumChallengePeriod) = (100 + share % 8_901, 1 + period % 30 days);
        asked.feeShare = 1 + share % 1_000;
        vm.assume(fees != address(0));
        asked.feeRecipient = fees;
        IMarket other = Deployments.market(asked);
        assert(keccak256(abi.encode(other.parameters())) == keccak256(abi.encode(asked)));
    }

    function outOfRange(IJobMarket.Parameters memory asked, string memory what) private {
        refused(asked, abi.encodeWithSelector(IJobMarket.ParameterOutOfRange.selector, what));
    }

    function refused(IJobMarket.Parameters memory asked, bytes memory reason) private {
        vm.expectRevert(reason);
        this.deploy(asked);
    }

    /// @notice In a call of its own: if `vm.deployCode` reverted in a test itself, the test would end there, and pass.
    function deploy(IJobMarket.Parameters calldata asked) external {
        Deployments.market(asked);
    }
}
