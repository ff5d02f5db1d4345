// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Blocks} from "contracts/referees/tensor/Blocks.sol";
import {Code} from "contracts/referees/tensor/Code.sol";
import {Kinds} from "contracts/referees/tensor/Kinds.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title TensorReferee
/// @notice One step of the tensor machine that docs/operators.md describes.
/// @dev INVARIANT: every state steps. It reverts only for a wrong witness.
/// SAFETY: the state is checked before anything in it is believed, and each block before a word of it is.
contract TensorReferee is IReferee {
    using Blocks for Blocks.Reader;
    using Blocks for Blocks.Block;

    /// @dev Bytes of a state without its code.
    uint256 private constant POSITION_SIZE = 80;

    /// @dev A state without its code, which changes in place.
    struct Position {
        bytes32 weights;
        bytes32 memoryRoot;
        uint256 element;
        uint256 run;
        uint256 accumulator;
    }

    /// @inheritdoc IReferee
    function step(bytes32 prestate, bytes calldata witness) external pure returns (bytes32 poststate) {
        require(witness.length > 0, WrongWitness());
        uint256 size = uint8(witness[0]);
        // The code behind the instruction comes after it; at the end of the code there is neither.
        uint256 start = size == 0 ? 1 : 33 + size;
        require(witness.length >= start + POSITION_SIZE, WrongWitness());
        bytes calldata instruction = witness[1:1 + size];
        bytes32 code = size == 0 ? bytes32(0) : keccak256(witness[1:start]);
        bytes calldata rest = witness[start + POSITION_SIZE:];

        Position memory position = _read(witness[start:start + POSITION_SIZE]);
        require(_root(code, position) == prestate, WrongWitness());
        if (!Code.isInstruction(instruction)) {
            require(rest.length == 0, WrongWitness());
            return prestate;
        }

        Blocks.Reader memory reader = Blocks.readerOf(rest);
        bool isOver = _execute(position, Code.elementOf(instruction, position.element), reader);
        require(reader.isAtEnd(), WrongWitness());
        return _root(isOver ? bytes32(witness[1 + size:start]) : code, position);
    }

    /// @dev Take the step. Whether it is the instruction's last one.
    // A case for each kind of element.
    // slither-disable-next-line cyclomatic-complexity
    function _execute(Position memory position, Code.Element memory element, Blocks.Reader memory reader)
        private
        pure
        returns (bool)
    {
        unchecked {
            uint256 kind = element.kind;
            if (kind == Code.KEEP) {
                position.memoryRoot = reader.keep(Code.wrap(element.target), position.memoryRoot);
                return _isLast(position, element);
            }
            (uint256 a, uint256 b) = (element.a, element.b);
            bool reduces = Code.reduces(kind);
            uint256 first = position.run * Code.BLOCK;
            if (reduces) a += first;
            if (kind == Code.DOT) b += first;
            b = Code.wrap(b);

            Blocks.Block memory blockB;
            bool readsB = (kind >= Code.ADD && kind <= Code.EQUAL) || kind == Code.GATHER || kind == Code.DOT
                || kind == Code.FIND;
            if (readsB) blockB = reader.open(b, element.bInWeights ? position.weights : position.memoryRoot);
            if (kind == Code.GATHER) {
                a += uint256(int256(int32(uint32(blockB.load(b))))) * element.length;
            }
            a = Code.wrap(a);
            Blocks.Block memory blockA =
                reader.open(a, element.aInWeights ? position.weights : position.memoryRoot);

            uint256 result;
            if (reduces) {
                result = position.run == 0 ? Kinds.initialOf(kind) : position.accumulator;
                uint256 count = element.length > first ? element.length - first : 0;
                if (count > Code.BLOCK) count = Code.BLOCK;
                result = Kinds.accumulate(kind, result, blockA, a, blockB, b, first, count);
            } else {
                result = Kinds.valueOf(kind, blockA.load(a), readsB ? blockB.load(b) : 0);
            }

            if (position.run + 1 < Code.runsOf(element)) {
                ++position.run;
                position.accumulator = result;
                return false;
            }
            position.memoryRoot = reader.write(Code.wrap(element.target), result, position.memoryRoot);
            return _isLast(position, element);
        }
    }

    /// @dev Go on from an element that is done. Whether it was the instruction's last one.
    function _isLast(Position memory position, Code.Element memory element) private pure returns (bool) {
        unchecked {
            position.run = 0;
            position.accumulator = 0;
            bool isLast = position.element + 1 >= element.elements;
            position.element = isLast ? 0 : position.element + 1;
            return isLast;
        }
    }

    function _read(bytes calldata encoding) private pure returns (Position memory position) {
        position.weights = bytes32(encoding[:32]);
        position.memoryRoot = bytes32(encoding[32:64]);
        position.element = uint64(bytes8(encoding[64:72]));
        position.run = uint32(bytes4(encoding[72:76]));
        position.accumulator = uint32(bytes4(encoding[76:80]));
    }

    function _root(bytes32 code, Position memory position) private pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                code,
                position.weights,
                position.memoryRoot,
                uint64(position.element),
                uint32(position.run),
                uint32(position.accumulator)
            )
        );
    }
}
