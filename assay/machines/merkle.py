"""The small Merkle trees over tasks and over lists of state roots (docs/documents.md).

The tree over n leaves has depth ceil(log2 n); leaves beyond n are 32 zero bytes; a node is the keccak-256 of its two
children. Whoever checks a proof knows n, so that a node cannot pass for a leaf.

A *pair proof* shows two neighbouring leaves at once (`IDisputeGame.Pair`):

    level 2          .-----*-----.            index 4: leaves 3 and 4. Their siblings, from the leaves up:
    level 1       .--*--.     .--*--.         2, 5 (the left one's first), then a, b, and above their common
    level 0      a  [.]        [.]  b         parent one sibling a level, as in any proof.
    leaves      0 1 2 [3]    [4] 5 6 7
"""

from collections.abc import Sequence

from assay.errors import IntegrityError
from assay.keccak import keccak256

ZERO_LEAF = bytes(32)


def depth(count: int) -> int:
    """The depth of the tree over `count` leaves."""
    if count < 1:
        raise ValueError("a tree has at least one leaf")
    return (count - 1).bit_length()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over `leaves`, 32 bytes each."""
    return _levels(leaves)[-1][0]


def prove(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings of leaf `index`, from the leaf up."""
    _check_index(index, len(leaves))
    return [nodes[index >> level ^ 1] for level, nodes in enumerate(_levels(leaves)[:-1])]


def verify(expected: bytes, count: int, index: int, leaf: bytes, siblings: Sequence[bytes]) -> bool:
    """Whether `leaf` is leaf `index` of the tree over `count` leaves whose root is `expected`."""
    if not 0 <= index < count or len(siblings) != depth(count):
        return False
    return climb(leaf, index, siblings) == expected


def prove_part(leaves: Sequence[bytes], first: int, count: int) -> tuple[int, list[bytes]]:
    """The place, among those of its level, of the node over the `count` leaves from `first` on, and its siblings.

    Raises `ValueError` if no node is over just these: one is over 2^k leaves from a multiple of 2^k on, or over fewer
    if the tree has no more.
    """
    height = depth(count)
    _check_index(first, len(leaves))
    if first % (1 << height) or (count != 1 << height and first + count != len(leaves)) or first + count > len(leaves):
        raise ValueError(f"no node of a tree of {len(leaves)} leaves is over the {count} leaves from {first} on")
    index = first >> height
    levels = _levels(leaves)[height:-1]
    return index, [nodes[index >> level ^ 1] for level, nodes in enumerate(levels)]


def climb(node: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    """The ancestor of the node at place `index` of its level that is one level up for each sibling."""
    for level, sibling in enumerate(siblings):
        node = keccak256(sibling + node if index >> level & 1 else node + sibling)
    return node


def prove_pair(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings of the leaves `index - 1` and `index`; with index 0, those of leaf 0 alone."""
    if index == 0:
        return prove(leaves, 0)
    _check_index(index, len(leaves))
    siblings = []
    left, right = index - 1, index
    for nodes in _levels(leaves)[:-1]:
        if left == right:
            siblings.append(nodes[left ^ 1])
        elif left ^ 1 != right:
            siblings += [nodes[left ^ 1], nodes[right ^ 1]]
        left, right = left >> 1, right >> 1
    return siblings


def verify_pair(expected: bytes, count: int, index: int, pair: tuple[bytes, bytes], siblings: Sequence[bytes]) -> bool:
    """Whether `pair` is the leaves `index - 1` and `index` of the tree over `count` leaves whose root is `expected`.

    With index 0 there is no leaf before, and the first of the pair is not looked at.
    """
    before, leaf = pair
    if index == 0:
        return verify(expected, count, 0, leaf, siblings)
    meeting = (index - 1 ^ index).bit_length()  # the level of the lowest common ancestor
    if not 0 < index < count or len(siblings) != 2 * (meeting - 1) + depth(count) - meeting:
        return False
    split = 2 * (meeting - 1)
    left = climb(before, index - 1, siblings[0:split:2])
    right = climb(leaf, index, siblings[1:split:2])
    return climb(keccak256(left + right), index >> meeting, siblings[split:]) == expected


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The nodes of the tree, level by level: the padded leaves first, the root last."""
    if any(len(leaf) != 32 for leaf in leaves):
        raise IntegrityError("a leaf of a Merkle tree that is not 32 bytes long")
    levels = [[*leaves, *[ZERO_LEAF] * ((1 << depth(len(leaves))) - len(leaves))]]
    while len(levels[-1]) > 1:
        nodes = levels[-1]
        levels.append([keccak256(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)])
    return levels


def _check_index(index: int, count: int) -> None:
    if not 0 <= index < count:
        raise ValueError(f"leaf {index} of a tree of {count}")
