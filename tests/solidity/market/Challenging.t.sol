// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HostileReferee} from "contracts/test/HostileReferee.sol";
import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `challenge` and `onDisputeResolved`.
contract ChallengingTest is MarketFixture {
    IJobMarket.Job private job;
    Wish private wish;
    bytes32[] private claimedRoots;

    // --- challenges that are refused ------------------------------------------------------------------------------------------

    /// @notice SPEC J3.
    function test_challenging_what_is_not_claimed_is_refused(Wish memory any, bool open) external {
        falseClaim(any);
        job = open ? posted(wish, 1) : accepted(wish, 1);
        refused(
            proofOf(0),
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                job.id,
                IJobMarket.Status.Claimed,
                open ? IJobMarket.Status.Open : IJobMarket.Status.Accepted
            )
        );
    }

    /// @notice SPEC J3: the last second is in time, the next one is not.
    function test_challenging_after_the_period_is_refused(Wish memory any, uint40 late) external {
        falseClaim(any);
        uint256 deadline = block.timestamp + wish.challengePeriod;
        vm.warp(deadline + 1 + late);
        refused(proofOf(0), abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline));
        vm.warp(deadline);
        challengeBy(VERIFIER, 0);
    }

    /// @notice SPEC J5: the terms and the claim root are those of the job.
    function test_other_terms_or_another_claim_are_refused(Wish memory any, uint8 word, bytes32 flip)
        external
    {
        vm.assume(flip != 0);
        falseClaim(any);
        bytes32[6] memory words;
        bytes32[5] memory terms = abi.decode(abi.encode(wish.terms()), (bytes32[5]));
        for (uint256 i = 0; i < 5; i++) {
            words[i] = terms[i];
        }
        words[5] = Proofs.root(claimedRoots);
        words[word % 6] ^= flip;
        for (uint256 i = 0; i < 5; i++) {
            terms[i] = words[i];
        }
        IJobMarket.Terms memory other = abi.decode(abi.encode(terms), (IJobMarket.Terms));
        IJobMarket.TaskProof memory proof = proofOf(0);
        vm.prank(VERIFIER);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TermsMismatch.selector, job.commitment));
        market.challenge(job, other, words[5], proof, list());
    }

    /// @notice SPEC J5.
    function test_a_task_that_does_not_exist_is_refused(Wish memory any, uint32 task) external {
        falseClaim(any);
        IJobMarket.TaskProof memory proof = proofOf(0);
        vm.assume(task >= wish.taskCount);
        proof.task = task;
        refused(proof, abi.encodeWithSelector(IJobMarket.TaskOutOfRange.selector, wish.taskCount, task));
    }

    /// @notice SPEC J5.
    function test_another_initial_root_is_refused(Wish memory any, uint8 task, bytes32 flip) external {
        vm.assume(flip != 0);
        falseClaim(any);
        IJobMarket.TaskProof memory proof = proofOf(task % wish.taskCount);
        proof.initialRoot ^= flip;
        bytes32 root = Proofs.root(wish.roots(0));
        refused(proof, abi.encodeWithSelector(IJobMarket.InitialRootNotInJob.selector, root));
    }

    /// @notice SPEC J5.
    function test_another_final_root_is_refused(Wish memory any, uint8 task, bytes32 flip) external {
        vm.assume(flip != 0);
        falseClaim(any);
        IJobMarket.TaskProof memory proof = proofOf(task % wish.taskCount);
        proof.finalRoot ^= flip;
        bytes32 root = Proofs.root(claimedRoots);
        refused(proof, abi.encodeWithSelector(IJobMarket.FinalRootNotInClaim.selector, root));
    }

    /// @notice SPEC J5: a root under the tree at another place than the task's.
    function test_a_proof_of_another_task_is_refused(Wish memory any, uint8 task, uint8 other, bool final_)
        external
    {
        falseClaim(any);
        task %= uint8(wish.taskCount);
        other %= uint8(wish.taskCount);
        vm.assume(task != other);
        (IJobMarket.TaskProof memory proof, IJobMarket.TaskProof memory wrong) =
            (proofOf(task), proofOf(other));
        if (final_) (proof.finalRoot, proof.finalSiblings) = (wrong.finalRoot, wrong.finalSiblings);
        else (proof.initialRoot, proof.initialSiblings) = (wrong.initialRoot, wrong.initialSiblings);
        vm.prank(VERIFIER);
        vm.expectPartialRevert(
            final_ ? IJobMarket.FinalRootNotInClaim.selector : IJobMarket.InitialRootNotInJob.selector
        );
        market.challenge(job, wish.terms(), Proofs.root(claimedRoots), proof, list());
    }

    /// @notice SPEC J5.
    function test_a_proof_of_another_depth_is_refused(Wish memory any, uint8 length, bool final_) external {
        falseClaim(any);
        IJobMarket.TaskProof memory proof = proofOf(0);
        uint256 depth = proof.initialSiblings.length;
        vm.assume(length != depth);
        if (final_) proof.finalSiblings = new bytes32[](length);
        else proof.initialSiblings = new bytes32[](length);
        refused(proof, abi.encodeWithSelector(MerkleProof.WrongProofLength.selector, depth, length));
    }

    /// @notice SPEC L4.
    function test_a_challenger_without_a_bond_is_refused(Wish memory any) external {
        falseClaim(any);
        IJobMarket.TaskProof memory proof = proofOf(0);
        vm.prank(address(0x9004));
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.StakeTooLow.selector, address(0x9004), 0, CHALLENGER_BOND)
        );
        market.challenge(job, wish.terms(), Proofs.root(claimedRoots), proof, list());
    }

    /// @notice SPEC G1, G2: about one task, once with the same terms, and not with a list that agrees with the claim.
    function test_the_same_challenge_again_is_refused(Wish memory any) external {
        falseClaim(any);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        refused(
            proofOf(0),
            abi.encodeWithSelector(IDisputeGame.DisputeExists.selector, keccak256(abi.encode(terms)))
        );
    }

    /// @notice SPEC J15: a count that is full does not overflow into the record.
    function test_more_disputes_than_can_be_counted_are_refused(Wish memory any) external {
        falseClaim(any);
        vm.record();
        bytes32 word = market.slotWord(requester, 0);
        (bytes32[] memory places,) = vm.accesses(address(market));
        vm.store(address(market), places[0], word | bytes32(uint256(type(uint32).max)));
        assertCurrent(job, type(uint32).max);
        refused(proofOf(0), abi.encodeWithSelector(IJobMarket.TooManyDisputes.selector, job.id));
    }

    // --- a challenge ------------------------------------------------------------------------------------------------------------

    /// @notice SPEC J9, L1: it locks the challenger's bond, and leaves the record as it is.
    function test_any_number_can_challenge_side_by_side(Wish memory any, uint8 task) external {
        falseClaim(any);
        task %= uint8(wish.taskCount);
        challengeBy(VERIFIER, task);
        assertCurrent(job, 1);
        challengeBy(stranger, task);
        challengeBy(provider, 0);
        assertCurrent(job, 3);
        assertGained(VERIFIER, 0, -int256(uint256(CHALLENGER_BOND)));
        assertGained(stranger, 0, -int256(uint256(CHALLENGER_BOND)));
        assertGained(provider, 0, -int256(uint256(wish.bond)) - int256(uint256(CHALLENGER_BOND)));
    }

    /// @notice SPEC G1: about what the market has checked, with the parties of the job.
    function test_the_game_hears_what_the_dispute_is_about(Wish memory any, uint8 task) external {
        falseClaim(any);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, uint8(task % wish.taskCount));
        IDisputeGame.State memory state = game.stateOf(idOf(terms));
        assert(state.running && state.challenger == VERIFIER && state.defender == provider);
        assert(state.remaining == wish.rounds - 1);
    }

    // --- its end ----------------------------------------------------------------------------------------------------------------

    /// @notice SPEC J10: nobody but the game ends a dispute.
    function test_another_than_the_game_is_not_heard(Wish memory any, address other) external {
        vm.assume(other != address(game));
        falseClaim(any);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotTheGame.selector, address(game), other));
        market.onDisputeResolved(
            terms, IDisputeGame.Side.Challenger, IDisputeGame.Ending.Step, abi.encode(job)
        );
    }

    /// @notice SPEC J2, G8: with another record the end is refused, and the dispute goes on.
    function test_the_end_of_a_dispute_needs_the_record(Wish memory any, uint8 word, bytes32 flip) external {
        vm.assume(flip != 0);
        falseClaim(any);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        bytes32[4] memory words = abi.decode(abi.encode(job), (bytes32[4]));
        words[word % 4] ^= flip;
        vm.warp(block.timestamp + ALLOWANCE + 1);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, job.id));
        game.timeout(terms, abi.encode(words));
        assert(game.stateOf(idOf(terms)).running);
        game.timeout(terms, abi.encode(job));
    }

    /// @notice SPEC J10, L1, L6: the challenger and the flames share the bond; the price goes back; who challenged beside it has its
    /// bond back.
    function test_a_defender_that_loses_ends_the_job(Wish memory any) external {
        falseClaim(any);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        IDisputeGame.Terms memory late = challengeBy(stranger, 0);
        vm.warp(block.timestamp + ALLOWANCE + 1);
        game.timeout(terms, abi.encode(job));

        (bool current,) = market.isCurrent(job);
        assert(!current && market.nextGeneration(requester, 0) == 0);
        int256 bond = int256(uint256(wish.bond));
        int256 burned = int256((uint256(wish.bond) * BURN_SHARE + 9_999) / 10_000);
        assertGained(VERIFIER, bond - burned, 0);
        assertGained(provider, 0, -bond);
        assertGained(requester, 0, 0);
        assert(int256(uint256(market.accountOf(BURNED).free)) == burned);
        // SPEC J8: the slot is used again when the last dispute is over.
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SlotInUse.selector, requester, 0));
        market.post(0, wish.terms());

        // Whatever the record that comes with it.
        game.timeout(late, "");
        assertGained(stranger, 0, 0);
        assertEnded(job);
    }

    /// @notice SPEC J7, J11: a challenger that loses pays its bond to the provider, and the job goes on.
    function test_a_challenger_that_loses_pays_the_provider(Wish memory any) external {
        wish = sound(any);
        vm.assume(wish.rounds > 1);
        claimedRoots = wish.finalRoots();
        job = claimed(wish, 0, claimedRoots);
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list(), 0);
        bytes32[16] memory answer;
        answer[15] = "another root";
        vm.prank(provider);
        game.move(idOf(terms), pair, answer);
        vm.warp(block.timestamp + ALLOWANCE + 1);
        game.timeout(terms, abi.encode(job));
        assertCurrent(job, 0);
        assertGained(VERIFIER, 0, -int256(uint256(CHALLENGER_BOND)));
        assertGained(provider, int256(uint256(CHALLENGER_BOND)), -int256(uint256(wish.bond)));
    }

    /// @notice SPEC J16, J15: whatever a referee does, the dispute ends and the money gets out, and the job beside does not notice.
    function test_a_referee_that_misbehaves_spoils_its_job_alone(Wish memory any, uint8 mood) external {
        any = fixedPrice(any);
        (any.rounds, any.taskCount) = (1, 1);
        wish = any;
        wish.referee = address(new HostileReferee());
        claimedRoots = new bytes32[](1);
        job = claimed(wish, 0, claimedRoots);
        IJobMarket.Job memory beside = claimed(any, 1, any.finalRoots());
        IDisputeGame.Terms memory terms = challengeBy(VERIFIER, 0);
        IDisputeGame.Pair memory pair = Proofs.pairAt(terms.initialRoot, list(), 0);
        bytes memory witness = abi.encodePacked(mood % 4, keccak256("a lie"));
        (bool stepped,) = address(game).call{gas: 4_000_000}(
            abi.encodeCall(game.step, (terms, pair, witness, abi.encode(job)))
        );
        assert(stepped || mood % 4 < 3);

        vm.warp(block.timestamp + 30 days + ALLOWANCE + 1);
        if (stepped) assert(market.finalizeAll(one(job)) == 1);
        else game.timeout(terms, abi.encode(job));
        assertEnded(job);
        assert(market.finalizeAll(one(beside)) == 1);
    }

    // --- a false claim, and disputes about it --------------------------------------------------------------------------------------

    /// @dev No task is claimed truly, and each ends elsewhere.
    function falseClaim(Wish memory any) private {
        wish = fixedPrice(any);
        claimedRoots = new bytes32[](wish.taskCount);
        for (uint256 i = 0; i < claimedRoots.length; i++) {
            claimedRoots[i] = keccak256(abi.encode("false", i));
        }
        job = claimed(wish, 0, claimedRoots);
    }

    function proofOf(uint256 task) private view returns (IJobMarket.TaskProof memory) {
        bytes32[] memory initialRoots = wish.roots(0);
        return IJobMarket.TaskProof({
            task: uint32(task),
            initialRoot: initialRoots[task],
            initialSiblings: Proofs.siblings(initialRoots, task),
            finalRoot: claimedRoots[task],
            finalSiblings: Proofs.siblings(claimedRoots, task)
        });
    }

    function list() private pure returns (bytes32[16] memory roots) {
        roots[0] = "what the challenger says";
        roots[15] = "and where it ends";
    }

    function challengeBy(address challenger, uint256 task) private returns (IDisputeGame.Terms memory) {
        IJobMarket.TaskProof memory proof = proofOf(task);
        vm.prank(challenger);
        market.challenge(job, wish.terms(), Proofs.root(claimedRoots), proof, list());
        return IDisputeGame.Terms({
            market: address(market),
            claim: JobId.unwrap(job.id),
            task: uint32(task),
            referee: wish.referee,
            rounds: wish.rounds,
            challenger: challenger,
            defender: provider,
            initialRoot: proof.initialRoot,
            claimedRoot: proof.finalRoot
        });
    }

    function refused(IJobMarket.TaskProof memory proof, bytes memory reason) private {
        vm.prank(VERIFIER);
        vm.expectRevert(reason);
        market.challenge(job, wish.terms(), Proofs.root(claimedRoots), proof, list());
    }

    function idOf(IDisputeGame.Terms memory terms) private pure returns (DisputeId) {
        return DisputeId.wrap(keccak256(abi.encode(terms)));
    }
}
