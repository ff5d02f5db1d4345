// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";

/// @title Signing
/// @notice The structs that parties sign, and their hashes (EIP-712, `hashStruct`). All fields have names, whatever calls pack.
library Signing {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;

    bytes32 internal constant ORDER = keccak256(
        "Order(address requester,uint48 slot,uint48 generation,address referee,bytes32 taskRoot,uint32 taskCount,uint8 rounds,uint96 price,uint96 floorPrice,uint96 bond,uint32 acceptPeriod,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,bytes32 specId,uint40 expiry,uint64 epoch)"
    );
    bytes32 internal constant TICKET = keccak256(
        "Ticket(address requester,uint48 slot,address referee,uint8 rounds,uint96 price,uint96 floorPrice,uint96 bond,uint32 acceptPeriod,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,uint40 expiry,uint64 epoch,bytes32 initialRoot,bytes32 specId,uint256 nonce)"
    );
    bytes32 internal constant OFFER = keccak256(
        "Offer(address provider,address referee,uint8 rounds,uint96 price,uint96 bond,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,uint32 capacity,uint64 nonce,uint40 expiry,uint64 epoch)"
    );
    bytes32 internal constant EXTENSION =
        keccak256("Extension(bytes32 jobId,uint40 from,uint40 deadline,uint64 epoch)");
    bytes32 internal constant BULK = keccak256("Bulk(bytes32 root)");

    function hashOrder(JobId id, IJobMarket.Terms calldata terms, uint40 expiry, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        (Deal deal, Work work, Opening opening) = (terms.deal, terms.work, terms.opening);
        uint256[19] memory words;
        words[0] = uint256(ORDER);
        words[1] = uint160(id.requester());
        words[2] = id.slot();
        words[3] = id.generation();
        words[4] = uint160(work.referee());
        words[5] = uint256(terms.taskRoot);
        words[6] = work.taskCount();
        words[7] = work.rounds();
        words[8] = deal.price();
        words[9] = opening.floorPrice();
        words[10] = deal.bond();
        words[11] = work.acceptPeriod();
        words[12] = deal.runPeriod();
        words[13] = deal.challengePeriod();
        words[14] = work.admission();
        words[15] = uint160(opening.gate());
        words[16] = uint256(terms.specId);
        words[17] = expiry;
        words[18] = epoch;
        return _hash(words);
    }

    /// @notice The words of all tickets of a kind, but for the last three: those of one ticket (`hashTicket`).
    function ticketWords(ISignedOrders.TicketKind calldata kind, uint64 epoch)
        internal
        pure
        returns (uint256[18] memory words)
    {
        (Deal deal, Work work, Opening opening) = (kind.deal, kind.work, kind.opening);
        words[0] = uint256(TICKET);
        words[1] = uint160(kind.requester);
        words[2] = kind.slot;
        words[3] = uint160(work.referee());
        words[4] = work.rounds();
        words[5] = deal.price();
        words[6] = opening.floorPrice();
        words[7] = deal.bond();
        words[8] = work.acceptPeriod();
        words[9] = deal.runPeriod();
        words[10] = deal.challengePeriod();
        words[11] = work.admission();
        words[12] = uint160(opening.gate());
        words[13] = kind.expiry;
        words[14] = epoch;
    }

    /// @notice The hash of a ticket. Writes it into `words`, which the next ticket of the kind can use again.
    function hashTicket(uint256[18] memory words, bytes32 initialRoot, bytes32 specId, uint256 nonce)
        internal
        pure
        returns (bytes32 result)
    {
        words[15] = uint256(initialRoot);
        words[16] = uint256(specId);
        words[17] = nonce;
        // SAFETY: an array of fixed length is its words one after the other, here and in `_hash`.
        assembly ("memory-safe") {
            result := keccak256(words, 576)
        }
    }

    function hashOffer(ISignedOrders.Offer memory offer, uint64 epoch) internal pure returns (bytes32) {
        // A struct of value types is encoded as its fields one after the other.
        return keccak256(bytes.concat(OFFER, abi.encode(offer), bytes32(uint256(epoch))));
    }

    function hashExtension(JobId id, uint40 from, uint40 deadline, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(EXTENSION, id, from, deadline, epoch));
    }

    function hashBulk(bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(BULK, root));
    }

    function _hash(uint256[19] memory words) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(words, 608)
        }
    }
}
