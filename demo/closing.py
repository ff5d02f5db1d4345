"""The tables that close the story, computed from the chain alone: who sent what at which cost, and who has what."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from assay.amounts import format_tokens
from assay.chain.codec import load_abi
from assay.chain.connection import Chain
from assay.chain.history import DisputeHistory
from assay.chain.records import DisputeTerms
from assay.machines.riscv.disassembly import describe_step

BURNED = "0x000000000000000000000000000000000000dEaD"
CONTRACTS = {"market": "JobMarket", "game": "DisputeGame", "token": "AssayToken"}


@dataclass(frozen=True)
class Sent:
    """A transaction that called one of the contracts."""

    sender: str
    name: str
    """Contract and functions, for example `JobMarket.multicall(deposit, post)`."""
    gas: int
    calldata: bytes


@dataclass(frozen=True)
class Holdings:
    """What a party has, in base units."""

    wallet: int
    free: int
    stake: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.wallet + self.free + self.stake


def holdings_of(chain: Chain, address: str) -> Holdings:
    """What `address` has now."""
    account = chain.market.account_of(address)
    return Holdings(chain.token.balance_of(address), account.free, account.stake)


def sent_to(chain: Chain) -> Iterator[Sent]:
    """Every transaction that called the market, the game or the token, oldest first."""
    names = {getattr(chain.deployment, key).lower(): key for key in CONTRACTS}
    for number in range(chain.deployment.start_block, chain.node.head().number + 1):
        receipts = {r["transactionHash"]: r for r in _ask(chain, "eth_getBlockReceipts", hex(number))}
        for transaction in _ask(chain, "eth_getBlockByNumber", hex(number), True)["transactions"]:
            if (key := names.get((transaction["to"] or "").lower())) is not None:
                calldata = bytes.fromhex(transaction["input"][2:])
                gas = int(receipts[transaction["hash"]]["gasUsed"], 16)
                yield Sent(transaction["from"].lower(), f"{CONTRACTS[key]}.{_function(key, calldata)}", gas, calldata)


def disputed_step(sent: list[Sent], dispute_id: bytes) -> str:
    """The step that a dispute came down to: its pc, and the instruction there, disassembled."""
    function = load_abi("game").functions["step"]
    steps = [function.decode_arguments(tx.calldata[4:]) for tx in sent if tx.name == "DisputeGame.step"]
    return describe_step(
        next(s["witness"] for s in steps if DisputeTerms.from_abi(s["terms"]).dispute_id == dispute_id)
    )


def show_money(console: Console, before: Mapping[str, Holdings], after: Mapping[str, Holdings]) -> None:
    """Each party's tokens before and after."""
    table = Table("tokens", title="Who has what", title_justify="left")
    for column in ("before", "wallet", "free", "stake", "after", "change"):
        table.add_column(column, justify="right")
    for name, then in before.items():
        now = after[name]
        change = now.total - then.total
        colour = "green" if change > 0 else "red" if change < 0 else "dim"
        sign = "+" if change > 0 else "-" if change < 0 else ""
        table.add_row(
            name,
            *map(format_tokens, (then.total, now.wallet, now.free, now.stake, now.total)),
            f"[{colour}]{sign}{format_tokens(abs(change))}[/{colour}]",
        )
    console.print(table)


def show_gas(console: Console, sent: list[Sent], names: Mapping[str, str]) -> None:
    """The gas of every call, by who sent it."""
    calls: dict[tuple[str, str], list[int]] = defaultdict(list)
    for transaction in sent:
        if (who := names.get(transaction.sender)) is not None:
            calls[who, transaction.name].append(transaction.gas)
    table = Table("who", "call", title="What it cost", title_justify="left")
    for column in ("times", "gas each", "gas"):
        table.add_column(column, justify="right")
    for (who, name), gas in calls.items():
        low, high = min(gas), max(gas)
        table.add_row(who, name, str(len(gas)), f"{low:,}" if low == high else f"{low:,} - {high:,}", f"{sum(gas):,}")
    console.print(table)


def show_dispute(console: Console, dispute: DisputeHistory, sent: list[Sent], names: Mapping[str, str]) -> None:
    """The turns of a dispute, and the step that decided it."""
    play, terms = dispute.play, dispute.terms
    sides = [names[terms.challenger.lower()], names[terms.defender.lower()]]
    table = Table("turn", "who", title="The dispute", title_justify="left")
    for column in ("disputes", "of the steps", "steps a root"):
        table.add_column(column, justify="right")
    width = 16**play.rounds
    table.add_row("open", sides[0], "the claim", f"0 - {width:,}", f"{width // 16:,}")
    start = 0
    for turn, answer in enumerate(play.answers, 1):
        width //= 16
        start += answer.index * width
        who = sides[turn % 2]
        table.add_row(str(turn), who, f"root {answer.index}", f"{start:,} - {start + width:,}", f"{width // 16:,}")
    if (step := dispute.stepped) is None:
        console.print(table)
        if (end := dispute.resolved) is not None:
            console.print(f"No step was executed: {sides[end.winner.other]} ran out of time.")
        return
    start += step.index
    table.add_row("step", sides[play.to_move], f"root {step.index}", f"{start:,} - {start + 1:,}", "")
    console.print(table)
    step_taken = disputed_step(sent, dispute.dispute_id)
    console.print(f"The referee executed step {start:,}, at pc [bold]{step_taken}[/bold]")
    console.print(f"  before         0x{step.prestate.hex()}")
    console.print(f"  after          0x{step.poststate.hex()}")
    console.print(f"  {sides[play.to_move.other]} said  0x{play.roots[step.index].hex()}")


def show_conservation(console: Console, chain: Chain, parties: Mapping[str, Holdings]) -> None:
    """That no token was created or lost: what the market holds is what it owes. Raises `AssertionError` if not."""
    held = chain.token.balance_of(chain.deployment.market)
    owed = {name: holding.free + holding.stake for name, holding in parties.items()}
    burned = chain.market.account_of(BURNED).free
    supply = chain.token.total_supply()
    parts = " + ".join(f"{format_tokens(amount)} ({name})" for name, amount in owed.items() if amount)
    console.print(f"The market holds {format_tokens(held)} = {parts} + {format_tokens(burned)} (burned)")
    if held != sum(owed.values()) + burned:
        raise AssertionError("the market does not hold what it owes")
    console.print(f"No token was created or lost: the supply is {format_tokens(supply)}, as it was at the start.")


def _function(key: str, calldata: bytes) -> str:
    functions = load_abi(key).functions
    name = next((f.name for f in functions.values() if f.signature_hash[:4] == calldata[:4]), calldata[:4].hex())
    if name != "multicall":
        return name
    calls = functions["multicall"].decode_arguments(calldata[4:])["data"]
    return f"multicall({', '.join(_function(key, call) for call in calls)})"


def _ask(chain: Chain, method: str, *parameters: Any) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    return requests.post(chain.node.url, json=request, timeout=30).json()["result"]
