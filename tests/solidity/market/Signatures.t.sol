// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Deployments, IMarket} from "tests/solidity/support/Deployments.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";
import {ContractWallet} from "tests/solidity/support/Wallets.sol";

/// @notice SPEC S1: what counts as signed, told by orders: an account's own signature, its own of many, and a contract's.
contract SignaturesTest is MarketFixture {
    using JobIds for JobId;

    Wish private wish;
    ISignedOrders.Order private order;

    // --- an account's own ----------------------------------------------------------------------------------------------------------

    function test_anothers_signature_is_refused(uint256 key) external {
        key = bound(key);
        vm.assume(key != REQUESTER_KEY);
        setOrder(requester);
        refused(requester, Signed.by(key, Signed.order(order, 0), address(market)));
    }

    function test_a_signature_for_another_chain_is_refused(uint64 chain) external {
        vm.assume(chain != block.chainid);
        setOrder(requester);
        bytes32 digest = Signed.digest(Signed.order(order, 0), chain, address(market));
        refused(requester, Signed.raw(REQUESTER_KEY, digest));
    }

    /// @notice Also after a fork: the chain's id is asked each time.
    function test_a_signature_for_the_chain_before_a_fork_is_refused(uint64 chain) external {
        vm.assume(chain != block.chainid && chain != 0);
        setOrder(requester);
        bytes memory signature = Signed.by(REQUESTER_KEY, Signed.order(order, 0), address(market));
        vm.chainId(chain);
        refused(requester, signature);
        filled(requester, Signed.by(REQUESTER_KEY, Signed.order(order, 0), address(market)));
    }

    function test_a_signature_for_another_contract_is_refused(address other) external {
        vm.assume(other != address(market));
        setOrder(requester);
        refused(requester, Signed.by(REQUESTER_KEY, Signed.order(order, 0), other));
    }

    function test_a_signature_for_another_market_like_this_is_refused() external {
        setOrder(requester);
        IMarket twin = Deployments.market(parameters());
        bytes memory signature = Signed.by(REQUESTER_KEY, Signed.order(order, 0), address(market));
        vm.prank(provider);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        twin.fill(order, signature);
    }

    function test_a_malformed_signature_is_refused(bytes calldata signature) external {
        setOrder(requester);
        refused(requester, signature);
    }

    /// @notice The other s of a signature gains nothing: the order is filled once.
    function test_the_twin_of_a_signature_fills_nothing_twice() external {
        setOrder(requester);
        bytes memory signature = Signed.by(REQUESTER_KEY, Signed.order(order, 0), address(market));
        bytes memory twin = Signed.twin(signature);
        filled(requester, twin);
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(ISignedOrders.OrderNotFillable.selector, order.jobId, uint48(0))
        );
        market.fill(order, signature);
    }

    /// @notice What recovers to nobody is not the signature of the address zero.
    function test_nobody_signs_for_the_address_zero(bytes calldata signature) external {
        setOrder(address(0));
        refused(address(0), signature);
        refused(address(0), new bytes(65));
    }

    // --- an account's own of many ----------------------------------------------------------------------------------------------------

    function test_a_leaf_of_many_is_signed(bytes32[5] memory others, uint8 count, uint8 place) external {
        setOrder(requester);
        (bytes32[] memory leaves, uint32 index) = leavesWith(others, count, place);
        filled(requester, Signed.ofMany(REQUESTER_KEY, leaves, index, address(market)));
    }

    function test_a_leaf_at_another_place_is_refused(
        bytes32[5] memory others,
        uint8 count,
        uint8 place,
        uint32 flip
    ) external {
        setOrder(requester);
        (bytes32[] memory leaves, uint32 index) = leavesWith(others, count, place);
        bytes memory signature = Signed.ofMany(REQUESTER_KEY, leaves, index, address(market));
        uint256 depth = (signature.length - 69) / 32;
        // Bits beyond the tree's depth say nothing.
        vm.assume(flip % (1 << depth) != 0);
        bytes4 wrong = bytes4(index ^ flip);
        for (uint256 i = 0; i < 4; i++) {
            signature[65 + i] = wrong[i];
        }
        refused(requester, signature);
    }

    function test_a_proof_of_another_depth_is_refused(
        bytes32[5] memory others,
        uint8 count,
        uint8 place,
        bool deeper
    ) external {
        setOrder(requester);
        (bytes32[] memory leaves, uint32 index) = leavesWith(others, count, place);
        bytes memory signature = Signed.ofMany(REQUESTER_KEY, leaves, index, address(market));
        if (deeper) signature = bytes.concat(signature, bytes32(0));
        else signature = cut(signature, signature.length - 32);
        refused(requester, signature);
    }

    function test_many_of_anothers_are_refused(
        bytes32[5] memory others,
        uint8 count,
        uint8 place,
        uint256 key
    ) external {
        key = bound(key);
        vm.assume(key != REQUESTER_KEY);
        setOrder(requester);
        (bytes32[] memory leaves, uint32 index) = leavesWith(others, count, place);
        refused(requester, Signed.ofMany(key, leaves, index, address(market)));
    }

    function test_a_root_that_was_signed_is_no_order() external {
        setOrder(requester);
        // The very digest of the order, as the root of many.
        bytes32 root = Signed.order(order, 0);
        refused(requester, Signed.by(REQUESTER_KEY, Signed.bulk(root), address(market)));
    }

    // --- a contract's ------------------------------------------------------------------------------------------------------------------

    function test_a_contract_signs_what_it_accepts(bytes calldata signature) external {
        ContractWallet wallet = wallet_();
        bytes32 digest = Signed.digest(Signed.order(order, 0), block.chainid, address(market));
        refused(address(wallet), signature);
        wallet.approve(digest);
        filled(address(wallet), signature);
    }

    /// @notice Whatever it does instead; `AcceptsAll` is its own affair.
    function test_a_contract_that_misbehaves_signs_nothing(bytes calldata signature, uint8 mood) external {
        ContractWallet wallet = wallet_();
        wallet.setMood(ContractWallet.Mood(2 + mood % 4));
        vm.prank(provider);
        (bool success,) =
            address(market).call{gas: 2_000_000}(abi.encodeCall(market.fill, (order, signature)));
        assert(!success);
        wallet.setMood(ContractWallet.Mood.AcceptsAll);
        filled(address(wallet), signature);
    }

    // --- an order ------------------------------------------------------------------------------------------------------------------

    function setOrder(address by) private {
        Wish memory any;
        wish = fixedPrice(any);
        wish.price = by == address(0) ? 0 : 1_000;
        order.jobId = JobIds.pack(by, 3, 1);
        order.terms = wish.terms();
        order.expiry = uint40(block.timestamp + 100);
    }

    function wallet_() private returns (ContractWallet wallet) {
        wallet = new ContractWallet();
        endow(address(wallet));
        setOrder(address(wallet));
    }

    function leavesWith(bytes32[5] memory others, uint8 count, uint8 place)
        private
        view
        returns (bytes32[] memory leaves, uint32 index)
    {
        leaves = new bytes32[](2 + count % 4);
        for (uint256 i = 0; i < leaves.length; i++) {
            leaves[i] = keccak256(abi.encode(others[i], i));
        }
        index = place % uint32(leaves.length);
        leaves[index] = Signed.order(order, 0);
    }

    function cut(bytes memory all, uint256 length) private pure returns (bytes memory some) {
        some = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            some[i] = all[i];
        }
    }

    function bound(uint256 key) private pure returns (uint256) {
        return 1 + key % (type(uint256).max / 2 ** 130);
    }

    function filled(address by, bytes memory signature) private {
        vm.prank(provider);
        market.fill(order, signature);
        assertCurrent(acceptedRecord(openRecord(by, 3, 1, wish, 0), wish.price, provider), 0);
    }

    function refused(address by, bytes memory signature) private {
        bytes32 digest = Signed.digest(Signed.order(order, 0), block.chainid, address(market));
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(ISignedOrders.BadSignature.selector, by, digest));
        market.fill(order, signature);
    }
}
