"""Receipts: written, read again, and refused when they are not what they say."""

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.client.receipts import JobReceipt, check_against, check_market, make_receipt, read_receipt
from assay.client.recompute import recompute
from assay.content import content_id
from assay.errors import AssayError, InputError, IntegrityError, MissingBlobError
from tests.unit.client.claims import CHAIN, Blobs, Claimed, claimed

JOB = claimed(5, 6, 7)
NO_STORE: Any = Blobs()


def receipt_of(job: Claimed, full: bool = False) -> JobReceipt:
    return make_receipt(CHAIN, job.blobs, job.history, job.book, full)  # type: ignore[arg-type]


GOOD = receipt_of(JOB).encode()


def changed(*path: str | int, to: Any) -> bytes:
    """The receipt with one thing changed."""
    content = json.loads(GOOD)
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(content).encode()


def test_a_receipt_is_read_as_it_was_written_and_is_the_chains() -> None:
    receipt = read_receipt(GOOD)
    assert receipt.encode() == GOOD
    assert receipt.stated == JOB.claim
    check_market(CHAIN, receipt)
    check_against(CHAIN, receipt, JOB.history, JOB.book)


def test_a_stranger_with_a_full_receipt_needs_nothing_else() -> None:
    receipt = read_receipt(receipt_of(JOB, full=True).encode())
    assert recompute(receipt.stated, receipt.fetch(lambda: NO_STORE)).agrees
    wrong = read_receipt(receipt_of(claimed(5, 6, lies={1: 2}), full=True).encode())
    assert not recompute(wrong.stated, wrong.fetch(lambda: NO_STORE)).agrees


def test_a_receipt_of_what_was_not_claimed_or_is_not_to_be_had_is_not_written() -> None:
    open_job = claimed(5)
    history = type(open_job.history)(open_job.history.job)
    with pytest.raises(InputError, match="was not claimed"):
        make_receipt(CHAIN, open_job.blobs, history, open_job.book, False)  # type: ignore[arg-type]
    with pytest.raises(MissingBlobError):
        make_receipt(CHAIN, NO_STORE, open_job.history, open_job.book, False)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("assay",), "receipt/2", "assay"),
        (("chain_id",), 0, "chain_id"),
        (("chain_id",), True, "chain_id"),
        (("job",), "0.1", "job"),
        (("price",), 5, "price"),
        (("price",), "-5", "price"),
        (("price",), str(1 << 96), "price"),
        (("provider",), "0x12", "provider"),
        (("claim",), None, "claim"),
        (("claim", "claim_root"), "ab", "claim_root"),
        (("claim", "final_roots"), [], "final_roots"),
        (("claim", "final_roots"), ["00" * 32] * 1025, "final_roots"),
        (("specs",), ["../../etc/passwd"], "specs"),
        (("events",), [], "events"),
        (("events", 0, "block"), -1, "block"),
        (("blobs", "../x"), "", "blobs"),
        (("blobs", "00" * 32), "?", "base64"),
        (("blobs", "00" * 32), "AB==", "base64"),
        (("more",), 1, "more"),
        (("terms", "rounds"), 256, "rounds"),
        (("money", "burned"), "1" * 100, "burned"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(path: Any, value: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"not a receipt: .*{told}"):
        read_receipt(changed(*path, to=value))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("blobs", "00" * 32), base64.b64encode(b"x").decode(), "another hash"),
        (("claim", "final_roots"), ["00" * 32] * 2, "as many final roots as tasks"),
        (("claim", "final_roots"), ["00" * 32] * 3, "do not have the claim's root"),
        (("specs",), [content_id(b"")], "not those of its terms"),
        (("contracts", "referee"), "0x" + 40 * "9", "another referee"),
        (("provider",), "0x" + 40 * "0", "no provider"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_reason(path: Any, value: Any, told: str) -> None:
    with pytest.raises(IntegrityError, match=f"contradicts itself: .*{told}"):
        read_receipt(changed(*path, to=value))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("price",), "1", "price"),
        (("provider",), "0x" + 40 * "9", "provider"),
        (("machine",), "riscv", "machine"),
        (("terms", "bond"), "1", "terms"),
        (("claim", "result_id"), "00" * 32, "result document"),
        (("status",), "claimed", "end"),
        (("money", "paid"), "99", "end, or place for the money"),
        (("events", 1, "transaction"), "ff" * 32, "event"),
    ],
)
def test_what_the_chain_has_otherwise_is_refused(path: Any, value: Any, told: str) -> None:
    receipt = read_receipt(changed(*path, to=value))
    with pytest.raises(IntegrityError, match=f"the chain has another {told}"):
        check_against(CHAIN, receipt, JOB.history, JOB.book)


@pytest.mark.parametrize(("path", "value"), [(("chain_id",), 2), (("contracts", "market"), "0x" + 40 * "9")])
def test_a_receipt_of_another_market_is_told(path: Any, value: Any) -> None:
    with pytest.raises(InputError, match="--offline"):
        check_market(CHAIN, read_receipt(changed(*path, to=value)))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"assay":1,"assay":2}', b"NaN", GOOD[:-1], GOOD * 2]
)
def test_what_is_no_receipt_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a receipt"):
        read_receipt(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70) | st.just("00" * 32) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *_places(item, (*path, key))]]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_a_receipt_is_read_or_refused_and_never_another_claim_is_verified(data: Any) -> None:
    path = data.draw(st.sampled_from(_places(json.loads(GOOD))))
    raw = changed(*path, to=data.draw(_JSON))
    try:
        receipt = read_receipt(raw)
        stated = receipt.stated
        if stated.terms.rounds <= 4:
            found = recompute(stated, receipt.fetch(lambda: NO_STORE))
            assert not found.agrees or stated.final_roots == JOB.claim.final_roots
        check_against(CHAIN, receipt, JOB.history, JOB.book)
        assert stated.final_roots == JOB.claim.final_roots
    except AssayError:
        return  # whatever else it raised would be a fault of the reader's


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_a_byte_that_is_changed_is_found_or_changes_nothing_that_is_checked(at: int, byte: int) -> None:
    raw = bytearray(GOOD)
    raw[at] = byte
    try:
        receipt = read_receipt(bytes(raw))
        check_against(CHAIN, receipt, deepcopy(JOB.history), JOB.book)
    except AssayError:
        return
    assert receipt.stated == JOB.claim
