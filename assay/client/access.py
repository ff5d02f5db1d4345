"""An account's own access list: with whom it deals, where its terms or offers name the list."""

from collections.abc import Sequence
from dataclasses import dataclass

from assay.chain.connection import Chain
from assay.chain.events import ListedOnlySet, ListedSet, read_access
from assay.chain.node import Receipt
from assay.chain.sender import Sender


@dataclass(frozen=True)
class AccessList:
    """With whom an account deals: with nobody else than the listed, or with everybody else."""

    listed_only: bool
    listed: tuple[str, ...]
    """In the order in which they came."""


def read_list(chain: Chain, principal: str) -> AccessList:
    """The list of `principal`, as its events tell."""
    listed_only = False
    listed: dict[str, bool] = {}
    for entry in read_access(chain.node, chain.deployment, principal, chain.node.head().number):
        match entry.event:
            case ListedOnlySet(_, only):
                listed_only = only
            case ListedSet(_, candidates, is_listed):
                for candidate in candidates:
                    listed.pop(candidate, None)
                    listed |= {candidate: True} if is_listed else {}
    return AccessList(listed_only, tuple(listed))


def admit(chain: Chain, sender: Sender, accounts: Sequence[str], admitted: bool) -> Receipt:
    """Let the sender deal with these accounts, or not: put them on its list or take them off, as its kind demands."""
    only = chain.access_lists.admits_listed_only(sender.address)
    return sender.execute(chain.access_lists.set_listed(accounts, admitted == only))


def admit_by_default(chain: Chain, sender: Sender, admitted: bool) -> Receipt | None:
    """Let the sender deal with everybody, or with nobody, from whom exceptions can be made; its list is emptied.

    None if the list says so already. While the first of two transactions waits for the second, an emptied list
    is of the old kind.
    """
    found = read_list(chain, sender.address)
    receipt = None
    if found.listed:
        receipt = sender.execute(chain.access_lists.set_listed(found.listed, False))
    if found.listed_only == admitted:
        receipt = sender.execute(chain.access_lists.set_listed_only(not admitted))
    return receipt
