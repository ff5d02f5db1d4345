"""What all contracts have in common."""

from collections.abc import Sequence
from typing import Any

from assay.chain.codec import Abi
from assay.chain.node import Call, Node


class Contract:
    """A contract at an address, read through a node."""

    def __init__(self, node: Node, address: str, abi: Abi) -> None:
        self.address = address
        self._node = node
        self._abi = abi

    def _read(self, function: str, *arguments: Any, block: int | None) -> Any:
        """What a view returns after `block` (the latest, without one): the value, or a tuple of several."""
        entry = self._abi.functions[function]
        data = self._node.call(Call(self.address, entry.encode_call(arguments), f"read {function}"), block=block)
        values = entry.decode_result(data)
        return values[0] if len(values) == 1 else values

    def _call(self, function: str, arguments: Sequence[Any], purpose: str) -> Call:
        """The call of an action."""
        return Call(self.address, self._abi.functions[function].encode_call(arguments), purpose)
