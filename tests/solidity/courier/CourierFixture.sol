// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICourier} from "interfaces/ICourier.sol";
import {IJobMarket} from "interfaces/IJobMarket.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";
import {Listener} from "tests/solidity/courier/Consumers.sol";
import {Region, Regions} from "tests/solidity/courier/Regions.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Deployments} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice What a run of the RISC-V machine has left.
struct Run {
    uint8 status;
    uint8 exitStatus;
    bytes stdout;
    bytes stderr;
    /// What the rest of the final state is made of.
    uint256 seed;
}

/// @notice A courier, and jobs that were claimed with states in which runs have left outputs. Nobody plays them, so that any contract does
/// for the machine's referee.
abstract contract CourierFixture is MarketFixture {
    uint48 internal constant SLOT = 3;
    uint32 internal constant GAS = 200_000;

    ICourier internal immutable courier = Deployments.courier(address(market), address(referee));
    Listener internal immutable listener = new Listener();

    /// @dev The claimed job, its terms, and all that proves one of its tasks.
    IJobMarket.Job internal job;
    IJobMarket.Terms internal terms;
    ICourier.Output internal output;
    ICourier.OutputProof internal proof;
    bytes32 internal finalRoot;

    /// @dev A claim with this run as task `task` of `count`; the others end in any state.
    function claim(Wish memory wish, Run memory run, uint32 task, uint32 count) internal {
        wish = fixedPrice(wish);
        wish.taskCount = count;
        terms = wish.terms();
        bytes32[] memory roots = new bytes32[](count);
        for (uint32 i = 0; i < count; i++) {
            roots[i] = keccak256(abi.encode("another state", i));
        }
        roots[task] = proved(run);
        proof.task = task;
        proof.siblings = Proofs.siblings(roots, task);
        job = claimed(wish, SLOT, roots);
    }

    function claimOne(Wish memory wish, Run memory run) internal {
        claim(wish, run, 0, 1);
    }

    /// @dev Made of any numbers.
    function sound(Run memory run) internal pure returns (Run memory) {
        run.status %= 3;
        if (run.stdout.length > 300) run.stdout = cut(run.stdout, run.stdout.length % 300);
        if (run.stderr.length > 100) run.stderr = cut(run.stderr, run.stderr.length % 100);
        return run;
    }

    function cut(bytes memory data, uint256 length) internal pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            part[i] = data[i];
        }
    }

    function afterPeriod() internal {
        vm.warp(block.timestamp + 31 days);
    }

    function deliver() internal returns (bool) {
        return courier.deliver(job, terms, output, proof, listener, GAS);
    }

    function refused(bytes memory reason) internal {
        vm.expectRevert(reason);
        courier.deliver(job, terms, output, proof, listener, GAS);
    }

    function assertTold(uint256 calls) internal view {
        require(listener.calls() == calls, "the consumer was told another number of times");
        if (calls == 0) return;
        require(listener.caller() == address(courier), "somebody else has told it");
        bytes32 told =
            keccak256(abi.encode(job.id, proof.task, output.status, output.exitStatus, output.stdout));
        require(listener.told() == told, "the consumer was told something else");
    }

    function notInClaim() internal view returns (bytes memory) {
        return abi.encodeWithSelector(ICourier.OutputNotInClaim.selector, job.commitment);
    }

    // --- a final state ---------------------------------------------------------------------------------------------------------

    /// @dev The root of the final state of a run, and in `output` and `proof` what proves that.
    function proved(Run memory run) internal returns (bytes32) {
        Region memory region = regionOf(run);
        output.status = RunStatus(run.status);
        output.exitStatus = run.exitStatus;
        output.stdout = run.stdout;
        proof.stderrLength = uint32(run.stderr.length);
        proof.stderrNode = region.stderrNode();
        proof.kernelNode = keccak256(abi.encode("kernel", run.seed));
        proof.inputNode = keccak256(abi.encode("input", run.seed));
        proof.programNode = keccak256(abi.encode("program", run.seed));
        proof.registers = registersOf(run.seed);
        finalRoot = stateRoot(run);
        return finalRoot;
    }

    /// @dev docs/machine.md, sections 1 and 6, word for word.
    function stateRoot(Run memory run) private view returns (bytes32) {
        bytes32 outputNode = regionOf(run).outputNode();
        bytes32 memoryRoot =
            pair(proof.programNode, pair(proof.inputNode, pair(outputNode, proof.kernelNode)));
        return keccak256(abi.encodePacked(memoryRoot, registersOf(run.seed)));
    }

    function regionOf(Run memory run) private pure returns (Region memory) {
        return Regions.output(run.status, run.exitStatus, run.stdout, run.stderr);
    }

    function registersOf(uint256 seed) private pure returns (bytes memory registers) {
        for (uint256 i = 0; i < 38; i++) {
            registers = abi.encodePacked(registers, uint64(uint256(keccak256(abi.encode(seed, i)))));
        }
    }

    function pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }
}
