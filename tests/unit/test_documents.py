"""Job specs and result documents: what is refused, and that the same content has the same bytes."""

import json
from typing import Any

import pytest

from assay.content import content_id, is_content_id
from assay.documents import (
    MAX_DOCUMENT,
    JobSpec,
    ResultDocument,
    read_job_spec,
    read_result_document,
    write_document,
)
from assay.errors import InputError, IntegrityError

PROGRAM = content_id(b"program")
SPEC = {"assay": "job/1", "machine": "counter", "program": None, "tasks": [{"start": 5, "target": 100}]}
RESULT = {"assay": "result/1", "machine": "counter", "tasks": [{"state": "00" * 16}]}

WRONG = [
    b"",
    b"not json",
    b"[]",
    b"null",
    b"\xff{}",
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"assay": NaN}',
    b'{"a": 1, "a": 1}',
    b"1" * 5000,
    b" " * (MAX_DOCUMENT + 1),
]


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


@pytest.mark.parametrize("data", WRONG, ids=[repr(data[:16]) for data in WRONG])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a job spec"):
        read_job_spec(data)
    with pytest.raises(IntegrityError, match="not a result document"):
        read_result_document(data)


@pytest.mark.parametrize(
    "change",
    [
        {"assay": "job/2"},
        {"assay": "result/1"},
        {"machine": 5},
        {"program": "abc"},
        {"program": PROGRAM.upper()},
        {"program": PROGRAM + "\n"},
        {"tasks": []},
        {"tasks": [5]},
        {"tasks": None},
        {"extra": 1},
    ],
)
def test_a_job_spec_with_a_wrong_member_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="not a job spec"):
        read_job_spec(json.dumps({**SPEC, **change}).encode())


@pytest.mark.parametrize("key", ["machine", "program", "tasks"])
def test_a_job_spec_that_lacks_a_member_is_refused(key: str) -> None:
    with pytest.raises(InputError, match=key):
        read_job_spec(json.dumps(without(SPEC, key)).encode())


def test_the_kind_of_a_document_has_to_be_said() -> None:
    with pytest.raises(InputError, match="assay"):
        read_job_spec(json.dumps(without(SPEC, "assay")).encode())
    with pytest.raises(IntegrityError, match="assay"):
        read_result_document(json.dumps(without(RESULT, "assay")).encode())


@pytest.mark.parametrize("change", [{"assay": "job/1"}, {"tasks": []}, {"program": None}])
def test_a_result_document_with_a_wrong_member_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="not a result document"):
        read_result_document(json.dumps({**RESULT, **change}).encode())


def test_a_document_that_is_too_large_is_not_written() -> None:
    spec = JobSpec(assay="job/1", machine="riscv", program=PROGRAM, tasks=[{"arguments": ["x" * MAX_DOCUMENT]}])
    with pytest.raises(InputError, match=f"at most {MAX_DOCUMENT} fit"):
        write_document(spec)


def test_a_document_with_half_a_character_is_not_written() -> None:
    with pytest.raises(InputError, match="not Unicode"):
        write_document(JobSpec(assay="job/1", machine="riscv", program=PROGRAM, tasks=[{"arguments": ["\ud800"]}]))


def test_documents_survive_writing_and_reading() -> None:
    spec = JobSpec(
        assay="job/1", machine="riscv", program=PROGRAM, tasks=[{"arguments": ["naïve", '"\n'], "stdin": None}]
    )
    assert read_job_spec(write_document(spec)) == spec
    result = ResultDocument(assay="result/1", machine="counter", tasks=[{"state": "00" * 16}])
    assert read_result_document(write_document(result)) == result


def test_the_same_content_has_the_same_bytes() -> None:
    spec = b' { "tasks" : [{"b": "\\u00e9", "a": 1}], "program":null, "machine":"counter", "assay":"job/1"}'
    assert write_document(read_job_spec(spec)) == (
        '{"assay":"job/1","machine":"counter","program":null,"tasks":[{"a":1,"b":"é"}]}'.encode()
    )


@pytest.mark.parametrize(
    "text", ["", "ab", PROGRAM.upper(), PROGRAM + "0", PROGRAM[:-1] + "g", PROGRAM + "\n", "0x" + PROGRAM[2:]]
)
def test_other_text_is_no_content_id(text: str) -> None:
    assert not is_content_id(text)


def test_a_content_id_is_the_sha256_in_hexadecimal() -> None:
    assert content_id(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert is_content_id(content_id(b"abc"))
