"""Where one market's contracts are, read from JSON and checked against the node before anything is believed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.chain.node import Node
from assay.chain.records import parse_address
from assay.errors import ChainError, InputError
from assay.keccak import keccak256


@dataclass(frozen=True)
class Deployment:
    """The contracts of one market on one chain. Written by `brownie run deploy`."""

    chain_id: int
    start_block: int
    """The block of the first deployment: no event is older."""
    market: str
    game: str
    token: str
    directory: str
    access_lists: str
    courier: str
    referees: Mapping[str, str]
    """Address by the name of the machine."""
    code_hashes: Mapping[str, str]
    """keccak-256 of the code, in hexadecimal without a prefix, by address."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of every contract."""
        others = (self.directory, self.access_lists, self.courier, *self.referees.values())
        return (self.market, self.game, self.token, *others)

    def machine_of(self, referee: str) -> str | None:
        """The name of the machine that `referee` executes, if it is one of this deployment's."""
        return next((name for name, address in self.referees.items() if address == referee), None)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    chain_id: int = Field(ge=1)
    start_block: int = Field(ge=0)
    market: str
    game: str
    token: str
    directory: str
    access_lists: str
    courier: str
    referees: dict[str, str]
    code_hashes: dict[str, str]


def load_deployment(path: Path) -> Deployment:
    """Read a deployment file. Raises `InputError` if it is missing or malformed."""
    try:
        found = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as missing:
        raise InputError(
            f"there is no deployment file {path}: `assay devnet` writes one, and so does `brownie run deploy`; "
            "name another with --deployment or ASSAY_DEPLOYMENT"
        ) from missing
    except (OSError, ValueError) as fault:
        detail = fault.errors()[0]["msg"] if isinstance(fault, ValidationError) else str(fault)
        raise InputError(f"the deployment file {path} cannot be used: {detail}") from fault
    return Deployment(
        chain_id=found.chain_id,
        start_block=found.start_block,
        market=parse_address(found.market),
        game=parse_address(found.game),
        token=parse_address(found.token),
        directory=parse_address(found.directory),
        access_lists=parse_address(found.access_lists),
        courier=parse_address(found.courier),
        referees={name: parse_address(address) for name, address in found.referees.items()},
        code_hashes={parse_address(address): text for address, text in found.code_hashes.items()},
    )


def save_deployment(deployment: Deployment, path: Path) -> None:
    """Write a deployment file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(deployment), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def code_hash(node: Node, address: str) -> str:
    """keccak-256 of the code at `address`, as a deployment file has it."""
    return keccak256(node.code(address)).hex()


def check_deployment(node: Node, deployment: Deployment) -> None:
    """Raise `ChainError` unless the node is on the deployment's chain and has its very contracts."""
    chain_id = node.chain_id()
    if chain_id != deployment.chain_id:
        raise ChainError(
            f"the node at {node.place} is on chain {chain_id}, and the deployment is on chain {deployment.chain_id}: "
            "set another RPC URL or another deployment"
        )
    for address in deployment.addresses:
        code = node.code(address)
        if not code:
            raise ChainError(
                f"there is no contract at {address} on chain {chain_id}: the market is not deployed here, or the chain "
                "was started afresh; deploy it (`assay devnet`, `brownie run deploy`), or set another deployment"
            )
        expected = deployment.code_hashes.get(address)
        if expected is None:
            raise ChainError(f"the deployment file gives no code hash for {address}: write it anew")
        if keccak256(code).hex() != expected:
            raise ChainError(f"the contract at {address} is not the one that was deployed: its code has another hash")
