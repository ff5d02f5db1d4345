// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";

/// @notice No field of a packed word runs into another one, whatever is in it. (`make symbolic`.)
contract WordsSymbolic {
    using Deals for Deal;
    using JobIds for JobId;
    using Openings for Opening;
    using Stages for Stage;
    using Works for Work;

    function check_a_deal_keeps_its_fields(
        uint96 price,
        uint96 bond,
        uint32 run,
        uint32 challenge,
        uint96 other
    ) external pure {
        Deal deal = Deals.pack(price, bond, run, challenge);
        assert(deal.price() == price && deal.bond() == bond);
        assert(deal.runPeriod() == run && deal.challengePeriod() == challenge);
        Deal changed = deal.withPrice(other);
        assert(Deal.unwrap(changed) == Deal.unwrap(Deals.pack(other, bond, run, challenge)));
    }

    function check_an_id_keeps_its_fields(address requester, uint48 slot, uint48 generation) external pure {
        JobId id = JobIds.pack(requester, slot, generation);
        assert(id.requester() == requester && id.slot() == slot && id.generation() == generation);
        assert(id.slotKey() == JobIds.pack(requester, slot, 0).slotKey());
        assert(JobId.unwrap(JobIds.pack(requester, slot, 0).withGeneration(generation)) == JobId.unwrap(id));
    }

    /// @notice SPEC J8: slots of different requesters or numbers are stored in different places.
    function check_each_slot_has_its_own_key(address requester, uint48 slot, address other, uint48 otherSlot)
        external
        pure
    {
        bool same = JobIds.pack(requester, slot, 0).slotKey() == JobIds.pack(other, otherSlot, 0).slotKey();
        assert(same == (requester == other && slot == otherSlot));
    }

    function check_an_opening_keeps_its_fields(uint96 floor, address gate) external pure {
        Opening opening = Openings.pack(floor, gate);
        assert(opening.floorPrice() == floor && opening.gate() == gate);
        assert(opening.isPlain() == (floor == 0 && gate == address(0)));
    }

    function check_work_keeps_its_fields(
        address referee,
        uint32 tasks,
        uint32 accept,
        uint8 rounds,
        uint32 other
    ) external pure {
        for (uint256 i = 0; i <= uint256(type(IJobMarket.Admission).max); i++) {
            IJobMarket.Admission admission = IJobMarket.Admission(i);
            Work work = Works.pack(referee, tasks, accept, rounds, admission);
            assert(work.referee() == referee && work.taskCount() == tasks && work.acceptPeriod() == accept);
            assert(work.rounds() == rounds && work.admission() == i && work.isTidy());
            assert(
                Work.unwrap(work.withTaskCount(other))
                    == Work.unwrap(Works.pack(referee, other, accept, rounds, admission))
            );
        }
    }

    function check_work_is_tidy_or_has_other_bits(bytes32 word) external pure {
        assert(Work.wrap(word).isTidy() == (word & bytes32(uint256(0xFFFF) << 240) == 0));
        assert(Work.wrap(word).isPlain() == (word & bytes32(uint256(0xFFFFFF) << 232) == 0));
    }

    function check_a_stage_keeps_its_fields(
        uint16 flags,
        uint32 tasks,
        uint40 deadline,
        address provider,
        uint40 next,
        address other,
        uint16 more
    ) external pure {
        for (uint256 i = 0; i <= uint256(type(IJobMarket.Status).max); i++) {
            IJobMarket.Status status = IJobMarket.Status(i);
            Stage stage = Stages.pack(flags, tasks, status, deadline, provider);
            assert(stage.taskCount() == tasks && stage.status() == status);
            assert(stage.deadline() == deadline && stage.provider() == provider);
            assert(stage.has(more) == (flags & more != 0));
            Stage advanced = stage.advance(IJobMarket.Status.Claimed, next, other);
            assert(
                Stage.unwrap(advanced)
                    == Stage.unwrap(Stages.pack(flags, tasks, IJobMarket.Status.Claimed, next, other))
            );
            assert(
                Stage.unwrap(stage.plus(more))
                    == Stage.unwrap(Stages.pack(flags | more, tasks, status, deadline, provider))
            );
        }
    }

    /// @notice SPEC J2, J9: a word holds the record that it was made of, whatever its count of disputes, and no other one whose
    /// hash begins otherwise.
    function check_a_word_holds_its_record(bytes32 recordHash, uint32 disputes, bytes32 other) external pure {
        JobWord word = JobWords.ofJob(recordHash, disputes);
        assert(word.disputes() == disputes && word.holds(recordHash));
        assert(word.holds(other) == (bytes28(other) == bytes28(recordHash)));
        assert(word.isEnd() == (uint256(recordHash) >> 81 == 0));
        if (!word.isEnd()) assert(!word.isFree());
        if (disputes < type(uint32).max) {
            assert(
                JobWord.unwrap(word.plusDispute()) == JobWord.unwrap(JobWords.ofJob(recordHash, disputes + 1))
            );
            assert(JobWord.unwrap(word.plusDispute().minusDispute()) == JobWord.unwrap(word));
        }
    }

    /// @notice SPEC J23.
    function check_a_finalized_end_is_no_other_end(uint48 generation, uint48 other, uint32 disputes)
        external
        pure
    {
        JobWord word = JobWords.ofFinalized(generation);
        assert(word.isEnd() && word.isFree() && word.generation() == generation && word.disputes() == 0);
        assert(JobWord.unwrap(word) != JobWord.unwrap(JobWords.ofOtherEnd(other, disputes)));
    }

    function check_an_end_keeps_its_fields(uint48 generation, uint32 disputes) external pure {
        JobWord word = JobWords.ofOtherEnd(generation, disputes);
        assert(word.isEnd() && word.generation() == generation && word.disputes() == disputes);
        assert(word.isFree() == (disputes == 0));
        if (disputes > 0) {
            JobWord less = word.minusDispute();
            assert(less.isEnd() && less.generation() == generation && less.disputes() == disputes - 1);
        }
    }
}
