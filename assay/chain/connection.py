"""One market on one chain, through one node: where to start."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.chain.contracts.access import AccessLists
from assay.chain.contracts.courier import Courier
from assay.chain.contracts.directory import Directory
from assay.chain.contracts.game import Game
from assay.chain.contracts.market import Market
from assay.chain.contracts.referee import Referee
from assay.chain.contracts.token import Token
from assay.chain.deployments import Deployment, check_deployment, load_deployment
from assay.chain.node import Node
from assay.errors import InputError


@dataclass(frozen=True)
class Chain:
    """A node, and the contracts of a deployment that was checked against it."""

    node: Node
    deployment: Deployment
    market: Market
    game: Game
    token: Token
    directory: Directory
    access_lists: AccessLists
    courier: Courier

    def access(self, address: str) -> AccessLists:
        """The contract that terms or an offer name, for what it admits: not one of this deployment, maybe."""
        return AccessLists(self.node, address)

    def referee(self, machine: str) -> Referee:
        """The referee of a machine. Raises `InputError` if this deployment has none."""
        if machine not in self.deployment.referees:
            raise InputError(f"this market has no referee for the machine {machine!r}")
        return Referee(self.node, self.deployment.referees[machine])


def connect(rpc_url: str | Sequence[str], deployment_file: Path) -> Chain:
    """Connect, through one URL or several, and check that this is the chain, and these the deployment's contracts.

    Raises `InputError` (no deployment file), `TransientError` (no node), `ChainError` (another chain, not deployed).
    """
    deployment = load_deployment(deployment_file)
    node = Node(rpc_url)
    check_deployment(node, deployment)
    return chain_at(node, deployment)


def chain_at(node: Node, deployment: Deployment) -> Chain:
    """The contracts of `deployment`, taken as they are."""
    return Chain(
        node=node,
        deployment=deployment,
        market=Market(node, deployment.market),
        game=Game(node, deployment.game),
        token=Token(node, deployment.token),
        directory=Directory(node, deployment.directory),
        access_lists=AccessLists(node, deployment.access_lists),
        courier=Courier(node, deployment.courier),
    )
