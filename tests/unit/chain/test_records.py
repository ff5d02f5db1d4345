"""Records keep step with the interfaces, and their text and bytes lead back to them."""

import dataclasses
import json
import re
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from assay.chain.records import Account, Admission, DisputeState, DisputeTerms, Job, JobId, Parameters, Terms
from assay.dispute.game import Pair
from assay.errors import InputError, IntegrityError
from assay.keccak import keccak256

REQUESTER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
STRUCTS = {
    "IJobMarket.Parameters": Parameters,
    "ILedger.Account": Account,
    "IDisputeGame.State": DisputeState,
    "IDisputeGame.Terms": DisputeTerms,
    "IDisputeGame.Pair": Pair,
}


def structs_in_the_abi() -> dict[str, list[str]]:
    """The field names of every struct that the ABIs mention, in their order."""
    found: dict[str, list[str]] = {}

    def walk(entry: dict[str, Any]) -> None:
        if entry["type"].startswith("tuple"):
            name = entry["internalType"].removeprefix("struct ").rstrip("[]")
            found[name] = [field["name"] for field in entry["components"]]
            for field in entry["components"]:
                walk(field)

    for name in ("market", "game"):
        for item in json.loads(resources.files("assay.chain").joinpath("abi", f"{name}.json").read_text()):
            for entry in [*item["inputs"], *item.get("outputs", [])]:
                walk(entry)
    return found


def in_camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


@pytest.mark.parametrize("struct", STRUCTS)
def test_a_record_has_the_structs_fields_in_its_order(struct: str) -> None:
    fields = [in_camel_case(field.name) for field in dataclasses.fields(STRUCTS[struct])]
    assert fields == structs_in_the_abi()[struct]


@pytest.mark.parametrize(
    "text", ["", "0.1", "0.1@0x70", "-1.1@" + REQUESTER, "0.1@" + REQUESTER.replace("C8", "c8"), "0x00", REQUESTER]
)
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        JobId.parse(text)


@pytest.mark.parametrize("start", ["99999999999999999999.1", f"{2**48}.1", f"0.{2**48}", "٠.1", "0.¹"])
def test_a_number_that_no_job_can_have_is_refused(start: str) -> None:
    with pytest.raises(InputError, match="is no job"):
        JobId.parse(f"{start}@{REQUESTER}")


@pytest.mark.parametrize("job_id", [JobId(REQUESTER, 0, 1), JobId(REQUESTER, 2**48 - 1, 2**48 - 1)])
def test_a_jobs_text_and_bytes_lead_back_to_it(job_id: JobId) -> None:
    assert JobId.parse(str(job_id)) == job_id
    assert JobId.parse("0x" + bytes(job_id).hex()) == job_id
    assert JobId.from_bytes(bytes(job_id)) == job_id


def test_a_jobs_word_is_requester_slot_generation() -> None:
    assert bytes(JobId(REQUESTER, 5, 9)).hex() == REQUESTER[2:].lower() + "000000000005" + "000000000009"


def test_terms_are_five_words_and_a_record_four() -> None:
    own = bytes.fromhex(REQUESTER[2:])
    only = {"floor_price": 7, "admission": Admission.ONLY, "gate": REQUESTER}
    terms = Terms(REQUESTER, b"\x01" * 32, 2, 6, 0xA, 0xB, 60, 0xC, 0xD, b"\x04" * 32, **only)
    deal = bytes(11) + b"\x0a" + bytes(11) + b"\x0b" + b"\0\0\0\x0c" + b"\0\0\0\x0d"
    words = [
        deal,
        b"\0\0" + b"\x01" + b"\x06" + b"\0\0\0\x3c" + b"\0\0\0\x02" + own,
        bytes(11) + b"\x07" + own,
        b"\x01" * 32,
        b"\x04" * 32,
    ]
    assert terms.hash() == keccak256(b"".join(words))

    job = Job.posted(JobId(REQUESTER, 5, 9), terms, 0xE).priced(8).accepted(REQUESTER, 0xF, hired=True)
    agreed = bytes(11) + b"\x08" + deal[12:]
    stage = b"\0\x03" + b"\0\0\0\x02" + b"\x01" + b"\0\0\0\0\x0f" + own
    assert job.encode() == bytes(job.job_id) + agreed + stage + terms.hash()
    claimed = job.claimed(REQUESTER, b"\x05" * 32, 0x10)
    stage = stage[:6] + b"\x02" + b"\0\0\0\0\x10" + own
    assert claimed.encode() == bytes(job.job_id) + agreed + stage + keccak256(terms.hash() + b"\x05" * 32)


@pytest.mark.parametrize(
    ("when", "price"), [(0, 40), (100, 40), (101, 40), (125, 55), (199, 99), (200, 100), (999, 100)]
)
def test_a_price_rises_from_its_floor_to_its_ceiling(when: int, price: int) -> None:
    terms = Terms(REQUESTER, bytes(32), 1, 1, 100, 1, 100, 1, 1, bytes(32), floor_price=40)
    assert terms.price_at(when, end=200) == price
    assert replace(terms, floor_price=0).price_at(when, end=200) == 100


def test_an_admission_that_there_is_not_is_refused() -> None:
    terms = Terms(REQUESTER, bytes(32), 1, 1, 100, 1, 100, 1, 1, bytes(32))
    deal, work, *others = terms.abi()
    with pytest.raises(IntegrityError, match="admission"):
        Terms.from_abi([deal, work[:2] + b"\x03" + work[3:], *others])


def test_a_dispute_is_named_by_the_hash_of_its_terms_word_by_word() -> None:
    terms = DisputeTerms(REQUESTER, b"\x01" * 32, 7, REQUESTER, 3, REQUESTER, REQUESTER, b"\x02" * 32, b"\x03" * 32)
    address = bytes(12) + bytes.fromhex(REQUESTER[2:])
    words = [address, b"\x01" * 32, (7).to_bytes(32, "big"), address, (3).to_bytes(32, "big"), address, address]
    assert terms.dispute_id == keccak256(b"".join(words) + b"\x02" * 32 + b"\x03" * 32)


def test_terms_come_back_from_their_abi_form() -> None:
    listed = {"floor_price": 3, "admission": Admission.LISTED, "gate": REQUESTER}
    terms = Terms(REQUESTER, b"\x01" * 32, 2, 6, 10**18, 5, 60, 61, 62, b"\x04" * 32, **listed)
    assert Terms.from_abi(terms.abi()) == terms
    assert terms.step_limit == 16**6
