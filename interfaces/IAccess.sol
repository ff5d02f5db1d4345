// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IAccess
/// @notice Says whom an account deals with. A requester's terms can name such a contract for providers, a provider's offer for
/// requesters.
interface IAccess {
    /// @notice Whether `principal`, whose terms or offer name this contract, deals with `candidate`.
    function admits(address principal, address candidate) external view returns (bool);
}
