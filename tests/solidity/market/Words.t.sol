// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountWord} from "contracts/market/libraries/Accounts.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Records} from "contracts/market/libraries/Records.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J1, J2: the packed words give back what was put into them, and different things are different words.
contract WordsTest {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;

    function test_a_job_id_gives_back_its_parts(address requester, uint48 slot, uint48 generation)
        external
        pure
    {
        JobId id = JobIds.pack(requester, slot, generation);
        assert(id.requester() == requester && id.slot() == slot && id.generation() == generation);
        assert(JobId.unwrap(id) == bytes32(abi.encodePacked(requester, slot, generation)));
        assert(bytes32(id.slotKey()) == bytes32(abi.encodePacked(uint48(0), requester, slot)));
    }

    function test_a_deal_gives_back_its_parts(uint96 price, uint96 bond, uint32 run, uint32 challenge)
        external
        pure
    {
        Deal deal = Deals.pack(price, bond, run, challenge);
        assert(Deal.unwrap(deal) == bytes32(abi.encodePacked(price, bond, run, challenge)));
        assert(deal.price() == price && deal.bond() == bond);
        assert(deal.runPeriod() == run && deal.challengePeriod() == challenge);
        Deal other = deal.withPrice(~price);
        assert(Deal.unwrap(other) == bytes32(abi.encodePacked(~price, bond, run, challenge)));
    }

    function test_work_gives_back_its_parts(
        address referee,
        uint32 tasks,
        uint32 period,
        uint8 rounds,
        uint8 admission
    ) external pure {
        IJobMarket.Admission kind = IJobMarket.Admission(admission % 3);
        Work work = Works.pack(referee, tasks, period, rounds, kind);
        assert(
            Work.unwrap(work) == bytes32(abi.encodePacked(uint16(0), kind, rounds, period, tasks, referee))
        );
        assert(work.referee() == referee && work.taskCount() == tasks && work.acceptPeriod() == period);
        assert(work.rounds() == rounds && work.admission() == uint8(kind) && work.isTidy());
        Work other = work.withTaskCount(~tasks);
        assert(
            Work.unwrap(other) == bytes32(abi.encodePacked(uint16(0), kind, rounds, period, ~tasks, referee))
        );
        assert(!Work.wrap(Work.unwrap(work) | bytes32(uint256(1 << 240))).isTidy());
    }

    function test_an_opening_gives_back_its_parts(uint96 floor, address gate) external pure {
        Opening opening = Openings.pack(floor, gate);
        assert(Opening.unwrap(opening) == uint256(bytes32(abi.encodePacked(floor, gate))));
        assert(opening.floorPrice() == floor && opening.gate() == gate);
        assert(opening.isPlain() == (floor == 0 && gate == address(0)));
    }

    /// @notice SPEC J20.
    function test_a_price_never_falls_and_stays_in_its_range(
        uint96 floor,
        uint96 rise,
        uint32 period,
        uint40 early,
        uint40 late
    ) external pure {
        vm.assume(period > 0 && early <= late && rise <= type(uint96).max - floor);
        uint96 first = Openings.priceAfter(floor, floor + rise, early, period);
        uint96 second = Openings.priceAfter(floor, floor + rise, late, period);
        assert(floor <= first && first <= second && second <= floor + rise);
        assert(late < period || second == floor + rise);
        assert(Openings.priceAfter(floor, floor + rise, 0, period) == floor);
    }

    function test_a_stage_gives_back_its_parts(
        uint16 flags,
        uint32 tasks,
        uint40 deadline,
        uint8 status,
        address provider
    ) external pure {
        IJobMarket.Status next = IJobMarket.Status(status % 3);
        Stage stage = Stages.pack(flags, tasks, next, deadline, provider);
        assert(Stage.unwrap(stage) == bytes32(abi.encodePacked(flags, tasks, next, deadline, provider)));
        assert(stage.taskCount() == tasks && stage.deadline() == deadline);
        assert(stage.status() == next && stage.provider() == provider);
        assert(
            stage.has(Stages.CONDITIONAL) == (flags & 1 != 0) && stage.has(Stages.HIRED) == (flags & 2 != 0)
        );

        Stage later = stage.advance(IJobMarket.Status.Claimed, ~deadline, address(~uint160(provider)));
        assert(later.taskCount() == tasks && later.deadline() == ~deadline);
        assert(later.status() == IJobMarket.Status.Claimed && later.provider() == address(~uint160(provider)));
        assert(
            later.plus(Stages.HIRED).has(Stages.HIRED) && later.has(Stages.CONDITIONAL) == (flags & 1 != 0)
        );
    }

    /// @notice SPEC J2: the assembly against its plain version.
    function test_hashes_are_those_of_the_abi_encoding(
        IJobMarket.Job calldata job,
        IJobMarket.Terms calldata terms
    ) external pure {
        assert(Records.hash(job) == keccak256(abi.encode(job)));
        assert(Records.hash(job.id, job.deal, job.stage, job.commitment) == keccak256(abi.encode(job)));
        assert(Records.hash(terms) == keccak256(abi.encode(terms)));
        IJobMarket.Terms memory copy = terms;
        assert(Records.hashInMemory(copy) == keccak256(abi.encode(terms)));
    }

    /// @notice SPEC L1, L4: what changes is what has to, and nothing beside it.
    function test_an_account_adds_and_takes(
        uint96 free,
        uint96 stake,
        uint64 epoch,
        uint96 more,
        uint96 staked
    ) external pure {
        vm.assume(more <= type(uint96).max - free && staked <= type(uint96).max - stake);
        AccountWord word = accountOf(free, stake, epoch);
        assert(word.free() == free && word.stake() == stake && word.epoch() == epoch);
        AccountWord richer = word.plus(more, staked);
        assert(
            AccountWord.unwrap(richer) == AccountWord.unwrap(accountOf(free + more, stake + staked, epoch))
        );
        assert(AccountWord.unwrap(richer.minusFree(more).minusStake(staked)) == AccountWord.unwrap(word));
        vm.assume(epoch < type(uint64).max);
        assert(AccountWord.unwrap(word.nextEpoch()) == AccountWord.unwrap(accountOf(free, stake, epoch + 1)));
    }

    /// @notice SPEC L3: a credit that does not fit is refused, in either field.
    function test_an_account_does_not_overflow(uint96 free, uint96 stake, uint96 more, bool inStake)
        external
    {
        uint96 held = inStake ? stake : free;
        vm.assume(uint256(held) + more > type(uint96).max);
        AccountWord word = accountOf(free, stake, 0);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 1));
        this.plus(word, inStake ? 0 : more, inStake ? more : 0);
    }

    function plus(AccountWord word, uint96 free, uint96 stake) external pure returns (AccountWord) {
        return word.plus(free, stake);
    }

    function accountOf(uint96 free, uint96 stake, uint64 epoch) private pure returns (AccountWord) {
        return AccountWord.wrap(uint256(bytes32(abi.encodePacked(stake, free, epoch))));
    }

    function test_a_word_holds_its_record_whatever_disputes_are_open(bytes32 record, uint32 disputes)
        external
        pure
    {
        // A hash that begins with 176 zeros would look like an end.
        vm.assume(uint256(record) >> 80 != 0 && disputes < type(uint32).max);
        JobWord word = JobWords.ofJob(record, disputes);
        assert(word.holds(record) && word.disputes() == disputes && !word.isEnd());
        assert(word.plusDispute().holds(record) && word.plusDispute().disputes() == disputes + 1);
        assert(JobWord.unwrap(word.plusDispute().minusDispute()) == JobWord.unwrap(word));
    }

    function test_a_word_holds_no_other_record(bytes32 record, bytes32 other, uint32 disputes) external pure {
        vm.assume(bytes28(record) != bytes28(other));
        assert(!JobWords.ofJob(record, disputes).holds(other));
    }

    function test_an_end_gives_back_its_parts(uint48 generation, uint32 disputes) external pure {
        vm.assume(disputes > 0);
        JobWord word = JobWords.ofEnd(generation, disputes);
        assert(word.isEnd() && word.generation() == generation && word.disputes() == disputes);
        assert(
            word.minusDispute().generation() == generation && word.minusDispute().disputes() == disputes - 1
        );
    }

    function test_an_unused_slot_is_at_its_end() external pure {
        JobWord word = JobWord.wrap(0);
        assert(word.isEnd() && word.generation() == 0 && word.disputes() == 0);
    }
}
