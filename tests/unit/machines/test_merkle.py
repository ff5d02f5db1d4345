"""The Merkle trees over tasks and lists of state roots: what they prove, and what they refuse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines import merkle

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)
LIST = [keccak256(bytes([i])) for i in range(16)]


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def test_one_leaf_is_its_own_root() -> None:
    assert merkle.root([LIST[3]]) == LIST[3]
    assert merkle.prove([LIST[3]], 0) == []
    assert merkle.verify(LIST[3], 1, 0, LIST[3], [])


def test_leaves_beyond_the_last_are_zero() -> None:
    a, b, c = LIST[:3]
    assert merkle.root([a, b, c]) == keccak256(keccak256(a + b) + keccak256(c + bytes(32)))


def test_a_tree_without_leaves_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle.root([])


def test_a_leaf_of_another_length_is_refused() -> None:
    with pytest.raises(IntegrityError, match="32 bytes"):
        merkle.root([LIST[0], LIST[1][:31]])


@pytest.mark.parametrize("index", [-1, 3])
def test_proof_of_a_leaf_outside_the_tree_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="of a tree of 3"):
        merkle.prove(LIST[:3], index)
    with pytest.raises(ValueError, match="of a tree of 3"):
        merkle.prove_pair(LIST[:3], index)


@settings(deadline=None)
@given(LEAVES, st.data())
def test_a_proof_holds_for_its_leaf_at_its_place_only(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, siblings, leaf = merkle.root(leaves), merkle.prove(leaves, index), leaves[index]

    assert merkle.verify(root, len(leaves), index, leaf, siblings)
    assert not merkle.verify(root, len(leaves), index, flipped(leaf), siblings)
    assert not merkle.verify(root, len(leaves), index, leaf, [*siblings, bytes(32)])
    assert not merkle.verify(root, len(leaves), len(leaves), leaf, siblings)
    assert not merkle.verify(root, len(leaves), -1, leaf, siblings)
    for other in range(len(leaves)):
        if leaves[other] != leaf:
            assert not merkle.verify(root, len(leaves), other, leaf, siblings)
    for place, sibling in enumerate(siblings):
        forged = [*siblings[:place], flipped(sibling), *siblings[place + 1 :]]
        assert not merkle.verify(root, len(leaves), index, leaf, forged)


def test_a_node_does_not_pass_for_a_leaf() -> None:
    root, node = merkle.root(LIST), keccak256(LIST[0] + LIST[1])
    assert not merkle.verify(root, 16, 0, node, merkle.prove(LIST, 0)[1:])


@pytest.mark.parametrize("index", range(16))
def test_a_pair_proof_holds_for_its_pair_only(index: int) -> None:
    root, siblings = merkle.root(LIST), merkle.prove_pair(LIST, index)
    before, leaf = LIST[index - 1], LIST[index]

    assert merkle.verify_pair(root, 16, index, (before, leaf), siblings)
    assert not merkle.verify_pair(root, 16, index, (before, flipped(leaf)), siblings)
    assert merkle.verify_pair(root, 16, index, (flipped(before), leaf), siblings) == (index == 0)
    assert not merkle.verify_pair(root, 16, index, (before, leaf), [*siblings, bytes(32)])
    assert not merkle.verify_pair(root, 16, index, (before, leaf), siblings[:-1])
    for place, sibling in enumerate(siblings):
        forged = [*siblings[:place], flipped(sibling), *siblings[place + 1 :]]
        assert not merkle.verify_pair(root, 16, index, (before, leaf), forged)
    assert not any(
        merkle.verify_pair(root, 16, other, (before, leaf), siblings) for other in range(16) if other != index
    )


def test_the_siblings_of_a_pair_are_in_the_order_of_the_dispute_game() -> None:
    pairs = [keccak256(LIST[i] + LIST[i + 1]) for i in range(0, 16, 2)]
    fours = [keccak256(pairs[i] + pairs[i + 1]) for i in range(0, 8, 2)]
    eights = [keccak256(fours[i] + fours[i + 1]) for i in range(0, 4, 2)]

    assert merkle.prove_pair(LIST, 0) == [LIST[1], pairs[1], fours[1], eights[1]]
    assert merkle.prove_pair(LIST, 1) == [pairs[1], fours[1], eights[1]]
    assert merkle.prove_pair(LIST, 4) == [LIST[2], LIST[5], pairs[0], pairs[3], eights[1]]
    assert merkle.prove_pair(LIST, 8) == [LIST[6], LIST[9], pairs[2], pairs[5], fours[0], fours[3]]


@settings(deadline=None)
@given(LEAVES, st.data())
def test_a_pair_proof_holds_in_a_tree_of_any_size(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, siblings = merkle.root(leaves), merkle.prove_pair(leaves, index)
    assert merkle.verify_pair(root, len(leaves), index, (leaves[index - 1], leaves[index]), siblings)
