// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {JobMarket} from "contracts/market/JobMarket.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC L1, J10, J11, J12, J21: what every end of a job pays to whom, for all prices and bonds there are. This contract is
/// the market's token and its game. (`make symbolic`.)
contract SettlingSymbolic {
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;
    address private constant REQUESTER = address(0x4e9);
    address private constant PROVIDER = address(0x940);
    address private constant CHALLENGER = address(0xc4a);
    address private constant FEES = address(0xfee5);
    uint16 private constant BURN_SHARE = 3_333;
    uint16 private constant FEE_SHARE = 250;
    uint96 private constant CHALLENGER_BOND = 7;
    uint256 private constant NOW = 1_800_000_000;
    uint32 private constant PERIOD = 1 hours;

    JobMarket private market;
    uint256 private held;

    function setUp() public {
        vm.warp(NOW);
        market = new JobMarket(
            IJobMarket.Parameters({
                token: address(this),
                game: address(this),
                challengerBond: CHALLENGER_BOND,
                minimumBond: 1,
                burnShare: BURN_SHARE,
                minimumChallengePeriod: 1,
                feeShare: FEE_SHARE,
                feeRecipient: FEES
            })
        );
    }

    function check_finalizing_pays_the_provider(uint96 price, uint96 bond) external {
        if (bond == 0 || uint256(price) + bond > type(uint96).max) return;
        IJobMarket.Job[] memory jobs = new IJobMarket.Job[](1);
        jobs[0] = claimed(price, bond);
        vm.warp(NOW + PERIOD + 1);
        assert(market.finalizeAll(jobs) == 1);

        uint96 fee = freeOf(FEES);
        assert(fee == uint256(price) * FEE_SHARE / 10_000);
        assert(freeOf(PROVIDER) == price - fee && stakeOf(PROVIDER) == bond);
        assert(freeOf(REQUESTER) == 0 && stakeOf(REQUESTER) == 0);
    }

    function check_a_missed_deadline_pays_the_requester(uint96 price, uint96 bond) external {
        if (bond == 0 || uint256(price) + bond > type(uint96).max) return;
        IJobMarket.Job memory job = accepted(price, bond);
        vm.warp(NOW + PERIOD + 1);
        market.expire(job);

        uint96 burned = freeOf(BURNED);
        assert(freeOf(REQUESTER) == price + (bond - burned) && 0 < burned && burned <= bond);
        assert(freeOf(PROVIDER) == 0 && stakeOf(PROVIDER) == 0);
    }

    function check_a_job_that_nobody_accepts_is_refunded(uint96 price, bool cancelled) external {
        IJobMarket.Job memory job = posted(price, 1);
        assert(freeOf(REQUESTER) == 0);
        if (cancelled) {
            vm.prank(REQUESTER);
            market.cancel(job);
        } else {
            vm.warp(NOW + PERIOD + 1);
            market.expire(job);
        }
        assert(freeOf(REQUESTER) == price);
    }

    function check_a_lost_dispute_pays_the_winner(uint96 price, uint96 bond, bool defended, bool stepped)
        external
    {
        if (bond == 0 || uint256(price) + bond + CHALLENGER_BOND > type(uint96).max) return;
        IJobMarket.Job memory job = claimed(price, bond);
        // As everywhere (`JobWord`): no hash begins with 175 zeros.
        vm.assume(uint256(keccak256(abi.encode(job))) >> 81 != 0);
        deposit(CHALLENGER, CHALLENGER_BOND);
        vm.prank(CHALLENGER);
        market.stake(CHALLENGER_BOND);
        IJobMarket.TaskProof memory proof;
        bytes32[16] memory roots;
        vm.prank(CHALLENGER);
        market.challenge(job, terms(price, bond), 0, proof, roots);
        assert(stakeOf(CHALLENGER) == 0);

        market.onDisputeResolved(
            IDisputeGame.Terms(
                address(market), JobId.unwrap(job.id), 0, address(this), 1, CHALLENGER, PROVIDER, 0, 0
            ),
            defended ? IDisputeGame.Side.Defender : IDisputeGame.Side.Challenger,
            stepped ? IDisputeGame.Ending.Step : IDisputeGame.Ending.Timeout,
            abi.encode(job)
        );
        if (defended) {
            assert(freeOf(PROVIDER) == CHALLENGER_BOND && freeOf(CHALLENGER) == 0 && stakeOf(CHALLENGER) == 0);
            assert(freeOf(REQUESTER) == 0 && freeOf(BURNED) == 0);
        } else {
            uint96 burned = freeOf(BURNED);
            assert(
                0 < burned && freeOf(CHALLENGER) == bond - burned && stakeOf(CHALLENGER) == CHALLENGER_BOND
            );
            assert(freeOf(REQUESTER) == price && freeOf(PROVIDER) == 0 && stakeOf(PROVIDER) == 0);
        }
    }

    // --- the game, and the token -------------------------------------------------------------------------------------------------

    function maxRounds() external pure returns (uint8) {
        return 15;
    }

    function open(IDisputeGame.Terms calldata, bytes32[16] calldata) external pure returns (bytes32) {
        return bytes32(uint256(1));
    }

    function balanceOf(address) external view returns (uint256) {
        return held;
    }

    function transferFrom(address, address, uint256 amount) external returns (bool) {
        held += amount;
        return true;
    }

    // --- internals ---------------------------------------------------------------------------------------------------------------

    function deposit(address to, uint96 amount) private {
        if (amount > 0) market.deposit(to, amount);
    }

    function posted(uint96 price, uint96 bond) private returns (IJobMarket.Job memory) {
        deposit(REQUESTER, price);
        vm.prank(REQUESTER);
        market.post(0, terms(price, bond));
        return
            record(price, bond, IJobMarket.Status.Open, address(0), keccak256(abi.encode(terms(price, bond))));
    }

    function accepted(uint96 price, uint96 bond) private returns (IJobMarket.Job memory) {
        IJobMarket.Job memory job = posted(price, bond);
        deposit(PROVIDER, bond);
        vm.prank(PROVIDER);
        market.stake(bond);
        vm.prank(PROVIDER);
        market.accept(job);
        return record(price, bond, IJobMarket.Status.Accepted, PROVIDER, job.commitment);
    }

    function claimed(uint96 price, uint96 bond) private returns (IJobMarket.Job memory) {
        IJobMarket.Job memory job = accepted(price, bond);
        vm.prank(PROVIDER);
        market.claim(job, 0, 0);
        bytes32 commitment = Hashes.efficientKeccak256(job.commitment, 0);
        return record(price, bond, IJobMarket.Status.Claimed, PROVIDER, commitment);
    }

    function terms(uint96 price, uint96 bond) private view returns (IJobMarket.Terms memory) {
        return IJobMarket.Terms({
            deal: Deals.pack(price, bond, PERIOD, PERIOD),
            work: Works.pack(address(this), 1, PERIOD, 1, IJobMarket.Admission.Anyone),
            opening: Openings.pack(0, address(0)),
            taskRoot: 0,
            specId: 0
        });
    }

    function record(uint96 price, uint96 bond, IJobMarket.Status status, address provider, bytes32 commitment)
        private
        pure
        returns (IJobMarket.Job memory)
    {
        return IJobMarket.Job({
            id: JobIds.pack(REQUESTER, 0, 1),
            deal: Deals.pack(price, bond, PERIOD, PERIOD),
            stage: Stages.pack(0, 1, status, uint40(NOW + PERIOD), provider),
            commitment: commitment
        });
    }

    function freeOf(address account) private view returns (uint96) {
        return market.accountOf(account).free;
    }

    function stakeOf(address account) private view returns (uint96) {
        return market.accountOf(account).stake;
    }
}
