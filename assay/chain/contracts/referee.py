"""IReferee: one step of one machine, executed on chain."""

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.node import Node


class Referee(Contract):
    """A referee: what interfaces/IReferee.sol says."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("referee"))

    def step(self, prestate: bytes, witness: bytes, block: int | None = None) -> bytes:
        """The state root after one step. Raises `ContractError` (`WrongWitness`)."""
        return bytes(self._read("step", prestate, witness, block=block))
