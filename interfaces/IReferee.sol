// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IReferee
/// @notice One step of one machine, executed on chain. All that a dispute knows of a machine is this function.
/// @dev A referee is stateless and deterministic: the same arguments give the same answer on every chain, for ever. Another
/// version of a machine is another referee.
interface IReferee {
    /// @notice The witness does not belong to `prestate`, or is too short, too long or malformed.
    error WrongWitness();

    /// @notice Execute one step.
    /// @param prestate The state root before the step.
    /// @param witness The bytes needed to execute it: the state behind `prestate`, and the proofs of the memory that the step
    /// touches. Its format is the machine's.
    /// @return poststate The state root after the step. Every state has one: a machine that has ended steps to itself.
    function step(bytes32 prestate, bytes calldata witness) external view returns (bytes32 poststate);
}
