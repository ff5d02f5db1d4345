// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AssayToken} from "contracts/token/AssayToken.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {CounterReferee} from "contracts/referees/CounterReferee.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {Deployments, IMarket} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Trace, Traces} from "tests/solidity/support/Traces.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice Hostile parties who call everything in any order, with times that jump, beside two honest ones: a provider that
/// claims what is true, and a verifier that challenges what is not. Both answer as soon as it is their turn.
/// @dev Each external function is one thing that somebody tries; it reverts if the market refuses it.
contract MarketHandler {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;

    uint96 public constant CHALLENGER_BOND = 7;
    uint96 public constant FORTUNE = 1e12;
    uint256 internal constant VILLAINS = 5;
    /// @dev The first villain's; the others' follow.
    uint256 internal constant FIRST_KEY = 0xbad00;
    uint16 private constant FEE_SHARE = 250;

    AssayToken public immutable token = new AssayToken();
    IDisputeGame public immutable game = Deployments.game(600, 60);
    CounterReferee internal immutable referee = new CounterReferee();
    IMarket public immutable market;

    address public constant PROVIDER = address(0x4003571);
    address public constant VERIFIER = address(0x4003572);
    address private immutable closer = msg.sender;
    address[] public parties;

    struct Known {
        IJobMarket.Job job;
        IJobMarket.Terms terms;
        Trace[] traces;
        bytes32[] finalRoots;
        bool isTrue;
        bool isPaid;
    }

    struct Play {
        IDisputeGame.Terms terms;
        uint256 job;
        bytes32 agreed;
        bytes32[16] last;
        uint256 start;
        uint256 stride;
    }

    Known[] internal jobs;
    Play[] internal plays;
    mapping(bytes32 key => uint48) internal generations;
    uint256 public donated;
    uint256 public swept;
    string public violation;

    constructor() {
        market = Deployments.market(
            IJobMarket.Parameters({
                token: address(token),
                game: address(game),
                challengerBond: CHALLENGER_BOND,
                minimumBond: 5,
                burnShare: 3_333,
                minimumChallengePeriod: 300,
                feeShare: FEE_SHARE,
                feeRecipient: vm.addr(FIRST_KEY)
            })
        );
        parties.push(PROVIDER);
        parties.push(VERIFIER);
        for (uint256 i = 0; i < VILLAINS; i++) {
            parties.push(vm.addr(FIRST_KEY + i));
        }
        for (uint256 i = 0; i < parties.length; i++) {
            token.transfer(parties[i], 2 * FORTUNE);
            vm.prank(parties[i]);
            token.approve(address(market), type(uint256).max);
            vm.prank(parties[i]);
            market.deposit(parties[i], FORTUNE);
            vm.prank(parties[i]);
            market.stake(FORTUNE / 2);
        }
    }

    /// @dev The honest act after whatever anybody has done.
    modifier honestly() {
        _;
        workHonestly();
    }

    // --- money ----------------------------------------------------------------------------------------------------------------

    function deposit(uint256 from, uint256 to, uint96 amount) external honestly {
        vm.prank(villain(from));
        market.deposit(parties[to % parties.length], amount % uint96(FORTUNE / 10));
    }

    function withdraw(uint256 from, uint256 to, uint96 amount) external honestly {
        address account = villain(from);
        uint96 free = market.accountOf(account).free;
        vm.prank(account);
        market.withdraw(villain(to), amount % 8 == 0 ? free + 1 + amount / 8 : amount % (free + 1));
    }

    function stake(uint256 from, uint96 amount) external honestly {
        vm.prank(villain(from));
        market.stake(amount % uint96(FORTUNE / 10));
    }

    function unstake(uint256 from, uint96 amount) external honestly {
        address account = villain(from);
        uint96 staked = market.accountOf(account).stake;
        vm.prank(account);
        market.unstake(amount % 8 == 0 ? staked + 1 + amount / 8 : amount % (staked + 1));
    }

    function donate(uint256 from, uint256 amount) external honestly {
        amount %= FORTUNE / 100;
        vm.prank(villain(from));
        token.transfer(address(market), amount);
        donated += amount;
    }

    function sweepBurned() external honestly {
        uint256 before = token.balanceOf(address(market));
        market.sweepBurned();
        swept += before - token.balanceOf(address(market));
    }

    // --- jobs -----------------------------------------------------------------------------------------------------------------

    function post(uint256 from, uint256 seed) external honestly {
        postAs(villain(from), seed);
    }

    /// @dev Three calls at once, so that there is often something to challenge.
    function rush(uint256 from, uint256 by, uint256 seed, uint256 lie, bool byTheHonest) external honestly {
        Known storage known = postAs(villain(from), seed);
        acceptAs(known, byTheHonest ? PROVIDER : villain(by));
        claimAs(known, known.job.stage.provider(), byTheHonest ? 0 : lie);
    }

    function cancel(uint256 seed, bool byRequester, uint256 other) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Open);
        vm.prank(byRequester ? known.job.id.requester() : villain(other));
        market.cancel(known.job);
    }

    function accept(uint256 seed, uint256 from, bool byTheHonest) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Open);
        acceptAs(known, byTheHonest ? PROVIDER : villain(from));
    }

    function claim(uint256 seed, uint256 lie) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Accepted);
        claimAs(known, known.job.stage.provider(), known.job.stage.provider() == PROVIDER ? 0 : lie);
    }

    function finalize(uint256 seed) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Claimed);
        market.finalizeAll(listOf(known.job));
        known.isPaid = true;
    }

    function expire(uint256 seed) external honestly {
        market.expire(pickJob(seed, IJobMarket.Status(seed / 8 % 2)).job);
    }

    // --- disputes -------------------------------------------------------------------------------------------------------------

    function challenge(uint256 seed, uint256 from, uint256 noise) external honestly {
        uint256 index = pickIndex(seed, IJobMarket.Status.Claimed);
        Known storage known = jobs[index];
        uint32 task = uint32(noise >> 240) % known.terms.work.taskCount();
        uint256 stride = 16 ** (known.terms.work.rounds() - 1);
        bytes32[16] memory roots = known.traces[task].list(0, stride);
        for (uint256 i = 0; i < 16; i++) {
            if (noise >> i & 1 == 1) roots[i] = keccak256(abi.encode(noise, i));
        }
        open(villain(from), index, task, roots);
    }

    function move(uint256 seed, uint256 noise) external honestly {
        Play storage play = pickPlay(seed);
        uint8 index = uint8(noise >> 248) % 16;
        bytes32[16] memory roots;
        if (play.stride > 1) {
            Trace memory truth = jobs[play.job].traces[play.terms.task];
            roots = truth.list(play.start + index * play.stride, play.stride / 16);
        }
        for (uint256 i = 0; i < 16; i++) {
            if (noise >> i & 1 == 1) roots[i] = keccak256(abi.encode(noise, i));
        }
        moveAs(play, index, roots);
    }

    function step(uint256 seed, uint8 index, uint256 from) external honestly {
        Play storage play = pickPlay(seed);
        vm.prank(villain(from));
        stepWith(play, index % 16);
    }

    function timeout(uint256 seed, uint256 wrong) external honestly {
        Play storage play = pickPlay(seed);
        Known storage known = wrong % 4 == 0 ? jobs[wrong % jobs.length] : jobs[play.job];
        game.timeout(play.terms, abi.encode(known.job));
    }

    function tellTheMarket(uint256 seed, uint256 from, bool challengerWon) external honestly {
        Play storage play = pickPlay(seed);
        vm.prank(villain(from));
        market.onDisputeResolved(
            play.terms,
            challengerWon ? IDisputeGame.Side.Challenger : IDisputeGame.Side.Defender,
            IDisputeGame.Ending.Step,
            abi.encode(jobs[play.job].job)
        );
    }

    function wait(uint16 time) external honestly {
        // Mostly minutes; sometimes an hour.
        vm.warp(block.timestamp + (time % 8 == 0 ? time / 8 % 4_000 : time / 8 % 200));
    }

    // --- what the honest do ---------------------------------------------------------------------------------------------------

    function workHonestly() private {
        for (uint256 i = 0; i < jobs.length; i++) {
            Known storage known = jobs[i];
            if (!isCurrent(known)) continue;
            IJobMarket.Status status = known.job.stage.status();
            bool inTime = block.timestamp <= known.job.stage.deadline();
            if (status == IJobMarket.Status.Accepted && known.job.stage.provider() == PROVIDER && inTime) {
                claimAs(known, PROVIDER, 0);
            } else if (status == IJobMarket.Status.Claimed && !known.isTrue && inTime) {
                challengeHonestly(i);
            }
        }
        for (uint256 i = 0; i < plays.length; i++) {
            answerHonestly(plays[i]);
        }
    }

    function challengeHonestly(uint256 index) private {
        Known storage known = jobs[index];
        uint256 steps = 16 ** known.terms.work.rounds();
        for (uint32 task = 0; task < known.terms.work.taskCount(); task++) {
            if (known.traces[task].root(steps) == known.finalRoots[task]) continue;
            for (uint256 i = 0; i < plays.length; i++) {
                if (plays[i].job == index && plays[i].terms.challenger == VERIFIER) return;
            }
            return open(VERIFIER, index, task, known.traces[task].list(0, steps / 16));
        }
    }

    function answerHonestly(Play storage play) private {
        IDisputeGame.State memory state = game.stateOf(idOf(play));
        if (!state.running) return;
        if (block.timestamp > state.deadline) {
            return game.timeout(play.terms, abi.encode(jobs[play.job].job));
        }
        bool isHonest = state.toMove == IDisputeGame.Side.Challenger
            ? state.challenger == VERIFIER
            : state.defender == PROVIDER;
        if (!isHonest) return;
        Trace memory truth = jobs[play.job].traces[play.terms.task];
        for (uint8 index = 0; index < 16; index++) {
            uint256 end = play.start + (index + 1) * play.stride;
            if (truth.root(end) == play.last[index]) continue;
            if (state.remaining == 0) return stepWith(play, index);
            return moveAs(play, index, truth.list(play.start + index * play.stride, play.stride / 16));
        }
        violation = "an honest side had nothing to dispute";
    }

    // --- what has to hold (MarketInvariants) ------------------------------------------------------------------------------------

    /// @notice All that the market owes, counted from scratch.
    function owed() external view returns (uint256 total) {
        for (uint256 i = 0; i < parties.length; i++) {
            total += wealth(parties[i]);
        }
        total += wealth(0x000000000000000000000000000000000000dEaD);
        for (uint256 i = 0; i < jobs.length; i++) {
            if (!isCurrent(jobs[i])) continue;
            total += jobs[i].job.deal.price();
            if (jobs[i].job.stage.status() != IJobMarket.Status.Open) total += jobs[i].job.deal.bond();
        }
        for (uint256 i = 0; i < plays.length; i++) {
            if (isRunning(plays[i])) total += CHALLENGER_BOND;
        }
    }

    /// @notice What the honest provider has, bonds included.
    function providersWealth() external view returns (uint256 total) {
        total = wealth(PROVIDER);
        for (uint256 i = 0; i < jobs.length; i++) {
            if (isCurrent(jobs[i]) && jobs[i].job.stage.provider() == PROVIDER) {
                total += jobs[i].job.deal.bond();
            }
        }
    }

    /// @notice What the honest verifier has, bonds included.
    function verifiersWealth() external view returns (uint256 total) {
        total = wealth(VERIFIER);
        for (uint256 i = 0; i < plays.length; i++) {
            if (isRunning(plays[i]) && plays[i].terms.challenger == VERIFIER) total += CHALLENGER_BOND;
        }
    }

    function wasAFalseClaimPaid() external view returns (bool) {
        for (uint256 i = 0; i < jobs.length; i++) {
            if (jobs[i].isPaid && !jobs[i].isTrue) return true;
        }
        return false;
    }

    /// @notice Whether a slot says of a job with a false claim that it was finalized.
    function isAFalseClaimFinalized() external view returns (bool) {
        for (uint256 i = 0; i < jobs.length; i++) {
            JobId id = jobs[i].job.id;
            bytes32 word = market.slotWord(id.requester(), id.slot());
            if (!jobs[i].isTrue && word == bytes32(uint256(id.generation()) << 32)) return true;
        }
        return false;
    }

    /// @notice Whether each slot counts the disputes that are running about its job.
    function areDisputesCounted() external view returns (bool) {
        for (uint256 i = 0; i < jobs.length; i++) {
            JobId id = jobs[i].job.id;
            uint256 running = 0;
            for (uint256 j = 0; j < plays.length; j++) {
                bool same = JobId.unwrap(jobs[plays[j].job].job.id) >> 48 == JobId.unwrap(id) >> 48;
                if (same && isRunning(plays[j])) running++;
            }
            if (uint32(uint256(market.slotWord(id.requester(), id.slot()))) != running) return false;
        }
        return true;
    }

    /// @notice Everybody goes home: what is undecided runs out of time, what has not ended is ended, by calls of a stranger.
    function closeDown() external {
        require(msg.sender == closer);

        address stranger = address(0x57a46e4);
        for (uint256 turn = 0; turn < 2; turn++) {
            vm.warp(block.timestamp + 1 days);
            for (uint256 i = 0; i < plays.length; i++) {
                if (!isRunning(plays[i])) continue;
                vm.prank(stranger);
                game.timeout(plays[i].terms, abi.encode(jobs[plays[i].job].job));
            }
        }
        for (uint256 i = 0; i < jobs.length; i++) {
            if (!isCurrent(jobs[i])) continue;
            // Two villains may have put a deadline off as far as they liked (SPEC J22).
            uint40 deadline = jobs[i].job.stage.deadline();
            if (block.timestamp <= deadline) vm.warp(deadline + 1);
            vm.prank(stranger);
            if (jobs[i].job.stage.status() == IJobMarket.Status.Claimed) {
                market.finalizeAll(listOf(jobs[i].job));
            } else {
                market.expire(jobs[i].job);
            }
        }
        for (uint256 i = 0; i < parties.length; i++) {
            ILedger.Account memory account = market.accountOf(parties[i]);
            if (account.stake > 0) {
                vm.prank(parties[i]);
                market.unstake(account.stake);
            }
            if (account.free + account.stake > 0) {
                vm.prank(parties[i]);
                market.withdraw(parties[i], account.free + account.stake);
            }
        }
        if (market.accountOf(0x000000000000000000000000000000000000dEaD).free > 0) market.sweepBurned();
    }

    // --- internals --------------------------------------------------------------------------------------------------------------

    function open(address challenger, uint256 index, uint32 task, bytes32[16] memory roots) private {
        Known storage known = jobs[index];
        bytes32[] memory initialRoots = new bytes32[](known.terms.work.taskCount());
        for (uint256 i = 0; i < initialRoots.length; i++) {
            initialRoots[i] = known.traces[i].root(0);
        }
        IJobMarket.TaskProof memory proof = IJobMarket.TaskProof({
            task: task,
            initialRoot: initialRoots[task],
            initialSiblings: Proofs.siblings(initialRoots, task),
            finalRoot: known.finalRoots[task],
            finalSiblings: Proofs.siblings(known.finalRoots, task)
        });
        vm.prank(challenger);
        market.challenge(known.job, known.terms, Proofs.root(known.finalRoots), proof, roots);

        Play storage play = plays.push();
        play.terms = IDisputeGame.Terms({
            market: address(market),
            claim: JobId.unwrap(known.job.id),
            task: task,
            referee: address(referee),
            rounds: known.terms.work.rounds(),
            challenger: challenger,
            defender: known.job.stage.provider(),
            initialRoot: proof.initialRoot,
            claimedRoot: proof.finalRoot
        });
        (play.job, play.agreed, play.last) = (index, proof.initialRoot, roots);
        play.stride = 16 ** (known.terms.work.rounds() - 1);
    }

    function postAs(address requester, uint256 seed) private returns (Known storage known) {
        uint48 slot = uint48(seed >> 4) % 4;
        known = prepare(seed);
        vm.prank(requester);
        JobId id = market.post(slot, known.terms);
        opened(known, id, requester, slot, uint40(block.timestamp + known.terms.work.acceptPeriod()));
    }

    /// @dev A job to be: its terms, and its runs.
    function prepare(uint256 seed) internal returns (Known storage known) {
        known = jobs.push();
        uint256 count = 1 + (seed & 3);
        bytes32[] memory initialRoots = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            known.traces.push(Traces.honest(uint64(i), uint64(seed >> 64) % 5_000));
            initialRoots[i] = known.traces[i].root(0);
        }
        uint96 price = uint96((seed >> 128) % (FORTUNE / 50));
        // Every other price rises.
        uint96 floor = seed >> 255 == 1 ? price / 3 : 0;
        known.terms = IJobMarket.Terms({
            deal: Deals.pack(
                price,
                uint96(5 + (seed >> 192) % (FORTUNE / 100)),
                uint32(1 + (seed >> 20) % 5_000),
                uint32(300 + (seed >> 32) % 5_000)
            ),
            work: Works.pack(
                address(referee),
                uint32(count),
                uint32(1 + (seed >> 8) % 5_000),
                uint8(1 + (seed >> 2) % 3),
                IJobMarket.Admission.Anyone
            ),
            opening: Openings.pack(floor, address(0)),
            taskRoot: Proofs.root(initialRoots),
            specId: bytes32(seed)
        });
    }

    /// @dev The job is posted, under the next generation of its slot.
    function opened(Known storage known, JobId id, address requester, uint48 slot, uint40 deadline) internal {
        bytes32 key = keccak256(abi.encode(requester, slot));
        if (id.generation() != ++generations[key]) violation = "a generation was skipped or repeated";
        if (id.requester() != requester || id.slot() != slot) {
            violation = "a job has another id than its own";
        }
        uint16 flags = known.terms.opening.floorPrice() == 0 ? 0 : Stages.CONDITIONAL;
        known.job = IJobMarket.Job({
            id: id,
            deal: known.terms.deal,
            stage: Stages.pack(
                flags, known.terms.work.taskCount(), IJobMarket.Status.Open, deadline, address(0)
            ),
            commitment: keccak256(abi.encode(known.terms))
        });
    }

    function acceptAs(Known storage known, address provider) private {
        uint96 floor = known.terms.opening.floorPrice();
        vm.prank(provider);
        if (floor == 0) market.accept(known.job);
        else market.acceptUnder(known.job, known.terms);

        accepted(known, provider, 0);
    }

    /// @dev The job is accepted now, at the price of this moment, counted here once more (SPEC J20).
    function accepted(Known storage known, address provider, uint16 flags) internal {
        (uint256 floor, uint256 ceiling) = (known.terms.opening.floorPrice(), known.terms.deal.price());
        if (floor > 0) {
            uint256 period = known.terms.work.acceptPeriod();
            uint256 left = known.job.stage.deadline() - block.timestamp;
            uint256 risen = left >= period ? 0 : (ceiling - floor) * (period - left) / period;
            known.job.deal = known.job.deal.withPrice(uint96(floor + risen));
        }
        uint40 deadline = uint40(block.timestamp + known.terms.deal.runPeriod());
        known.job.stage = known.job.stage.advance(IJobMarket.Status.Accepted, deadline, provider).plus(flags);
    }

    /// @dev What to claim: the truth if `lie` is even.
    function finalRootsOf(Known storage known, uint256 lie) internal view returns (bytes32[] memory roots) {
        uint256 count = known.traces.length;
        roots = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            roots[i] = known.traces[i].root(16 ** known.terms.work.rounds());
        }
        if (lie % 2 == 1) roots[lie / 2 % count] = keccak256(abi.encode(lie));
    }

    function claimAs(Known storage known, address provider, uint256 lie) private {
        uint256 count = known.traces.length;
        bytes32[] memory roots = finalRootsOf(known, lie);

        vm.prank(provider);
        if (count == 1) market.claim(known.job, roots[0], "result");
        else market.claimBatch(known.job, roots, "result");

        claimed(known, provider, roots, lie % 2 == 0);
    }

    /// @dev The job is claimed now.
    function claimed(Known storage known, address provider, bytes32[] memory roots, bool isTrue) internal {
        uint40 deadline = uint40(block.timestamp + known.terms.deal.challengePeriod());
        known.job.stage = known.job.stage.advance(IJobMarket.Status.Claimed, deadline, provider);
        known.job.commitment = keccak256(abi.encode(known.job.commitment, Proofs.root(roots)));
        known.finalRoots = roots;
        known.isTrue = isTrue;
    }

    function moveAs(Play storage play, uint8 index, bytes32[16] memory roots) private {
        IDisputeGame.State memory state = game.stateOf(idOf(play));
        IDisputeGame.Pair memory pair = Proofs.pairAt(play.agreed, play.last, index);
        vm.prank(state.toMove == IDisputeGame.Side.Challenger ? state.challenger : state.defender);
        game.move(idOf(play), pair, roots);
        (play.agreed, play.last) = (pair.before, roots);
        play.start += index * play.stride;
        play.stride /= 16;
    }

    function stepWith(Play storage play, uint8 index) private {
        Known storage known = jobs[play.job];
        bytes memory witness = known.traces[play.terms.task].witness(play.start + index);
        IDisputeGame.Pair memory pair = Proofs.pairAt(play.agreed, play.last, index);
        game.step(play.terms, pair, witness, abi.encode(known.job));
    }

    function listOf(IJobMarket.Job memory job) internal pure returns (IJobMarket.Job[] memory list) {
        list = new IJobMarket.Job[](1);
        list[0] = job;
    }

    function isCurrent(Known storage known) internal view returns (bool current) {
        (current,) = market.isCurrent(known.job);
    }

    function isRunning(Play storage play) internal view returns (bool) {
        return game.stateOf(idOf(play)).running;
    }

    function idOf(Play storage play) private view returns (DisputeId) {
        return DisputeId.wrap(keccak256(abi.encode(play.terms)));
    }

    function wealth(address account) private view returns (uint256) {
        ILedger.Account memory found = market.accountOf(account);
        return uint256(found.free) + found.stake;
    }

    function villain(uint256 seed) internal view returns (address) {
        return parties[2 + seed % VILLAINS];
    }

    /// @dev Mostly a job that is at `status`, so that most calls have a chance; else any.
    function pickJob(uint256 seed, IJobMarket.Status status) internal view returns (Known storage) {
        return jobs[pickIndex(seed, status)];
    }

    function pickIndex(uint256 seed, IJobMarket.Status status) internal view returns (uint256 index) {
        for (uint256 i = 0; i < jobs.length; i++) {
            index = addmod(seed, i, jobs.length);
            if (jobs[index].job.stage.status() == status && isCurrent(jobs[index])) return index;
            if (seed % 8 == 0) return index;
        }
    }

    function pickPlay(uint256 seed) private view returns (Play storage) {
        uint256 index = 0;
        for (uint256 i = 0; i < plays.length; i++) {
            index = addmod(seed, i, plays.length);
            if (seed % 8 == 0 || isRunning(plays[index])) break;
        }
        return plays[index];
    }
}
