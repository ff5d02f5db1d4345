// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
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
        assert(JobId.unwrap(JobIds.pack(requester, slot, 0).withGeneration(generation)) == JobId.unwrap(id));
        if (generation > 0) {
            assert(JobId.unwrap(id.previous()) == JobId.unwrap(JobIds.pack(requester, slot, generation - 1)));
        }
        assert(bytes32(id.slotKey()) == bytes32(abi.encodePacked(uint48(0), requester, slot)));
    }

    function test_a_deal_gives_back_its_parts(
        uint96 price,
        uint96 bond,
        uint32 run,
        uint32 challenge,
        uint96 other
    ) external pure {
        Deal deal = Deals.pack(price, bond, run, challenge);
        assert(Deal.unwrap(deal) == bytes32(abi.encodePacked(price, bond, run, challenge)));
        assert(deal.price() == price && deal.bond() == bond);
        assert(deal.runPeriod() == run && deal.challengePeriod() == challenge);
        assert(Deal.unwrap(deal.withPrice(other)) == bytes32(abi.encodePacked(other, bond, run, challenge)));
    }

    function test_a_work_gives_back_its_parts(
        address referee,
        uint32 taskCount,
        uint32 acceptPeriod,
        uint8 rounds,
        uint8 admission
    ) external pure {
        admission %= 3;
        Work work = Works.pack(referee, taskCount, acceptPeriod, rounds, IJobMarket.Admission(admission));
        bytes memory plain = abi.encodePacked(uint16(0), admission, rounds, acceptPeriod, taskCount, referee);
        assert(Work.unwrap(work) == bytes32(plain));
        assert(work.referee() == referee && work.taskCount() == taskCount && work.rounds() == rounds);
        assert(work.acceptPeriod() == acceptPeriod && work.admission() == admission && work.isTidy());
        assert(work.isPlain() == (admission == 0));
    }

    function test_a_work_with_another_number_of_tasks_keeps_the_rest(uint256 word, uint32 taskCount)
        external
        pure
    {
        Work work = Work.wrap(bytes32(word));
        Work other = work.withTaskCount(taskCount);
        assert(other.taskCount() == taskCount);
        assert(Work.unwrap(other.withTaskCount(work.taskCount())) == bytes32(word));
        assert(other.referee() == work.referee() && uint256(Work.unwrap(other)) >> 192 == word >> 192);
    }

    function test_a_work_is_tidy_without_bits_that_mean_nothing(uint256 word) external pure {
        assert(!Work.wrap(bytes32(word | (1 << 240 + word % 16))).isTidy());
        assert(Work.wrap(bytes32(word >> 16)).isTidy());
    }

    function test_an_opening_gives_back_its_parts(uint96 floorPrice, address gate) external pure {
        Opening opening = Openings.pack(floorPrice, gate);
        assert(bytes32(Opening.unwrap(opening)) == bytes32(abi.encodePacked(floorPrice, gate)));
        assert(opening.floorPrice() == floorPrice && opening.gate() == gate);
        assert(opening.isPlain() == (floorPrice == 0 && gate == address(0)));
    }

    /// @notice SPEC J20.
    function test_a_rising_price_rises_in_proportion_and_stays_in_its_range(
        uint96 floor,
        uint96 ceiling,
        uint40 elapsed,
        uint40 later,
        uint32 period
    ) external pure {
        vm.assume(floor <= ceiling && elapsed <= later && period > 0);
        uint96 price = Openings.priceAfter(floor, ceiling, elapsed, period);
        assert(floor <= price && price <= ceiling);
        assert(price <= Openings.priceAfter(floor, ceiling, later, period));
        assert(elapsed > 0 || price == floor);
        assert(elapsed < period || price == ceiling);
        if (elapsed < period) {
            // Rounded down: price - floor is the largest whole number that is not above the proportion.
            uint256 exact = (uint256(ceiling) - floor) * elapsed;
            assert(
                (uint256(price) - floor) * period <= exact && (uint256(price) - floor + 1) * period > exact
            );
        }
    }

    function test_a_stage_gives_back_its_parts(
        uint16 flags,
        uint32 tasks,
        uint40 deadline,
        uint8 status,
        address provider
    ) external pure {
        IJobMarket.Status first = IJobMarket.Status(status % 3);
        Stage stage = Stages.pack(flags, tasks, first, deadline, provider);
        bytes memory plain = abi.encodePacked(flags, tasks, uint8(first), deadline, provider);
        assert(Stage.unwrap(stage) == bytes32(plain));
        assert(stage.taskCount() == tasks && stage.deadline() == deadline);
        assert(stage.status() == first && stage.provider() == provider);
        for (uint8 i = 0; i < 3; i++) {
            assert(stage.isStatus(IJobMarket.Status(i)) == (i == uint8(first)));
        }
        for (uint256 bit = 0; bit < 16; bit++) {
            assert(stage.has(uint16(1 << bit)) == (flags >> bit & 1 == 1));
        }
    }

    function test_a_later_stage_keeps_flags_and_tasks(uint256 word, uint8 status, uint40 deadline, address by)
        external
        pure
    {
        IJobMarket.Status next = IJobMarket.Status(status % 3);
        Stage later = Stage.wrap(bytes32(word)).advance(next, deadline, by);
        assert(later.status() == next && later.deadline() == deadline && later.provider() == by);
        assert(uint256(Stage.unwrap(later)) >> 208 == word >> 208);
        uint16 more = uint16(word);
        assert(Stage.unwrap(later.plus(more)) == Stage.unwrap(later) | bytes2(more));
    }

    function test_a_word_holds_its_record_whatever_disputes_are_open(bytes32 record, uint32 disputes)
        external
        pure
    {
        // A hash that begins with 175 zeros would look like an end.
        vm.assume(uint256(record) >> 81 != 0 && disputes < type(uint32).max);
        JobWord word = JobWords.ofJob(record, disputes);
        assert(word.holds(record) && word.disputes() == disputes && !word.isEnd() && !word.isFree());
        assert(word.plusDispute().holds(record) && word.plusDispute().disputes() == disputes + 1);
        assert(JobWord.unwrap(word.plusDispute().minusDispute()) == JobWord.unwrap(word));
    }

    function test_a_word_holds_no_other_record(bytes32 record, bytes32 other, uint32 disputes) external pure {
        vm.assume(bytes28(record) != bytes28(other));
        assert(!JobWords.ofJob(record, disputes).holds(other));
    }

    function test_an_end_gives_back_its_parts(uint48 generation, uint32 disputes) external pure {
        vm.assume(disputes > 0);
        JobWord word = JobWords.ofOtherEnd(generation, disputes);
        assert(word.isEnd() && word.generation() == generation && word.disputes() == disputes);
        assert(!word.isFree() && JobWords.ofOtherEnd(generation, 0).isFree());
        assert(
            word.minusDispute().generation() == generation && word.minusDispute().disputes() == disputes - 1
        );
    }

    /// @notice SPEC J23.
    function test_a_finalized_end_is_no_other_end(uint48 generation, uint48 other, uint32 disputes)
        external
        pure
    {
        JobWord word = JobWords.ofFinalized(generation);
        assert(word.isEnd() && word.isFree() && word.generation() == generation && word.disputes() == 0);
        assert(JobWord.unwrap(word) != JobWord.unwrap(JobWords.ofOtherEnd(other, disputes)));
    }

    function test_an_unused_slot_is_at_its_end() external pure {
        JobWord word = JobWord.wrap(0);
        assert(word.isEnd() && word.isFree() && word.generation() == 0 && word.disputes() == 0);
    }
}
