// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Deal, IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J1, J2: the packed words give back what was put into them, and different things are different words.
contract WordsTest {
    using JobIds for JobId;
    using Deals for Deal;
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

    function test_a_deal_gives_back_its_parts(IJobMarket.Terms calldata terms) external pure {
        Deal deal = Deals.pack(terms);
        assert(deal.price() == terms.price && deal.bond() == terms.bond);
        assert(deal.runPeriod() == terms.runPeriod && deal.challengePeriod() == terms.challengePeriod);
    }

    function test_a_stage_gives_back_its_parts(uint32 tasks, uint40 deadline, uint8 status, address provider)
        external
        pure
    {
        Stage stage = Stages.open(tasks, deadline);
        assert(stage.taskCount() == tasks && stage.deadline() == deadline);
        assert(stage.status() == IJobMarket.Status.Open && stage.provider() == address(0));

        IJobMarket.Status next = IJobMarket.Status(status % 3);
        Stage later = stage.advance(next, ~deadline, provider);
        assert(later.taskCount() == tasks && later.deadline() == ~deadline);
        assert(later.status() == next && later.provider() == provider);
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
