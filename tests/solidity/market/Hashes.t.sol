// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "contracts/market/libraries/Records.sol";
import {Signing} from "contracts/market/libraries/Signing.sol";
import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {Signed} from "tests/solidity/support/Signed.sol";

/// @notice SPEC J2, S1: what is hashed word by word is the hash of the ABI encoding, field by field.
contract HashesTest {
    // --- records ---------------------------------------------------------------------------------------------------

    function test_the_hash_of_a_record_is_that_of_its_encoding(IJobMarket.Job calldata job) external pure {
        bytes32 plain = keccak256(abi.encode(job));
        assert(Records.hash(job) == plain);
        assert(Records.hash(job.id, job.deal, job.stage, job.commitment) == plain);
    }

    function test_the_hash_of_terms_is_that_of_their_encoding(IJobMarket.Terms calldata terms) external pure {
        bytes32 plain = keccak256(abi.encode(terms));
        assert(Records.hash(terms) == plain);
        assert(Records.hashInMemory(terms) == plain);
    }

    // --- structs that are signed -------------------------------------------------------------------------------------

    function test_the_hash_of_an_order_is_that_of_its_fields(ISignedOrders.Order calldata order, uint64 epoch)
        external
        pure
    {
        bytes32 plain = Signed.order(order, epoch);
        assert(Signing.hashOrder(order.jobId, order.terms, order.expiry, epoch) == plain);
    }

    function test_the_hash_of_each_ticket_is_that_of_its_fields(
        ISignedOrders.TicketKind calldata kind,
        bytes32[4] calldata contents,
        uint256[2] calldata nonces,
        uint64 epoch
    ) external pure {
        uint256[18] memory words = Signing.ticketWords(kind, epoch);
        for (uint256 i = 0; i < 2; i++) {
            (bytes32 initialRoot, bytes32 specId) = (contents[2 * i], contents[2 * i + 1]);
            bytes32 plain = Signed.ticket(kind, initialRoot, specId, nonces[i], epoch);
            assert(Signing.hashTicket(words, initialRoot, specId, nonces[i]) == plain);
        }
    }

    function test_the_hash_of_an_offer_is_that_of_its_fields(
        uint256[11] calldata words,
        uint8 admission,
        uint64 epoch
    ) external view {
        ISignedOrders.Offer memory offer = ISignedOrders.Offer({
            provider: address(uint160(words[0])),
            referee: address(uint160(words[1])),
            rounds: uint8(words[2]),
            price: uint96(words[3]),
            bond: uint96(words[4]),
            runPeriod: uint32(words[5]),
            challengePeriod: uint32(words[6]),
            admission: IJobMarket.Admission(admission % 3),
            gate: address(uint160(words[7])),
            capacity: uint32(words[8]),
            nonce: uint64(words[9]),
            expiry: uint40(words[10])
        });
        assert(this.hashOffer(offer, epoch) == Signed.offer(offer, epoch));
    }

    function hashOffer(ISignedOrders.Offer calldata offer, uint64 epoch) external pure returns (bytes32) {
        return Signing.hashOffer(offer, epoch);
    }

    function test_the_hash_of_an_extension_is_that_of_its_fields(
        JobId id,
        uint40 from,
        uint40 to,
        uint64 epoch
    ) external pure {
        assert(Signing.hashExtension(id, from, to, epoch) == Signed.extension(id, from, to, epoch));
    }

    function test_the_hash_of_a_bulk_is_that_of_its_root(bytes32 root) external pure {
        assert(Signing.hashBulk(root) == Signed.bulk(root));
    }
}
