"""The contracts' ABIs (abi/*.json, written by tools/export_abi.py) and the encoding and decoding by them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from assay.errors import IntegrityError
from assay.keccak import keccak256


@dataclass(frozen=True)
class Entry:
    """A function, an event or an error of a contract."""

    name: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]

    @property
    def types(self) -> list[str]:
        """The inputs' types, structs written out as tuples."""
        return [_type(entry) for entry in self.inputs]

    @property
    def signature_hash(self) -> bytes:
        """keccak-256 of the signature: an event's first topic; its first four bytes are a selector."""
        return keccak256(f"{self.name}({','.join(self.types)})".encode())

    def encode_call(self, arguments: Sequence[Any]) -> bytes:
        """Calldata of this function."""
        return self.signature_hash[:4] + encode(self.types, arguments)

    def decode_result(self, data: bytes) -> tuple[Any, ...]:
        """What this function returned. Raises `IntegrityError`."""
        return _decode([_type(entry) for entry in self.outputs], data, self.name)

    def decode_arguments(self, data: bytes) -> dict[str, Any]:
        """An error's arguments by name, of what follows its selector. Raises `IntegrityError`."""
        values = _decode(self.types, data, self.name)
        return {entry["name"]: _tidy(entry, value) for entry, value in zip(self.inputs, values, strict=True)}

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """An event's arguments by name, of a log's topics (the first included) and data. Raises `IntegrityError`."""
        indexed = [entry for entry in self.inputs if entry["indexed"]]
        plain = [entry for entry in self.inputs if not entry["indexed"]]
        if len(topics) != 1 + len(indexed):
            raise IntegrityError(f"a log of {self.name} has {len(topics)} topics instead of {1 + len(indexed)}")
        values = _decode([_type(entry) for entry in indexed], b"".join(topics[1:]), self.name)
        values += _decode([_type(entry) for entry in plain], data, self.name)
        return {e["name"]: _tidy(e, value) for e, value in zip(indexed + plain, values, strict=True)}


@dataclass(frozen=True)
class Abi:
    """All that one contract declares."""

    functions: Mapping[str, Entry]
    """By name: the contracts overload none."""
    events: Mapping[bytes, Entry]
    """By first topic."""
    errors: Mapping[bytes, Entry]
    """By selector."""


@cache
def load_abi(name: str) -> Abi:
    """The ABI of one of assay/chain/abi: `market`, `game`, `referee`, `token`, `directory` or `access`."""
    text = resources.files("assay.chain").joinpath("abi", f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, list[Entry]] = {"function": [], "event": [], "error": []}
    for item in json.loads(text):
        found[item["type"]].append(Entry(item["name"], tuple(item["inputs"]), tuple(item.get("outputs", ()))))
    return Abi(
        functions={entry.name: entry for entry in found["function"]},
        events={entry.signature_hash: entry for entry in found["event"]},
        errors={entry.signature_hash[:4]: entry for entry in found["error"]},
    )


def _type(entry: Mapping[str, Any]) -> str:
    """`entry`'s type, with a struct's `tuple` replaced by its fields' types."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    fields = ",".join(_type(field) for field in entry["components"])
    return f"({fields}){kind.removeprefix('tuple')}"


def _decode(types: list[str], data: bytes, name: str) -> tuple[Any, ...]:
    try:
        return tuple(decode(types, data))
    except (DecodingError, OverflowError) as fault:
        raise IntegrityError(f"the node's answer about {name} is not what its ABI says: {fault}") from fault


def _tidy(entry: Mapping[str, Any], value: Any) -> Any:
    """Addresses in checksummed form; everything else as it is."""
    return to_checksum_address(value) if entry["type"] == "address" else value
