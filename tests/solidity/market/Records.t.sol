// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket} from "interfaces/IJobMarket.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J2: no call acts on another record than the job's, however little is different, and whoever calls.
contract RecordsTest is MarketFixture {
    function test_no_call_takes_another_record_of_an_open_job(Wish memory wish, uint8 word, bytes32 flip)
        external
    {
        wish = fixedPrice(wish);
        IJobMarket.Job memory job = posted(wish, 0);
        IJobMarket.Job memory other = altered(job, word, flip);
        refused(requester, abi.encodeCall(market.cancel, (other)));
        refused(provider, abi.encodeCall(market.accept, (other)));
        refused(provider, abi.encodeCall(market.acceptUnder, (other, wish.terms())));
        vm.warp(block.timestamp + wish.acceptPeriod + 1);
        refused(stranger, abi.encodeCall(market.expire, (other)));
        assertCurrent(job, 0);
    }

    function test_no_call_takes_another_record_of_an_accepted_job(Wish memory wish, uint8 word, bytes32 flip)
        external
    {
        wish = fixedPrice(wish);
        IJobMarket.Job memory job = accepted(wish, 0);
        IJobMarket.Job memory other = altered(job, word, flip);
        bytes32[] memory roots = wish.finalRoots();
        refused(provider, abi.encodeCall(market.claim, (other, roots[0], "")));
        refused(provider, abi.encodeCall(market.claimBatch, (other, roots, "")));
        refused(provider, abi.encodeCall(market.decline, (other)));
        refused(provider, abi.encodeCall(market.extend, (other, uint40(block.timestamp + 30 days), "")));
        vm.warp(block.timestamp + wish.runPeriod + 1);
        refused(stranger, abi.encodeCall(market.expire, (other)));
        assertCurrent(job, 0);
    }

    function test_no_call_takes_another_record_of_a_claimed_job(Wish memory wish, uint8 word, bytes32 flip)
        external
    {
        wish = fixedPrice(wish);
        wish.taskCount = 1;
        bytes32[] memory roots = wish.finalRoots();
        IJobMarket.Job memory job = claimed(wish, 0, roots);
        IJobMarket.Job memory other = altered(job, word, flip);
        IJobMarket.TaskProof memory proof =
            IJobMarket.TaskProof(0, wish.roots(0)[0], new bytes32[](0), roots[0], new bytes32[](0));
        bytes32[16] memory list;
        refused(VERIFIER, abi.encodeCall(market.challenge, (other, wish.terms(), roots[0], proof, list)));
        vm.warp(block.timestamp + wish.challengePeriod + 1);
        refused(stranger, abi.encodeCall(market.finalizeAll, (one(other))));
        assertCurrent(job, 0);
    }

    function altered(IJobMarket.Job memory job, uint8 word, bytes32 flip)
        private
        pure
        returns (IJobMarket.Job memory)
    {
        vm.assume(flip != 0);
        bytes32[4] memory words = abi.decode(abi.encode(job), (bytes32[4]));
        words[word % 4] ^= flip;
        return abi.decode(abi.encode(words), (IJobMarket.Job));
    }

    function refused(address by, bytes memory call) private {
        vm.prank(by);
        (bool success,) = address(market).call(call);
        require(!success, "another record was taken");
    }
}
