// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, JobId, Opening, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice What parties sign, hashed as EIP-712 says: written to be read, as the oracle of `Signing`.
library Typed {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;

    string private constant OF_ALL =
        "uint96 price,uint96 floorPrice,uint96 bond,uint32 acceptPeriod,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,";

    function order(ISignedOrders.Order memory from, uint64 epoch) internal pure returns (bytes32) {
        bytes memory kind = abi.encodePacked(
            "Order(address requester,uint48 slot,uint48 generation,address referee,bytes32 taskRoot,uint32 taskCount,uint8 rounds,",
            OF_ALL,
            "bytes32 specId,uint40 expiry,uint64 epoch)"
        );
        (JobId id, Work work) = (from.jobId, from.terms.work);
        return keccak256(
            bytes.concat(
                abi.encode(keccak256(kind), id.requester(), id.slot(), id.generation()),
                abi.encode(work.referee(), from.terms.taskRoot, work.taskCount(), work.rounds()),
                ofAll(from.terms.deal, work, from.terms.opening),
                abi.encode(from.terms.specId, from.expiry, epoch)
            )
        );
    }

    function ticket(ISignedOrders.Tickets memory from, uint256 nonce, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        bytes memory kind = abi.encodePacked(
            "Ticket(address requester,uint48 slot,address referee,uint8 rounds,",
            OF_ALL,
            "uint40 expiry,uint64 epoch,bytes32 initialRoot,bytes32 specId,uint256 nonce)"
        );
        ISignedOrders.TicketKind memory like = from.kind;
        return keccak256(
            bytes.concat(
                abi.encode(
                    keccak256(kind), like.requester, like.slot, like.work.referee(), like.work.rounds()
                ),
                ofAll(like.deal, like.work, like.opening),
                abi.encode(like.expiry, epoch, from.initialRoots[0], from.specIds[0], nonce)
            )
        );
    }

    function offer(ISignedOrders.Offer memory from, uint64 epoch) internal pure returns (bytes32) {
        bytes32 kind = keccak256(
            "Offer(address provider,address referee,uint8 rounds,uint96 price,uint96 bond,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,uint32 capacity,uint64 nonce,uint40 expiry,uint64 epoch)"
        );
        return keccak256(
            bytes.concat(
                abi.encode(kind, from.provider, from.referee, from.rounds, from.price, from.bond),
                abi.encode(from.runPeriod, from.challengePeriod, from.admission, from.gate),
                abi.encode(from.capacity, from.nonce, from.expiry, epoch)
            )
        );
    }

    function extension(JobId id, uint40 from, uint40 deadline, uint64 epoch) internal pure returns (bytes32) {
        bytes32 kind = keccak256("Extension(bytes32 jobId,uint40 from,uint40 deadline,uint64 epoch)");
        return keccak256(abi.encode(kind, id, from, deadline, epoch));
    }

    /// @notice The signature of `key` over a struct, for `market` on this chain.
    function sign(uint256 key, address market, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Assay"),
                keccak256("1"),
                block.chainid,
                market
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function ofAll(Deal deal, Work work, Opening opening) private pure returns (bytes memory) {
        return bytes.concat(
            abi.encode(deal.price(), opening.floorPrice(), deal.bond(), work.acceptPeriod()),
            abi.encode(deal.runPeriod(), deal.challengePeriod(), work.admission(), opening.gate())
        );
    }
}
