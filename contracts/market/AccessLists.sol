// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccess} from "interfaces/IAccess.sol";
import {IAccessLists} from "interfaces/IAccessLists.sol";

/// @title AccessLists
/// @notice One allow or deny list for each account, for terms and offers to name.
contract AccessLists is IAccessLists {
    /// @inheritdoc IAccessLists
    mapping(address principal => bool) public admitsListedOnly;
    /// @inheritdoc IAccessLists
    mapping(address principal => mapping(address candidate => bool)) public isListed;

    /// @inheritdoc IAccessLists
    function setListedOnly(bool listedOnly) external {
        admitsListedOnly[msg.sender] = listedOnly;

        emit ListedOnlySet(msg.sender, listedOnly);
    }

    /// @inheritdoc IAccessLists
    function setListed(address[] calldata candidates, bool listed) external {
        for (uint256 i = 0; i < candidates.length; i++) {
            isListed[msg.sender][candidates[i]] = listed;
        }

        emit ListedSet(msg.sender, candidates, listed);
    }

    /// @inheritdoc IAccess
    function admits(address principal, address candidate) external view returns (bool) {
        return isListed[principal][candidate] == admitsListedOnly[principal];
    }
}
