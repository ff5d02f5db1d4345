// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RiscvReferee} from "contracts/referees/RiscvReferee.sol";
import {IReferee} from "interfaces/IReferee.sol";
import {Witnesses} from "tests/solidity/referees/Witnesses.sol";

/// @dev What the referee takes and refuses as a witness. That its steps are right is shown by tests/differential/.
contract RiscvRefereeTest {
    using Witnesses for Witnesses.Part;
    using Witnesses for Witnesses.State;

    // The fetched leaf is number 5, at byte 160; the instruction is its third word. All registers hold `ADDRESS`, in leaf 9.
    uint64 private constant PC = 168;
    uint256 private constant FETCHED = 5;
    uint64 private constant ADDRESS = 296;
    uint256 private constant DATA = 9;
    // 5 and 9 meet at level 4: bit 3 of the fetched path's bitmap and the bits from 3 up of the data path's are 0.
    uint32 private constant BOTH_FETCHED = 0x7FFFFFF & ~uint32(1 << 3);
    uint32 private constant BOTH_DATA = 0x7;

    uint32 private constant ADDI = 0x00150513; // addi a0, a0, 1
    uint32 private constant LD = 0x0005b503; // ld a0, 0(a1)
    uint32 private constant SD = 0x00b5b023; // sd a1, 0(a1)
    uint32 private constant SD_HERE = 0x00b03023 | 16 << 7 | 5 << 25; // sd a1, 176(zero): in the fetched leaf
    uint32 private constant SC = 0x18b5b52f; // sc.d a0, a1, (a1)
    uint32 private constant LR = 0x1005b52f; // lr.d a0, (a1)
    uint32 private constant WFI = 0x10500073;
    uint32 private constant JUMP_TO_ITSELF = 0x0000006f;

    IReferee private immutable referee = new RiscvReferee();

    struct Case {
        Witnesses.State state;
        Witnesses.Part fetched;
        Witnesses.Part data;
        bool hasData;
    }

    // ---------------------------------------------------------------- refused

    function test_witness_of_another_state_is_refused(uint256 seed) external view {
        (bytes32 prestate,) = seal(plain(ADDI, seed));
        (, bytes memory witness) = seal(plain(ADDI, uint256(keccak256(abi.encode(seed)))));
        assertRefused(prestate, witness);
    }

    function test_witness_cut_short_anywhere_is_refused(uint256 seed, uint256 length) external view {
        (bytes32 prestate, bytes memory witness) = seal(touching(SD, seed));
        assertTaken(prestate, witness);
        assertRefused(prestate, slice(witness, length % witness.length));
    }

    function test_witness_with_bytes_behind_it_is_refused(uint256 seed, bytes calldata tail) external view {
        if (tail.length == 0) return;
        (bytes32 prestate, bytes memory witness) = seal(plain(ADDI, seed));
        assertRefused(prestate, bytes.concat(witness, tail));
        (prestate, witness) = seal(touching(LD, seed));
        assertRefused(prestate, bytes.concat(witness, tail));
    }

    function test_witness_with_any_byte_changed_is_refused(uint256 seed, uint256 place, uint8 change)
        external
        view
    {
        if (change == 0) return;
        (bytes32 prestate, bytes memory witness) = seal(touching(SD, seed));
        place %= witness.length;
        witness[place] = bytes1(uint8(witness[place]) ^ change);
        assertRefused(prestate, witness);
    }

    function test_bitmap_of_a_deeper_tree_is_refused(uint256 seed, uint256 bit) external view {
        Case memory it = plain(ADDI, seed);
        it.fetched.bitmap |= uint32(1 << (27 + bit % 5));
        (bytes32 prestate, bytes memory witness) = seal(it);
        assertRefused(prestate, witness);
        assertRefused(prestate, bytes.concat(witness, bytes32(seed)));
    }

    function test_parts_swapped_are_refused(uint256 seed) external view {
        Case memory it = touching(LD, seed);
        (bytes32 prestate,) = seal(it);
        assertRefused(prestate, it.state.witness(it.data, it.fetched));
    }

    function test_missing_data_part_is_refused(uint256 seed) external view {
        Case memory it = touching(LD, seed);
        (bytes32 prestate,) = seal(it);
        assertRefused(prestate, it.state.witness(it.fetched));
        bytes memory witness;
        (prestate, witness) = seal(plain(LD, seed));
        assertRefused(prestate, witness);
    }

    function test_data_part_of_another_leaf_is_refused(uint256 seed, uint256 index) external view {
        index %= 16; // so that the paths meet below level 5
        if (index == FETCHED || index == DATA) return;
        Case memory it = touching(LD, seed);
        uint256 meeting = Witnesses.meeting(FETCHED, index);
        it.fetched = Witnesses.part(FETCHED, 0x7FFFFFF & ~uint32(1 << (meeting - 1)), it.fetched.leaf, seed);
        it.data = Witnesses.part(index, uint32(1 << (meeting - 1)) - 1, it.data.leaf, seed);
        it.state.memoryRoot = Witnesses.root(it.fetched, it.data);
        (bytes32 prestate, bytes memory witness) = seal(it);
        assertRefused(prestate, witness);
    }

    function test_data_part_that_a_plain_instruction_does_not_need_is_refused(uint256 seed) external view {
        (bytes32 prestate, bytes memory witness) = seal(touching(ADDI, seed));
        assertRefused(prestate, witness);
    }

    function test_data_part_that_a_store_to_the_fetched_leaf_does_not_need_is_refused(uint256 seed)
        external
        view
    {
        (bytes32 prestate, bytes memory witness) = seal(touching(SD_HERE, seed));
        assertRefused(prestate, witness);
    }

    function test_data_part_that_a_failing_store_conditional_does_not_need_is_refused(uint256 seed)
        external
        view
    {
        (bytes32 prestate, bytes memory witness) = seal(touching(SC, seed));
        assertRefused(prestate, witness);
    }

    function test_data_part_that_a_trapping_load_does_not_need_is_refused(uint256 seed) external view {
        uint32 misaligned = LD | 1 << 20;
        (bytes32 prestate, bytes memory witness) = seal(touching(misaligned, seed));
        assertRefused(prestate, witness);
    }

    function test_fetch_part_that_a_trapping_fetch_does_not_need_is_refused(uint256 seed) external view {
        Case memory it = plain(ADDI, seed);
        it.state.pc = PC + 2;
        (bytes32 prestate, bytes memory witness) = seal(it);
        assertRefused(prestate, witness);
        bytes memory numbers = it.state.numbers();
        assertRefused(prestate, numbers);
        assertRefused(prestate, bytes.concat(numbers, bytes32(seed)));
        assertTaken(prestate, bytes.concat(numbers, it.state.memoryRoot));
        assertRefused(prestate, bytes.concat(numbers, it.state.memoryRoot, bytes32(0)));
    }

    function test_missing_fetch_part_is_refused(uint256 seed) external view {
        Case memory it = plain(ADDI, seed);
        (bytes32 prestate,) = seal(it);
        assertRefused(prestate, it.state.numbers());
        assertRefused(prestate, bytes.concat(it.state.numbers(), it.state.memoryRoot));
    }

    /// The four bits behind the sizes of 38 numbers say nothing, so they are 0.
    function test_sizes_of_more_numbers_are_refused(uint256 seed, uint8 bits) external view {
        if (bits % 16 == 0) return;
        (bytes32 prestate, bytes memory witness) = seal(plain(ADDI, seed));
        witness[0] = bytes1(uint8(witness[0]) | bits % 16 << 4);
        assertRefused(prestate, witness);
        (prestate, witness) = seal(touching(LD, seed));
        witness[0] = bytes1(uint8(witness[0]) | bits % 16 << 4);
        assertRefused(prestate, witness);
    }

    /// Where the two paths meet, each is the other's sibling: a sibling given there would never be looked at.
    function test_sibling_of_the_fetched_path_where_the_paths_meet_is_refused(uint256 seed) external view {
        Case memory it = touching(LD, seed);
        it.fetched = Witnesses.part(FETCHED, 0x7FFFFFF, it.fetched.leaf, seed);
        bytes32[] memory used = Witnesses.part(FETCHED, BOTH_FETCHED, it.fetched.leaf, seed).siblings;
        for (uint256 level = 4; level < 27; level++) {
            it.fetched.siblings[level] = used[level - 1];
        }
        (bytes32 prestate, bytes memory witness) = seal(it);
        assertRefused(prestate, witness);
    }

    function test_sibling_of_the_data_path_where_the_paths_meet_or_above_is_refused(
        uint256 seed,
        uint256 level
    ) external view {
        Case memory it = touching(LD, seed);
        it.data.bitmap |= uint32(1 << (3 + level % 24));
        (bytes32 prestate, bytes memory witness) = seal(it);
        assertRefused(prestate, witness);
        assertRefused(prestate, bytes.concat(witness, bytes32(level)));
        bytes32[] memory siblings = it.data.siblings;
        it.data.siblings = new bytes32[](siblings.length + 1);
        for (uint256 i = 0; i < siblings.length; i++) {
            it.data.siblings[i] = siblings[i];
        }
        (, witness) = seal(it);
        assertRefused(prestate, witness);
    }

    // ---------------------------------------------------------------- taken

    /// All numbers here fit 2 bytes, but for the reservation, which is -1.
    function test_numbers_may_be_longer_than_they_need_to_be(uint256 seed, uint80 sizes) external view {
        Case memory it = plain(ADDI, seed);
        sizes = sizes % 2 ** 76 | 0x5555555555555555555;
        bytes memory long = it.state.numbers();
        bytes memory short = abi.encodePacked(sizes);
        for (uint256 i = 0; i < 38; i++) {
            uint256 size = 1 << ((sizes >> (2 * i)) & 3);
            for (uint256 j = 8 - size; j < 8; j++) {
                short = abi.encodePacked(short, long[10 + 8 * i + j]);
            }
        }
        bytes memory rest = abi.encodePacked(it.fetched.head(), it.fetched.siblings);
        assertTaken(keccak256(it.state.encode()), bytes.concat(short, rest));
    }

    function test_plain_instruction_needs_the_fetched_leaf_only(uint256 seed, uint32 bitmap) external view {
        Case memory it = plain(ADDI, seed);
        it.fetched = Witnesses.part(FETCHED, bitmap % (1 << 27), it.fetched.leaf, seed);
        it.state.memoryRoot = it.fetched.root();
        (bytes32 prestate, bytes memory witness) = seal(it);

        it.state.pc += 4;
        it.state.rest = registers(10, ADDRESS + 1);
        assert(referee.step(prestate, witness) == keccak256(it.state.encode()));
    }

    function test_load_reads_the_data_leaf(uint256 seed, bytes32 leaf) external view {
        Case memory it = touching(LD, seed);
        it.data.leaf = leaf;
        it.state.memoryRoot = Witnesses.root(it.fetched, it.data);
        (bytes32 prestate, bytes memory witness) = seal(it);

        it.state.pc += 4;
        uint64 value;
        for (uint256 i = 0; i < 8; i++) {
            value |= uint64(uint8(leaf[8 + i])) << uint64(8 * i);
        }
        it.state.rest = registers(10, value);
        assert(referee.step(prestate, witness) == keccak256(it.state.encode()));
    }

    function test_store_changes_the_data_leaf_under_the_same_siblings(uint256 seed) external view {
        Case memory it = touching(SD, seed);
        (bytes32 prestate, bytes memory witness) = seal(it);

        it.state.pc += 4;
        it.data.leaf = put(it.data.leaf, 8, ADDRESS);
        it.state.memoryRoot = Witnesses.root(it.fetched, it.data);
        assert(referee.step(prestate, witness) == keccak256(it.state.encode()));
    }

    function test_store_to_the_fetched_leaf_changes_that(uint256 seed) external view {
        Case memory it = plain(SD_HERE, seed);
        (bytes32 prestate, bytes memory witness) = seal(it);

        it.state.pc += 4;
        it.fetched.leaf = put(it.fetched.leaf, 16, ADDRESS);
        it.state.memoryRoot = it.fetched.root();
        assert(referee.step(prestate, witness) == keccak256(it.state.encode()));
    }

    function test_waiting_and_jumping_to_oneself_are_fixed_points(uint256 seed) external view {
        (bytes32 prestate, bytes memory witness) = seal(plain(WFI, seed));
        assert(referee.step(prestate, witness) == prestate);
        (prestate, witness) = seal(plain(JUMP_TO_ITSELF, seed));
        assert(referee.step(prestate, witness) == prestate);
    }

    /// Whatever the word, and with all registers at an address in the data leaf: it steps, with the data part or without.
    function test_every_word_steps_with_one_of_two_witnesses(uint32 word, uint256 seed) external view {
        bytes memory opcodes = hex"03130f171b232f33373b636f67737f";
        word = word & ~uint32(0x7F) | uint8(opcodes[seed % opcodes.length]);
        if (word & 0x7F == 0x03) word = word & 0x000F7FFF | 0x8000; // no immediate, rs1 not x0
        if (word & 0x7F == 0x23) word = word & 0x01FF707F | 0x8000;
        if (word & 0x7F == 0x2F) word = word | 0x8000;

        (bytes32 prestate, bytes memory witness) = seal(touching(word, seed));
        bool withData = takes(prestate, witness);
        (prestate, witness) = seal(plain(word, seed));
        bool without = takes(prestate, witness);
        assert(withData != without);
    }

    // ---------------------------------------------------------------- making them

    /// @dev A state whose instruction touches no other leaf.
    function plain(uint32 word, uint256 seed) private pure returns (Case memory it) {
        it.fetched = Witnesses.part(FETCHED, 0x7FFFFFF, leafWith(word, seed), seed);
        it.state = Witnesses.State(it.fetched.root(), PC, registers(0, 0));
    }

    /// @dev A state whose instruction touches the leaf at `ADDRESS`.
    function touching(uint32 word, uint256 seed) private pure returns (Case memory it) {
        it.hasData = true;
        it.fetched = Witnesses.part(FETCHED, BOTH_FETCHED, leafWith(word, seed), seed);
        it.data = Witnesses.part(DATA, BOTH_DATA, keccak256(abi.encode(seed)), seed);
        it.state = Witnesses.State(Witnesses.root(it.fetched, it.data), PC, registers(0, 0));
    }

    function seal(Case memory it) private pure returns (bytes32 prestate, bytes memory witness) {
        witness = it.hasData ? it.state.witness(it.fetched, it.data) : it.state.witness(it.fetched);
        return (keccak256(it.state.encode()), witness);
    }

    /// @dev The state behind pc: `value` in register `i`, `ADDRESS` in the others, no reservation, and CSRs of 0.
    function registers(uint256 i, uint64 value) private pure returns (bytes memory rest) {
        for (uint256 j = 1; j < 32; j++) {
            rest = abi.encodePacked(rest, i == j ? value : ADDRESS);
        }
        return abi.encodePacked(rest, type(uint64).max, new bytes(40));
    }

    /// @dev A leaf of made-up bytes with `word` as its third word.
    function leafWith(uint32 word, uint256 seed) private pure returns (bytes32 leaf) {
        bytes memory made = abi.encode(keccak256(abi.encode(seed, word)));
        for (uint256 i = 0; i < 4; i++) {
            made[8 + i] = bytes1(uint8(word >> (8 * i)));
        }
        return bytes32(made);
    }

    /// @dev `leaf` with a little-endian number at one of its bytes.
    function put(bytes32 leaf, uint256 offset, uint64 value) private pure returns (bytes32) {
        bytes memory changed = abi.encode(leaf);
        for (uint256 i = 0; i < 8; i++) {
            changed[offset + i] = bytes1(uint8(value >> (8 * i)));
        }
        return bytes32(changed);
    }

    function slice(bytes memory whole, uint256 length) private pure returns (bytes memory start) {
        start = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            start[i] = whole[i];
        }
    }

    // ---------------------------------------------------------------- asserting

    function takes(bytes32 prestate, bytes memory witness) private view returns (bool) {
        try referee.step(prestate, witness) {
            return true;
        } catch (bytes memory reason) {
            assert(keccak256(reason) == keccak256(abi.encodePacked(IReferee.WrongWitness.selector)));
            return false;
        }
    }

    function assertTaken(bytes32 prestate, bytes memory witness) private view {
        assert(takes(prestate, witness));
    }

    function assertRefused(bytes32 prestate, bytes memory witness) private view {
        assert(!takes(prestate, witness));
    }
}
