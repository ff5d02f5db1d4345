"""The market's token: ERC-20, with ERC-2612 permits where it has them."""

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.address import to_checksum_address

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.node import Call, Node
from assay.keccak import keccak256

_PERMIT = keccak256(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


@dataclass(frozen=True)
class Permit:
    """A signed allowance (ERC-2612)."""

    amount: int
    deadline: int
    v: int
    r: bytes
    s: bytes


class Token(Contract):
    """An ERC-20 token."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("token"))

    def balance_of(self, owner: str, block: int | None = None) -> int:
        """Tokens that `owner` holds outside the market, base units."""
        return int(self._read("balanceOf", owner, block=block))

    def allowance(self, owner: str, spender: str, block: int | None = None) -> int:
        """Tokens of `owner` that `spender` may take, base units."""
        return int(self._read("allowance", owner, spender, block=block))

    def total_supply(self, block: int | None = None) -> int:
        """All tokens there are, base units."""
        return int(self._read("totalSupply", block=block))

    def decimals(self) -> int:
        """Decimals of a token."""
        return int(self._read("decimals", block=None))

    def symbol(self) -> str:
        """What the token calls itself."""
        return str(self._read("symbol", block=None))

    def approve(self, spender: str, amount: int) -> Call:
        """Let `spender` take `amount` in all."""
        return self._call("approve", (spender, amount), "approve a deposit")

    def transfer(self, to: str, amount: int) -> Call:
        """Send `amount` to `to`."""
        return self._call("transfer", (to, amount), "transfer tokens")

    def permit(self, owner: str, spender: str, permit: Permit) -> Call:
        """Make `owner`'s signed allowance one of the token's. Anyone can do it."""
        arguments = (owner, spender, permit.amount, permit.deadline, permit.v, permit.r, permit.s)
        return self._call("permit", arguments, "permit a deposit")

    def sign_permit(self, owner: LocalAccount, spender: str, amount: int, deadline: int) -> Permit:
        """An allowance by signature, valid once and until `deadline`. For tokens with ERC-2612."""
        nonce = self._read("nonces", owner.address, block=None)
        domain = self._read("DOMAIN_SEPARATOR", block=None)
        fields = (_PERMIT, to_checksum_address(owner.address), spender, amount, nonce, deadline)
        struct = keccak256(encode(["bytes32", "address", "address", "uint256", "uint256", "uint256"], fields))
        signed = owner.unsafe_sign_hash(Hash32(keccak256(b"\x19\x01" + domain + struct)))
        return Permit(amount, deadline, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))
