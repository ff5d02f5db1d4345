// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice What wallets sign (EIP-712), written field by field with `abi.encode`: the oracle of `Signing` and `Signatures`.
library Signed {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;

    string private constant ORDER =
        "Order(address requester,uint48 slot,uint48 generation,address referee,bytes32 taskRoot,uint32 taskCount,uint8 rounds,uint96 price,uint96 floorPrice,uint96 bond,uint32 acceptPeriod,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,bytes32 specId,uint40 expiry,uint64 epoch)";
    string private constant TICKET =
        "Ticket(address requester,uint48 slot,address referee,uint8 rounds,uint96 price,uint96 floorPrice,uint96 bond,uint32 acceptPeriod,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,uint40 expiry,uint64 epoch,bytes32 initialRoot,bytes32 specId,uint256 nonce)";
    string private constant OFFER =
        "Offer(address provider,address referee,uint8 rounds,uint96 price,uint96 bond,uint32 runPeriod,uint32 challengePeriod,uint8 admission,address gate,uint32 capacity,uint64 nonce,uint40 expiry,uint64 epoch)";
    string private constant EXTENSION = "Extension(bytes32 jobId,uint40 from,uint40 deadline,uint64 epoch)";
    string private constant BULK = "Bulk(bytes32 root)";
    string private constant DOMAIN =
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

    function order(ISignedOrders.Order memory it, uint64 epoch) internal pure returns (bytes32) {
        (Deal deal, Work work, Opening opening) = (it.terms.deal, it.terms.work, it.terms.opening);
        return keccak256(
            bytes.concat(
                abi.encode(
                    keccak256(bytes(ORDER)), it.jobId.requester(), it.jobId.slot(), it.jobId.generation()
                ),
                abi.encode(work.referee(), it.terms.taskRoot, work.taskCount(), work.rounds(), deal.price()),
                abi.encode(opening.floorPrice(), deal.bond(), work.acceptPeriod(), deal.runPeriod()),
                abi.encode(deal.challengePeriod(), work.admission(), opening.gate(), it.terms.specId),
                abi.encode(it.expiry, epoch)
            )
        );
    }

    function ticket(
        ISignedOrders.TicketKind memory kind,
        bytes32 initialRoot,
        bytes32 specId,
        uint256 nonce,
        uint64 epoch
    ) internal pure returns (bytes32) {
        (Deal deal, Work work, Opening opening) = (kind.deal, kind.work, kind.opening);
        return keccak256(
            bytes.concat(
                abi.encode(
                    keccak256(bytes(TICKET)), kind.requester, kind.slot, work.referee(), work.rounds()
                ),
                abi.encode(
                        deal.price(), opening.floorPrice(), deal.bond(), work.acceptPeriod(), deal.runPeriod()
                    ),
                abi.encode(deal.challengePeriod(), work.admission(), opening.gate(), kind.expiry, epoch),
                abi.encode(initialRoot, specId, nonce)
            )
        );
    }

    /// @notice By ticket, in the order of their nonces.
    function tickets(ISignedOrders.Tickets memory it, uint64 epoch)
        internal
        pure
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](it.initialRoots.length);
        uint256 found = 0;
        for (uint256 bit = 0; bit < 256 && found < hashes.length; bit++) {
            if (it.mask >> bit & 1 == 0) continue;
            uint256 nonce = it.word * 256 + bit;
            hashes[found] = ticket(it.kind, it.initialRoots[found], it.specIds[found], nonce, epoch);
            found++;
        }
    }

    function offer(ISignedOrders.Offer memory it, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(
            bytes.concat(
                abi.encode(keccak256(bytes(OFFER)), it.provider, it.referee, it.rounds, it.price, it.bond),
                abi.encode(it.runPeriod, it.challengePeriod, it.admission, it.gate, it.capacity, it.nonce),
                abi.encode(it.expiry, epoch)
            )
        );
    }

    function extension(JobId id, uint40 from, uint40 deadline, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(EXTENSION)), id, from, deadline, epoch));
    }

    function bulk(bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(BULK)), root));
    }

    function digest(bytes32 structHash, uint256 chain, address market) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(keccak256(bytes(DOMAIN)), keccak256("Assay"), keccak256("1"), chain, market)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice The signature of one struct, for `market` on this chain.
    function by(uint256 key, bytes32 structHash, address market) internal view returns (bytes memory) {
        return raw(key, digest(structHash, block.chainid, market));
    }

    /// @notice The signature of all of `structHashes` together, for the one at `index`.
    function ofMany(uint256 key, bytes32[] memory structHashes, uint32 index, address market)
        internal
        view
        returns (bytes memory)
    {
        bytes memory signature = by(key, bulk(Proofs.root(structHashes)), market);
        return abi.encodePacked(signature, index, Proofs.siblings(structHashes, index));
    }

    function raw(uint256 key, bytes32 signedDigest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, signedDigest);
        return abi.encodePacked(r, s, v);
    }

    /// @notice The same signature with the other s.
    function twin(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s) = abi.decode(signature, (bytes32, uint256));
        uint256 order_ = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return abi.encodePacked(r, order_ - s, uint8(signature[64]) == 27 ? uint8(28) : uint8(27));
    }
}
