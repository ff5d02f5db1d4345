// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccess} from "interfaces/IAccess.sol";

/// @title IAccessLists
/// @notice Each account's list of others, and whether it deals with the listed only, or with everybody else. An account that has
/// set nothing deals with everybody.
interface IAccessLists is IAccess {
    event ListedOnlySet(address indexed principal, bool listedOnly);
    event ListedSet(address indexed principal, address[] candidates, bool listed);

    /// @notice Whether `principal`'s list allows (true) or denies (false).
    function admitsListedOnly(address principal) external view returns (bool);

    /// @notice Whether `candidate` is on `principal`'s list.
    function isListed(address principal, address candidate) external view returns (bool);

    /// @notice Make the caller's list one that allows, or one that denies.
    function setListedOnly(bool listedOnly) external;

    /// @notice Put accounts on the caller's list, or take them off it.
    function setListed(address[] calldata candidates, bool listed) external;
}
