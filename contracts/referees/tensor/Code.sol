// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Code
/// @notice Instructions of the tensor machine, and the places of their operands (docs/operators.md, section 4).
library Code {
    uint256 internal constant COPY = 0;
    uint256 internal constant ADD = 1;
    uint256 internal constant SUB = 2;
    uint256 internal constant MUL = 3;
    uint256 internal constant DIV = 4;
    uint256 internal constant LARGEST = 5;
    uint256 internal constant LEAST = 6;
    uint256 internal constant LESS = 7;
    uint256 internal constant EQUAL = 8;
    uint256 internal constant SQRT = 9;
    uint256 internal constant EXP = 10;
    uint256 internal constant LOG = 11;
    uint256 internal constant TANH = 12;
    uint256 internal constant ERF = 13;
    uint256 internal constant SIGMOID = 14;
    uint256 internal constant TO_INT = 15;
    uint256 internal constant FROM_INT = 16;
    uint256 internal constant GATHER = 17;
    uint256 internal constant DOT = 18;
    uint256 internal constant SUM = 19;
    uint256 internal constant FOLD_LARGEST = 20;
    uint256 internal constant FIND = 21;
    uint256 internal constant KEEP = 22;

    /// @notice Words of a block, and the most terms of a run.
    uint256 internal constant BLOCK = 64;

    uint256 private constant HEAD_SIZE = 18;
    uint256 private constant AXIS_SIZE = 16;
    uint256 private constant MAX_AXES = 8;
    uint256 private constant ADDRESS_MASK = (1 << 30) - 1;

    /// @dev An instruction at one element. Addresses are not wrapped around yet.
    struct Element {
        uint256 kind;
        bool aInWeights;
        bool bInWeights;
        /// Terms of a reduction; the stride of a gather.
        uint256 length;
        uint256 target;
        uint256 a;
        uint256 b;
        /// The number of elements that the instruction has.
        uint256 elements;
    }

    /// @notice Whether the bytes are an instruction.
    function isInstruction(bytes calldata code) internal pure returns (bool) {
        unchecked {
            if (code.length < HEAD_SIZE) return false;
            uint256 axes = code.length - HEAD_SIZE;
            return axes % AXIS_SIZE == 0 && axes <= MAX_AXES * AXIS_SIZE && uint8(code[0]) <= KEEP
                && uint8(code[1]) <= 3;
        }
    }

    /// @notice The instruction in `code`, at element `index` of its result.
    function elementOf(bytes calldata code, uint256 index) internal pure returns (Element memory element) {
        unchecked {
            uint256 head = uint256(bytes32(code[:HEAD_SIZE]));
            element.kind = head >> 248;
            element.aInWeights = (head >> 240) & 1 != 0;
            element.bInWeights = (head >> 241) & 1 != 0;
            element.length = uint32(head >> 208);
            uint256 target = uint32(head >> 176);
            uint256 a = uint32(head >> 144);
            uint256 b = uint32(head >> 112);

            // The last axis turns fastest.
            uint256 elements = 1;
            for (uint256 place = code.length; place > HEAD_SIZE; place -= AXIS_SIZE) {
                uint256 axis = uint256(bytes32(code[place - AXIS_SIZE:place]));
                uint256 size = axis >> 224;
                if (size == 0) size = 1;
                uint256 coordinate = index % size;
                index /= size;
                elements *= size;
                target += coordinate * _stride(axis >> 192);
                a += coordinate * _stride(axis >> 160);
                b += coordinate * _stride(axis >> 128);
            }
            element.elements = elements;
            element.target = target;
            element.a = a;
            element.b = b;
        }
    }

    /// @notice Whether an element of this kind is made of many terms.
    function reduces(uint256 kind) internal pure returns (bool) {
        return kind >= DOT && kind <= FIND;
    }

    /// @notice The number of steps of each element.
    function runsOf(Element memory element) internal pure returns (uint256) {
        unchecked {
            if (!reduces(element.kind) || element.length == 0) return 1;
            return (element.length + BLOCK - 1) / BLOCK;
        }
    }

    /// @notice The address that an address without bounds means.
    function wrap(uint256 address_) internal pure returns (uint256) {
        return address_ & ADDRESS_MASK;
    }

    function _stride(uint256 bits) private pure returns (uint256) {
        return uint256(int256(int32(uint32(bits))));
    }
}
