"""IAccess and IAccessLists: whom an account deals with."""

from collections.abc import Sequence

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.node import Call, Node


class AccessLists(Contract):
    """Access lists: what interfaces/IAccessLists.sol says. Other contracts that terms name have `admits` alone."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("access"))

    def admits(self, principal: str, candidate: str, block: int | None = None) -> bool:
        """Whether `principal`, whose terms or offer name this contract, deals with `candidate`."""
        return bool(self._read("admits", principal, candidate, block=block))

    def admits_listed_only(self, principal: str, block: int | None = None) -> bool:
        """Whether the list of `principal` allows, or denies."""
        return bool(self._read("admitsListedOnly", principal, block=block))

    def is_listed(self, principal: str, candidate: str, block: int | None = None) -> bool:
        """Whether `candidate` is on the list of `principal`."""
        return bool(self._read("isListed", principal, candidate, block=block))

    def set_listed_only(self, listed_only: bool) -> Call:
        """Make the sender's list one that allows, or one that denies."""
        return self._call("setListedOnly", (listed_only,), "change the kind of access list")

    def set_listed(self, candidates: Sequence[str], listed: bool) -> Call:
        """Put accounts on the sender's list, or take them off it."""
        return self._call("setListed", (candidates, listed), "change the access list")
