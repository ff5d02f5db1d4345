// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {CounterReferee} from "contracts/referees/CounterReferee.sol";
import {AssayToken} from "contracts/token/AssayToken.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {Deployments, IMarket} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {ANYONE, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice A market whose parties have money and keys, and the records that its jobs have to have, written down by the rules of
/// `IJobMarket` and not by asking the market.
abstract contract MarketFixture {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;

    uint96 internal constant CHALLENGER_BOND = 7;
    uint96 internal constant MINIMUM_BOND = 5;
    uint16 internal constant BURN_SHARE = 3_333;
    uint16 internal constant FEE_SHARE = 250;
    uint32 internal constant MINIMUM_CHALLENGE_PERIOD = 300;
    uint32 internal constant ALLOWANCE = 600;
    uint96 internal constant FORTUNE = 1e24;

    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    address internal constant FEES = address(0xfee5);

    uint256 internal constant REQUESTER_KEY = 0x4e9;
    uint256 internal constant PROVIDER_KEY = 0x940;
    uint256 internal constant STRANGER_KEY = 0x574;
    address internal immutable requester = vm.addr(REQUESTER_KEY);
    address internal immutable provider = vm.addr(PROVIDER_KEY);
    address internal immutable stranger = vm.addr(STRANGER_KEY);
    address internal constant VERIFIER = address(0x4e41f1e4);

    AssayToken internal immutable token = new AssayToken();
    CounterReferee internal immutable referee = new CounterReferee();
    IDisputeGame internal immutable game = Deployments.game(ALLOWANCE, 60);
    IMarket internal immutable market = Deployments.market(parameters());

    constructor() {
        vm.warp(1_800_000_000);
        token.approve(address(market), type(uint256).max);
        endow(requester);
        endow(provider);
        endow(VERIFIER);
        endow(stranger);
    }

    function parameters() internal view returns (IJobMarket.Parameters memory) {
        return IJobMarket.Parameters({
            token: address(token),
            game: address(game),
            challengerBond: CHALLENGER_BOND,
            minimumBond: MINIMUM_BOND,
            burnShare: BURN_SHARE,
            minimumChallengePeriod: MINIMUM_CHALLENGE_PERIOD,
            feeShare: FEE_SHARE,
            feeRecipient: FEES
        });
    }

    function endow(address account) internal {
        market.deposit(account, 2 * FORTUNE);
        vm.prank(account);
        market.stake(FORTUNE);
    }

    // --- terms -----------------------------------------------------------------------------------------------------------

    /// @notice Terms that the market takes and the parties can afford twice, made of any numbers.
    function sound(Wish memory wish) internal view returns (Wish memory) {
        wish.referee = address(referee);
        wish.price %= FORTUNE / 2 + 1;
        wish.floorPrice = uint96(1 + uint256(wish.floorPrice) % (uint256(wish.price) + 1));
        if (wish.floorPrice > wish.price) wish.floorPrice = 0;
        wish.bond = MINIMUM_BOND + wish.bond % (FORTUNE / 2 - MINIMUM_BOND); // the provider can be in two jobs
        wish.acceptPeriod = 1 + wish.acceptPeriod % 30 days;
        wish.runPeriod = 1 + wish.runPeriod % 30 days;
        wish.challengePeriod =
            MINIMUM_CHALLENGE_PERIOD + wish.challengePeriod % (30 days - MINIMUM_CHALLENGE_PERIOD);
        wish.taskCount = 1 + wish.taskCount % 5;
        wish.rounds = 1 + wish.rounds % 15;
        (wish.admission, wish.gate) = (ANYONE, address(0));
        wish.target %= 1 << 32;
        return wish;
    }

    /// @notice The same, for a fixed price.
    function fixedPrice(Wish memory wish) internal view returns (Wish memory) {
        wish = sound(wish);
        wish.floorPrice = 0;
        return wish;
    }

    // --- jobs: each call, and the record that has to come of it --------------------------------------------------------

    function posted(Wish memory wish, uint48 slot) internal returns (IJobMarket.Job memory job) {
        job = openRecord(requester, slot, market.nextGeneration(requester, slot), wish, wish.acceptPeriod);
        vm.prank(requester);
        market.post(slot, wish.terms());
    }

    function accepted(Wish memory wish, uint48 slot) internal returns (IJobMarket.Job memory job) {
        job = posted(wish, slot);
        vm.prank(provider);
        market.acceptUnder(job, wish.terms());
        job = acceptedRecord(job, wish.floorPrice == 0 ? wish.price : wish.floorPrice, provider);
    }

    function claimed(Wish memory wish, uint48 slot, bytes32[] memory roots)
        internal
        returns (IJobMarket.Job memory job)
    {
        job = accepted(wish, slot);
        vm.prank(provider);
        market.claimBatch(job, roots, "result");
        job = claimedRecord(job, roots);
    }

    function openRecord(address by, uint48 slot, uint48 generation, Wish memory wish, uint256 period)
        internal
        view
        returns (IJobMarket.Job memory)
    {
        IJobMarket.Terms memory terms = wish.terms();
        bool conditional = wish.floorPrice > 0 || wish.gate != address(0);
        return IJobMarket.Job({
            id: JobIds.pack(by, slot, generation),
            deal: terms.deal,
            stage: Stages.pack(
                conditional ? 1 : 0,
                wish.taskCount,
                IJobMarket.Status.Open,
                uint40(block.timestamp + period),
                address(0)
            ),
            commitment: keccak256(abi.encode(terms))
        });
    }

    function acceptedRecord(IJobMarket.Job memory job, uint96 price, address by)
        internal
        view
        returns (IJobMarket.Job memory)
    {
        uint40 deadline = uint40(block.timestamp + job.deal.runPeriod());
        job.deal = job.deal.withPrice(price);
        job.stage = job.stage.advance(IJobMarket.Status.Accepted, deadline, by);
        return job;
    }

    function claimedRecord(IJobMarket.Job memory job, bytes32[] memory roots)
        internal
        view
        returns (IJobMarket.Job memory)
    {
        uint40 deadline = uint40(block.timestamp + job.deal.challengePeriod());
        job.stage = job.stage.advance(IJobMarket.Status.Claimed, deadline, job.stage.provider());
        job.commitment = keccak256(abi.encode(job.commitment, Proofs.root(roots)));
        return job;
    }

    // --- what is so --------------------------------------------------------------------------------------------------

    function assertCurrent(IJobMarket.Job memory job, uint32 disputes) internal view {
        (bool current, uint32 found) = market.isCurrent(job);
        require(current, "the job has another record");
        require(found == disputes, "the job has another number of disputes");
    }

    /// @notice The slot's job has ended, and the slot is free.
    function assertEnded(IJobMarket.Job memory job) internal view {
        (bool current,) = market.isCurrent(job);
        require(!current, "the job has not ended");
        uint48 next = market.nextGeneration(job.id.requester(), job.id.slot());
        require(next == job.id.generation() + 1, "the slot has another generation than the next");
    }

    /// @notice `account` has so much more, or less, than what it was endowed with.
    function assertGained(address account, int256 free, int256 staked) internal view {
        ILedger.Account memory found = market.accountOf(account);
        int256 endowment = account == FEES || account == BURNED ? int256(0) : int256(uint256(FORTUNE));
        require(int256(uint256(found.free)) == endowment + free, "another amount is free");
        require(int256(uint256(found.stake)) == endowment + staked, "another amount is staked");
    }

    function one(IJobMarket.Job memory job) internal pure returns (IJobMarket.Job[] memory jobs) {
        jobs = new IJobMarket.Job[](1);
        jobs[0] = job;
    }
}
